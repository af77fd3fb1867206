//! Fields are where Kafka has them.

use super::*;
use crate::BatchErrorKind;

const BATCH: &[u8] = include_bytes!("../../tests/golden/batch-zstd.bin");

#[test]
fn the_golden_header_is_read_and_written() {
    let header = BatchHeader::parse(BATCH).unwrap();
    assert_eq!(header.write(), BATCH[..HEADER_BYTES]);
    assert_eq!(header.batch_bytes(), BATCH.len());
    assert_eq!(header.attributes.codec(), Ok(Codec::Zstd));
    assert_eq!(
        (header.records_count, header.last_offset_delta, header.last_offset()),
        (50, 49, 49)
    );
    assert_eq!(
        (header.base_timestamp, header.max_timestamp),
        (1_700_000_000_000, 1_700_000_000_100)
    );
    assert_eq!(
        (header.producer_id, header.producer_epoch, header.base_sequence),
        (4711, 3, 100)
    );
    assert_eq!((header.has_producer(), header.last_sequence()), (true, 149));
}

#[test]
fn every_field_keeps_its_bytes() {
    let bytes: [u8; HEADER_BYTES] = std::array::from_fn(|at| if at == MAGIC_AT { 2 } else { at as u8 + 1 });
    let header = BatchHeader::parse(&bytes).unwrap();
    assert_eq!(header.write(), bytes);
    assert_eq!(header.partition_leader_epoch, 0x0d0e_0f10);
    assert_eq!(header.checksum, 0x1213_1415);
    assert_eq!(header.records_count, 0x3a3b_3c3d);
}

#[test]
fn what_is_no_header_is_refused() {
    for length in 0..HEADER_BYTES {
        let truncated = BatchError::Truncated {
            have: length,
            need: HEADER_BYTES,
        };
        assert_eq!(BatchHeader::parse(&BATCH[..length]), Err(truncated));
    }
    let mut old = BATCH[..20].to_vec();
    old[MAGIC_AT] = 1;
    assert_eq!(BatchHeader::parse(&old), Err(BatchError::Magic(1)));
    assert_eq!(BatchError::Magic(1).kind(), BatchErrorKind::UnsupportedForMessageFormat);
    for length in [48, 0, -1, i32::MIN] {
        let mut bytes = BATCH.to_vec();
        bytes[LENGTH_AT..LEADER_EPOCH_AT].copy_from_slice(&length.to_be_bytes());
        assert_eq!(BatchHeader::parse(&bytes), Err(BatchError::Length(length)));
    }
}

#[test]
fn attributes_are_bits() {
    let check = |bits, codec: Option<Codec>, transactional, control, foreign| {
        let attributes = Attributes(bits);
        assert_eq!(attributes.codec().ok(), codec);
        assert_eq!(attributes.is_transactional(), transactional);
        assert_eq!(attributes.is_control(), control);
        assert_eq!(attributes.has_foreign_bits(), foreign);
        assert_eq!(
            attributes.timestamp_type() == TimestampType::LogAppendTime,
            bits & 8 != 0
        );
    };
    check(0x00, Some(Codec::None), false, false, false);
    check(0x04, Some(Codec::Zstd), false, false, false);
    check(0x05, None, false, false, false);
    check(0x0a, Some(Codec::Snappy), false, false, false);
    check(0x10, Some(Codec::None), true, false, false);
    check(0x31, Some(Codec::Gzip), true, true, false);
    check(0x40, Some(Codec::None), false, false, true);
    check(i16::MIN, Some(Codec::None), false, false, true);
}

#[test]
fn sequences_wrap_to_zero() {
    let check = |base_sequence, last_offset_delta, expect| {
        let header = BatchHeader {
            base_sequence,
            last_offset_delta,
            ..BatchHeader::parse(BATCH).unwrap()
        };
        assert_eq!(header.last_sequence(), expect);
    };
    check(0, 0, 0);
    check(i32::MAX, 0, i32::MAX);
    check(i32::MAX, 1, 0);
    check(i32::MAX - 1, 5, 3);
    check(-1, 5, -1);
}
