//! Batches that are small and would be very large as rows: they are kept whole, and nothing large is made of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use lake::{LakeFile, LakeWriter, Read, WriteSettings, Written};
use metadata::LakeColumns;
use records::{Batch, BatchBuilder, Codec};

fn written(batches: &[&Batch], settings: WriteSettings) -> Written {
    let mut writer = LakeWriter::new("topic", &LakeColumns::default(), settings).unwrap();
    writer.begin(0, 0).unwrap();
    let mut next = 0;
    for batch in batches {
        writer.push(batch, next).unwrap();
        next += i64::from(batch.header().last_offset_delta) + 1;
    }
    writer.end(next - 1).unwrap();
    let written = writer.finish().unwrap();
    written.verify(&written.bytes).unwrap();
    written
}

fn open(written: &Written) -> LakeFile {
    written.open(&written.bytes).unwrap()
}

fn read(written: &Written) -> Read {
    let reading = open(written).read(0, 0, u64::MAX).unwrap().unwrap();
    reading.over(&written.bytes).unwrap()
}

/// One record of so many headers of three bytes.
fn of_headers(count: usize) -> Batch {
    let mut builder = BatchBuilder::new(Codec::Lz4, None);
    let headers = vec![(&b"h"[..], None); count];
    builder.push(1, Some(b"k"), None, &headers).unwrap();
    builder.build().unwrap()
}

/// So many records of nothing.
fn of_records(count: usize) -> Batch {
    let mut builder = BatchBuilder::new(Codec::Lz4, None);
    for _ in 0..count {
        builder.push(1, None, None, &[]).unwrap();
    }
    builder.build().unwrap()
}

#[test]
fn a_batch_that_would_be_large_is_kept_whole() {
    for (small, large) in [
        (of_headers(5_000), of_headers(40_000)),
        (of_records(5_000), of_records(10_000)),
    ] {
        let settings = WriteSettings {
            batch_memory_bytes_max: 1 << 20,
            ..WriteSettings::default()
        };
        let written = written(&[&small, &large, &small], settings);
        let part = written.footer.part(0).unwrap();
        let rows_of = |batch: &Batch| u64::from(batch.records());
        assert_eq!((part.batches, part.rows), (3, 2 * rows_of(&small) + 1));
        let found: Vec<_> = read(&written).batches.into_iter().map(|one| one.batch).collect();
        assert_eq!(found[1].checksummed(), large.checksummed());
        let header = |batch: &Batch| (batch.header().records_count, batch.header().last_offset_delta);
        assert_eq!(header(&found[0]), header(&small));
        assert_eq!(header(&found[2]), header(&small));
    }
}

/// By default too.
#[test]
fn millions_of_headers_or_records_are_kept_whole() {
    let headers = of_headers(5 << 20);
    assert!(headers.bytes().len() < 100_000, "{}", headers.bytes().len());
    for worst in [headers, of_records(2 << 20)] {
        let written = written(&[&worst], WriteSettings::default());
        assert_eq!(written.footer.part(0).unwrap().rows, 1);
        assert_eq!(read(&written).batches[0].batch.checksummed(), worst.checksummed());
    }
}

/// Headers without bytes end a page too.
#[test]
fn headers_count_where_pages_end() {
    let batch = of_headers(20_000);
    let settings = WriteSettings {
        page_bytes_max: 64 << 10,
        ..WriteSettings::default()
    };
    let file = written(&[&batch; 8], settings);
    // A page ends with each, so a fetch of one needs no other.
    let reading = open(&file).read(0, 4, 1).unwrap().unwrap();
    assert_eq!(reading.over(&file.bytes).unwrap().batches.len(), 1);
}

/// However little of it is left in the file.
#[test]
fn a_row_group_ends_when_its_rows_take_much_memory() {
    let mut builder = BatchBuilder::new(Codec::Zstd, None);
    builder.push(1, None, Some(&[0; 256 << 10]), &[]).unwrap();
    let batch = builder.build().unwrap();
    let settings = WriteSettings {
        group_raw_bytes_max: 1 << 20,
        ..WriteSettings::default()
    };
    let file = written(&[&batch; 20], settings);
    assert!(file.bytes.len() < 100_000, "{}", file.bytes.len());
    assert_eq!(file.footer.part(0).unwrap().groups, 0..4);
}

/// A fetch ends where it has what it asked for, be it in keys, headers or batches that were kept whole.
#[test]
fn a_fetch_ends_with_what_it_asked_for() {
    let key = vec![7; 100_000];
    let mut of_keys = BatchBuilder::new(Codec::None, None);
    of_keys.push(1, Some(&key), None, &[]).unwrap();
    let of_keys = of_keys.build().unwrap();
    let mut garbage = of_keys.checksummed().to_vec();
    garbage.push(1);
    for batch in [of_keys, Batch::of_checksummed(0, &garbage).unwrap()] {
        let file = written(&[&batch; 40], WriteSettings::default());
        let reading = open(&file).read(0, 4, 1).unwrap().unwrap();
        let batches = reading.over(&file.bytes).unwrap().batches;
        assert!(batches.len() <= 4, "{}", batches.len());
    }
}
