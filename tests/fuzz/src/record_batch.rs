//! Record batches from anybody: header, checksum, what only the log may set, the records inside, and the two fields that
//! the log overwrites.
//!
//! The bytes are tried as they are, and once more with lengths and checksums put right, so that a fuzzer, which cannot
//! guess a checksum, comes to the records inside.

use bytes::Bytes;
use records::{
    Batch, BatchBuilder, BatchError, BatchHeader, Codec, HEADER_BYTES, Limits, PREFIX_BYTES, Record, TimestampType,
};

use crate::memory::peak_bytes;

const LENGTH_AT: usize = 8;
const LENGTH_EXCLUDES_BYTES: usize = 12;
const MAGIC_AT: usize = 16;
const CHECKSUM_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;

/// Fixed state of a codec, and what the room documents beyond its factors.
const FLOOR_BYTES: usize = 256 << 10;

/// Small enough that a bomb passes every one of them quickly.
fn limits() -> Limits {
    Limits {
        batch_bytes_max: 1 << 20,
        inflate_bytes_max: 4 << 20,
        ..Limits::default()
    }
}

pub(crate) fn check(data: &[u8]) {
    run(&Bytes::copy_from_slice(data));
    let sealed = sealed(data);
    if sealed != data {
        run(&Bytes::from(sealed));
    }
}

/// The bytes with the magic, the lengths and the checksums of a run of batches.
pub(crate) fn sealed(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    let mut at = 0;
    while bytes.len() - at >= HEADER_BYTES {
        let rest = &mut bytes[at..];
        let room = rest.len() - LENGTH_EXCLUDES_BYTES;
        let claimed = i32::from_be_bytes([rest[LENGTH_AT], rest[9], rest[10], rest[11]]);
        let fits = |length: &usize| (HEADER_BYTES - LENGTH_EXCLUDES_BYTES..=room).contains(length);
        let length = usize::try_from(claimed).ok().filter(fits).unwrap_or(room);
        // What is left is fewer bytes than a length of 32 bits counts.
        let stored = i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes();
        rest[LENGTH_AT..LENGTH_EXCLUDES_BYTES].copy_from_slice(&stored);
        rest[MAGIC_AT] = 2;
        let end = length + LENGTH_EXCLUDES_BYTES;
        let checksum = crc32c::crc32c(&rest[ATTRIBUTES_AT..end]).to_be_bytes();
        rest[CHECKSUM_AT..ATTRIBUTES_AT].copy_from_slice(&checksum);
        at += end;
    }
    bytes
}

fn run(bytes: &Bytes) {
    let cut: Vec<_> = records::split(bytes.clone()).collect();
    let whole: Vec<u8> = cut.iter().flatten().flat_map(|(_, batch)| batch.to_vec()).collect();
    assert!(bytes.starts_with(&whole), "a run is cut into its own bytes");
    let ended_well = cut.iter().all(Result::is_ok);
    assert_eq!(whole.len() == bytes.len(), ended_well, "nothing is left out in silence");
    let checked = records::split_checked(bytes.clone()).filter(Result::is_ok).count();
    assert!(checked <= cut.len(), "no batch is made up");
    for (header, bytes) in cut.into_iter().flatten() {
        one(&header, &bytes);
    }
    let first = Batch::verify(bytes.clone(), &limits());
    assert!(first.is_err() || !bytes.is_empty(), "nothing is no batch");
}

fn one(header: &BatchHeader, bytes: &Bytes) {
    let stored = Batch::stored(bytes.clone());
    let verified = Batch::verify(bytes.clone(), &limits());
    let tiny = Limits {
        batch_bytes_max: bytes.len() - 1,
        ..limits()
    };
    let refused = Batch::verify(bytes.clone(), &tiny);
    assert!(refused.is_err(), "a batch above the limit is refused: {refused:?}");
    if let Ok(batch) = &verified {
        taken_from_a_client(batch);
        assert_eq!(
            Some(batch),
            stored.as_ref().ok(),
            "what a client may send the log may hold"
        );
    }
    if let Ok(batch) = &stored {
        assert_eq!((batch.header(), batch.bytes()), (header, bytes));
        patched(batch);
        stamped(batch);
        walked(batch, verified.is_ok());
    }
}

fn taken_from_a_client(batch: &Batch) {
    let header = batch.header();
    let attributes = header.attributes;
    assert!(header.records_count > 0 && header.last_offset_delta == header.records_count - 1);
    assert!(!attributes.is_control() && attributes.codec().is_ok());
    assert_eq!(attributes.timestamp_type(), TimestampType::CreateTime);
    if attributes.is_transactional() || header.has_producer() {
        assert!(header.has_producer() && header.producer_epoch >= 0 && header.base_sequence >= 0);
        let expected = (i64::from(header.base_sequence) + i64::from(header.last_offset_delta)) % (1 << 31);
        assert_eq!(i64::from(header.last_sequence()), expected);
    }
}

/// Patching changes the two fields and nothing else, and takes no checksum with it.
fn patched(batch: &Batch) {
    let header = batch.header();
    let (offset, epoch) = (0x0102_0304_0506_0708, 77);
    let prefix = batch.patched_prefix(offset, epoch);
    let mut bytes = batch.bytes().to_vec();
    records::patch(&mut bytes, offset, epoch).expect("a stored batch can be patched");
    assert_eq!(bytes[..PREFIX_BYTES], prefix);
    assert_eq!(bytes[PREFIX_BYTES..], batch.bytes()[PREFIX_BYTES..]);
    let again = Batch::stored(Bytes::from(bytes.clone())).expect("a patched batch is one");
    let expected = BatchHeader {
        base_offset: offset,
        partition_leader_epoch: epoch,
        ..*header
    };
    assert_eq!(*again.header(), expected);
    records::patch(&mut bytes, header.base_offset, header.partition_leader_epoch).expect("and patched back");
    assert_eq!(bytes, batch.bytes()[..]);
}

fn stamped(batch: &Batch) {
    let stamped = records::set_log_append_time(batch, 1_234_567);
    let again = Batch::stored(stamped.bytes().clone()).expect("a stamped batch is one");
    assert_eq!(again.header().max_timestamp, 1_234_567);
    assert_eq!(again.header().attributes.timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(again.bytes()[HEADER_BYTES..], batch.bytes()[HEADER_BYTES..]);
    let refused = Batch::verify(again.into_bytes(), &limits());
    assert!(refused.is_err(), "append time is not a client's to set: {refused:?}");
}

fn walked(batch: &Batch, of_a_client: bool) {
    let (limits, length) = (limits(), batch.bytes().len());
    let cap = limits.inflate_cap_bytes(length - HEADER_BYTES);
    let (walk, peak) = peak_bytes(|| records::walk(batch, &limits));
    // Growing by doubling holds the old room beside the new.
    let bound = FLOOR_BYTES + 8 * length + cap / 2 * 3;
    assert!(
        peak <= bound,
        "{peak} bytes are taken for a batch of {length}, at most {bound} may be"
    );
    let Ok(mut walk) = walk else { return };
    assert!(walk.inflated_bytes() <= cap || batch.header().attributes.codec() == Ok(Codec::None));
    let mut all = Vec::new();
    let failure = walk
        .by_ref()
        .find_map(|record| record.map(|record| all.push(record)).err());
    assert!(walk.next().is_none(), "a walk ends with its first error");
    let count = usize::try_from(batch.header().records_count).unwrap_or(0);
    if let Some(error) = failure {
        assert!(matches!(error, BatchError::Record { .. }), "{error}");
        assert!(
            all.len() <= count,
            "no more records than the header says come before an error"
        );
        return;
    }
    assert_eq!(all.len(), count, "as many records as the header says");
    let deltas = || all.iter().map(|record| record.offset_delta);
    assert!(
        deltas().zip(deltas().skip(1)).all(|(one, next)| one < next),
        "offsets rise"
    );
    assert!(deltas().all(|delta| (0..=batch.header().last_offset_delta).contains(&delta)));
    if of_a_client {
        assert!(
            deltas().eq(0..batch.header().records_count),
            "each offset has its record"
        );
    }
    rebuilt(batch, &all);
}

/// A batch built of the records holds the records.
fn rebuilt(batch: &Batch, all: &[Record]) {
    let header = batch.header();
    let mut builder = BatchBuilder::new(Codec::None, None);
    for record in all {
        let headers: Vec<_> = record.headers.iter().collect();
        assert_eq!(
            headers.len(),
            record.headers.len(),
            "headers are read as often as they were counted"
        );
        let headers: Vec<(&[u8], Option<&[u8]>)> = headers
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_deref()))
            .collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        if let Some(key) = key {
            assert!(records::partition_for_key(key, 7) < 7);
        }
        if builder
            .push_at(record.offset_delta, record.timestamp(header), key, value, &headers)
            .is_err()
        {
            // Timestamps too far apart for a delta, or the last offset there is.
            return;
        }
    }
    let Ok(built) = builder.build() else {
        assert!(all.is_empty(), "records make a batch");
        return;
    };
    let again: Vec<Record> = records::walk(&built, &Limits::default())
        .expect("a built batch can be walked")
        .collect::<Result<_, _>>()
        .expect("a built batch holds records");
    assert_eq!(again.len(), all.len());
    for (one, other) in all.iter().zip(&again) {
        let of = |record: &Record, header| (record.timestamp(header), record.offset_delta);
        assert_eq!(of(one, header), of(other, built.header()));
        assert_eq!(
            (&one.key, &one.value, &one.headers),
            (&other.key, &other.value, &other.headers)
        );
    }
}
