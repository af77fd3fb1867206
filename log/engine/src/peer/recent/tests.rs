use ledger::{EntryKind, Hash};

use super::*;

fn tip(position: u64) -> Tip {
    Tip::new(1, position, Hash([u8::try_from(position).unwrap(); 32]))
}

fn entry(position: u64, bytes: usize) -> Entry {
    let stored = vec![u8::try_from(position).unwrap(); bytes];
    Entry::fitting(tip(position), EntryKind::Void, stored.into())
}

fn numbers(after: &After) -> Vec<u8> {
    match after {
        After::Entries(entries, last) => {
            let numbers: Vec<u8> = entries.iter().map(|stored| stored[0]).collect();
            assert_eq!(numbers.last().copied().map(u64::from), Some(last.position));
            numbers
        }
        After::Nothing => vec![],
        After::Unknown => vec![u8::MAX],
    }
}

#[test]
fn what_follows_a_tip_is_passed_on_as_far_as_it_is_kept() {
    let recent = Recent::default();
    recent.push(&entry(4, 10));
    assert_eq!(recent.after(&tip(4)), After::Unknown, "nothing is kept for nobody");
    recent.join(tip(5));
    assert_eq!(recent.after(&tip(5)), After::Nothing);
    assert_eq!(recent.after(&tip(7)), After::Nothing, "it is ahead");
    assert!(recent.knows(&tip(5)));
    assert!(!recent.knows(&tip(7)), "it may be ahead on a branch that was lost");
    assert_eq!(recent.after(&tip(4)), After::Unknown);
    (6..9).for_each(|position| recent.push(&entry(position, 10)));
    assert_eq!(numbers(&recent.after(&tip(5))), [6, 7, 8]);
    assert_eq!(numbers(&recent.after(&tip(7))), [8]);
    assert_eq!(recent.after(&tip(8)), After::Nothing);
    let other = Tip::new(1, 7, Hash::ZERO);
    assert_eq!(recent.after(&other), After::Unknown, "another history");
    recent.restart(tip(20));
    assert_eq!(recent.after(&tip(7)), After::Unknown);
    recent.push(&entry(21, 10));
    assert_eq!(numbers(&recent.after(&tip(20))), [21]);
    recent.leave();
    assert_eq!(recent.after(&tip(20)), After::Unknown);
}

#[test]
fn the_oldest_go_when_there_is_too_much() {
    let recent = Recent::default();
    recent.join(tip(0));
    let half = MESSAGE_BYTES_MAX / 2;
    (1..=9).for_each(|position| recent.push(&entry(position, half)));
    assert_eq!(recent.after(&tip(0)), After::Unknown);
    assert_eq!(numbers(&recent.after(&tip(1))), [2, 3], "a message carries so much");
    recent.push(&entry(10, 2 * RECENT_BYTES_MAX));
    assert_eq!(numbers(&recent.after(&tip(9))), [10], "the latest stays in any case");
    assert_eq!(recent.after(&tip(8)), After::Unknown);
}
