use super::*;
use crate::plan::testing::{History, shape};

fn config() -> CompactorConfig {
    CompactorConfig {
        fan_in: 4,
        level_bytes: 100,
        small_objects_max: 10,
        extent_bytes_large: 5000,
        object_bytes_large: 10_000,
        ..CompactorConfig::default()
    }
}

const LIMITS: Limits = Limits {
    window_bytes_max: 20_000,
    window_extents_max: 1000,
    proposal_bytes_max: 100_000,
};

fn planned(history: &History, listed: &Listed) -> Window {
    plan(&history.state, &config(), &LIMITS, &Spared::new(), listed)
}

/// Objects of these sizes, each with one extent of partition 0; then the first offsets of what is merged.
fn check(sizes: &[u32], expect: &[(u32, Vec<u64>)]) {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[]);
    for size in sizes {
        history.object(&[(topic, 0, 1, *size, 0)]);
    }
    assert_eq!(shape(&planned(&history, &Listed::new())), expect, "{sizes:?}");
}

#[test]
fn objects_of_a_level_are_merged_when_they_reach_the_next() {
    check(&[], &[]);
    // Levels begin at 0, 100, 400, 1600, 6400 bytes.
    check(&[100, 100, 100], &[]);
    check(&[100, 100, 100, 99], &[]);
    check(&[100, 100, 100, 100], &[(0, vec![0, 1, 2, 3])]);
    check(&[399, 399, 399], &[]);
    // Lower ones are taken along.
    check(&[100, 100, 100, 50, 100], &[(0, vec![0, 1, 2, 3, 4])]);
    // Others stay, and part those beside them.
    check(&[100, 100, 500, 100, 100], &[(0, vec![0, 1]), (0, vec![3, 4])]);
    check(&[500, 500, 500, 500], &[(0, vec![0, 1, 2, 3])]);
}

#[test]
fn the_lowest_level_comes_first() {
    check(&[500, 500, 500, 500, 100, 100, 100, 100], &[(0, vec![4, 5, 6, 7])]);
}

#[test]
fn many_tiny_objects_are_merged_whatever_they_hold() {
    check(&[1; 9], &[]);
    check(&[1; 10], &[(0, (0..10).collect())]);
}

#[test]
fn large_objects_and_large_extents_stay() {
    check(&[10_000; 8], &[]);
    check(&[5000; 8], &[]);
    // Up to a window, whatever the level asks for.
    check(&[4999; 8], &[(0, vec![0, 1, 2, 3])]);
}

#[test]
fn many_partitions_go_into_one_object_and_each_has_one_extent_of_it() {
    let mut history = History::new();
    let topic = history.topic("t", 3, &[]);
    for _ in 0..4 {
        history.object(&[(topic, 0, 2, 50, 0), (topic, 1, 1, 50, 0), (topic, 2, 1, 6000, 0)]);
    }
    let window = planned(&history, &Listed::new());
    assert_eq!(shape(&window), [(0, vec![0, 2, 4, 6]), (1, vec![0, 1, 2, 3])]);
    assert_eq!((window.bytes, window.inputs()), (400, 8));
    history.rewrite(&window);
    assert_eq!(history.sizes(topic, 0), [200]);
    assert_eq!(history.sizes(topic, 2), [6000; 4]);
    assert!(planned(&history, &Listed::new()).is_empty());
}

#[test]
fn a_damaged_extent_is_left_and_the_rest_of_its_object_goes_on() {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[]);
    for _ in 0..5 {
        history.object(&[(topic, 0, 1, 100, 0)]);
    }
    let partition = metadata::PartitionId { topic, partition: 0 };
    let spared = Spared::from([(partition, 2)]);
    let window = plan(&history.state, &config(), &LIMITS, &spared, &Listed::new());
    assert_eq!(shape(&window), [(0, vec![0, 1]), (0, vec![3, 4])]);
}

#[test]
fn what_is_left_of_a_forgotten_object_is_copied_forward() {
    let mut history = History::new();
    let topic = history.topic("t", 2, &[]);
    let object = history.object(&[(topic, 0, 1, 12_000, 0), (topic, 1, 1, 6000, 0)]);
    let listed = Listed::from([(object, 18_100)]);
    assert!(planned(&history, &listed).is_empty());
    history.trim(topic, 0, 1);
    assert_eq!(shape(&planned(&history, &listed)), [(1, vec![0])]);
    // Half and more is not garbage enough.
    assert!(planned(&history, &Listed::from([(object, 12_000)])).is_empty());
    assert!(planned(&history, &Listed::new()).is_empty());
    // Nor is an object copied of which a part cannot be: it would stay.
    let partition = metadata::PartitionId { topic, partition: 1 };
    let spared = Spared::from([(partition, 0)]);
    assert!(plan(&history.state, &config(), &LIMITS, &spared, &listed).is_empty());
}

#[test]
fn what_frames_an_object_is_no_garbage() {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[]);
    let object = history.object(&[(topic, 0, 1, 90, 0)]);
    // As a segment of one batch of 90 bytes is listed: copied, it would be listed so again.
    assert!(planned(&history, &Listed::from([(object, 182)])).is_empty());
    assert_eq!(
        shape(&planned(&history, &Listed::from([(object, 300)]))),
        [(0, vec![0])]
    );
}

#[test]
fn a_backlog_is_merged_from_its_oldest_end() {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[]);
    for _ in 0..30 {
        history.object(&[(topic, 0, 1, 4000, 0)]);
    }
    assert_eq!(shape(&planned(&history, &Listed::new())), [(0, vec![0, 1, 2, 3, 4])]);
}

/// Small objects come for long and are merged whenever that is due: a byte is rewritten about once a level, and what
/// is left at any time is few objects and few extents.
#[test]
fn write_amplification_is_bounded_by_the_levels() {
    let mut history = History::new();
    let topic = history.topic("t", 3, &[]);
    let (mut written, mut rewritten) = (0, 0);
    for round in 0..2000_u32 {
        let sizes = [20 + round % 7, 30, 10 + round % 11];
        let runs = [0, 1, 2].map(|partition| (topic, partition, 1, sizes[partition as usize], 0));
        history.object(&runs);
        written += u64::from(sizes.iter().sum::<u32>());
        loop {
            let window = planned(&history, &Listed::new());
            if window.is_empty() {
                break;
            }
            rewritten += window.bytes;
            history.rewrite(&window);
        }
        let bound = 10 + 5 * 4 + usize::try_from(written / 5000).unwrap();
        assert!(
            history.state.objects() <= bound,
            "{} objects after {written}",
            history.state.objects()
        );
    }
    // Levels end at 100, 400, 1600, 6400 and 10,000 bytes.
    assert!(rewritten <= written * 5, "{rewritten} of {written}");
    let bytes: u64 = (0..3)
        .flat_map(|partition| history.sizes(topic, partition))
        .map(u64::from)
        .sum();
    assert_eq!(bytes, written);
}
