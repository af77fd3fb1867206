use bytes::BytesMut;
use records::{BatchBuilder, Codec};

use super::*;

/// A batch with records at these offset deltas.
fn batch(deltas: &[i32]) -> Bytes {
    let mut builder = BatchBuilder::new(Codec::None, None);
    for delta in deltas {
        builder.push_at(*delta, 0, None, Some(b"value"), &[]).expect("a record");
    }
    builder.build().expect("a batch").into_bytes()
}

fn run(batches: &[&[i32]]) -> Bytes {
    let mut bytes = BytesMut::new();
    for deltas in batches {
        bytes.extend_from_slice(&batch(deltas));
    }
    bytes.freeze()
}

fn check_run(bytes: Bytes, claim: (u64, u64, u32), expect: &[Wrong]) {
    let (first, last, records) = claim;
    let (_, wrong) = check(
        bytes,
        Claim {
            first,
            last,
            records,
            bytes: None,
        },
    );
    assert_eq!(wrong, expect, "{claim:?}");
}

fn count(what: &str) -> Wrong {
    Wrong::Count { what: what.to_owned() }
}

#[test]
fn right() {
    check_run(run(&[&[0, 1, 2]]), (10, 12, 3), &[]);
    check_run(run(&[&[0], &[0, 1]]), (10, 12, 3), &[]);
    check_run(run(&[&[0, 2]]), (10, 12, 2), &[]);
}

#[test]
fn counts() {
    check_run(run(&[&[0, 2]]), (10, 12, 3), &[count("2 records, the ledger says 3")]);
    check_run(
        run(&[&[0, 1, 2]]),
        (10, 11, 3),
        &[count("batches end at offset 12, the ledger says 11")],
    );
}

#[test]
fn holes() {
    check_run(
        run(&[&[0, 1]]),
        (10, 12, 3),
        &[
            Wrong::Hole { first: 12, last: 12 },
            count("2 records, the ledger says 3"),
        ],
    );
    check_run(
        Bytes::new(),
        (0, 0, 1),
        &[Wrong::Hole { first: 0, last: 0 }, count("0 records, the ledger says 1")],
    );
}

#[test]
fn every_flipped_bit_is_found_but_for_what_the_log_overwrites() {
    let good = run(&[&[0, 1], &[0]]);
    let claim = Claim {
        first: 0,
        last: 2,
        records: 3,
        bytes: None,
    };
    for bit in 0..good.len() * 8 {
        let mut bytes = good.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (_, wrong) = check(Bytes::from(bytes), claim);
        let at = bit / 8 % batch(&[0, 1]).len().min(good.len());
        // Base offset and leader epoch are the log's own, and lie outside the checksum.
        let overwritten = at < 8 || (12..16).contains(&at);
        assert_eq!(wrong.is_empty(), overwritten, "bit {bit}");
    }
}

#[test]
fn damage_names_the_offset() {
    let first = batch(&[0, 1]);
    let mut bytes = run(&[&[0, 1], &[0]]).to_vec();
    bytes[first.len() + 70] ^= 1;
    let (counted, wrong) = check(
        Bytes::from(bytes),
        Claim {
            first: 5,
            last: 7,
            records: 3,
            bytes: None,
        },
    );
    assert_eq!(counted, Counted { batches: 1, records: 2 });
    assert!(matches!(wrong[..], [Wrong::Damaged { from: 7, .. }]), "{wrong:?}");
}

#[test]
fn rows_may_have_gaps_but_not_more_than_they_should() {
    let placed = |base: u64, deltas: &[i32]| (base, Batch::stored(batch(deltas)).expect("a batch"));
    let check = |batches: &[(u64, Batch)], expect: &[Wrong]| {
        let claim = Claim {
            first: 10,
            last: 19,
            records: 3,
            bytes: None,
        };
        assert_eq!(check_rows(batches, claim).1, expect);
    };
    check(&[placed(11, &[0, 2]), placed(17, &[1])], &[]);
    check(&[placed(11, &[0])], &[count("1 records, the ledger says 3")]);
    let beyond = "a batch of offsets 19 to 21 where 10 to 19 are due";
    check(&[placed(19, &[0, 1, 2])], &[count(beyond)]);
    let before = "a batch of offsets 12 to 12 where 13 to 19 are due";
    check(&[placed(11, &[0, 1]), placed(12, &[0])], &[count(before)]);
}

#[test]
fn bytes_are_counted_where_the_ledger_says_how_many() {
    let claim = Claim {
        first: 10,
        last: 12,
        records: 3,
        bytes: Some(1),
    };
    let bytes = run(&[&[0, 1, 2]]);
    let what = format!("{} bytes, the ledger says 1", bytes.len());
    assert_eq!(check(bytes, claim).1, [count(&what)]);
}
