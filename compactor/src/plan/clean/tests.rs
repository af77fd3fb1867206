use super::*;
use crate::plan::testing::{END, History, LIMITS, shape};

/// A topic of one partition that is compacted with these configs; the partition's name.
fn history(configs: &[(&str, &str)]) -> (History, PartitionId) {
    let mut history = History::new();
    let compact = [("cleanup.policy", "compact"), ("delete.retention.ms", "1000")];
    let topic = history.topic("keys", 1, &[&compact[..], configs].concat());
    (history, PartitionId { topic, partition: 0 })
}

/// A lake file of two records, of so many bytes and with this timestamp.
fn file(history: &mut History, id: PartitionId, bytes: u32, timestamp: i64) {
    history.object(&[(id.topic, id.partition, 2, bytes, timestamp)]);
    let config = CompactorConfig::default();
    let share = Share::of(id, &config);
    let window = crate::plan::lake::plan(&history.state, &config, share, None, &LIMITS, &Spared::new());
    history.rewrite_to_lake(&window, END);
}

fn planned(history: &History, now_ms: i64, spared: &Spared) -> Option<Cleaning> {
    let topics = topics(&history.state);
    let due = due(&history.state, &topics, &CompactorConfig::default(), now_ms, spared);
    let mut all = due.into_values().flatten();
    let first = all.next();
    assert_eq!(all.next(), None);
    first
}

/// Rewrites all below an offset, which is clean then.
fn clean(history: &mut History, id: PartitionId, cleaned: Cleaned, dropped: u64) {
    let rest = [(id, 0..cleaned.through)].into();
    let window = window(&history.state, &rest, &LIMITS);
    history.clean(&window, END, cleaned, dropped);
}

fn through(through: u64) -> Cleaned {
    Cleaned {
        through,
        tombstones: None,
    }
}

#[test]
fn it_begins_when_enough_is_dirty() {
    let (mut history, id) = history(&[]);
    let none = Spared::new();
    assert_eq!(planned(&history, 0, &none), None);
    file(&mut history, id, 200, 0);
    let all = Cleaning {
        partition: id,
        dirty_from: 0,
        end: 2,
        tombstones_before: 0,
        waiting: None,
    };
    history.object(&[(id.topic, 0, 2, 100, 0)]);
    assert_eq!(
        planned(&history, 0, &none),
        Some(all),
        "segments have to become rows first"
    );
    clean(&mut history, id, through(2), 1);
    assert_eq!(planned(&history, 0, &none), None);
    file(&mut history, id, 50, 0);
    assert_eq!(planned(&history, 0, &none), None, "150 of 350 are no half");
    file(&mut history, id, 100, 0);
    let rest = Cleaning {
        dirty_from: 2,
        end: 8,
        ..all
    };
    assert_eq!(planned(&history, 0, &none), Some(rest));
    assert_eq!(planned(&history, 0, &[(id, 6)].into()), None, "one cannot be read");
    assert_eq!(planned(&history, 0, &[(id, 0)].into()), None);
}

#[test]
fn the_young_wait_and_the_old_do_not() {
    let ratio = ("min.cleanable.dirty.ratio", "0.9");
    let (mut history, id) = history(&[
        ratio,
        ("min.compaction.lag.ms", "100"),
        ("max.compaction.lag.ms", "500"),
    ]);
    let none = Spared::new();
    let due = |history: &History, now_ms| {
        let cleaning = planned(history, now_ms, &none);
        cleaning.map(|cleaning| (cleaning.dirty_from, cleaning.end))
    };
    file(&mut history, id, 100, 1_000);
    assert_eq!(due(&history, 1_099), None);
    assert_eq!(due(&history, 1_100), Some((0, 2)));
    clean(&mut history, id, through(2), 0);
    file(&mut history, id, 100, 2_000);
    file(&mut history, id, 10, 2_450);
    assert_eq!(due(&history, 2_499), None);
    assert_eq!(due(&history, 2_500), Some((2, 4)), "the last is still too young");
    // One from the future does not hold up those before it.
    file(&mut history, id, 10, i64::MAX);
    assert_eq!(due(&history, 3_000), Some((2, 6)));
}

#[test]
fn tombstones_go_when_they_have_stayed_for_their_time() {
    let (mut history, id) = history(&[]);
    let none = Spared::new();
    let tombstones = Tombstones {
        before: 2,
        since_ms: 5_000,
    };
    file(&mut history, id, 100, 0);
    let first = planned(&history, 5_000, &none).unwrap();
    assert_eq!(first.cleaned(2, false, 5_000), through(2));
    let cleaned = first.cleaned(2, true, 5_000);
    assert_eq!((cleaned.through, cleaned.tombstones), (2, Some(tombstones)));
    clean(&mut history, id, cleaned, 0);
    assert_eq!(planned(&history, 5_999, &none), None);
    let due = planned(&history, 6_000, &none).unwrap();
    assert_eq!((due.dirty_from, due.end), (2, 2));
    assert_eq!((due.tombstones_before, due.waiting), (2, None));
    // A pass before that leaves them their date, and one behind it gives the later ones theirs.
    file(&mut history, id, 400, 0);
    let early = planned(&history, 5_500, &none).unwrap();
    assert_eq!((early.tombstones_before, early.waiting), (0, Some(tombstones)));
    assert_eq!(early.cleaned(4, true, 5_500).tombstones, Some(tombstones));
    let late = planned(&history, 6_000, &none).unwrap();
    let new = late.cleaned(4, true, 6_000).tombstones;
    assert_eq!(new.map(|they| (they.before, they.since_ms)), Some((4, 6_000)));
}

#[test]
fn what_is_clean_is_merged_by_nothing_else() {
    let (mut history, id) = history(&[]);
    let config = CompactorConfig {
        lake_small_files_max: 2,
        ..CompactorConfig::default()
    };
    let merged = |history: &History| {
        let merge = crate::plan::lake::merge(
            &history.state,
            &config,
            &LIMITS,
            &Spared::new(),
            &std::collections::BTreeSet::new(),
        );
        merge.map(|(_, window)| shape(&window))
    };
    for _ in 0..2 {
        file(&mut history, id, 10, 0);
    }
    assert_eq!(merged(&history), Some(vec![(0, vec![0, 2])]));
    clean(&mut history, id, through(2), 2);
    assert_eq!(merged(&history), None, "one of the two is clean");
    assert_eq!(history.sizes(id.topic, 0), [0, 10], "and has no record left");
    file(&mut history, id, 10, 0);
    assert_eq!(merged(&history), Some(vec![(0, vec![2, 4])]));
}

#[test]
fn a_window_bounds_what_is_rewritten_at_once() {
    let (mut history, id) = history(&[]);
    for _ in 0..4 {
        file(&mut history, id, 400, 0);
    }
    history.object(&[(id.topic, 0, 2, 10, 0)]);
    let shaped = |from, to| shape(&window(&history.state, &[(id, from..to)].into(), &LIMITS));
    assert_eq!(shaped(0, 8), [(0, vec![0, 2])]);
    assert_eq!(shaped(4, 7), [(0, vec![4, 6])], "the one in which it ends, whole");
    assert_eq!(shaped(6, 10), [(0, vec![6])], "no segment");
    assert_eq!(shaped(8, 8), []);
}
