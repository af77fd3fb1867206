use super::*;
use crate::plan::testing::History;

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
