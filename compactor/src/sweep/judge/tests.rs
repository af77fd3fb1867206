use metadata::{ObjectName, TopicId};
use store::SnapshotName;

use super::*;
use crate::plan::testing::History;

const HOUR_MS: i64 = 3_600_000;

fn judge(history: &History, name: ObjectName) -> Judgement {
    judge_key(history, &Key::Segment(name))
}

fn judge_key(history: &History, key: &Key) -> Judgement {
    let judge = Judge {
        base_position: 0,
        base_snapshot: None,
        own: Some(history.compactor()),
    };
    judge.judge(&history.state, key)
}

fn named(history: &mut History) -> (u32, ObjectName) {
    let topic = history.topic("t", 1, &[]);
    let name = history.object(&[(topic, 0, 1, 10, 0)]);
    (topic, name)
}

#[test]
fn an_object_that_is_named_stays() {
    let mut history = History::new();
    let (_, name) = named(&mut history);
    assert_eq!(judge(&history, name), Judgement::Named);
}

#[test]
fn one_that_was_named_waits_for_its_grace_and_a_later_flush() {
    let mut history = History::new();
    let (topic, name) = named(&mut history);
    history.trim(topic, 0, 1);
    let at = history.state.position();
    let waits = Judgement::Waits {
        since: Some(at),
        own_flush: false,
    };
    assert_eq!(judge(&history, name), waits);
    history.mark(at, 0);
    history.mark(at, HOUR_MS);
    // Its life could still name it.
    assert_eq!(judge(&history, name), waits);
    history.object(&[(topic, 0, 1, 10, 0)]);
    assert_eq!(judge(&history, name), Judgement::Garbage { orphan: false });
}

#[test]
fn a_lake_file_waits_for_its_own_grace() {
    let mut history = History::new();
    let (topic, name) = named(&mut history);
    let key = Key::LakeData(TopicId([3; 16]), name);
    assert_eq!(judge_key(&history, &key), Judgement::Named);
    history.trim(topic, 0, 1);
    let at = history.state.position();
    history.object(&[(topic, 0, 1, 10, 0)]);
    history.mark(at, 0);
    history.mark(at, 24 * HOUR_MS - 1);
    assert!(matches!(judge_key(&history, &key), Judgement::Waits { .. }));
    assert_eq!(judge(&history, name), Judgement::Garbage { orphan: false });
    history.mark(at, 24 * HOUR_MS);
    assert_eq!(judge_key(&history, &key), Judgement::Garbage { orphan: false });
}

#[test]
fn a_lake_file_stays_while_a_snapshot_may_tell_of_it() {
    let mut history = History::new();
    let (topic, name) = named(&mut history);
    let id = history.state.topic(topic).unwrap().id();
    let (key, elsewhere) = (Key::LakeData(id, name), Key::LakeData(TopicId([3; 16]), name));
    let metadata = history.publish(topic, 0);
    history.trim(topic, 0, 1);
    let at = history.state.position();
    let described = Key::LakeMetadata(id, metadata, store::LakeFormat::Json);
    assert_eq!(judge_key(&history, &described), Judgement::Named);
    history.object(&[(topic, 0, 1, 10, 0)]);
    history.mark(at, 0);
    history.mark(at, 24 * HOUR_MS);
    let waits = Judgement::Waits {
        since: None,
        own_flush: false,
    };
    let garbage = Judgement::Garbage { orphan: false };
    assert_eq!(
        (judge_key(&history, &key), judge_key(&history, &elsewhere)),
        (waits, garbage)
    );
    // The next version tells of an older snapshot too.
    history.publish(topic, history.state.position() - at + 1);
    assert_eq!(judge_key(&history, &key), waits);
    history.publish(topic, 0);
    assert_eq!(judge_key(&history, &key), garbage);
    // What described it waits for the same grace.
    let replaced = history.state.position();
    assert!(matches!(judge_key(&history, &described), Judgement::Waits { .. }));
    history.mark(replaced, 24 * HOUR_MS);
    history.mark(replaced, 48 * HOUR_MS);
    assert_eq!(judge_key(&history, &described), garbage);
}

#[test]
fn an_orphan_goes_when_its_flush_is_over_or_its_life_has_been_for_the_grace() {
    let mut history = History::new();
    let (topic, mut name) = named(&mut history);
    let waits = Judgement::Waits {
        since: None,
        own_flush: false,
    };
    name.attempt = 1;
    assert_eq!(judge(&history, name), waits);
    history.object(&[(topic, 0, 1, 10, 0)]);
    assert_eq!(judge(&history, name), Judgement::Garbage { orphan: true });
    name.flush += 1;
    assert_eq!(judge(&history, name), waits);
    history.retire_agent();
    let at = history.state.position();
    let waits = Judgement::Waits {
        since: Some(at),
        own_flush: false,
    };
    assert_eq!(judge(&history, name), waits, "the retirement may be lost");
    history.mark(at, 0);
    history.mark(at, HOUR_MS - 1);
    assert_eq!(judge(&history, name), waits);
    history.mark(at, HOUR_MS);
    assert_eq!(judge(&history, name), Judgement::Garbage { orphan: true });
}

#[test]
fn one_of_a_life_that_is_not_known_yet_is_left_alone() {
    let mut history = History::new();
    let (_, mut name) = named(&mut history);
    name.incarnation.position = history.state.position() + 1;
    let waits = Judgement::Waits {
        since: None,
        own_flush: false,
    };
    assert_eq!(judge(&history, name), waits);
    history.beat();
    // The entry came, and registered nobody of that name; but it may be lost, and another come in its place.
    let at = history.state.position();
    assert_eq!(
        judge(&history, name),
        Judgement::Waits {
            since: Some(at),
            own_flush: false
        }
    );
    history.mark(at, 0);
    history.mark(at, HOUR_MS);
    assert_eq!(judge(&history, name), Judgement::Garbage { orphan: true });
}

#[test]
fn an_own_orphan_asks_for_a_later_flush() {
    let mut history = History::new();
    let name = ObjectName {
        incarnation: history.compactor(),
        flush: 0,
        attempt: 0,
    };
    let waits = Judgement::Waits {
        since: None,
        own_flush: true,
    };
    assert_eq!(judge(&history, name), waits);
    history.mark_with_flush(0);
    assert_eq!(judge(&history, name), Judgement::Garbage { orphan: true });
}

#[test]
fn kinds_that_this_build_does_not_name() {
    let mut history = History::new();
    let state = Key::State(ObjectName {
        incarnation: history.agent(),
        flush: 0,
        attempt: 0,
    });
    let judge = Judge {
        base_position: 0,
        base_snapshot: None,
        own: None,
    };
    assert_eq!(judge.judge(&history.state, &state), Judgement::Unknown);
    history.retire_agent();
    let at = history.state.position();
    history.mark(at, 0);
    assert_eq!(judge.judge(&history.state, &state), Judgement::Unknown);
    history.mark(at, HOUR_MS);
    assert_eq!(judge.judge(&history.state, &state), Judgement::Garbage { orphan: true });
    assert_eq!(judge.judge(&history.state, &Key::Witness), Judgement::Kept);
    assert_eq!(judge.judge(&history.state, &Key::Cluster), Judgement::Kept);
}

#[test]
fn a_snapshot_goes_when_the_base_names_a_newer_one() {
    let mut history = History::new();
    history.snapshot();
    let known = history.state.snapshots()[0];
    let name = |position: u64, attempt: u16| SnapshotName::new(1, position, &[0; 32], known.incarnation, attempt);
    let check = |base_position: u64, newest: Option<SnapshotName>, name: SnapshotName, expect: Judgement| {
        let judge = Judge {
            base_position,
            base_snapshot: newest,
            own: None,
        };
        assert_eq!(
            judge.judge(&history.state, &Key::Snapshot(name)),
            expect,
            "{base_position} {newest:?} {name:?}"
        );
    };
    let at = known.position;
    let garbage = |orphan: bool| Judgement::Garbage { orphan };
    check(0, None, name(at, 0), Judgement::Kept);
    check(at, Some(name(at, 0)), name(at, 0), Judgement::Kept);
    check(at, Some(name(at, 0)), name(at + 1, 0), Judgement::Kept);
    // The one at the base stays while it is known, its orphaned twin does not.
    check(at, Some(name(at + 9, 0)), name(at, 0), Judgement::Kept);
    check(at, Some(name(at + 9, 0)), name(at, 1), garbage(true));
    check(at + 1, Some(name(at + 9, 0)), name(at, 0), garbage(false));
    // One of an era that was lost is older, wherever its position lies.
    let mut newest = name(at, 0);
    newest.era = 2;
    check(at, Some(newest), name(at + 50, 0), garbage(true));
}
