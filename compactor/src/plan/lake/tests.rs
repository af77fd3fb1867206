use metadata::LakeEnd;

use super::*;
use crate::plan::testing::{END, History, LIMITS, shape};

/// Two topics: three objects of partitions 0 and 1 of the first, one of the second.
fn history() -> (History, u32, u32) {
    let mut history = History::new();
    let (one, two) = (history.topic("one", 2, &[]), history.topic("two", 1, &[]));
    history.object(&[(one, 0, 1, 100, 0), (one, 1, 1, 10, 0)]);
    history.object(&[(one, 0, 2, 200, 0), (two, 0, 1, 50, 0)]);
    history.inline(&[(one, 1, 1, 7, 0)]);
    (history, one, two)
}

fn planned(history: &History, topic: u32, limits: &Limits, spared: &Spared) -> Window {
    let span_ms_max = span_ms_max(history.state.topic(topic).unwrap().config());
    let share = Share { topic, number: 0 };
    plan(&history.state, &config(), share, span_ms_max, limits, spared)
}

#[test]
fn what_no_lake_file_holds_waits_by_topic() {
    let (mut history, one, two) = history();
    let none = Spared::new();
    let waits = |history: &History, spared: &Spared| -> Vec<(u32, u64)> {
        let waiting = waiting(&history.state, &config(), spared).into_iter();
        waiting.map(|(share, bytes)| (share.topic, bytes)).collect()
    };
    assert_eq!(waits(&history, &none), [(one, 317), (two, 50)]);
    let first = PartitionId {
        topic: one,
        partition: 0,
    };
    assert_eq!(waits(&history, &[(first, 1)].into()), [(one, 117), (two, 50)]);
    let window = planned(&history, one, &LIMITS, &none);
    assert_eq!(shape(&window), [(0, vec![0, 1]), (1, vec![0, 1])]);
    assert_eq!(window.bytes, 317);
    history.rewrite_to_lake(&window, END);
    assert_eq!(waits(&history, &none), [(two, 50)]);
    assert!(planned(&history, one, &LIMITS, &none).is_empty());
}

#[test]
fn only_what_lies_behind_lake_files_is_taken_and_one_stretch_of_a_partition() {
    let (mut history, one, _) = history();
    let id = PartitionId {
        topic: one,
        partition: 0,
    };
    history.object(&[(one, 0, 1, 300, 0)]);
    let window = planned(&history, one, &LIMITS, &[(id, 1)].into());
    assert_eq!(shape(&window), [(0, vec![0]), (1, vec![0, 1])], "up to what is spared");
    history.rewrite_to_lake(&window, END);
    let window = planned(&history, one, &LIMITS, &[(id, 1)].into());
    assert_eq!(shape(&window), [(0, vec![3])], "and behind it");
    history.rewrite_to_lake(&window, END);
    let window = planned(&history, one, &LIMITS, &Spared::new());
    assert_eq!(shape(&window), [(0, vec![1])], "between two files");
}

#[test]
fn a_window_and_a_proposal_bound_it() {
    let (history, one, _) = history();
    let small = Limits {
        window_bytes_max: 150,
        ..LIMITS
    };
    let window = planned(&history, one, &small, &Spared::new());
    assert_eq!(
        (shape(&window), window.bytes),
        (vec![(0, vec![0]), (1, vec![0, 1])], 117)
    );
    let short = Limits {
        proposal_bytes_max: 200,
        ..LIMITS
    };
    let window = planned(&history, one, &short, &Spared::new());
    // Two places in segments are too much for it, one and one in an entry are not.
    assert_eq!(
        (shape(&window), window.bytes),
        (vec![(0, vec![0]), (1, vec![0, 1])], 117)
    );
}

#[test]
fn what_goes_as_one_is_about_as_old() {
    let mut history = History::new();
    let topic = history.topic("one", 1, &[("retention.ms", "80000")]);
    for timestamp in [5_000, 15_000, 15_001, 9_000] {
        history.object(&[(topic, 0, 1, 10, timestamp)]);
    }
    let window = planned(&history, topic, &LIMITS, &Spared::new());
    assert_eq!(shape(&window), [(0, vec![0, 1])]);
    history.rewrite_to_lake(&window, END);
    let window = planned(&history, topic, &LIMITS, &Spared::new());
    assert_eq!(shape(&window), [(0, vec![2, 3])]);
}

fn config() -> CompactorConfig {
    CompactorConfig {
        fan_in: 3,
        lake_small_files_max: 6,
        lake_level_bytes: 700,
        lake_bytes_large: 5_000,
        ..CompactorConfig::default()
    }
}

/// A topic of two partitions whose records lie in lake files of these bytes, each with one batch of each partition.
fn files(sizes: &[u64]) -> History {
    let mut history = History::new();
    let topic = history.topic("one", 2, &[]);
    for object_bytes in sizes {
        history.object(&[(topic, 0, 1, 100, 0), (topic, 1, 2, 50, 0)]);
        let window = planned(&history, topic, &LIMITS, &Spared::new());
        let end = LakeEnd {
            object_bytes: *object_bytes,
            ..END
        };
        history.rewrite_to_lake(&window, end);
    }
    history
}

fn merged(history: &History, limits: &Limits, spared: &Spared) -> Vec<(u32, Vec<u64>)> {
    let found = merge(&history.state, &config(), limits, spared, &BTreeSet::new());
    found.map(|(_, window)| shape(&window)).unwrap_or_default()
}

#[test]
fn neighbours_of_a_level_become_one_when_they_reach_the_next() {
    let none = Spared::new();
    let check = |sizes: &[u64], expect: &[(u32, Vec<u64>)]| {
        assert_eq!(merged(&files(sizes), &LIMITS, &none), expect, "{sizes:?}");
    };
    check(&[300, 300], &[]);
    check(&[200, 200, 200], &[]);
    check(&[300, 300, 300], &[(0, vec![0, 1, 2]), (1, vec![0, 2, 4])]);
    check(&[100; 6], &[(0, vec![0, 1, 2, 3, 4, 5]), (1, vec![0, 2, 4, 6, 8, 10])]);
    // A larger one between them is in the way, until its own level is due.
    check(&[300, 300, 900, 300], &[]);
    check(&[900, 300, 300, 300], &[(0, vec![1, 2, 3]), (1, vec![2, 4, 6])]);
    check(&[900, 900, 900, 300], &[(0, vec![0, 1, 2, 3]), (1, vec![0, 2, 4, 6])]);
    check(&[5_000, 5_000, 5_000], &[]);
}

#[test]
fn a_window_bounds_a_merge_and_what_cannot_be_read_is_in_the_way() {
    let small = Limits {
        window_bytes_max: 300,
        ..LIMITS
    };
    let history = files(&[300, 300, 300]);
    let two = [(0, vec![0, 1]), (1, vec![0, 2])];
    assert_eq!(merged(&history, &small, &Spared::new()), two);
    let topic = history.state.topic_by_name("one").unwrap().number();
    let hurt = PartitionId { topic, partition: 1 };
    assert_eq!(merged(&history, &LIMITS, &[(hurt, 2)].into()), []);
}

#[test]
fn a_topic_of_many_partitions_has_files_of_some_each() {
    let config = CompactorConfig {
        lake_partitions_max: 2,
        ..config()
    };
    let mut history = History::new();
    let topic = history.topic("wide", 3, &[]);
    let share = |number| Share { topic, number };
    let none = Spared::new();
    let planned = |history: &History, number| plan(&history.state, &config, share(number), None, &LIMITS, &none);
    for _ in 0..3 {
        history.object(&[(topic, 0, 1, 10, 0), (topic, 1, 1, 20, 0), (topic, 2, 1, 40, 0)]);
        let waits = waiting(&history.state, &config, &none);
        assert_eq!(waits, [(share(0), 30), (share(1), 40)].into());
        let (first, second) = (planned(&history, 0), planned(&history, 1));
        assert_eq!(first.items.len(), 2);
        assert_eq!((second.items.len(), second.bytes), (1, 40));
        history.rewrite_to_lake(&second, END);
        history.rewrite_to_lake(&first, END);
        assert!(planned(&history, 0).is_empty() && waiting(&history.state, &config, &none).is_empty());
    }
    // One that waits for its turn is in nobody's way.
    let waiting = BTreeSet::from([share(0)]);
    let (found, _) = merge(&history.state, &config, &LIMITS, &none, &waiting).unwrap();
    assert_eq!(found, share(1));
    // Files of one share are merged with each other alone.
    for expect in [vec![(0, vec![0, 1, 2]), (1, vec![0, 1, 2])], vec![(2, vec![0, 1, 2])]] {
        let (_, window) = merge(&history.state, &config, &LIMITS, &none, &BTreeSet::new()).unwrap();
        assert_eq!(shape(&window), expect);
        history.rewrite_to_lake(&window, END);
    }
    assert_eq!(merge(&history.state, &config, &LIMITS, &none, &BTreeSet::new()), None);
}
