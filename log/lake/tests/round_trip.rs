//! What goes into a lake file comes out of it: every record, every header, from wherever one begins to read.

use bytes::Bytes;
use lake::{LakeError, LakeFile, LakeWriter, Read, Rebuilt, WriteSettings, Written};
use metadata::LakeColumns;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use records::{Batch, BatchBuilder, Codec, Limits, Producer, Record};

/// A record to build: timestamp, key, value, headers, and offsets left out before it.
type Drawn = (
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<(Vec<u8>, Option<Vec<u8>>)>,
    u8,
);

#[derive(Debug, Clone)]
struct DrawnBatch {
    codec: Codec,
    producer: Option<(i64, i16, i32)>,
    transactional: bool,
    append_time: Option<i64>,
    records: Vec<Drawn>,
    reach: u8,
    gap: u8,
    /// The payload is replaced by so many bytes that no record reader understands.
    garbage: bool,
}

fn timestamps() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 1_700_000_000_000_i64..1_800_000_000_000,
        1 => Just(-1),
        1 => Just(0),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(253_402_300_800_000), Just(-62_135_596_800_001)],
    ]
}

fn names() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => "[a-z]{0,6}".prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..5)]
}

fn drawn_record() -> impl Strategy<Value = Drawn> {
    let bytes = || option::weighted(0.8, vec(any::<u8>(), 0..60));
    let headers = vec((names(), option::of(vec(any::<u8>(), 0..8))), 0..3);
    (
        timestamps(),
        bytes(),
        bytes(),
        headers,
        prop_oneof![9 => Just(0_u8), 1 => 1..4_u8],
    )
}

fn drawn_batch() -> impl Strategy<Value = DrawnBatch> {
    let producer = option::of((0..1_000_000_i64, 0..9_i16, 0..i32::MAX));
    let time = option::weighted(0.2, timestamps());
    (
        proptest::sample::select(Codec::ALL.to_vec()),
        producer,
        any::<bool>(),
        time,
        vec(drawn_record(), 1..40),
        prop_oneof![4 => Just(0_u8), 1 => 1..9_u8],
        prop_oneof![4 => Just(0_u8), 1 => 1..9_u8],
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(codec, producer, transactional, append_time, records, reach, gap, garbage)| DrawnBatch {
                codec,
                producer,
                transactional: transactional && producer.is_some(),
                append_time,
                records,
                reach,
                gap,
                garbage,
            },
        )
}

fn built(drawn: &DrawnBatch) -> Batch {
    let producer = drawn.producer.map(|(id, epoch, base_sequence)| Producer {
        id,
        epoch,
        base_sequence,
    });
    let mut builder = BatchBuilder::new(drawn.codec, producer);
    if drawn.transactional {
        builder = builder.transactional();
    }
    if let Some(ms) = drawn.append_time {
        builder = builder.log_append_time(ms);
    }
    let mut delta = 0;
    for (timestamp, key, value, headers, skip) in &drawn.records {
        let headers: Vec<(&[u8], Option<&[u8]>)> = headers
            .iter()
            .map(|(name, value)| (&name[..], value.as_deref()))
            .collect();
        delta += i32::from(*skip);
        // Timestamps that lie further apart than 64 bits cannot be in one batch.
        if builder
            .push_at(delta, *timestamp, key.as_deref(), value.as_deref(), &headers)
            .is_ok()
        {
            delta += 1;
        }
    }
    builder
        .reach(delta - 1 + i32::from(drawn.reach))
        .expect("beyond the last");
    let batch = builder.build().expect("a batch");
    if !drawn.garbage {
        return batch;
    }
    let mut rest = batch.checksummed().to_vec();
    let at = rest.len() - 1;
    rest.truncate(at);
    rest.extend([0xff; 3]);
    Batch::of_checksummed(0, &rest).expect("a batch of garbage")
}

/// What a consumer can tell of a batch.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    offsets: (i64, i64),
    attributes: i16,
    producer: (i64, i16, i32),
    max_timestamp: i64,
    /// With their timestamps, or the batch from its attributes on where they cannot be read.
    records: Result<Vec<(Record, i64)>, Bytes>,
}

fn told(batch: &Batch, base: i64) -> Told {
    let header = batch.header();
    let outside = header.attributes.without_transaction();
    let records: Result<Vec<Record>, _> = records::walk(batch, &Limits::default()).and_then(Iterator::collect);
    let records = records.map(|records| {
        let told = |record: Record| {
            let timestamp = record.timestamp(header);
            let record = Record {
                timestamp_delta: 0,
                ..record
            };
            (record, timestamp)
        };
        records.into_iter().map(told).collect()
    });
    let mut rest = batch.checksummed().to_vec();
    rest[..2].copy_from_slice(&outside.bits().to_be_bytes());
    Told {
        offsets: (base, base + i64::from(header.last_offset_delta)),
        attributes: outside.bits(),
        producer: (header.producer_id, header.producer_epoch, header.base_sequence),
        max_timestamp: header.max_timestamp,
        records: records.map_err(|_| Bytes::from(rest)),
    }
}

fn read(written: &Written, file: &LakeFile, partition: i32, from: i64, bytes_max: u64) -> Read {
    let reading = file.read(partition, from, bytes_max).expect("indexes");
    reading.expect("covered").over(&written.bytes).expect("readable")
}

/// All batches from an offset on, read in pieces.
fn read_all(written: &Written, file: &LakeFile, partition: i32, from: i64, bytes_max: u64) -> Vec<Rebuilt> {
    let last = file.footer().part(partition).expect("a part").last;
    let (mut all, mut next) = (Vec::new(), from);
    while next <= last {
        let read = read(written, file, partition, next, bytes_max);
        assert!(read.next > next, "no progress at {next}");
        next = read.next;
        all.extend(read.batches);
    }
    assert_eq!(next, last + 1);
    all
}

/// The partitions' batches with their base offsets.
type Laid = Vec<(i32, Vec<(i64, Batch)>)>;

fn laid(partitions: &[(i64, Vec<DrawnBatch>)]) -> Laid {
    let lay = |(first, drawn): &(i64, Vec<DrawnBatch>)| {
        let mut next = *first;
        let mut batches = Vec::new();
        for drawn in drawn {
            let batch = built(drawn);
            next += i64::from(drawn.gap);
            batches.push((next, batch.clone()));
            next += i64::from(batch.header().last_offset_delta) + 1;
        }
        batches
    };
    partitions
        .iter()
        .map(lay)
        .zip(0..)
        .map(|(batches, at)| (at * 3, batches))
        .collect()
}

fn write(laid: &Laid, settings: WriteSettings, tail: i64) -> Written {
    let mut writer = LakeWriter::new("topic", &LakeColumns::default(), settings).expect("settings");
    for (partition, batches) in laid {
        let base = batches.first().map_or(5, |(base, _)| *base);
        writer.begin(*partition, base).expect("in order");
        let mut last = base;
        for (base, batch) in batches {
            writer.push(batch, *base).expect("in order");
            last = base + i64::from(batch.header().last_offset_delta);
        }
        writer.end(last + tail).expect("beyond the last");
    }
    writer.finish().expect("a file")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_goes_in_comes_out(
        partitions in vec((0..1_000_000_i64, vec(drawn_batch(), 0..12)), 1..4),
        group_bytes in 1_usize..4000,
        page_rows_max in 1_usize..50,
        bytes_max in 1_u64..3000,
        tail in 0..3_i64,
        start in any::<prop::sample::Index>(),
    ) {
        let laid = laid(&partitions);
        let settings = WriteSettings { group_bytes, page_rows_max, zstd_level: 1, ..WriteSettings::default() };
        let written = write(&laid, settings, tail);
        written.verify(&written.bytes).expect("verified");
        let file = open(&written).expect("opened from its end");
        prop_assert_eq!(file.footer(), &written.footer);
        for (partition, batches) in &laid {
            let part = file.footer().part(*partition).expect("a part");
            let expected: Vec<_> = batches.iter().map(|(base, batch)| told(batch, *base)).collect();
            let all = read_all(&written, &file, *partition, part.base, bytes_max);
            let found: Vec<_> = all.iter().map(|batch| told(&batch.batch, batch.base_offset)).collect();
            prop_assert_eq!(&found, &expected);
            let from = part.base + start.index((part.last - part.base + 1) as usize) as i64;
            let some = read_all(&written, &file, *partition, from, bytes_max);
            let found: Vec<_> = some.iter().map(|batch| told(&batch.batch, batch.base_offset)).collect();
            let expected: Vec<_> = expected.into_iter().filter(|told| told.offsets.1 >= from).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

fn plain_file() -> Written {
    let record = |n: i64| {
        (
            1_700_000_000_000 + n,
            Some(vec![b'k'; 8]),
            Some(format!("{n:040}").into_bytes()),
            vec![],
            0,
        )
    };
    let batch = |n: i64| DrawnBatch {
        codec: Codec::None,
        producer: Some((n, 0, 0)),
        transactional: false,
        append_time: None,
        records: (n..n + 40).map(record).collect(),
        reach: 0,
        gap: 0,
        garbage: false,
    };
    let laid = laid(&[(0, (0..20).map(batch).collect()), (7, (0..3).map(batch).collect())]);
    let settings = WriteSettings {
        group_bytes: 2000,
        page_rows_max: 100,
        ..WriteSettings::default()
    };
    write(&laid, settings, 0)
}

fn open(written: &Written) -> Result<LakeFile, LakeError> {
    written.open(&written.bytes)
}

/// And nothing panics.
#[test]
fn every_flipped_bit_is_found() {
    let written = plain_file();
    written.verify(&written.bytes).expect("as it was written");
    for at in 0..written.bytes.len() {
        let mut damaged = written.bytes.to_vec();
        damaged[at] ^= 1 << (at % 8);
        let error = written.verify(&damaged.into()).expect_err("damaged");
        assert!(error.to_string().contains("damaged"), "byte {at}: {error}");
    }
}

#[test]
fn a_file_that_is_cut_short_or_strange_is_no_lake_file() {
    let written = plain_file();
    for length in 0..written.bytes.len() {
        let short = written.bytes.slice(..length);
        let checksum = crc32c::crc32c(&short);
        assert!(LakeFile::open(&short, length as u64, checksum).is_err(), "{length}");
    }
    let length = written.bytes.len() as u64;
    let tail = written.bytes.slice((length - written.tail_bytes) as usize + 1..);
    let error = LakeFile::open(&tail, length, crc32c::crc32c(&tail)).expect_err("a byte is missing");
    assert!(error.to_string().contains("do not hold its end"), "{error}");
}

#[test]
fn partitions_and_offsets_come_in_order() {
    let batch = built(&DrawnBatch {
        codec: Codec::None,
        producer: None,
        transactional: false,
        append_time: None,
        records: vec![(0, None, None, vec![], 0), (0, None, None, vec![], 0)],
        reach: 0,
        gap: 0,
        garbage: false,
    });
    let mut writer = LakeWriter::new("topic", &LakeColumns::default(), WriteSettings::default()).expect("settings");
    assert!(writer.push(&batch, 0).is_err(), "no partition is open");
    assert!(writer.end(0).is_err(), "no partition is open");
    writer.begin(2, 10).expect("the first");
    assert!(writer.begin(3, 0).is_err(), "one is open");
    assert!(writer.push(&batch, 9).is_err(), "before the partition begins");
    writer.push(&batch, 10).expect("in order");
    assert!(writer.push(&batch, 11).is_err(), "11 is taken");
    writer.push(&batch, 14).expect("a gap is allowed");
    writer.end(20).expect("beyond the last");
    assert!(writer.begin(2, 21).is_err(), "it was there");
    let written = writer.finish().expect("a file");
    written.verify(&written.bytes).expect("verified");
    let part = written.footer.part(2).expect("a part");
    assert_eq!((part.base, part.last, part.rows, part.batches), (10, 20, 4, 2));
    let file = open(&written).expect("a lake file");
    assert!(file.read(2, 21, 1).expect("indexes").is_none());
    assert!(file.read(1, 0, 1).expect("indexes").is_none());
    assert_eq!(
        read(&written, &file, 2, 16, 1),
        Read {
            batches: vec![],
            next: 21
        }
    );
}
