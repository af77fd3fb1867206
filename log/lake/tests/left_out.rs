//! Records that are left out when a file is written: the others keep their offsets, and their batches' headers.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use lake::{Dropped, LakeWriter, Rebuilt, WriteSettings, Written};
use metadata::LakeColumns;
use records::{Batch, BatchBuilder, Codec, Limits, Producer, Record};

/// A batch of so many records with keys, each of ten bytes of value.
fn batch(keys: &[&str], codec: Codec) -> Batch {
    let producer = Producer {
        id: 7,
        epoch: 1,
        base_sequence: 40,
    };
    let mut builder = BatchBuilder::new(codec, Some(producer));
    for (key, at) in keys.iter().zip(100..) {
        builder
            .push(at, Some(key.as_bytes()), Some(b"0123456789"), &[])
            .unwrap();
    }
    builder.build().unwrap()
}

fn read(written: &Written) -> Vec<Rebuilt> {
    let bytes = &written.bytes;
    let file = written.open(bytes).unwrap();
    let part = file.footer().part(3).unwrap().clone();
    let (mut next, mut all) = (part.base, Vec::new());
    while next <= part.last {
        let read = file.read(3, next, u64::MAX).unwrap().unwrap().over(bytes).unwrap();
        all.extend(read.batches);
        next = read.next;
    }
    all
}

fn keys(batch: &Batch) -> Vec<(i32, String)> {
    let records = records::walk(batch, &Limits::default()).unwrap();
    let key = |record: Record| String::from_utf8(record.key.unwrap().to_vec()).unwrap();
    records
        .map(|record| record.unwrap())
        .map(|record| (record.offset_delta, key(record)))
        .collect()
}

#[test]
fn what_stays_keeps_its_place() {
    for codec in [Codec::None, Codec::Lz4, Codec::Zstd] {
        let mut writer = LakeWriter::new("topic", &LakeColumns::default(), WriteSettings::default()).unwrap();
        let mut dropped = Dropped::default();
        writer.begin(3, 10).unwrap();
        for (keys, base) in [(&["a", "b", "a"][..], 10), (&["b", "b"], 13), (&["c"], 15)] {
            let keeps = |offset: i64, _: &Record| offset == 11 || offset == 15;
            dropped.add(writer.push_kept(&batch(keys, codec), base, keeps).unwrap());
        }
        writer.end(17).unwrap();
        let written = writer.finish().unwrap();
        written.verify(&written.bytes).unwrap();
        assert_eq!(dropped.records, 4);
        assert!(dropped.bytes > batch(&["b", "b"], codec).bytes().len() as u64);
        let part = written.footer.part(3).unwrap();
        assert_eq!((part.base, part.last, part.rows, part.batches), (10, 17, 2, 2));
        let read = read(&written);
        let found: Vec<_> = read
            .iter()
            .map(|one| (one.base_offset, one.last_offset(), keys(&one.batch)))
            .collect();
        let expect = [(10, 12, vec![(1, "b".to_owned())]), (15, 15, vec![(0, "c".to_owned())])];
        assert_eq!(found, expect);
        let header = read[0].batch.header();
        assert_eq!(
            (header.producer_id, header.base_sequence, header.records_count),
            (7, 40, 1)
        );
        assert_eq!((header.attributes.codec(), header.max_timestamp), (Ok(codec), 101));
    }
}

#[test]
fn a_file_may_hold_nothing_of_what_it_covers() {
    let mut writer = LakeWriter::new("topic", &LakeColumns::default(), WriteSettings::default()).unwrap();
    writer.begin(3, 5).unwrap();
    let one = batch(&["a", "b"], Codec::None);
    let dropped = writer.push_kept(&one, 5, |_, _| false).unwrap();
    assert_eq!((dropped.records, dropped.bytes), (2, one.bytes().len() as u64));
    writer.end(6).unwrap();
    let written = writer.finish().unwrap();
    written.verify(&written.bytes).unwrap();
    assert_eq!(read(&written), []);
}

/// A header may say what it likes of its records' timestamps.
#[test]
fn a_false_greatest_timestamp_is_put_right() {
    for told in [-1, 0, 100, 5_000] {
        let mut rest = batch(&["a", "b", "c"], Codec::Zstd).checksummed().to_vec();
        rest[14..22].copy_from_slice(&i64::to_be_bytes(told));
        let batch = Batch::of_checksummed(0, &rest).unwrap();
        assert_eq!(batch.header().max_timestamp, told);
        let mut writer = LakeWriter::new("topic", &LakeColumns::default(), WriteSettings::default()).unwrap();
        writer.begin(3, 5).unwrap();
        writer.push(&batch, 5).unwrap();
        writer.end(7).unwrap();
        let written = writer.finish().unwrap();
        assert_eq!(written.footer.part(3).unwrap().max_timestamp, 102);
        let read = read(&written);
        let batch = &read[0].batch;
        assert_eq!(keys(batch).len(), 3);
        assert_eq!(
            (batch.header().base_timestamp, batch.header().max_timestamp),
            (100, 102)
        );
    }
}

/// Of a batch that is kept whole for what its rows would take, too.
#[test]
fn what_is_large_stays_whole_without_what_goes() {
    let settings = WriteSettings {
        batch_memory_bytes_max: 300,
        ..WriteSettings::default()
    };
    for (codec, stays, left) in [
        (Codec::Lz4, vec![0, 1, 2, 3], Some(4)),
        (Codec::Zstd, vec![1, 2, 3], Some(3)),
        (Codec::None, vec![2], Some(1)),
        (Codec::None, vec![], None),
    ] {
        let large = batch(&["a", "b", "c", "d"], codec);
        let mut writer = LakeWriter::new("topic", &LakeColumns::default(), settings.clone()).unwrap();
        writer.begin(3, 10).unwrap();
        let keeps = |offset: i64, _: &Record| stays.contains(&(offset - 10));
        let dropped = writer.push_kept(&large, 10, keeps).unwrap();
        assert_eq!(dropped.records, 4 - stays.len() as u64);
        writer.end(13).unwrap();
        let written = writer.finish().unwrap();
        written.verify(&written.bytes).unwrap();
        let read = read(&written);
        let Some(left) = left else {
            assert_eq!(read, []);
            continue;
        };
        assert_eq!(written.footer.part(3).unwrap().rows, 1);
        let (one, header) = (&read[0], read[0].batch.header());
        assert_eq!(
            (one.base_offset, one.last_offset(), header.records_count),
            (10, 13, left)
        );
        let deltas: Vec<i64> = keys(&one.batch).into_iter().map(|(delta, _)| delta.into()).collect();
        assert_eq!((deltas, header.attributes.codec()), (stays, Ok(codec)));
        assert_eq!((header.producer_id, header.base_sequence), (7, 40));
    }
}

/// A batch that cannot be told is not asked about.
#[test]
fn what_cannot_be_told_stays_whole() {
    let mut bytes = batch(&["a", "b"], Codec::Lz4).bytes().to_vec();
    let end = bytes.len();
    bytes[70..end].fill(0xff);
    let checksum = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&checksum.to_be_bytes());
    let garbage = Batch::stored(bytes.into()).unwrap();
    let mut writer = LakeWriter::new("topic", &LakeColumns::default(), WriteSettings::default()).unwrap();
    writer.begin(3, 0).unwrap();
    let dropped = writer.push_kept(&garbage, 0, |_, _| false).unwrap();
    assert_eq!(dropped, Dropped::default());
    writer.end(1).unwrap();
    let written = writer.finish().unwrap();
    written.verify(&written.bytes).unwrap();
    assert_eq!(read(&written)[0].batch.checksummed(), garbage.checksummed());
}

/// What is left of a batch may lie further apart than its timestamps did from the first.
#[test]
fn what_is_left_is_built_again_though_it_lies_far_apart() {
    let far = 1_i64 << 62;
    for (times, stays) in [
        ([0, -far, far], 1..3),
        ([0, -far, far], 0..2),
        ([0, i64::MIN + 1, i64::MAX], 1..3),
        ([0, i64::MAX, i64::MIN + 1], 1..3),
    ] {
        let mut builder = BatchBuilder::new(Codec::Lz4, None);
        for (key, at) in ["a", "b", "c"].iter().zip(times) {
            builder.push(at, Some(key.as_bytes()), Some(b"v"), &[]).unwrap();
        }
        let mut batch = builder.build().unwrap();
        // As it is, and once more of what came of it.
        for _ in 0..2 {
            let mut writer = LakeWriter::new("topic", &LakeColumns::default(), WriteSettings::default()).unwrap();
            writer.begin(3, 0).unwrap();
            let keeps = |offset: i64, _: &Record| stays.contains(&offset);
            writer.push_kept(&batch, 0, keeps).unwrap();
            writer.end(2).unwrap();
            let written = writer.finish().unwrap();
            written.verify(&written.bytes).unwrap();
            assert_eq!(written.footer.part(3).unwrap().rows, 2);
            batch = read(&written).remove(0).batch;
            let records = records::walk(&batch, &Limits::default()).unwrap();
            let found: Vec<_> = records
                .map(|record| record.unwrap().timestamp(batch.header()))
                .collect();
            let at = |at: i64| times[usize::try_from(at).unwrap()];
            assert_eq!(found, stays.clone().map(at).collect::<Vec<_>>());
        }
    }
}
