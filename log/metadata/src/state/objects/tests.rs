//! The table against plain counts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn name(number: u64) -> ObjectName {
    let incarnation = Incarnation {
        position: number % 3,
        index: 1,
        nonce: 7,
    };
    ObjectName {
        incarnation,
        flush: number,
        attempt: (number % 2) as u16,
    }
}

#[test]
fn a_slot_takes_32_bytes() {
    assert_eq!(size_of::<Slot>(), 32);
}

#[test]
fn what_got_no_reference_leaves_nothing() {
    let mut objects = Objects::default();
    let slot = objects.intern(&name(1));
    objects.discard(slot);
    assert_eq!((objects.len(), objects.status(&name(1))), (0, ObjectStatus::Unknown));
    assert_eq!(objects.intern(&name(2)), slot, "the slot is given again");
    objects.hold(slot);
    objects.discard(slot);
    assert_eq!(objects.status(&name(2)), ObjectStatus::Named { references: 1 });
}

proptest! {
    /// Names are held (0..2), let go (2), or what went a while ago is forgotten (3).
    #[test]
    fn the_table_counts(steps in proptest::collection::vec((0u8..4, 0u64..12), 0..200)) {
        let mut objects = Objects::default();
        let (mut counts, mut gone) = (BTreeMap::<u64, u32>::new(), BTreeMap::<u64, u64>::new());
        for (now, (step, number)) in (10u64..).zip(steps) {
            match step {
                0 | 1 => {
                    let slot = objects.intern(&name(number));
                    objects.hold(slot);
                    *counts.entry(number).or_default() += 1;
                    gone.remove(&number);
                }
                2 if counts.contains_key(&number) => {
                    objects.release(objects.find(&name(number)).unwrap(), now);
                    let count = counts.get_mut(&number).unwrap();
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(&number);
                        gone.insert(number, now);
                    }
                }
                2 => {}
                _ => {
                    objects.forget_unnamed(now - 9);
                    gone.retain(|_, at| *at > now - 9);
                }
            }
            prop_assert_eq!(objects.len(), counts.len());
            for number in 0..12 {
                let expect = match (counts.get(&number), gone.get(&number)) {
                    (Some(&references), _) => ObjectStatus::Named { references },
                    (None, Some(&at)) => ObjectStatus::Unnamed { at },
                    (None, None) => ObjectStatus::Unknown,
                };
                prop_assert_eq!(objects.status(&name(number)), expect);
            }
            prop_assert_eq!(objects.unnamed().len(), gone.len());
        }
    }
}
