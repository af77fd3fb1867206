//! Only whole and honest batches are taken, and what the log overwrites leaves them whole.

use proptest::prelude::*;

use super::*;
use crate::{BatchBuilder, BatchErrorKind, Codec, HEADER_BYTES, Producer};

const GOLDEN: &[u8] = include_bytes!("../../tests/golden/batch-gzip.bin");

fn small() -> Batch {
    let mut builder = BatchBuilder::new(
        Codec::None,
        Some(Producer {
            id: 5,
            epoch: 0,
            base_sequence: 9,
        }),
    );
    builder
        .push(1000, Some(b"key"), Some(b"value"), &[(b"name", None)])
        .unwrap();
    builder.push(1001, None, None, &[]).unwrap();
    builder.build().unwrap()
}

fn verify(bytes: &[u8]) -> Result<Batch, BatchError> {
    Batch::verify(Bytes::copy_from_slice(bytes), &Limits::default())
}

/// The small batch with other bytes at `at`, and a checksum that fits.
fn resealed(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut batch = small().into_bytes().to_vec();
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    let sum = checksum(&batch).to_be_bytes();
    batch[CHECKSUM_AT..ATTRIBUTES_AT].copy_from_slice(&sum);
    batch
}

#[test]
fn a_client_s_batch_is_taken() {
    let batch = verify(GOLDEN).unwrap();
    assert_eq!(batch.records(), 50);
    assert_eq!(&batch.bytes()[..], GOLDEN);
    assert_eq!(verify(small().bytes()), Ok(small()));
}

#[test]
fn every_flipped_bit_from_byte_16_on_is_found() {
    let batch = small().into_bytes();
    for bit in 16 * 8..batch.len() * 8 {
        let mut flipped = batch.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&flipped).is_err(), "bit {bit}");
        assert!(Batch::stored(Bytes::from(flipped)).is_err(), "bit {bit}");
    }
}

#[test]
fn flipped_bits_of_the_length_are_found_too() {
    for bit in LENGTH_AT * 8..LEADER_EPOCH_AT * 8 {
        let mut flipped = small().into_bytes().to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn a_batch_cut_short_anywhere_is_refused() {
    for length in 0..GOLDEN.len() {
        let error = verify(&GOLDEN[..length]).unwrap_err();
        assert!(matches!(error, BatchError::Truncated { .. }), "{length}: {error}");
        assert_eq!(error.kind(), BatchErrorKind::CorruptMessage);
    }
}

#[test]
fn what_only_the_log_may_set_is_refused() {
    let check = |at: usize, bytes: &[u8], expect: BatchError, kind| {
        let error = verify(&resealed(at, bytes)).unwrap_err();
        assert_eq!((error.kind(), error), (kind, expect));
    };
    let invalid = BatchErrorKind::InvalidRecord;
    check(ATTRIBUTES_AT, &[0, 0x20], BatchError::Control, invalid);
    check(
        ATTRIBUTES_AT,
        &[0, 0x08],
        BatchError::LogAppendTime,
        BatchErrorKind::InvalidTimestamp,
    );
    check(ATTRIBUTES_AT, &[0, 0x40], BatchError::Attributes(0x40), invalid);
    check(ATTRIBUTES_AT, &[1, 0], BatchError::Attributes(0x100), invalid);
    check(
        ATTRIBUTES_AT,
        &[0, 7],
        BatchError::UnknownCodec(7),
        BatchErrorKind::UnsupportedCompressionType,
    );
    check(57, &[0, 0, 0, 0], BatchError::Empty(0), invalid);
    check(57, &[0xff, 0, 0, 0], BatchError::Empty(-(1 << 24)), invalid);
    check(
        57,
        &[0, 0, 0, 3],
        BatchError::Count {
            records_count: 3,
            last_offset_delta: 1,
        },
        invalid,
    );
    check(
        23,
        &[0xff; 4],
        BatchError::Count {
            records_count: 2,
            last_offset_delta: -1,
        },
        invalid,
    );
    let producer = |id, epoch, base_sequence| BatchError::Producer {
        id,
        epoch,
        base_sequence,
    };
    check(51, &[0xff; 2], producer(5, -1, 9), invalid);
    check(53, &[0xff; 4], producer(5, 0, -1), invalid);
    check(43, &[0xfe; 8], producer(i64::from_be_bytes([0xfe; 8]), 0, 9), invalid);
    let mut transaction_of_nobody = resealed(43, &[0xff; 8]);
    assert!(verify(&transaction_of_nobody).is_ok());
    transaction_of_nobody[ATTRIBUTES_AT + 1] = 0x10;
    let sum = checksum(&transaction_of_nobody).to_be_bytes();
    transaction_of_nobody[CHECKSUM_AT..ATTRIBUTES_AT].copy_from_slice(&sum);
    assert_eq!(verify(&transaction_of_nobody), Err(producer(-1, 0, 9)));
}

#[test]
fn what_the_log_set_is_read_back() {
    for (at, bytes) in [(ATTRIBUTES_AT, [0, 0x28]), (59, [0, 1])] {
        let stored = resealed(at, &bytes);
        assert_eq!(Batch::stored(Bytes::from(stored.clone())).unwrap().into_bytes(), stored);
    }
    assert!(resealed(57, &[0x80, 0, 0, 0]).len() > HEADER_BYTES);
    assert_eq!(
        Batch::stored(Bytes::from(resealed(57, &[0x80, 0, 0, 0])))
            .unwrap()
            .records(),
        0
    );
}

#[test]
fn size_and_number_of_batches_are_limited() {
    let limit = |batch_bytes_max| {
        Batch::verify(
            Bytes::from_static(GOLDEN),
            &Limits {
                batch_bytes_max,
                ..Limits::default()
            },
        )
    };
    let bytes = GOLDEN.len();
    assert!(limit(bytes).is_ok());
    let error = limit(bytes - 1).unwrap_err();
    assert_eq!(error, BatchError::TooLarge { bytes, max: bytes - 1 });
    assert_eq!(error.kind(), BatchErrorKind::MessageTooLarge);
    assert_eq!(
        verify(&[GOLDEN, GOLDEN].concat()),
        Err(BatchError::Trailing { extra: bytes })
    );
    assert_eq!(
        verify(b""),
        Err(BatchError::Truncated {
            have: 0,
            need: HEADER_BYTES
        })
    );
}

#[test]
fn patching_leaves_the_checksum_valid() {
    let batch = verify(GOLDEN).unwrap();
    let prefix = batch.patched_prefix(i64::MAX, 7);
    assert_eq!(patched_prefix(GOLDEN, i64::MAX, 7), Ok(prefix));
    let mut patched = BytesMut::from(GOLDEN);
    patch(&mut patched, i64::MAX, 7).unwrap();
    assert_eq!(patched, [&prefix, &GOLDEN[PREFIX_BYTES..]].concat());
    let header = *verify(&patched).unwrap().header();
    assert_eq!(
        header,
        BatchHeader {
            base_offset: i64::MAX,
            partition_leader_epoch: 7,
            ..*batch.header()
        }
    );
    assert!(patch(&mut patched[..60], 0, 0).is_err());
}

#[test]
fn append_time_is_set_under_a_new_checksum() {
    let batch = verify(GOLDEN).unwrap();
    let stamped = set_log_append_time(&batch, 123);
    assert_eq!(Batch::stored(stamped.bytes().clone()), Ok(stamped.clone()));
    assert_eq!(
        stamped.header().attributes.timestamp_type(),
        TimestampType::LogAppendTime
    );
    assert_eq!(stamped.header().max_timestamp, 123);
    assert_eq!(stamped.bytes()[HEADER_BYTES..], GOLDEN[HEADER_BYTES..]);
    assert_eq!(verify(stamped.bytes()), Err(BatchError::LogAppendTime));
}

#[test]
fn a_run_is_cut_into_its_batches() {
    let small = small().into_bytes();
    let run = Bytes::from([GOLDEN, &small, GOLDEN].concat());
    let batches: Vec<_> = split(run.clone()).map(|batch| batch.unwrap().1).collect();
    assert_eq!(batches, [GOLDEN, &small, GOLDEN]);
    assert_eq!(batches[1].as_ptr(), run[GOLDEN.len()..].as_ptr(), "not copied");
    assert_eq!(split_checked(run.clone()).filter_map(Result::ok).count(), 3);
    for length in 0..run.len() {
        let cut = run.slice(..length);
        let at_a_border = [0, GOLDEN.len(), GOLDEN.len() + small.len()].contains(&length);
        assert_eq!(split(cut.clone()).all(|batch| batch.is_ok()), at_a_border, "{length}");
        assert_eq!(split_checked(cut).all(|batch| batch.is_ok()), at_a_border, "{length}");
    }
}

#[test]
fn a_damaged_run_ends_where_the_damage_is() {
    let mut run = [GOLDEN, GOLDEN, GOLDEN].concat();
    run[2 * GOLDEN.len() - 1] ^= 1;
    let run = Bytes::from(run);
    assert_eq!(split(run.clone()).filter_map(Result::ok).count(), 3);
    let checked: Vec<_> = split_checked(run).map(|batch| batch.is_ok()).collect();
    assert_eq!(checked, [true, false]);
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200), magic: bool) {
        let mut bytes = bytes;
        if let Some(byte) = bytes.get_mut(16).filter(|_| magic) {
            *byte = 2;
        }
        let run = Bytes::from(bytes);
        let _ = verify(&run);
        prop_assert!(split(run.clone()).count() <= 4);
        prop_assert!(split_checked(run.clone()).count() <= 4);
        let _ = patch(&mut BytesMut::from(&run[..]), 1, 1);
    }
}
