//! Packing, joining, and the list of extents against a plain vector.

use proptest::prelude::*;

use super::*;

fn packed(first: u64, place: u32, start: u64, bytes: u32) -> Packed {
    Packed {
        first,
        start,
        max_timestamp: first as i64,
        last_delta: 1,
        records: 2,
        bytes,
        place,
    }
}

#[test]
fn an_extent_takes_40_bytes() {
    assert_eq!(size_of::<Packed>(), 40);
}

#[test]
fn places_are_packed_where_they_fit() {
    let inline = |position, proposal, run| Spot::Inline {
        position,
        proposal,
        run,
    };
    let segment = |slot, start| Spot::Segment { slot, start };
    let fine = [
        inline(0, 0, 0),
        inline(POSITION_END - 1, u16::MAX, INLINE - 1),
        segment(0, u64::MAX),
        segment(LAKE - 1, 0),
        Spot::Lake { slot: 0 },
        Spot::Lake { slot: LAKE - 1 },
    ];
    for spot in fine {
        let (place, start) = spot.pack().unwrap();
        assert_eq!(packed(0, place, start, 1).spot(), spot);
    }
    for spot in [
        inline(POSITION_END, 0, 0),
        inline(0, 0, INLINE),
        segment(LAKE, 0),
        Spot::Lake { slot: LAKE },
    ] {
        assert_eq!(spot.pack(), None);
    }
}

#[test]
fn only_what_lies_right_behind_is_joined() {
    let before = packed(10, 3, 100, 50);
    let mut joined = before;
    assert!(joined.join(&packed(12, 3, 150, 7)));
    assert_eq!(
        (joined.last(), joined.records, joined.bytes, joined.max_timestamp),
        (13, 4, 57, 12)
    );
    let huge = Packed {
        bytes: u32::MAX,
        ..packed(12, 3, 150, 0)
    };
    let far = Packed {
        last_delta: u32::MAX,
        ..packed(12, 3, 150, 1)
    };
    for next in [
        packed(12, 4, 150, 7),
        packed(12, 3, 151, 7),
        packed(12, INLINE | 3, 150, 7),
        huge,
        far,
    ] {
        let mut same = before;
        assert!(!same.join(&next));
        assert_eq!(same, before);
    }
    for flag in [INLINE, LAKE] {
        let mut other = packed(10, flag | 3, 100, 50);
        assert!(!other.join(&packed(12, flag | 3, 150, 7)));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Push(u32),
    Drop(usize),
    Replace(usize, usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1u32..40).prop_map(Step::Push),
        (0usize..30).prop_map(Step::Drop),
        (0usize..40, 0usize..9, 0usize..9).prop_map(|(at, count, with)| Step::Replace(at, count, with)),
    ]
}

proptest! {
    #[test]
    fn the_list_is_a_vector(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut list, mut plain) = (Extents::default(), Vec::new());
        let mut next = 0;
        for step in steps {
            match step {
                Step::Push(count) => for _ in 0..count {
                    list.push(packed(next, 0, 0, 1));
                    plain.push(packed(next, 0, 0, 1));
                    next += 2;
                },
                Step::Drop(count) => {
                    list.drop_front(count);
                    plain.drain(..count.min(plain.len()));
                }
                Step::Replace(at, count, with) => {
                    let at = at.min(plain.len());
                    let count = count.min(plain.len() - at);
                    let with: Vec<_> = (0..with).map(|start| packed(7, 0, start as u64, 1)).collect();
                    list.replace(at, count, &with);
                    plain.splice(at..at + count, with);
                }
            }
            prop_assert_eq!(list.as_slice(), plain.as_slice());
            prop_assert_eq!(list.last_mut().copied(), plain.last().copied());
        }
    }
}
