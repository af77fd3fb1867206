//! Rows 7, 8 and 11, in the fold: names of lives and of their objects.

use std::collections::BTreeSet;

use metadata::entry::proposal::Kind;
use metadata::entry::{self, Append, CreateTopic, Group, LaneSeen, ObjectNumber, Proposal, Register, Retire, Run};
use metadata::{Applied, EntryRef, Event, Fate, Incarnation, Lane, ObjectName, Rejection, Role, State, Verdict};
use store::Key;

const CLUSTER: [u8; 16] = [7; 16];

struct Fold {
    state: State,
}

impl Fold {
    fn new() -> Fold {
        Fold {
            state: State::genesis(CLUSTER, 1, [0; 32]),
        }
    }

    /// Applies an entry of one proposal, which goes through its bytes.
    fn apply(&mut self, proposal: Proposal) -> Fate {
        let bytes = metadata::encode_body(&entry::body(vec![proposal]));
        let body = metadata::decode_body(bytes).unwrap();
        let entry = EntryRef {
            position: self.state.position() + 1,
            era: 1,
            hash: [0; 32],
            event: Event::Proposals(&body),
        };
        self.state.apply(entry).unwrap().remove(0).fate
    }

    fn register(&mut self, nonce: u64) -> Option<Incarnation> {
        let fate = self.apply(register(nonce, self.state.position()));
        match fate {
            Fate::Taken(verdicts) => match verdicts.as_slice() {
                [Verdict::Applied(Applied::Registered(incarnation, _))] => Some(*incarnation),
                other => panic!("{other:?}"),
            },
            Fate::Dropped | Fate::Void => None,
        }
    }

    fn propose(&mut self, life: Incarnation, lane: Lane, flush: Option<u64>, kind: Kind) -> Vec<Verdict> {
        let proposal = Proposal {
            incarnation: Some(life.into()),
            lane: lane.number(),
            sequence: self.state.next_sequence(&life, lane).unwrap_or(0),
            flush,
            kind: Some(kind),
            ..Proposal::default()
        };
        match self.apply(proposal) {
            Fate::Taken(verdicts) => verdicts,
            other => panic!("{other:?}"),
        }
    }

    fn retire(&mut self, by: Incarnation, target: Incarnation) {
        let life = self.state.incarnation(&target).unwrap();
        let seen = life.lanes_seen().into_iter().map(|(lane, next)| LaneSeen {
            lane: lane.number(),
            next,
        });
        let retire = Retire {
            target: Some(target.into()),
            seen: seen.collect(),
        };
        let verdicts = self.propose(by, Lane::Control, None, Kind::Retire(retire));
        assert_eq!(verdicts, [Verdict::Applied(Applied::Done)]);
    }

    /// A proposal of a flush, whose one group is for a topic.
    fn flush(&mut self, life: Incarnation, flush: u64, topic: u32) -> Verdict {
        let run = Run {
            topic,
            records: 1,
            bytes: 10,
            start: 4,
            ..Run::default()
        };
        let append = Append {
            segment: Some(ObjectNumber { flush, attempt: 0 }),
            groups: vec![Group {
                runs: vec![run],
                request: None,
            }],
        };
        self.propose(life, Lane::Object, Some(flush), Kind::Append(append))
            .remove(0)
    }
}

fn register(nonce: u64, seen: u64) -> Proposal {
    let register = Register {
        nonce,
        role: Role::Agent.into(),
        feature_min: 1,
        feature_max: 1,
        seen,
        ..Register::default()
    };
    Proposal {
        kind: Some(Kind::Register(register)),
        ..Proposal::default()
    }
}

fn object(incarnation: Incarnation, flush: u64, attempt: u16) -> ObjectName {
    ObjectName {
        incarnation,
        flush,
        attempt,
    }
}

/// The ledger loses a register, and another process registers at its position: the objects of both have other names.
#[test]
fn row_07_a_life_at_the_position_of_a_lost_one_names_its_objects_otherwise() {
    let (mut before, mut after) = (Fold::new(), Fold::new());
    let lost = before.register(11).unwrap();
    let next = after.register(12).unwrap();
    assert_eq!(
        (lost.position, lost.index),
        (next.position, next.index),
        "they have one place"
    );
    let cluster = ledger::ClusterId(CLUSTER);
    let paths: BTreeSet<String> = [lost, next]
        .map(|life| Key::Segment(object(life, 0, 0)).path(&cluster))
        .into();
    assert_eq!(paths.len(), 2, "{paths:?}");
}

/// A register lands again after its life was retired; nothing comes of it, then or ever.
#[test]
fn row_08_a_register_taken_twice_makes_no_ghost() {
    let mut fold = Fold::new();
    let (life, other) = (fold.register(5).unwrap(), fold.register(6).unwrap());
    assert_eq!(fold.register(5), None, "while it lives");
    fold.retire(other, life);
    for _ in 0..3 {
        assert_eq!(fold.register(5), None);
    }
    // One that saw what the ledger lost since: its own nonce may be lost with it, and it is dropped all the same.
    assert_eq!(fold.apply(register(9, fold.state.position() + 2)), Fate::Dropped);
    let live: Vec<Incarnation> = fold.state.incarnations().map(metadata::Life::incarnation).collect();
    assert_eq!(live, [other], "nobody else is named coordinator");
}

/// A flush is cut into two proposals. The first is taken and refused, so that nothing names the object: it stays, for the
/// second is taken, too, and names it. What the flush's other attempts left goes only with a later flush.
#[test]
fn row_11_a_flush_of_two_proposals_keeps_its_object_between_them() {
    let mut fold = Fold::new();
    let life = fold.register(5).unwrap();
    let create = CreateTopic {
        name: "t".to_owned(),
        id: vec![1; 16].into(),
        partitions: 1,
        ..CreateTopic::default()
    };
    fold.propose(life, Lane::Control, None, Kind::CreateTopic(create));
    let (named, other) = (object(life, 0, 0), object(life, 0, 1));
    let sweepable = |fold: &Fold, name| fold.state.sweepable(&name, 0);
    assert!(!sweepable(&fold, named), "not yet proposed");
    assert_eq!(fold.flush(life, 0, 99), Verdict::Rejected(Rejection::UnknownTopic));
    assert!(!sweepable(&fold, named), "its flush was taken, but no later one");
    let second = fold.flush(life, 0, 1);
    assert!(
        matches!(second, Verdict::Applied(Applied::Append(_))),
        "the number need not rise: {second:?}"
    );
    assert!(
        !sweepable(&fold, other),
        "another attempt of the flush that was taken last"
    );
    assert!(matches!(fold.flush(life, 1, 1), Verdict::Applied(_)));
    assert!(sweepable(&fold, other), "its flush is over");
    assert!(!sweepable(&fold, named), "it is named");
    let fell = Rejection::FlushFell {
        last: Some(1),
        got: Some(0),
    };
    assert_eq!(
        fold.flush(life, 0, 1),
        Verdict::Rejected(fell),
        "what may be gone is never named again"
    );
}
