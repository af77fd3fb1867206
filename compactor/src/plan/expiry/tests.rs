use metadata::entry::proposal::Kind;
use metadata::entry::{CommitOffsets, OffsetCommit};

use super::*;
use crate::plan::testing::History;

const ALL: usize = 1 << 20;

/// Ids and names of what is forgotten.
fn forgotten(history: &History, now_ms: i64, bytes_max: usize) -> (Vec<u64>, Vec<String>, Vec<String>) {
    let expire = plan(&history.state, now_ms, bytes_max);
    let name = |seen: &RequestProducerSeen| String::from_utf8(seen.producer.to_vec()).unwrap();
    (
        expire.producers.iter().map(|seen| seen.id).collect(),
        expire.request_producers.iter().map(name).collect(),
        expire.groups.iter().map(|seen| seen.group.clone()).collect(),
    )
}

#[test]
fn producers_go_when_a_mark_that_covers_them_is_old() {
    let mut history = History::new();
    history.alter_cluster("producer.id.expiration.ms", "1000");
    let topic = history.topic("t", 1, &[]);
    history.produce(topic, Some(7), None);
    history.produce(topic, None, Some("http"));
    let early = history.state.position();
    history.produce(topic, Some(8), None);
    let check = |history: &History, now_ms: i64, kafka: &[u64], http: &[&str]| {
        let (producers, requests, groups) = forgotten(history, now_ms, ALL);
        assert_eq!((producers.as_slice(), groups.len()), (kafka, 0), "at {now_ms}");
        assert_eq!(requests, http, "at {now_ms}");
    };
    // Without a mark nothing is known to be old.
    check(&history, i64::MAX, &[], &[]);
    history.mark(early - 1, 10_000);
    check(&history, 11_000, &[], &[]);
    check(&history, 11_001, &[7], &[]);
    history.mark(early, 20_000);
    check(&history, 21_000, &[7], &[]);
    check(&history, 21_001, &[7], &["http"]);
    history.mark(history.state.position(), 30_000);
    check(&history, 31_001, &[7, 8], &["http"]);
    assert_eq!(last_change(&history.state), Some(early + 1));
    let everything = plan(&history.state, 31_001, ALL);
    assert_eq!(count(&everything), 3);
    history.change(Kind::Expire(everything));
    check(&history, 31_001, &[], &[]);
    assert_eq!(last_change(&history.state), None);
}

#[test]
fn groups_go_by_the_time_of_their_last_commit_when_a_mark_shows_it_too() {
    let mut history = History::new();
    history.alter_cluster("offsets.retention.minutes", "1");
    let topic = history.topic("t", 1, &[]);
    for (group, timestamp) in [("a", 1000), ("b", 2000)] {
        history.change(Kind::CommitOffsets(CommitOffsets {
            group: group.to_owned(),
            timestamp,
            offsets: vec![OffsetCommit {
                topic,
                ..OffsetCommit::default()
            }],
            seen: None,
        }));
    }
    let groups = |history: &History, now_ms: i64| forgotten(history, now_ms, ALL).2;
    // The clock of whoever took a commit may be wrong: without a mark nothing is known to be old.
    assert_eq!(groups(&history, i64::MAX), [""; 0]);
    history.mark(history.state.position() - 1, 900);
    assert_eq!(
        groups(&history, 62_001),
        ["a"],
        "the mark does not cover the commit of the other"
    );
    history.mark(history.state.position(), 950);
    assert_eq!(groups(&history, 61_000), [""; 0]);
    assert_eq!(groups(&history, 61_001), ["a"]);
    assert_eq!(groups(&history, 62_001), ["a", "b"]);
    history.change(Kind::Expire(plan(&history.state, 61_001, ALL)));
    assert_eq!(groups(&history, 62_001), ["b"]);
}

#[test]
fn a_proposal_bounds_what_goes_at_once() {
    let mut history = History::new();
    history.alter_cluster("producer.id.expiration.ms", "1000");
    let topic = history.topic("t", 1, &[]);
    for id in 0..10 {
        history.produce(topic, Some(id), None);
    }
    history.mark(history.state.position(), 1);
    let (producers, ..) = forgotten(&history, 5000, PRODUCER_BYTES * 4);
    assert_eq!(producers, [0, 1, 2, 3]);
    let expire = plan(&history.state, 5000, PRODUCER_BYTES * 4);
    let proposal = metadata::entry::Proposal {
        kind: Some(Kind::Expire(expire)),
        ..Default::default()
    };
    assert!(metadata::entry::proposal_bytes(&proposal) <= PRODUCER_BYTES * 4);
}
