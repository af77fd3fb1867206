//! Segments, whole and damaged: opened from their end, by ranges, and all of it.
//!
//! The bytes are tried as they are, and once more with the tail and its checksums put right, so that a fuzzer, which
//! cannot guess a checksum, comes to the index.

use bytes::Bytes;
use segment::{HEADER_BYTES, Index, OPEN_BYTES, Run, SegmentBuilder, SegmentError, TAIL_BYTES, verify_whole};

use crate::memory::peak_bytes;

/// What the room documents beyond its factor, and twice the factor while vectors give their room back.
const FLOOR_BYTES: usize = 64 << 10;
const INDEX_FACTOR: usize = 16;
const TAIL: usize = TAIL_BYTES as usize;
const HEADER: &[u8; HEADER_BYTES as usize] = b"TIDSEG\x00\x01";
/// Bits flipped in a segment that was found whole.
const FLIPS: u32 = 6;

pub(crate) fn check(data: &[u8]) {
    object(data);
    let sealed = sealed(data);
    if sealed != data {
        object(&sealed);
    }
}

/// The bytes with a header and a tail that describes them, and the checksum of the index that the tail names.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    let (length, header) = (bytes.len(), HEADER.len());
    if length < header + TAIL {
        return bytes;
    }
    bytes[..header].copy_from_slice(HEADER);
    let (before, tail) = bytes.split_at_mut(length - TAIL);
    let room = (before.len() - header) as u64;
    let claimed = u64::from_be_bytes(std::array::from_fn(|at| tail[8 + at]));
    let index_bytes = if claimed <= room { claimed } else { claimed % (room + 1) };
    // No more than there are bytes.
    let start = before.len() - usize::try_from(index_bytes).unwrap_or(0);
    tail[..8].copy_from_slice(&(length as u64).to_be_bytes());
    tail[8..16].copy_from_slice(&index_bytes.to_be_bytes());
    tail[16..20].copy_from_slice(&crc32c::crc32c(&before[start..]).to_be_bytes());
    tail[20..22].copy_from_slice(&1_u16.to_be_bytes());
    let checksum = crc32c::crc32c(&tail[..22]);
    tail[22..26].copy_from_slice(&checksum.to_be_bytes());
    tail[26..].copy_from_slice(b"tidseg");
    bytes
}

fn object(object: &[u8]) {
    let (opened, peak) = peak_bytes(|| Index::open(object, object.len() as u64));
    let bound = FLOOR_BYTES + INDEX_FACTOR * object.len();
    assert!(
        peak <= bound,
        "{peak} bytes are taken for an object of {}",
        object.len()
    );
    in_steps(object, &opened);
    let whole = verify_whole(object);
    let Ok(index) = opened else {
        assert!(whole.is_err(), "a whole segment can be opened");
        return;
    };
    consistent(&index, object);
    let again = rebuilt(&index, object);
    let rewritten = verify_whole(&again).expect("what is built again is whole");
    assert_eq!(runs_without_checksums(&rewritten), runs_without_checksums(&index));
    if let Ok(whole) = whole {
        assert_eq!(whole, index);
        assert_eq!(again, object, "a segment has one form");
        flipped(object);
    }
}

/// Opened by ever larger reads from the end, as over a network, it is the same segment.
fn in_steps(object: &[u8], expected: &Result<Index, SegmentError>) {
    let length = object.len();
    let mut have = TAIL.min(length);
    for _ in 0..4 {
        let tail = &object[length - have..];
        match Index::open(tail, length as u64) {
            Err(SegmentError::NeedMore { bytes }) => {
                assert!(bytes > have as u64, "asks for more than {have}, and not for {bytes}");
                assert!(bytes <= length as u64, "asks for what is there");
                have = usize::try_from(bytes).unwrap_or(length);
            }
            opened => {
                assert_eq!(&opened, expected, "however it is read");
                return;
            }
        }
    }
    panic!("asked for more too often");
}

/// Runs fill the object between header and index, and batches fill the runs.
fn consistent(index: &Index, object: &[u8]) {
    assert_eq!(index.object_bytes(), object.len() as u64);
    let keys = || index.runs().iter().map(|run| (run.topic, run.partition));
    assert!(
        keys().zip(keys().skip(1)).all(|(one, next)| one < next),
        "runs are sorted, each once"
    );
    let mut end = HEADER_BYTES;
    for run in index.runs() {
        assert_eq!(run.start, end, "nothing lies between two runs");
        end = run.range().end;
        assert_eq!(index.run(run.topic, run.partition), Some(run));
        batches(index, run);
    }
    assert!(end + TAIL_BYTES <= object.len() as u64, "runs end before the index");
    assert_eq!(index.batches_in(0..end).count(), 0, "the header is no batch");
    assert_eq!(index.batches_in(end..end).count(), 0, "nothing is no batch");
}

fn batches(index: &Index, run: &Run) {
    let all: Vec<_> = index.batches_in(run.range()).collect();
    assert!(!all.is_empty(), "a run has batches");
    let (mut end, mut records) = (run.start, 0);
    for batch in &all {
        assert_eq!(batch.start, end);
        assert!(batch.bytes > 0);
        end = batch.range().end;
        if batch.records > 0 {
            let last = records + u64::from(batch.records) - 1;
            for nth in [records, last] {
                let found = index.locate(run.start, run.bytes, nth).expect("a record that is there");
                assert_eq!((found.batch, found.records_before), (*batch, records));
            }
        }
        records += u64::from(batch.records);
    }
    assert_eq!(end, run.range().end, "batches fill their run");
    assert_eq!(
        index.locate(run.start, run.bytes, records),
        None,
        "and no record follows"
    );
    let beyond = run.start..run.range().end + 1;
    assert_eq!(index.batches_in(beyond).count(), 0, "half a batch is none");
    assert_eq!(
        index.batches_in(run.start + 1..run.range().end).count(),
        usize::from(all.len() > 1 && all[0].bytes == 1) * (all.len() - 1)
    );
}

/// The segment that the batches make which the index tells of.
fn rebuilt(index: &Index, object: &[u8]) -> Vec<u8> {
    let mut builder = SegmentBuilder::new(*index.id());
    for run in index.runs() {
        let batches = index.batches_in(run.range()).map(|batch| {
            let (start, end) = (batch.start as usize, batch.range().end as usize);
            (Bytes::copy_from_slice(&object[start..end]), batch.records)
        });
        builder.add(run.topic, run.partition, batches);
    }
    builder.build().parts.concat()
}

fn runs_without_checksums(index: &Index) -> Vec<Run> {
    index.runs().iter().map(|run| Run { checksum: 0, ..*run }).collect()
}

/// Any flipped bit is found. Which ones are tried follows from the bytes.
fn flipped(object: &[u8]) {
    let first = OPEN_BYTES.min(object.len() as u64) as usize;
    for flip in 0..FLIPS {
        let drawn = crc32c::crc32c(&[object, &flip.to_be_bytes()].concat()) as usize;
        // Half of them at the end, where the index is.
        let from = if flip % 2 == 0 { 0 } else { object.len() - first.min(96) };
        let at = from + (drawn >> 3) % (object.len() - from);
        let mut damaged = object.to_vec();
        damaged[at] ^= 1 << (drawn & 7);
        assert!(
            verify_whole(&damaged).is_err(),
            "bit {} of byte {at} was flipped",
            drawn & 7
        );
    }
}
