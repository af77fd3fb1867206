use super::*;
use crate::plan::testing::{History, shape};

const LIMITS: Limits = Limits {
    window_bytes_max: 1000,
    window_extents_max: 100,
    proposal_bytes_max: 10_000,
};

fn nothing() -> Spared {
    Spared::new()
}

/// Two partitions: inline, inline, object, inline.
fn history() -> (History, [u64; 3]) {
    let mut history = History::new();
    let topic = history.topic("t", 2, &[]);
    let first = history.inline(&[(topic, 0, 2, 100, 5), (topic, 1, 1, 50, 6)]);
    let second = history.inline(&[(topic, 0, 3, 100, 4)]);
    history.object(&[(topic, 0, 4, 300, 9)]);
    let third = history.inline(&[(topic, 0, 1, 100, 1), (topic, 1, 1, 50, 2)]);
    (history, [first, second, third])
}

#[test]
fn a_window_holds_what_old_entries_hold_in_runs_of_neighbours() {
    let (history, [first, second, third]) = history();
    let check = |through: u64, expect: &[(u32, Vec<u64>)]| {
        let window = plan(&history.state, through, &LIMITS, &nothing());
        assert_eq!(shape(&window), expect, "through {through}");
    };
    check(first - 1, &[]);
    check(first, &[(0, vec![0]), (1, vec![0])]);
    check(second, &[(0, vec![0, 2]), (1, vec![0])]);
    // What lies in an object between two inline extents parts them.
    check(third, &[(0, vec![0, 2]), (0, vec![9]), (1, vec![0, 1])]);
}

#[test]
fn a_window_is_bounded_and_takes_the_oldest_entries() {
    let (history, [first, second, third]) = history();
    let check = |bytes: u64, extents: usize, expect: &[(u32, Vec<u64>)]| {
        let limits = Limits {
            window_bytes_max: bytes,
            window_extents_max: extents,
            ..LIMITS
        };
        let window = plan(&history.state, third, &limits, &nothing());
        assert_eq!(shape(&window), expect, "{bytes} bytes, {extents} extents");
    };
    check(150, 100, &[(0, vec![0]), (1, vec![0])]);
    check(250, 100, &[(0, vec![0, 2]), (1, vec![0])]);
    check(1000, 3, &[(0, vec![0, 2]), (1, vec![0])]);
    // One entry is taken in any case, in part if need be.
    check(1, 100, &[(0, vec![0])]);
    assert!(first < second);
}

#[test]
fn what_is_damaged_is_left_and_holds_nobody_up() {
    let (history, [.., third]) = history();
    let partition = metadata::PartitionId { topic: 1, partition: 0 };
    let window = plan(&history.state, third, &LIMITS, &Spared::from([(partition, 2)]));
    assert_eq!(shape(&window), [(0, vec![0]), (0, vec![9]), (1, vec![0, 1])]);
}

#[test]
fn a_proposal_bounds_the_inputs_of_an_item() {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[]);
    for _ in 0..10 {
        history.inline(&[(topic, 0, 1, 10, 0)]);
    }
    let limits = Limits {
        proposal_bytes_max: swap_of(4),
        ..LIMITS
    };
    let window = plan(&history.state, history.state.position(), &limits, &nothing());
    assert_eq!(
        shape(&window),
        [(0, vec![0, 1, 2, 3]), (0, vec![4, 5, 6, 7]), (0, vec![8, 9])]
    );
}

fn swap_of(inputs: usize) -> usize {
    let extent = Extent {
        first: 1,
        last_delta: 0,
        records: 1,
        bytes: 10,
        max_timestamp: 0,
        place: Place::Inline {
            position: 4,
            proposal: 0,
            run: 0,
        },
    };
    super::super::swap::HEAD_BYTES + inputs * super::super::swap::extent_bytes(&extent)
}

#[test]
fn due_by_age_or_by_bytes() {
    let (history, [first, _, third]) = history();
    let check = |old: Option<u64>, bytes_max: u64, expect: Option<u64>| {
        assert_eq!(due(&history.state, old, bytes_max), expect, "{old:?} {bytes_max}");
    };
    check(None, 1000, None);
    check(Some(first - 1), 1000, None);
    check(Some(first), 1000, Some(first));
    check(Some(first), 399, Some(third));
    check(None, 400, None);
}

#[test]
fn nothing_inline_is_never_due() {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[]);
    history.object(&[(topic, 0, 1, 10, 0)]);
    assert_eq!(due(&history.state, Some(history.state.position()), 0), None);
}

#[test]
fn overdue_is_told_by_the_first_mark_that_knows_the_entry() {
    let (mut history, [first, ..]) = history();
    history.alter_cluster("inline.hold.ms.max", "1000");
    assert_eq!(overdue_ms(&history.state, 1_000_000), None);
    history.mark(first - 1, 100_000);
    assert_eq!(overdue_ms(&history.state, 1_000_000), None);
    history.mark(first, 200_000);
    history.mark(first, 300_000);
    assert_eq!(overdue_ms(&history.state, 201_000), None);
    assert_eq!(overdue_ms(&history.state, 201_001), Some(1001));
}

#[test]
fn what_moved_out_is_no_longer_inline() {
    let (mut history, [.., third]) = history();
    let window = plan(&history.state, third, &LIMITS, &nothing());
    history.rewrite(&window);
    assert_eq!(history.state.lowest_inline(), None);
    assert_eq!(history.sizes(1, 0), [200, 300, 100]);
    assert_eq!(history.sizes(1, 1), [100]);
}
