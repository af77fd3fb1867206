//! Snapshots, marks, and what may be swept.

use super::*;
use crate::entry::{
    Append, Beat, Group, LaneSeen, Mark, ObjectNumber, PartitionTrim, Retire, Run, SnapshotTaken, Trim,
};
use crate::fold::tests::DONE;
use crate::ids::{Lane, ObjectName};
use crate::outcome::Rejection;
use crate::{Event, ObjectStatus};

const HOUR: i64 = 3_600_000;

impl Ready {
    fn mark(&mut self, folded: u64, date: i64) -> Verdict {
        self.control(Kind::Mark(Mark {
            folded,
            date,
            lowest_inline: None,
        }))
    }

    /// A mark of all that was folded.
    fn mark_now(&mut self, date: i64) {
        let folded = self.fixture.state.position();
        assert_eq!(self.mark(folded, date), DONE);
    }

    fn object(&mut self, flush: u64) -> ObjectName {
        let run = Run {
            topic: 1,
            records: 1,
            bytes: 5,
            start: 4,
            ..Default::default()
        };
        let groups = vec![Group {
            runs: vec![run],
            request: None,
        }];
        let append = Append {
            segment: Some(ObjectNumber { flush, attempt: 0 }),
            groups,
        };
        self.fixture
            .verdicts(self.agent, Lane::Object, Some(flush), Kind::Append(append));
        ObjectName {
            incarnation: self.agent,
            flush,
            attempt: 0,
        }
    }

    fn trim_all(&mut self) -> u64 {
        let before = self.partition(0).high_watermark();
        let partitions = vec![PartitionTrim {
            topic: 1,
            partition: 0,
            before,
            seen_start: None,
            lake_before: None,
        }];
        self.control(Kind::Trim(Trim { partitions }));
        self.fixture.state.position()
    }

    /// The compactor retires the agent; the position.
    fn retire_agent(&mut self) -> u64 {
        let life = self.fixture.state.incarnation(&self.agent).unwrap();
        let seen = life.lanes_seen().into_iter().map(|(lane, next)| LaneSeen {
            lane: lane.number(),
            next,
        });
        let retire = Kind::Retire(Retire {
            seen: seen.collect(),
            target: Some(self.agent.into()),
        });
        assert_eq!(self.fixture.control(self.compactor, retire), DONE);
        self.fixture.state.position()
    }

    fn sweepable(&self, name: &ObjectName, grace: i64) -> bool {
        self.fixture.state.sweepable(name, grace as u64)
    }
}

#[test]
fn snapshots_are_kept_by_position() {
    let mut ready = Ready::new();
    (0..20).for_each(|_| assert_eq!(ready.control(Kind::Beat(Beat {})), DONE));
    let taken = |position, era| SnapshotTaken {
        era,
        position,
        entry_hash: vec![1; 32].into(),
        state_hash: vec![2; 32].into(),
        bytes: 9,
        ..Default::default()
    };
    let mut check = |taken: SnapshotTaken, expect: Verdict| {
        assert_eq!(ready.control(Kind::SnapshotTaken(taken)), expect);
    };
    let malformed = rejected(Rejection::Malformed(
        "a hash has 32 bytes, an attempt 16 bits, an era has begun",
    ));
    check(taken(4, 2), malformed.clone());
    check(
        SnapshotTaken {
            attempt: 1 << 16,
            ..taken(4, 1)
        },
        malformed.clone(),
    );
    check(
        SnapshotTaken {
            state_hash: vec![2; 31].into(),
            ..taken(4, 1)
        },
        malformed,
    );
    check(taken(99, 1), rejected(Rejection::NotFolded { position: 99 }));
    for position in 3..9 {
        check(taken(position, 1), DONE);
    }
    check(taken(8, 1), rejected(Rejection::SnapshotOld { newest: 8 }));
    let kept: Vec<_> = ready
        .fixture
        .state
        .snapshots()
        .iter()
        .map(|kept| kept.position)
        .collect();
    assert_eq!(kept, [5, 6, 7, 8]);
    ready.fixture.through_snapshot();
}

#[test]
fn marks_neither_fall_nor_come_from_the_future() {
    let mut ready = Ready::new();
    let now = ready.fixture.state.position() + 1;
    assert_eq!(
        ready.mark(now, 0),
        rejected(Rejection::NotFolded { position: now }),
        "it is being folded"
    );
    ready.mark_now(10 * HOUR);
    let fell = rejected(Rejection::DateFell { newest_ms: 10 * HOUR });
    assert_eq!(ready.mark(1, 10 * HOUR - 60_001), fell);
    assert_eq!(
        ready.mark(1, 10 * HOUR - 60_000),
        DONE,
        "the servers of a store differ a little"
    );
    let marks = |ready: &Ready| {
        ready
            .fixture
            .state
            .marks()
            .iter()
            .map(|mark| mark.date_ms / HOUR)
            .collect::<Vec<_>>()
    };
    assert_eq!(marks(&ready), [10]);
    ready.mark_now(11 * HOUR);
    ready.mark_now(59 * HOUR);
    assert_eq!(
        marks(&ready),
        [10, 11, 59],
        "marks of two days are kept, and the newest before them"
    );
    ready.mark_now(1000 * HOUR);
    assert_eq!(marks(&ready), [59, 1000]);
    assert_eq!(ready.mark(1, 951 * HOUR), DONE, "a date so far ahead was no clock's");
    assert_eq!(marks(&ready), [59, 951]);
    ready.fixture.through_snapshot();
}

#[test]
fn a_mark_bears_the_lowest_inline_of_what_it_names() {
    let mut ready = Ready::new();
    (0..5).for_each(|_| assert_eq!(ready.control(Kind::Beat(Beat {})), DONE));
    let mut check = |folded, date, lowest_inline, expect: &[(u64, Option<u64>)]| {
        assert_eq!(
            ready.control(Kind::Mark(Mark {
                folded,
                date,
                lowest_inline
            })),
            DONE
        );
        let marks = ready
            .fixture
            .state
            .marks()
            .iter()
            .map(|mark| (mark.folded, mark.lowest_inline));
        assert_eq!(marks.collect::<Vec<_>>(), expect);
    };
    check(5, 10, Some(2), &[(5, Some(2))]);
    check(4, 11, None, &[(5, Some(2)), (5, Some(2))]);
    check(6, 12, None, &[(5, Some(2)), (5, Some(2)), (6, None)]);
    check(7, 12, Some(7), &[(5, Some(2)), (5, Some(2)), (7, Some(7))]);
    ready.fixture.through_snapshot();
}

#[test]
fn what_was_never_named_goes_with_its_flush_or_its_life() {
    let mut ready = Ready::new();
    let lost = ObjectName {
        incarnation: ready.agent,
        flush: 0,
        attempt: 3,
    };
    assert!(!ready.sweepable(&lost, 0), "its flush may still be proposed");
    ready.object(0);
    assert!(!ready.sweepable(&lost, 0), "the flush may need another proposal");
    ready.object(1);
    assert!(
        ready.sweepable(&lost, HOUR),
        "a later flush was taken, and no grace is needed"
    );
    let later = ObjectName { flush: 2, ..lost };
    assert!(!ready.sweepable(&later, 0));
    let beyond = ObjectName {
        incarnation: Incarnation {
            position: 999,
            ..ready.agent
        },
        ..lost
    };
    assert!(!ready.sweepable(&beyond, 0), "that life is not known yet");
    let theirs = ObjectName {
        incarnation: ready.compactor,
        ..lost
    };
    assert!(!ready.sweepable(&theirs, 0));
    let kind = Kind::Beat(Beat {});
    ready.fixture.verdicts(ready.compactor, Lane::Control, Some(1), kind);
    assert!(
        ready.sweepable(&theirs, 0),
        "a compactor's flushes are told by its control lane"
    );
    ready.retire_agent();
    let at = ready.fixture.state.position();
    assert_eq!(ready.fixture.state.garbage_since(&later), Some(at));
    ready.agent = ready.compactor;
    assert!(!ready.sweepable(&later, 0), "no mark shows when its life ended");
    ready.mark_now(10 * HOUR);
    assert!(ready.sweepable(&later, 0) && !ready.sweepable(&later, HOUR));
    let read = ready.fixture.through_snapshot();
    assert_eq!(read.garbage_since(&later), Some(at));
    ready.mark_now(11 * HOUR);
    assert!(ready.sweepable(&later, HOUR), "its life is over for the grace");
    ready.fixture.event(Event::Halt, 1).unwrap();
    assert!(!ready.sweepable(&later, 0), "nothing is swept while halted");
}

#[test]
fn a_life_that_ended_is_forgotten_when_no_grace_reaches_it() {
    let mut ready = Ready::new();
    let agent = ready.agent;
    ready.object(0);
    let at = ready.retire_agent();
    ready.agent = ready.compactor;
    let since = |ready: &Ready, life: Incarnation| ready.fixture.state.dead_since(&life);
    assert_eq!(since(&ready, agent), Some(at));
    let never = Incarnation { nonce: 99, ..agent };
    assert_eq!(
        since(&ready, never),
        Some(agent.position),
        "an entry that registered another"
    );
    ready.mark_now(10 * HOUR);
    ready.mark_now(58 * HOUR);
    assert_eq!(since(&ready, agent), Some(at), "two days, and no more");
    ready.mark_now(58 * HOUR + 1);
    assert_eq!(since(&ready, agent), Some(agent.position));
    let left = ObjectName {
        incarnation: agent,
        flush: 7,
        attempt: 0,
    };
    assert!(
        ready.sweepable(&left, 48 * HOUR),
        "the newest mark before the two days still tells"
    );
    ready.fixture.through_snapshot();
}

#[test]
fn what_was_named_waits_for_the_grace() {
    let mut ready = Ready::new();
    let name = ready.object(0);
    let still = ready.object(1);
    ready.mark_now(10 * HOUR);
    let at = ready.trim_all();
    assert_eq!(ready.fixture.state.object(&name), ObjectStatus::Unnamed { at });
    ready.mark_now(11 * HOUR);
    assert!(!ready.sweepable(&name, HOUR), "the mark before it does not count");
    assert!(ready.sweepable(&name, 0));
    assert!(!ready.sweepable(&still, 0), "its flush is the last");
    assert_eq!(
        ready.mark(1, 12 * HOUR - 1),
        DONE,
        "a mark that names less still has a newer date"
    );
    assert!(!ready.sweepable(&name, HOUR));
    ready.mark_now(12 * HOUR);
    assert!(ready.sweepable(&name, HOUR));
    let read = ready.fixture.through_snapshot();
    assert!(read.sweepable(&name, HOUR as u64) && !read.sweepable(&name, 2 * HOUR as u64));
    ready.mark_now(59 * HOUR);
    assert!(matches!(
        ready.fixture.state.object(&name),
        ObjectStatus::Unnamed { .. }
    ));
    ready.mark_now(59 * HOUR + 1);
    assert_eq!(
        ready.fixture.state.object(&name),
        ObjectStatus::Unknown,
        "two days are longer than any grace"
    );
    assert!(ready.sweepable(&name, 48 * HOUR));
}

#[test]
fn a_name_may_come_back_while_its_flush_is_the_last() {
    let mut ready = Ready::new();
    let name = ready.object(0);
    ready.trim_all();
    ready.mark_now(10 * HOUR);
    ready.mark_now(20 * HOUR);
    assert!(!ready.sweepable(&name, 0), "another proposal of its flush may name it");
    ready.object(0);
    assert_eq!(ready.fixture.state.object(&name), ObjectStatus::Named { references: 1 });
    let at = ready.trim_all();
    assert_eq!(ready.fixture.state.object(&name), ObjectStatus::Unnamed { at });
    ready.fixture.through_snapshot();
}

#[test]
fn a_new_era_ends_every_life() {
    let mut ready = Ready::new();
    let object = ready.object(0);
    let (agent, compactor) = (ready.agent, ready.compactor);
    ready.fixture.event(Event::Halt, 1).unwrap();
    assert!(ready.fixture.state.incarnation(&agent).is_some(), "a halt ends nobody");
    ready.fixture.event(Event::NewEra, 2).unwrap();
    for life in [agent, compactor] {
        assert_eq!(ready.fixture.state.incarnation(&life), None);
    }
    assert_eq!(
        ready.fixture.state.object(&object),
        ObjectStatus::Named { references: 1 },
        "what it named stays"
    );
    ready.fixture.through_snapshot();
    ready.begin_again();
    ready.object(1);
    assert_ne!(ready.agent, agent);
}

#[test]
fn a_new_era_is_a_new_leader_epoch() {
    let mut ready = Ready::new();
    ready.object(0);
    ready.fixture.event(Event::NewEra, 3).unwrap();
    ready.fixture.event(Event::NewEra, 5).unwrap();
    ready.begin_again();
    ready.object(1);
    let partition = ready.partition(0);
    assert_eq!(
        partition.leader_epochs(),
        [(1, 0), (5, 1)],
        "an era without a record is as if it had not been"
    );
    assert_eq!([0, 1, 2].map(|offset| partition.leader_epoch_at(offset)), [1, 5, 5]);
    assert_eq!(
        ready
            .fixture
            .state
            .eras()
            .iter()
            .map(|begun| begun.era)
            .collect::<Vec<_>>(),
        [3, 5]
    );
    ready.trim_all();
    assert_eq!(ready.partition(0).leader_epochs(), [(5, 1)]);
    ready.fixture.through_snapshot();
}
