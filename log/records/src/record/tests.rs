//! Records come out as kafka-python put them in, and malformed ones are found.

use proptest::prelude::*;

use super::*;
use crate::BatchErrorKind;
use crate::header::ATTRIBUTES_AT;

const GOLDEN: [&[u8]; 5] = [
    include_bytes!("../../tests/golden/batch-none.bin"),
    include_bytes!("../../tests/golden/batch-gzip.bin"),
    include_bytes!("../../tests/golden/batch-snappy.bin"),
    include_bytes!("../../tests/golden/batch-lz4.bin"),
    include_bytes!("../../tests/golden/batch-zstd.bin"),
];

fn verify(batch: &[u8]) -> Batch {
    Batch::verify(Bytes::copy_from_slice(batch), &Limits::default()).unwrap()
}

fn records(batch: &Batch) -> Result<Vec<Record>, BatchError> {
    walk(batch, &Limits::default())?.collect()
}

/// An uncompressed batch with any bytes for records, whose header fits them.
fn around(records: &[u8], records_count: i32, last_offset_delta: i32) -> Batch {
    let mut bytes = GOLDEN[0][..HEADER_BYTES].to_vec();
    bytes.extend_from_slice(records);
    let length = i32::try_from(bytes.len() - 12).unwrap();
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[23..27].copy_from_slice(&last_offset_delta.to_be_bytes());
    bytes[57..61].copy_from_slice(&records_count.to_be_bytes());
    let checksum = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
    bytes[17..21].copy_from_slice(&checksum.to_be_bytes());
    Batch::stored(Bytes::from(bytes)).unwrap()
}

#[test]
fn a_negative_number_of_records_is_not_none() {
    assert_eq!(records(&around(&[], 0, 4)), Ok(vec![]), "all were left out");
    for count in [-1, -129, i32::MIN] {
        assert_eq!(records(&around(&[], count, 4)), Err(BatchError::Empty(count)));
    }
}

#[test]
fn golden_batches_hold_what_was_put_in() {
    for golden in GOLDEN {
        let batch = verify(golden);
        let header = batch.header();
        let records = records(&batch).unwrap();
        assert_eq!(records.len(), 50);
        for (i, record) in (0_usize..).zip(&records) {
            let n = i64::try_from(i).unwrap();
            assert_eq!(
                (record.offset(header), record.offset_delta),
                (n, i32::try_from(n).unwrap())
            );
            assert_eq!(record.timestamp(header), 1_700_000_000_000 + n * 37 % 101);
            assert_eq!(record.key, (i % 7 != 0).then(|| Bytes::from(format!("key-{i}"))));
            let value = format!("value-{i} ").repeat(i % 5 * 3);
            assert_eq!(record.value, (i % 11 != 5).then(|| Bytes::from(value)));
            let header = |j: usize| (format!("h{j}"), (j != 2).then(|| format!("hv{}", i * j)));
            assert_eq!(record.headers, (0..i % 4).map(header).collect());
        }
    }
}

#[test]
fn headers_are_read_one_by_one() {
    let batch = verify(GOLDEN[4]);
    let record = &records(&batch).unwrap()[7];
    let headers: Vec<_> = record.headers.iter().collect();
    let bytes = Bytes::from_static;
    assert_eq!(
        headers,
        [
            (bytes(b"h0"), Some(bytes(b"hv0"))),
            (bytes(b"h1"), Some(bytes(b"hv7"))),
            (bytes(b"h2"), None)
        ]
    );
    let refs = record.headers.refs();
    let refs = refs.map(|(name, value)| (Bytes::copy_from_slice(name), value.map(Bytes::copy_from_slice)));
    assert_eq!(refs.collect::<Vec<_>>(), headers);
    assert_eq!((record.headers.len(), record.headers.is_empty()), (3, false));
    assert!(Headers::default().is_empty() && (&Headers::default()).into_iter().next().is_none());
}

#[test]
fn keys_and_values_are_slices() {
    let batch = verify(GOLDEN[0]);
    let record = records(&batch).unwrap().remove(1);
    let range = batch.bytes().as_ptr_range();
    assert!(range.contains(&record.key.unwrap().as_ptr()) && range.contains(&record.value.unwrap().as_ptr()));
}

#[test]
fn append_time_goes_before_a_record_s_own() {
    let batch = crate::set_log_append_time(&verify(GOLDEN[1]), 5);
    assert!(
        records(&batch)
            .unwrap()
            .iter()
            .all(|record| record.timestamp(batch.header()) == 5)
    );
}

#[test]
fn malformed_records_are_found() {
    let check = |bytes: &[u8], count, last, index, fault| {
        let error = records(&around(bytes, count, last)).unwrap_err();
        assert_eq!(error, BatchError::Record { index, fault }, "{bytes:?}");
        assert_eq!(error.kind(), BatchErrorKind::InvalidRecord);
    };
    use RecordFault::{Negative, OffsetDelta, Trailing, Truncated, Varint};
    let one = [12, 0, 0, 0, 1, 1, 0];
    assert_eq!(records(&around(&one, 1, 0)).map(|records| records.len()), Ok(1));
    check(&[], 1, 0, 0, Truncated);
    check(&[one, one].concat(), 2, 1, 1, OffsetDelta);
    check(&[one, one].concat(), 1, 0, 1, Trailing);
    check(&one, 2, 1, 1, Truncated);
    check(&[one, one].concat(), 0, 0, 0, Trailing);
    check(&[12, 0, 0, 2, 1, 1, 0], 1, 0, 0, OffsetDelta);
    check(&[12, 0, 0, 1, 1, 1, 0], 1, 0, 0, OffsetDelta);
    check(&[14, 0, 0, 0, 1, 1, 0], 1, 0, 0, Truncated);
    check(&[10, 0, 0, 0, 1, 1, 0], 1, 0, 0, Truncated);
    check(&[14, 0, 0, 0, 1, 1, 0, 0], 1, 0, 0, Trailing);
    check(&[1, 0, 0, 0, 1, 1, 0], 1, 0, 0, Negative);
    check(&[3, 0, 0, 0, 1, 1, 0], 1, 0, 0, Negative);
    check(&[12, 0, 0, 0, 3, 1, 0], 1, 0, 0, Negative);
    check(&[12, 0, 0, 0, 1, 1, 1], 1, 0, 0, Negative);
    check(&[12, 0, 0, 0, 2, 1, 0], 1, 0, 0, Truncated);
    check(&[12, 0, 0, 0, 1, 1, 2], 1, 0, 0, Truncated);
    check(&[14, 0, 0, 0, 1, 1, 2, 1], 1, 0, 0, Negative);
    check(&[16, 0, 0, 0, 1, 1, 2, 0, 2], 1, 0, 0, Truncated);
    check(&[0xff, 0xff, 0xff, 0xff, 0x0f], 1, 0, 0, Negative);
    check(&[0x80, 0x80, 0x80, 0x80, 0x10], 1, 0, 0, Varint);
    check(&[0x8c, 0, 0, 0, 0, 1, 1, 0], 1, 0, 0, Varint);
}

#[test]
fn records_cut_short_anywhere_are_found() {
    let golden = &GOLDEN[0][HEADER_BYTES..];
    for length in 0..golden.len() {
        assert!(records(&around(&golden[..length], 50, 49)).is_err(), "{length}");
    }
    assert_eq!(records(&around(golden, 50, 49)).map(|records| records.len()), Ok(50));
}

#[test]
fn after_an_error_the_records_end() {
    let mut walk = walk(&around(&[1, 1, 1], 3, 2), &Limits::default()).unwrap();
    assert!(walk.next().unwrap().is_err());
    assert!(walk.next().is_none());
}

#[test]
fn inflating_stops_at_the_limits() {
    let inflated = walk(&verify(GOLDEN[0]), &Limits::default()).unwrap().inflated_bytes();
    assert_eq!(inflated, GOLDEN[0].len() - HEADER_BYTES);
    for golden in &GOLDEN[1..] {
        let limit = |inflate_bytes_max| {
            walk(
                &verify(golden),
                &Limits {
                    inflate_bytes_max,
                    ..Limits::default()
                },
            )
        };
        // kafka-python's producer fields are outside the records, so these inflate to the same bytes.
        assert_eq!(limit(inflated).unwrap().inflated_bytes(), inflated);
        let error = limit(inflated - 1).unwrap_err();
        assert_eq!(
            error,
            BatchError::Codec(crate::CodecError::TooLarge { cap: inflated - 1 })
        );
        assert_eq!(error.kind(), BatchErrorKind::MessageTooLarge);
    }
}

#[test]
fn the_ratio_counts_beyond_a_mebibyte() {
    let limits = Limits {
        batch_bytes_max: 0,
        inflate_bytes_max: 10 << 20,
        inflate_ratio_max: 100,
    };
    let check = |compressed, expect| assert_eq!(limits.inflate_cap_bytes(compressed), expect);
    check(0, 1 << 20);
    check(10_000, 1 << 20);
    check(20_000, 2_000_000);
    check(1 << 20, 10 << 20);
    check(usize::MAX, 10 << 20);
}

#[test]
fn deltas_that_overflow_are_held_at_the_end() {
    let bytes = [
        30, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 1, 1, 0,
    ];
    let batch = around(&bytes, 1, 0);
    assert_eq!(records(&batch).unwrap()[0].timestamp(batch.header()), i64::MAX);
}

proptest! {
    #[test]
    fn any_records_are_an_answer(bytes in prop::collection::vec(prop_oneof![0_u8..16, any::<u8>()], 0..100), count in -1..9, last in -1..9) {
        let batch = around(&bytes, count, last);
        let walk = walk(&batch, &Limits::default());
        prop_assert_eq!(walk.is_ok(), count >= 0);
        let walked = walk.into_iter().flatten().take(20).count();
        prop_assert!(walked <= 10);
    }

    #[test]
    fn any_damage_in_a_payload_is_an_answer(golden in 0_usize..5, at: prop::sample::Index, flip: u8) {
        let mut bytes = GOLDEN[golden].to_vec();
        let at = HEADER_BYTES + at.index(bytes.len() - HEADER_BYTES);
        bytes[at] ^= flip;
        let checksum = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
        bytes[17..21].copy_from_slice(&checksum.to_be_bytes());
        let _ = records(&verify(&bytes));
    }
}
