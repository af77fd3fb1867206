//! Lake files: whatever batches the log may hold come out as they went in, from wherever one begins to read; and a file that
//! is not as it was written is found damaged, or gives the same.
//!
//! The first bytes say how the file is written, read and damaged; the rest are batches, with lengths and checksums put
//! right.

use bytes::Bytes;
use lake::{LakeError, LakeWriter, WriteSettings, Written};
use metadata::LakeColumns;
use records::{Batch, Limits, Record};

use crate::record_batch::sealed;

const PARTITION: i32 = 3;
const BASE: i64 = 1_000;
/// Bytes of the input before the batches.
const HEAD: usize = 8;

/// How a file is written, read and damaged.
struct Head {
    group_bytes: usize,
    page_rows_max: usize,
    bytes_max: u64,
    start: u64,
    flip: usize,
}

/// Small enough that a bomb passes quickly.
fn limits() -> Limits {
    Limits {
        batch_bytes_max: 1 << 20,
        inflate_bytes_max: 4 << 20,
        ..Limits::default()
    }
}

pub(crate) fn check(data: &[u8]) {
    let Some((head, rest)) = data.split_first_chunk::<HEAD>() else {
        return;
    };
    let head = Head {
        group_bytes: 1 + usize::from(head[0]) * 64,
        page_rows_max: 1 + usize::from(head[1]),
        bytes_max: 1 + u64::from(head[2]) * 32,
        start: u64::from(head[3]),
        flip: usize::from(head[4]) << 16 | usize::from(head[5]) << 8 | usize::from(head[6]),
    };
    let laid = laid(rest);
    let written = write(&laid, &head);
    written.verify(&written.bytes).expect("what was written is whole");
    let last = laid.last().map_or(BASE, |(base, batch)| last_of(*base, batch));
    // A batch without records stands where all of them were left out, and nothing comes of it.
    let expected = laid.iter().map(|(base, batch)| told(*base, batch));
    let expected: Vec<Told> = expected.filter(|told| told.records != Ok(Vec::new())).collect();
    assert_eq!(
        read_all(&written.bytes, &written, BASE, &head).expect("whole"),
        expected
    );
    let from = BASE + i64::try_from(head.start % u64::try_from(last - BASE + 1).unwrap_or(1)).unwrap_or(0);
    let behind = expected.iter().filter(|told| told.offsets.1 >= from);
    let read = read_all(&written.bytes, &written, from, &head).expect("whole");
    assert!(
        read.iter().eq(behind),
        "from {from} the batches are those that reach so far"
    );
    damaged(&written, &expected, &head);
}

/// What batches of the input the log may hold, one behind the other.
fn laid(bytes: &[u8]) -> Vec<(i64, Batch)> {
    let bytes = Bytes::from(sealed(bytes));
    let mut next = BASE;
    let batches = records::split(bytes).filter_map(|cut| Batch::stored(cut.ok()?.1).ok());
    let held = batches.filter(|batch| batch.header().last_offset_delta >= 0);
    held.map(|batch| {
        let base = next + (batch.header().base_timestamp & 1);
        next = last_of(base, &batch) + 1;
        (base, batch)
    })
    .collect()
}

fn last_of(base: i64, batch: &Batch) -> i64 {
    base + i64::from(batch.header().last_offset_delta)
}

fn write(laid: &[(i64, Batch)], head: &Head) -> Written {
    let settings = WriteSettings {
        group_bytes: head.group_bytes,
        page_rows_max: head.page_rows_max,
        batch_limits: limits(),
        ..WriteSettings::default()
    };
    let mut writer = LakeWriter::new("topic", &LakeColumns::default(), settings).expect("settings that Parquet takes");
    writer.begin(PARTITION, BASE).expect("the first");
    for (base, batch) in laid {
        writer.push(batch, *base).expect("in order");
    }
    let last = laid.last().map_or(BASE, |(base, batch)| last_of(*base, batch));
    writer.end(last).expect("beyond the last");
    writer.finish().expect("a file")
}

/// What a consumer can tell of a batch.
#[derive(Debug, PartialEq)]
struct Told {
    offsets: (i64, i64),
    attributes: i16,
    producer: (i64, i16, i32),
    /// Of the records; of the header where they cannot be read, or have the time the log gave.
    max_timestamp: i64,
    /// With their timestamps, or the batch from its attributes on where they cannot be read.
    records: Result<Vec<(Record, i64)>, Bytes>,
}

fn told(base: i64, batch: &Batch) -> Told {
    let header = batch.header();
    let outside = header.attributes.without_transaction();
    let records: Result<Vec<Record>, _> = records::walk(batch, &limits()).and_then(Iterator::collect);
    let mut rest = batch.checksummed().to_vec();
    rest[..2].copy_from_slice(&outside.bits().to_be_bytes());
    let timed = |record: Record| {
        let timestamp = record.timestamp(header);
        let record = Record {
            timestamp_delta: 0,
            ..record
        };
        (record, timestamp)
    };
    let records: Result<Vec<(Record, i64)>, _> = records.map(|records| records.into_iter().map(timed).collect());
    let greatest = records.iter().flatten().map(|(_, timestamp)| *timestamp).max();
    Told {
        offsets: (base, last_of(base, batch)),
        attributes: outside.bits(),
        producer: (header.producer_id, header.producer_epoch, header.base_sequence),
        max_timestamp: greatest.unwrap_or(header.max_timestamp),
        records: records.map_err(|_| Bytes::from(rest)),
    }
}

/// Reads a file as one would that has its length and its end's checksum from the ledger.
fn read_all(object: &Bytes, written: &Written, from: i64, head: &Head) -> Result<Vec<Told>, LakeError> {
    let file = written.open(object)?;
    let last = file.footer().part(PARTITION).expect("the partition").last;
    let (mut all, mut next) = (Vec::new(), from);
    while next <= last {
        let reading = file.read(PARTITION, next, head.bytes_max)?.expect("covered");
        let read = reading.over(object)?;
        assert!(read.next > next, "a read goes on: {} after {next}", read.next);
        next = read.next;
        all.extend(
            read.batches
                .iter()
                .map(|rebuilt| told(rebuilt.base_offset, &rebuilt.batch)),
        );
    }
    Ok(all)
}

/// A flipped bit is found, or was in bytes that no reader needs.
fn damaged(written: &Written, expected: &[Told], head: &Head) {
    let mut bytes = written.bytes.to_vec();
    let bit = head.flip % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    let damaged = Bytes::from(bytes);
    if let Ok(read) = read_all(&damaged, written, BASE, head) {
        assert_eq!(read, expected, "bit {bit} was flipped");
    }
}
