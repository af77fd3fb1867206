//! Entries without proposals, and the rules that stand before any kind of proposal is judged.

use super::*;
use crate::entry::proposal::Kind;
use crate::entry::{Append, Beat, Group, Mark, ObjectNumber, Proposal, Register, Retire, Run, Swap, body};
use crate::ids::{Incarnation, Lane};
use crate::outcome::{Applied, Fate, Rejection, Verdict};
use crate::{Role, snapshot};

pub(crate) mod kinds;

/// A state with helpers that apply one proposal an entry.
pub(crate) struct Fixture {
    pub(crate) state: State,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self {
            state: State::genesis([7; 16], 1, [1; 32]),
        }
    }

    pub(crate) fn event(&mut self, event: Event<'_>, era: u64) -> Result<Vec<Outcome>, FoldError> {
        let position = self.state.position() + 1;
        let hash = [position as u8; 32];
        self.state.apply(EntryRef {
            position,
            era,
            hash,
            event,
        })
    }

    pub(crate) fn entry(&mut self, proposals: Vec<Proposal>) -> Vec<Outcome> {
        let encoded = crate::encode_body(&body(proposals));
        let body = crate::decode_body(encoded).unwrap();
        self.event(Event::Proposals(&body), self.state.era()).unwrap()
    }

    pub(crate) fn fate(&mut self, proposal: Proposal) -> Fate {
        self.entry(vec![proposal]).remove(0).fate
    }

    pub(crate) fn register(&mut self, nonce: u64, role: Role) -> Incarnation {
        match self.fate(registered(nonce, role, self.state.position())) {
            Fate::Taken(verdicts) => match verdicts.as_slice() {
                [Verdict::Applied(Applied::Registered(incarnation, _))] => *incarnation,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    /// The next proposal of a life in a lane.
    pub(crate) fn next(&self, life: Incarnation, lane: Lane, flush: Option<u64>, kind: Kind) -> Proposal {
        let sequence = self.state.next_sequence(&life, lane).unwrap_or(0);
        proposal(life, lane.number(), sequence, flush, kind)
    }

    pub(crate) fn verdicts(&mut self, life: Incarnation, lane: Lane, flush: Option<u64>, kind: Kind) -> Vec<Verdict> {
        match self.fate(self.next(life, lane, flush, kind)) {
            Fate::Taken(verdicts) => verdicts,
            other => panic!("{other:?}"),
        }
    }

    /// The one verdict of a control proposal.
    pub(crate) fn control(&mut self, life: Incarnation, kind: impl Into<Kind>) -> Verdict {
        let mut verdicts = self.verdicts(life, Lane::Control, None, kind.into());
        assert_eq!(verdicts.len(), 1);
        verdicts.remove(0)
    }

    /// The state through its snapshot and back, which must be the same.
    pub(crate) fn through_snapshot(&self) -> State {
        let written = snapshot::encode(&self.state);
        let (read, hash) = snapshot::decode(written.to_bytes()).unwrap();
        assert_eq!(hash, written.state_hash);
        assert_eq!(snapshot::encode(&read), written);
        assert_eq!(read.memory_bytes(), self.state.memory_bytes());
        assert_eq!(read.extents(), self.state.extents());
        assert_eq!(read.inline_bytes(), self.state.inline_bytes());
        read
    }
}

pub(crate) fn proposal(life: Incarnation, lane: u32, sequence: u64, flush: Option<u64>, kind: Kind) -> Proposal {
    Proposal {
        incarnation: Some(life.into()),
        lane,
        sequence,
        flush,
        principal: String::new(),
        kind: Some(kind),
    }
}

pub(crate) fn registered(nonce: u64, role: Role, seen: u64) -> Proposal {
    let register = Register {
        nonce,
        role: role.into(),
        feature_min: 1,
        feature_max: 1,
        seen,
        ..Default::default()
    };
    Proposal {
        kind: Some(Kind::Register(register)),
        ..Default::default()
    }
}

pub(crate) fn rejected(rejection: Rejection) -> Verdict {
    Verdict::Rejected(rejection)
}

pub(crate) const DONE: Verdict = Verdict::Applied(Applied::Done);

/// An append of one inline run of `records` to topic 1, partition 0.
fn inline(records: u32) -> Kind {
    let run = Run {
        topic: 1,
        records,
        bytes: 3,
        inline: bytes::Bytes::from_static(b"abc"),
        ..Default::default()
    };
    Kind::Append(Append {
        segment: None,
        groups: vec![Group {
            runs: vec![run],
            request: None,
        }],
    })
}

/// An append of one run in a segment.
fn segment(flush: u64) -> Kind {
    let run = Run {
        topic: 1,
        records: 1,
        bytes: 10,
        start: 4,
        ..Default::default()
    };
    let groups = vec![Group {
        runs: vec![run],
        request: None,
    }];
    Kind::Append(Append {
        segment: Some(ObjectNumber { flush, attempt: 0 }),
        groups,
    })
}

#[test]
fn entries_follow_each_other() {
    let mut fixture = Fixture::new();
    let entry = |position, era, event| EntryRef {
        position,
        era,
        hash: [0; 32],
        event,
    };
    let gap = fixture.state.apply(entry(2, 1, Event::Void));
    assert_eq!(gap, Err(FoldError::Gap { expected: 1, got: 2 }));
    let empty = body(Vec::new());
    let ahead = fixture.state.apply(entry(1, 2, Event::Proposals(&empty)));
    assert_eq!(
        ahead,
        Err(FoldError::Era {
            position: 1,
            current: 1,
            got: 2
        })
    );
    let same = fixture.state.apply(entry(1, 1, Event::NewEra));
    assert_eq!(
        same,
        Err(FoldError::Era {
            position: 1,
            current: 1,
            got: 1
        })
    );
    let newer = Body {
        feature: crate::entry::FEATURE_LEVEL + 1,
        ..empty.clone()
    };
    let newer = fixture.state.apply(entry(1, 1, Event::Proposals(&newer)));
    assert!(matches!(
        newer,
        Err(FoldError::Body {
            position: 1,
            source: FormatError::NeedsFeature { needed: 2 }
        })
    ));
    assert_eq!(fixture.state.position(), 0);
    assert_eq!(
        fixture.state.apply(entry(1, 1, Event::Proposals(&empty))),
        Ok(Vec::new())
    );
    assert_eq!((fixture.state.position(), fixture.state.entry_hash()), (1, [0; 32]));
}

#[test]
fn a_life_is_registered_once_and_not_from_long_ago() {
    let mut fixture = Fixture::new();
    let life = fixture.register(5, Role::Agent);
    assert_eq!((life.position, life.index, life.nonce), (1, 0, 5));
    assert_eq!(fixture.state.life_by_nonce(5).map(|life| life.node_id()), Some(1));
    assert_eq!(fixture.fate(registered(5, Role::Agent, 1)), Fate::Dropped);
    assert_eq!(
        fixture.fate(registered(6, Role::Agent, 4)),
        Fate::Dropped,
        "seen beyond the entry"
    );
    // Nonces are remembered exactly as far back as a register may have seen.
    fixture.state.position = crate::limits::NONCE_ENTRIES;
    assert_eq!(
        fixture.fate(registered(5, Role::Agent, 1)),
        Fate::Dropped,
        "position 1 is 2^20 back"
    );
    assert!(
        matches!(fixture.fate(registered(5, Role::Agent, 2)), Fate::Taken(_)),
        "forgotten, and no copy can come"
    );
    assert_eq!(
        fixture.fate(registered(8, Role::Agent, 2)),
        Fate::Dropped,
        "too long ago"
    );
    let with_life = Proposal {
        incarnation: Some(life.into()),
        ..registered(9, Role::Agent, 100)
    };
    assert_eq!(fixture.fate(with_life), Fate::Void);
    fixture.through_snapshot();
}

#[test]
fn sequences_are_taken_dropped_or_void() {
    let mut fixture = Fixture::new();
    let life = fixture.register(5, Role::Agent);
    let beat = |lane, sequence| proposal(life, lane, sequence, None, Kind::Beat(Beat {}));
    assert_eq!(fixture.fate(beat(0, 1)), Fate::Void);
    assert_eq!(fixture.fate(beat(0, 0)), Fate::Taken(vec![DONE]));
    assert_eq!(fixture.fate(beat(0, 0)), Fate::Dropped);
    assert_eq!(fixture.fate(beat(0, 2)), Fate::Void);
    assert_eq!(fixture.fate(beat(3, 0)), Fate::Void);
    assert_eq!(
        fixture.fate(beat(1, 0)),
        Fate::Taken(vec![rejected(Rejection::WrongLane)])
    );
    assert_eq!(
        fixture.state.next_sequence(&life, Lane::Inline),
        Some(1),
        "a rejected one uses its sequence up"
    );
    let other = Incarnation { nonce: 6, ..life };
    assert_eq!(
        fixture.fate(proposal(other, 0, 0, None, Kind::Beat(Beat {}))),
        Fate::Void
    );
    let nobody = Proposal {
        incarnation: None,
        ..beat(0, 1)
    };
    assert_eq!(fixture.fate(nobody), Fate::Void);
    let no_kind = Proposal {
        kind: None,
        ..beat(0, 1)
    };
    assert_eq!(
        fixture.fate(no_kind),
        Fate::Taken(vec![rejected(Rejection::Malformed("no kind"))])
    );
    assert_eq!(
        fixture.state.incarnation(&life).map(|life| life.last_taken()),
        Some(fixture.state.position())
    );
}

#[test]
fn a_retire_names_what_it_saw() {
    let mut fixture = Fixture::new();
    let (one, two) = (fixture.register(5, Role::Agent), fixture.register(6, Role::Agent));
    let retire = |fixture: &Fixture, target: Incarnation| {
        let lanes = fixture
            .state
            .incarnation(&target)
            .map(|life| life.lanes_seen())
            .unwrap_or_default();
        let seen = lanes.iter().map(|&(lane, next)| crate::entry::LaneSeen {
            lane: lane.number(),
            next,
        });
        Kind::Retire(Retire {
            target: Some(target.into()),
            seen: seen.collect(),
        })
    };
    let seen = retire(&fixture, two);
    fixture.verdicts(two, Lane::Control, None, Kind::Beat(Beat {}));
    assert_eq!(fixture.control(one, seen), rejected(Rejection::HeardSince));
    let Kind::Retire(mut twice) = retire(&fixture, two) else {
        panic!()
    };
    twice.seen.push(twice.seen[0]);
    assert_eq!(
        fixture.control(one, Kind::Retire(twice)),
        rejected(Rejection::HeardSince)
    );
    let seen = retire(&fixture, two);
    assert_eq!(fixture.control(one, seen.clone()), DONE);
    assert_eq!(fixture.control(one, seen), rejected(Rejection::NotLive));
    let own = retire(&fixture, one);
    assert_eq!(fixture.control(one, own), DONE, "a life may retire itself");
    assert_eq!(fixture.state.incarnations().len(), 0);
}

#[test]
fn flush_numbers_do_not_fall() {
    let mut fixture = Fixture::new();
    let (agent, compactor) = (fixture.register(5, Role::Agent), fixture.register(6, Role::Compactor));
    let fell = |last, got| vec![rejected(Rejection::FlushFell { last, got })];
    let object = Lane::Object;
    assert_eq!(fixture.verdicts(agent, object, None, segment(0)), fell(None, None));
    let unknown = vec![rejected(Rejection::UnknownTopic)];
    assert_eq!(fixture.verdicts(agent, object, Some(3), segment(3)), unknown);
    assert_eq!(
        fixture.verdicts(agent, object, Some(3), segment(3)),
        unknown,
        "a flush may need several proposals"
    );
    assert_eq!(
        fixture.verdicts(agent, object, Some(2), segment(2)),
        fell(Some(3), Some(2))
    );
    let other = Rejection::Malformed("the segment is of another flush than the proposal");
    assert_eq!(
        fixture.verdicts(agent, object, Some(4), segment(3)),
        vec![rejected(other)]
    );
    assert_eq!(
        fixture.verdicts(compactor, object, Some(1), segment(1)),
        vec![rejected(Rejection::WrongRole)]
    );
    let swap = Kind::Swap(Swap {
        partitions: vec![Default::default(); 2],
    });
    let wrong_role = vec![rejected(Rejection::WrongRole); 2];
    assert_eq!(
        fixture.verdicts(agent, Lane::Control, Some(1), swap),
        wrong_role,
        "one verdict a partition"
    );
}

#[test]
fn a_halted_fold_takes_no_writes_until_a_new_era() {
    let mut fixture = Fixture::new();
    let life = fixture.register(5, Role::Agent);
    fixture.event(Event::Halt, 1).unwrap();
    assert!(fixture.state.halted());
    assert_eq!(fixture.control(life, Kind::Beat(Beat {})), rejected(Rejection::Halted));
    assert_eq!(
        fixture.verdicts(life, Lane::Inline, None, inline(1)),
        vec![rejected(Rejection::Halted)]
    );
    assert_eq!(
        fixture.fate(registered(9, Role::Agent, 3)),
        Fate::Taken(vec![rejected(Rejection::Halted)])
    );
    let mark = Kind::Mark(Mark {
        folded: 1,
        date: 5,
        lowest_inline: None,
    });
    assert_eq!(fixture.control(life, mark), rejected(Rejection::Halted));
    fixture.through_snapshot();
    let halted_at = 2;
    fixture.event(Event::NewEra, 2).unwrap();
    assert_eq!((fixture.state.halted(), fixture.state.era()), (false, 2));
    assert_eq!(
        fixture.state.eras(),
        [EraBegun {
            era: 2,
            lost_from: halted_at
        }]
    );
    fixture.event(Event::Halt, 1).unwrap();
    assert!(!fixture.state.halted(), "the loss of an older era has been accepted");
    assert_eq!(
        fixture.fate(registered(9, Role::Agent, 3)),
        Fate::Dropped,
        "its process was told that it has no life"
    );
    let again = fixture.register(6, Role::Agent);
    assert_eq!(fixture.control(again, Kind::Beat(Beat {})), DONE);
}
