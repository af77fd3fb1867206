use super::*;
use crate::plan::testing::History;

const GRACE_MS: i64 = 8000;

/// A history of some entries with marks at `(folded, date)`, a grace of 8 s and an expiration of 80 s.
fn history(marks: &[(u64, i64)]) -> History {
    let mut history = History::new();
    history.alter_cluster("segment.grace.ms", &GRACE_MS.to_string());
    history.alter_cluster("producer.id.expiration.ms", "80000");
    for _ in 0..20 {
        history.beat();
    }
    for (folded, date) in marks {
        history.mark(*folded, *date);
    }
    history
}

fn check(marks: &[(u64, i64)], waiting: Waiting, now_ms: i64, expect: bool) {
    let history = history(marks);
    assert_eq!(
        needs_mark(&history.state, &waiting, now_ms),
        expect,
        "{marks:?} {waiting:?} {now_ms}"
    );
}

#[test]
fn nothing_that_waits_needs_no_mark() {
    check(&[], Waiting::default(), i64::MAX, false);
    check(&[(5, 10)], Waiting::default(), i64::MAX, false);
}

#[test]
fn an_object_needs_one_that_covers_it_and_one_after_the_grace() {
    let waiting = Waiting {
        objects: Some((5, 10)),
        ..Waiting::default()
    };
    check(&[], waiting, 0, true);
    // Not covered: but the newest is too young for another to help much.
    check(&[(9, 100_000)], waiting, 100_999, false);
    check(&[(9, 100_000)], waiting, 101_000, true);
    // Covered: nothing more before the grace has passed, of the first already.
    check(&[(10, 100_000)], waiting, 107_999, false);
    check(&[(10, 100_000)], waiting, 108_000, true);
    check(&[(5, 96_000), (10, 100_000)], waiting, 103_999, false);
    check(&[(5, 96_000), (10, 100_000)], waiting, 104_000, true);
    // A mark shows already that it has passed: the sweep does the rest.
    check(&[(10, 100_000), (12, 108_000)], waiting, 200_000, false);
}

#[test]
fn a_lake_file_needs_one_after_its_own_grace() {
    let waiting = Waiting {
        lakes: Some((5, 10)),
        ..Waiting::default()
    };
    check(&[], waiting, 0, true);
    check(&[(10, 100_000)], waiting, 100_000 + DAY_MS - 1, false);
    check(&[(10, 100_000)], waiting, 100_000 + DAY_MS, true);
    check(&[(10, 100_000), (12, 100_000 + DAY_MS)], waiting, i64::MAX, false);
}

const DAY_MS: i64 = 86_400_000;

#[test]
fn entries_need_one_with_all_inline_bytes_beyond_them() {
    let waiting = Waiting {
        entries: Some(10),
        ..Waiting::default()
    };
    check(&[(9, 100_000)], waiting, 101_000, true);
    check(&[(10, 100_000)], waiting, 101_000, false);
    let inline_before = MarkAt {
        folded: 20,
        date_ms: 0,
        lowest_inline: Some(9),
    };
    assert_eq!(reach(&inline_before), 9);
    assert!(is_over(&history(&[(10, 100_000), (11, 108_000)]).state, 10));
    assert!(!is_over(&history(&[(10, 100_000), (11, 107_999)]).state, 10));
    assert!(!is_over(&history(&[(9, 100_000), (11, 108_000)]).state, 10));
    assert!(!is_over(&history(&[]).state, 10));
}

#[test]
fn a_producer_needs_one_that_covers_it() {
    let waiting = Waiting {
        expiring: Some(10),
        ..Waiting::default()
    };
    check(&[], waiting, 0, true);
    check(&[(9, 100_000)], waiting, 109_999, false);
    check(&[(9, 100_000)], waiting, 110_000, true);
    check(&[(10, 100_000)], waiting, i64::MAX, false);
}

/// A log at rest with something to delete: two marks, and then none for ever.
#[test]
fn a_log_at_rest_comes_to_rest() {
    let mut history = history(&[]);
    let waiting = Waiting {
        tables: None,
        objects: Some((7, 12)),
        lakes: None,
        entries: Some(9),
        expiring: Some(11),
        inline: None,
    };
    let mut marks = 0;
    for now_ms in (0..1_000_000).step_by(500) {
        if needs_mark(&history.state, &waiting, now_ms) {
            history.mark(history.state.position(), now_ms);
            marks += 1;
        }
    }
    assert_eq!(marks, 2);
}
