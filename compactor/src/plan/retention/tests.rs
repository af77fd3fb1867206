use super::*;
use crate::plan::testing::{END, History};
use crate::plan::{Item, Window};
use metadata::entry::proposal::Kind;

/// Extents of two records each with these sizes and timestamps in a topic with these configs; the log start that is
/// asked for at `now_ms`.
fn check(extents: &[(u32, i64)], configs: &[(&str, &str)], now_ms: i64, expect: Option<u64>) {
    let mut history = History::new();
    let topic = history.topic("t", 1, configs);
    for (bytes, timestamp) in extents {
        history.object(&[(topic, 0, 2, *bytes, *timestamp)]);
    }
    let trims = plan(&history.state, now_ms);
    let expect: Vec<PartitionTrim> = expect
        .into_iter()
        .map(|before| PartitionTrim {
            topic,
            partition: 0,
            before,
            seen_start: Some(0),
            lake_before: None,
        })
        .collect();
    assert_eq!(trims, expect, "{extents:?} {configs:?} at {now_ms}");
}

#[test]
fn by_time_as_kafka_does_it() {
    let configs = [("retention.ms", "1000")];
    let three = [(1, 100), (1, 200), (1, 300)];
    check(&[], &configs, 10_000, None);
    check(&three, &configs, 1100, None);
    check(&three, &configs, 1101, Some(2));
    check(&three, &configs, 1201, Some(4));
    check(&three, &configs, 9999, Some(6));
    // The first that stays keeps what is behind it.
    check(&[(1, 100), (1, 5000), (1, 100)], &configs, 2000, Some(2));
    // One without a timestamp goes with the next that has one.
    check(&[(1, -1), (1, 200)], &configs, 1200, None);
    check(&[(1, -1), (1, 200)], &configs, 1201, Some(4));
    check(&[(1, 100), (1, -1)], &configs, 1200, Some(2));
    check(&three, &[("retention.ms", "-1")], i64::MAX, None);
    check(&three, &[("retention.ms", "0")], 300, Some(4));
}

#[test]
fn by_bytes_as_kafka_does_it() {
    let configs = |bytes: &'static str| [("retention.ms", "-1"), ("retention.bytes", bytes)];
    let three = [(100, 0), (100, 0), (100, 0)];
    check(&three, &configs("300"), 0, None);
    check(&three, &configs("201"), 0, None);
    check(&three, &configs("200"), 0, Some(2));
    check(&three, &configs("100"), 0, Some(4));
    check(&three, &configs("99"), 0, Some(4));
    check(&three, &configs("0"), 0, Some(6));
    check(&three, &configs("-1"), 0, None);
}

#[test]
fn the_stricter_of_both() {
    let configs = [("retention.ms", "1000"), ("retention.bytes", "100")];
    check(&[(100, 100), (100, 200), (100, 300)], &configs, 1101, Some(4));
    check(&[(100, 100), (100, 200), (100, 300)], &configs, 9999, Some(6));
}

#[test]
fn a_log_that_starts_inside_an_extent_is_trimmed_from_there() {
    let mut history = History::new();
    let topic = history.topic("t", 1, &[("retention.ms", "1000")]);
    history.object(&[(topic, 0, 5, 1, 0)]);
    history.trim(topic, 0, 3);
    let trims = plan(&history.state, 5000);
    assert_eq!(trims.len(), 1);
    assert_eq!((trims[0].before, trims[0].seen_start), (5, Some(3)));
}

fn one(partition: PartitionId, input: Extent) -> Window {
    Window {
        bytes: u64::from(input.bytes),
        items: vec![Item {
            partition,
            inputs: vec![input],
        }],
    }
}

/// A topic of three extents of two records, of which so many are in lake files. Its table keeps them for longer.
fn longer(lakes: usize, kept: &str) -> (History, u32) {
    let mut history = History::new();
    let configs = [("retention.ms", "1000"), ("lake.retention.ms", kept)];
    let topic = history.topic("t", 1, &configs);
    for at in 0..3 {
        history.object(&[(topic, 0, 2, 10, 100 * (at + 1))]);
        if at < lakes as i64 {
            let id = PartitionId { topic, partition: 0 };
            let last = history.state.partition(id).unwrap().extents().last().unwrap();
            history.rewrite_to_lake(&one(id, last), END);
        }
    }
    (history, topic)
}

/// What is asked for at a time, and applied: log start and lake start.
fn asked(history: &mut History, now_ms: i64) -> Option<(u64, u64)> {
    let trims = plan(&history.state, now_ms);
    let [trim] = trims[..] else { return None };
    history.change(Kind::Trim(metadata::entry::Trim { partitions: trims }));
    let id = PartitionId {
        topic: trim.topic,
        partition: 0,
    };
    let partition = history.state.partition(id).unwrap();
    Some((partition.log_start(), partition.lake_start()))
}

#[test]
fn a_table_keeps_records_for_longer() {
    let (mut history, _) = longer(3, "5000");
    assert_eq!(asked(&mut history, 1100), None);
    assert_eq!(asked(&mut history, 1101), Some((2, 0)));
    assert_eq!(asked(&mut history, 1101), None, "once is enough");
    assert_eq!(asked(&mut history, 4000), Some((6, 0)));
    assert_eq!(asked(&mut history, 5100), None);
    assert_eq!(asked(&mut history, 5101), Some((6, 2)));
    assert_eq!(asked(&mut history, 9999), Some((6, 6)));
    assert_eq!(asked(&mut history, 99_999), None);
    let configs = [("retention.ms", "1000"), ("lake.retention.ms", "5000")];
    check(&[], &configs, i64::MAX, None);
    let (mut history, _) = longer(3, "-1");
    assert_eq!(asked(&mut history, 4000), Some((6, 0)));
    assert_eq!(asked(&mut history, i64::MAX), None);
}

#[test]
fn what_no_lake_file_has_waits_for_one() {
    let (mut history, _) = longer(1, "5000");
    assert_eq!(asked(&mut history, 4000), Some((2, 0)));
    assert_eq!(asked(&mut history, 4000), None);
    // But for no longer than the table would keep it.
    assert_eq!(asked(&mut history, 5201), Some((4, 4)));
    let (mut history, _) = longer(0, "-1");
    assert_eq!(asked(&mut history, i64::MAX), None);
}

#[test]
fn a_table_that_keeps_no_more_gives_it_back() {
    let (mut history, topic) = longer(3, "-1");
    assert_eq!(asked(&mut history, 1201), Some((4, 0)));
    history.alter_topic(topic, "lake.retention.ms", "-2");
    assert_eq!(asked(&mut history, 1201), Some((4, 4)));
    assert_eq!(asked(&mut history, 1201), None);
}

#[test]
fn cut_by_size() {
    let trim = PartitionTrim::default();
    let sizes = |count: usize, bytes_max: usize| -> Vec<usize> {
        let cut = cut(&vec![trim; count], bytes_max);
        cut.iter().map(|trim| trim.partitions.len()).collect()
    };
    assert_eq!(sizes(0, 100), [0_usize; 0]);
    assert_eq!(sizes(5, TRIM_BYTES * 2), [2, 2, 1]);
    assert_eq!(sizes(2, 0), [1, 1]);
}
