//! The index gives back what was added, asks for more when it must, and believes nothing that does not fit.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::sample::{ID, add, adds, build, object, small};
use crate::verify_whole;

const GOLDEN: &[u8] = include_bytes!("../../tests/golden/v1.segment");

fn open(object: &[u8]) -> Index {
    Index::open(object, object.len() as u64).unwrap()
}

/// A footer around any index bytes, with checksums that fit, behind `runs_bytes` bytes.
fn sealed(index: &[u8], runs_bytes: u64) -> (BytesMut, u64) {
    let index_bytes = index.len() as u64;
    let object_bytes = HEADER_BYTES + runs_bytes + index_bytes + TAIL_BYTES;
    let mut footer = BytesMut::from(index);
    Tail {
        object_bytes,
        index_bytes,
        index_checksum: crc32c::crc32c(index),
    }
    .write(&mut footer);
    (footer, object_bytes)
}

#[test]
fn the_golden_file_opens() {
    let index = open(GOLDEN);
    assert_eq!(index.id(), &ID);
    let keys: Vec<_> = index
        .runs()
        .iter()
        .map(|run| (run.topic, run.partition, run.start, run.bytes))
        .collect();
    assert_eq!(keys, [(2, 4, 8, 1), (2, 5, 9, 8), (9, 0, 17, 33), (70_000, 300, 50, 3)]);
}

#[test]
fn a_segment_without_runs_opens() {
    let object = object(&build(&[]));
    assert!(open(&object).runs().is_empty());
    assert_eq!(open(&object).object_bytes(), object.len() as u64);
}

#[test]
fn too_short_a_tail_says_how_much_is_needed() {
    let object = object(&build(&small()));
    let object_bytes = object.len() as u64;
    let needed = object_bytes - HEADER_BYTES - 45;
    for length in 0..object.len() {
        let tail = &object[object.len() - length..];
        match Index::open(tail, object_bytes) {
            Err(SegmentError::NeedMore { bytes }) if length < TAIL_BYTES as usize => assert_eq!(bytes, TAIL_BYTES),
            Err(SegmentError::NeedMore { bytes }) => assert_eq!(bytes, needed),
            Err(other) => panic!("{length}: {other}"),
            Ok(index) => assert!(length as u64 >= needed && index == open(&object)),
        }
    }
}

#[test]
fn an_object_cut_short_anywhere_does_not_open() {
    let object = object(&build(&small()));
    for length in 0..object.len() {
        let cut = &object[..length];
        assert!(Index::open(cut, length as u64).is_err(), "{length}");
        assert!(
            Index::open(&object[object.len() - length..], length as u64).is_err(),
            "{length}"
        );
    }
    let longer = [&object[..], &object[..]].concat();
    let expected = object.len() as u64;
    let length = SegmentError::Length {
        object_bytes: 2 * expected,
        expected,
    };
    assert_eq!(Index::open(&longer, 2 * expected), Err(length));
}

#[test]
fn stretches_are_whole_batches_of_one_run() {
    let index = open(GOLDEN);
    let check = |stretch: Range<u64>, expect: &[(u64, u64, u32)]| {
        let got: Vec<_> = index
            .batches_in(stretch)
            .map(|batch| (batch.start, batch.bytes, batch.records))
            .collect();
        assert_eq!(got, expect);
    };
    check(17..50, &[(17, 11, 3), (28, 11, 1), (39, 11, 2)]);
    check(28..39, &[(28, 11, 1)]);
    check(50..53, &[(50, 3, 0)]);
    check(17..49, &[]);
    check(18..50, &[]);
    check(39..53, &[]);
    check(28..28, &[]);
    check(Range { start: 39, end: 28 }, &[]);
    check(53..53, &[]);
    check(0..u64::MAX, &[]);
}

#[test]
fn the_batch_of_a_record_is_located() {
    let index = open(GOLDEN);
    let check = |start, bytes, nth, expect: Option<(u64, u64)>| {
        let got = index
            .locate(start, bytes, nth)
            .map(|located| (located.batch.start, located.records_before));
        assert_eq!(got, expect);
    };
    check(17, 33, 0, Some((17, 0)));
    check(17, 33, 2, Some((17, 0)));
    check(17, 33, 3, Some((28, 3)));
    check(17, 33, 5, Some((39, 4)));
    check(17, 33, 6, None);
    check(39, 11, 1, Some((39, 0)));
    check(17, 32, 0, None);
    check(17, u64::MAX, 0, None);
    assert_eq!(index.locate(28, 22, 1).unwrap().batch.range(), 39..50);
}

#[test]
fn a_run_is_checked_alone() {
    let index = open(GOLDEN);
    let run = index.run(9, 0).unwrap();
    let bytes = &GOLDEN[17..50];
    assert_eq!(run.range(), 17..50);
    assert_eq!(run.verify(bytes), Ok(()));
    let damaged = Err(SegmentError::Run { topic: 9, partition: 0 });
    assert_eq!(run.verify(&bytes[1..]), damaged);
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(run.verify(&flipped), damaged);
    }
    assert_eq!(index.run(9, 1), None);
}

#[test]
fn an_index_that_contradicts_itself_is_refused() {
    let id = [0; IDENTITY_BYTES];
    let check = |runs: &[u8], runs_bytes, expect| {
        let (footer, object_bytes) = sealed(&[&id[..], runs].concat(), runs_bytes);
        assert_eq!(
            Index::open(&footer, object_bytes).map(|index| index.runs().len()),
            expect
        );
    };
    let bad = |what| Err(SegmentError::Index(what));
    check(&[1, 0, 0, 0, 0, 0, 0, 1, 9, 1], 9, Ok(1));
    check(&[1, 0, 0, 0, 0, 0, 0, 1, 9, 1], 8, bad("runs do not fill the object"));
    check(
        &[1, 0, 0, 0, 0, 0, 0, 1, 9, 1, 0],
        9,
        bad("runs do not fill the object"),
    );
    check(&[0], 9, bad("runs do not fill the object"));
    check(&[1, 0, 0, 0, 0, 0, 0, 0, 9, 1], 0, bad("empty run"));
    check(&[1, 0, 0, 0, 0, 0, 0, 1, 0, 1], 0, bad("empty batch"));
    check(&[2, 0, 0, 0, 0, 0, 0, 1, 9, 1], 9, bad("count out of range"));
    check(&[1, 0, 0, 0, 0, 0, 0, 2, 9, 1], 9, bad("count out of range"));
    check(
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        9,
        bad("count out of range"),
    );
    // The second key is above the greatest.
    let last = [
        2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 1, 1, 1,
    ];
    for key in [[0, 0], [1, 0]] {
        check(
            &[&last[..], &key, &[0, 0, 0, 0, 1, 1, 1]].concat(),
            2,
            bad("topic or partition out of range"),
        );
    }
}

#[test]
fn other_versions_and_other_files_are_refused() {
    let refused = |at: usize, byte: u8| {
        let mut object = GOLDEN.to_vec();
        let tail = object.len() - TAIL_BYTES as usize;
        object[tail + at] = byte;
        let checksum = crc32c::crc32c(&object[tail..tail + TAIL_CHECKED_BYTES]).to_be_bytes();
        object[tail + TAIL_CHECKED_BYTES..tail + 26].copy_from_slice(&checksum);
        Index::open(&object, object.len() as u64).unwrap_err()
    };
    assert_eq!(refused(21, 2), SegmentError::Version(2));
    assert_eq!(refused(31, b'G'), SegmentError::Magic { part: "tail" });
    assert_eq!(refused(19, 0), SegmentError::Checksum { part: "index" });
    assert_eq!(refused(8, 0xff), SegmentError::Index("longer than the object"));
}

proptest! {
    #[test]
    fn what_was_added_is_found(adds in adds()) {
        let mut expect: BTreeMap<_, Vec<(Bytes, u32)>> = BTreeMap::new();
        for (topic, partition, batches) in &adds {
            expect.entry((*topic, *partition)).or_default().extend(batches.clone());
        }
        expect.retain(|_, batches| !batches.is_empty());
        let object = object(&build(&adds));
        let index = verify_whole(&object).unwrap();
        prop_assert_eq!(index.runs().len(), expect.len());
        for ((topic, partition), batches) in expect {
            let run = index.run(topic, partition).unwrap();
            let found: Vec<_> = index
                .batches_in(run.range())
                .map(|batch| (Bytes::copy_from_slice(&object[batch.start as usize..][..batch.bytes as usize]), batch.records))
                .collect();
            prop_assert_eq!(found, batches);
        }
    }

    #[test]
    fn any_bytes_are_an_answer(index in prop::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 43..200), runs_bytes in 0_u64..40) {
        let (footer, object_bytes) = sealed(&index, runs_bytes);
        if let Ok(index) = Index::open(&footer, object_bytes) {
            let end = index.runs().last().map_or(HEADER_BYTES, |run| run.range().end);
            prop_assert_eq!(end, HEADER_BYTES + runs_bytes);
        }
        let _ = Index::open(&index, index.len() as u64);
    }

    #[test]
    fn opened_with_hints_of_any_length_it_is_the_same(adds in adds(), hint in 0_usize..400) {
        let object = object(&build(&adds));
        let object_bytes = object.len() as u64;
        let last = |bytes: usize| &object[object.len() - bytes.min(object.len())..];
        let mut wanted = hint;
        let opened = loop {
            match Index::open(last(wanted), object_bytes) {
                Err(SegmentError::NeedMore { bytes }) => {
                    prop_assert!(bytes as usize > wanted);
                    wanted = bytes as usize;
                }
                other => break other,
            }
        };
        prop_assert_eq!(opened, Ok(open(&object)));
    }
}

#[test]
fn a_stretch_may_end_where_the_runs_end() {
    let object = object(&build(&[add(1, 1, &[("ab", 1), ("cd", 1)])]));
    assert_eq!(open(&object).batches_in(10..12).count(), 1);
}
