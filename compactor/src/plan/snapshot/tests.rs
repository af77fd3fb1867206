use super::*;
use crate::plan::testing::History;

const POLICY: Policy = Policy {
    bytes: 1000,
    age_ms: 5000,
    entries_min: 3,
};

fn check(history: &History, bytes: u64, age_ms: u64, expect: bool) {
    let since = Since { age_ms, bytes };
    let entries = history.state.position();
    assert_eq!(
        is_due(&history.state, &since, &POLICY),
        expect,
        "{since:?} at {entries}"
    );
}

#[test]
fn due_by_entries_bytes_or_age() {
    let mut history = History::new();
    history.alter_cluster("snapshot.entries", "12");
    history.snapshot();
    check(&history, u64::MAX, u64::MAX, false);
    for _ in 0..2 {
        history.beat();
        check(&history, u64::MAX, u64::MAX, false);
    }
    history.beat();
    check(&history, 999, 4999, false);
    check(&history, 1000, 0, true);
    check(&history, 0, 5000, true);
    for _ in 0..8 {
        history.beat();
        check(&history, 0, 0, false);
    }
    history.beat();
    check(&history, 0, 0, true);
    history.snapshot();
    check(&history, u64::MAX, u64::MAX, false);
}

#[test]
fn the_first_is_counted_from_genesis() {
    let mut history = History::new();
    check(&history, 0, 5000, false);
    history.beat();
    check(&history, 0, 5000, true);
}
