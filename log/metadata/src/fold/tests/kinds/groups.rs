//! Consumer groups, and expiry.

use super::*;
use crate::entry::{
    Append, CommitOffsets, DeleteGroup, DeleteTopic, Expire, Group, GroupSeen, OffsetCommit, ProducerBatch,
    ProducerSeen, RequestProducerSeen, RequestSequence, Run,
};
use crate::fold::tests::DONE;
use crate::ids::{Change, Lane};
use crate::outcome::Rejection;

fn at(partition: u32, offset: u64) -> OffsetCommit {
    OffsetCommit {
        topic: 1,
        partition,
        offset,
        leader_epoch: -1,
        ..Default::default()
    }
}

fn commit(group: &str, seen: Option<Change>, offsets: Vec<OffsetCommit>) -> Kind {
    let seen = seen.map(Into::into);
    Kind::CommitOffsets(CommitOffsets {
        group: group.to_owned(),
        seen,
        timestamp: 77,
        offsets,
    })
}

#[test]
fn a_commit_names_the_groups_last_change() {
    let mut ready = Ready::new();
    let nobody = Change { position: 1, index: 0 };
    assert_eq!(
        ready.control(commit("g", Some(nobody), vec![])),
        rejected(Rejection::GroupChanged { actual: None })
    );
    let Verdict::Applied(Applied::Committed(first)) = ready.control(commit("g", None, vec![at(0, 5), at(1, 1 << 62)]))
    else {
        panic!()
    };
    assert_eq!(first.position, ready.fixture.state.position());
    let changed = rejected(Rejection::GroupChanged { actual: Some(first) });
    assert_eq!(ready.control(commit("g", None, vec![])), changed);
    assert_eq!(ready.control(commit("g", Some(nobody), vec![])), changed);
    let forget = OffsetCommit {
        topic: 1,
        partition: 1,
        forget: true,
        ..Default::default()
    };
    let verdict = ready.control(commit("g", Some(first), vec![at(0, 6), forget]));
    assert!(matches!(verdict, Verdict::Applied(Applied::Committed(_))));
    let group = ready.fixture.state.group("g").unwrap();
    let offsets: Vec<_> = group
        .offsets()
        .iter()
        .map(|(id, committed)| (id.partition, committed.offset))
        .collect();
    assert_eq!((offsets, group.timestamp()), (vec![(0, 6)], 77));
    ready.control(Kind::DeleteTopic(DeleteTopic { topic: 1 }));
    assert!(ready.fixture.state.group("g").unwrap().offsets().is_empty());
    ready.fixture.through_snapshot();
}

#[test]
fn a_commit_is_whole_or_not_at_all() {
    let mut ready = Ready::new();
    let mut check = |offset: OffsetCommit, expect: Rejection| {
        assert_eq!(
            ready.control(commit("g", None, vec![at(0, 1), offset])),
            rejected(expect)
        );
    };
    check(OffsetCommit { topic: 9, ..at(0, 1) }, Rejection::UnknownTopic);
    check(at(3, 1), Rejection::UnknownPartition);
    check(at(0, 1 << 63), Rejection::InvalidOffset);
    check(
        OffsetCommit {
            leader_epoch: -2,
            ..at(0, 1)
        },
        Rejection::InvalidOffset,
    );
    let metadata = "m".repeat(4097);
    check(
        OffsetCommit { metadata, ..at(0, 1) },
        Rejection::MetadataTooLarge { limit_bytes: 4096 },
    );
    check(
        OffsetCommit {
            forget: true,
            ..at(0, 1)
        },
        Rejection::Malformed("what is forgotten has no offset"),
    );
    for name in ["", &"g".repeat(256)] {
        assert_eq!(
            ready.control(commit(name, None, vec![])),
            rejected(Rejection::InvalidGroup)
        );
    }
    assert_eq!(ready.fixture.state.groups().len(), 0);
    let set = vec![crate::entry::Config {
        name: "groups.max".to_owned(),
        value: "1".to_owned(),
    }];
    ready.control(Kind::AlterCluster(crate::entry::AlterCluster { set, unset: vec![] }));
    ready.control(commit("g", None, vec![]));
    assert_eq!(
        ready.control(commit("h", None, vec![])),
        rejected(Rejection::TooManyGroups { limit: 1 })
    );
}

#[test]
fn a_group_is_deleted_as_it_was_seen() {
    let mut ready = Ready::new();
    let delete = |seen: Option<Change>| {
        Kind::DeleteGroup(DeleteGroup {
            group: "g".to_owned(),
            seen: seen.map(Into::into),
        })
    };
    assert_eq!(ready.control(delete(None)), rejected(Rejection::UnknownGroup));
    ready.control(commit("g", None, vec![at(0, 1)]));
    let seen = ready.fixture.state.group("g").map(|group| group.changed());
    assert_eq!(
        ready.control(delete(None)),
        rejected(Rejection::GroupChanged { actual: seen })
    );
    assert_eq!(ready.control(delete(seen)), DONE);
    assert_eq!(
        ready.control(delete(seen)),
        rejected(Rejection::GroupChanged { actual: None })
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn what_is_silent_expires_item_by_item() {
    let mut ready = Ready::new();
    let inline = bytes::Bytes::from_static(b"abc");
    let producer = Some(ProducerBatch {
        id: 7,
        epoch: 0,
        base_sequence: 0,
    });
    let run = Run {
        topic: 1,
        records: 1,
        bytes: 3,
        inline,
        producer,
        ..Default::default()
    };
    let request = Some(RequestSequence {
        producer: bytes::Bytes::from_static(b"p"),
        epoch: 0,
        sequence: 0,
    });
    let append = Append {
        segment: None,
        groups: vec![Group {
            runs: vec![run],
            request,
        }],
    };
    ready
        .fixture
        .verdicts(ready.agent, Lane::Inline, None, Kind::Append(append));
    let seen = ready.fixture.state.position();
    ready.control(commit("g", None, vec![]));
    let group = ready.fixture.state.group("g").map(|group| group.changed().into());
    let producer = |topic, partition, seen| ProducerSeen {
        topic,
        partition,
        id: 7,
        seen,
    };
    let request = |topic, seen| RequestProducerSeen {
        topic,
        producer: bytes::Bytes::from_static(b"p"),
        seen,
    };
    let named = |name: &str, seen| GroupSeen {
        group: name.to_owned(),
        seen,
    };
    let expire = Kind::Expire(Expire {
        producers: vec![
            producer(2, 0, seen),
            producer(1, 3, seen),
            producer(1, 0, 1),
            producer(1, 0, seen),
            producer(1, 0, seen),
        ],
        request_producers: vec![request(2, seen), request(1, 1), request(1, seen), request(1, seen)],
        groups: vec![
            named("h", group),
            named("g", None),
            named("g", group),
            named("g", group),
        ],
    });
    let changed = |actual| rejected(Rejection::SeenChanged { actual });
    let expect = [
        rejected(Rejection::UnknownTopic),
        rejected(Rejection::UnknownPartition),
        changed(Some(seen)),
        DONE,
        changed(None),
        rejected(Rejection::UnknownTopic),
        changed(Some(seen)),
        DONE,
        changed(None),
        rejected(Rejection::UnknownGroup),
        rejected(Rejection::GroupChanged {
            actual: group.map(Into::into),
        }),
        DONE,
        rejected(Rejection::UnknownGroup),
    ];
    assert_eq!(ready.fixture.verdicts(ready.agent, Lane::Control, None, expire), expect);
    ready.fixture.through_snapshot();
}
