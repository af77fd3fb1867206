//! Lives, by books that know only registers and retirements: who may propose, in which sequence, with which flushes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use metadata::entry::{Proposal, Role};
use metadata::{Incarnation, Lane, ObjectName};

use crate::journal::Journal;

/// Every life there was.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    lives: BTreeMap<Incarnation, Life>,
}

#[derive(Clone, Debug)]
struct Life {
    role: Role,
    /// Position of the entry that ended it.
    ended: Option<u64>,
    /// By lane: the sequence that is next, and the newest flush.
    lanes: [(u64, Option<u64>); 3],
}

impl Life {
    /// The newest flush of the lane in which such a life names its objects.
    fn newest(&self) -> Option<u64> {
        let lane = match self.role {
            Role::Agent => Lane::Object,
            Role::Compactor => Lane::Control,
        };
        self.lanes[lane as usize].1
    }
}

/// Whether what is yet to come can name an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// It can.
    No,
    /// Not any more: a later flush of its life was taken.
    ByFlush,
    /// Its life ended with this entry before that, or never was and the entry stands where it would have begun.
    Since(u64),
}

/// A proposal that was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) life: Incarnation,
    pub(super) lane: u32,
    pub(super) sequence: u64,
    pub(super) flush: Option<u64>,
    /// Whether any of it was applied.
    pub(super) applied: bool,
}

impl Lives {
    pub(super) fn begin(&mut self, life: Incarnation, role: Role) {
        let begun = Life {
            role,
            ended: None,
            lanes: [(0, None); 3],
        };
        self.lives.insert(life, begun);
    }

    pub(super) fn end(&mut self, life: &Incarnation, position: u64) {
        if let Some(known) = self.lives.get_mut(life) {
            known.ended.get_or_insert(position);
        }
    }

    /// An operator accepted a loss: whoever goes on begins a new life.
    pub(super) fn end_all(&mut self, position: u64) {
        self.lives.values_mut().for_each(|known| {
            known.ended.get_or_insert(position);
        });
    }

    pub(super) fn is_live(&self, life: &Incarnation) -> bool {
        self.lives.get(life).is_some_and(|known| known.ended.is_none())
    }

    /// A proposal was taken: its life is live, its sequence is the next, and its flush is none that is over.
    pub(super) fn take(&mut self, taken: &Taken, journal: &Journal) {
        journal.check("only live ones propose", self.is_live(&taken.life), || {
            format!("{taken:?}")
        });
        let lane = usize::try_from(taken.lane).unwrap_or(usize::MAX);
        let Some(known) = self.lives.get_mut(&taken.life) else {
            return;
        };
        let Some((next, newest)) = known.lanes.get_mut(lane) else {
            return;
        };
        journal.check("each sequence is taken once, in order", *next == taken.sequence, || {
            format!("{taken:?} where {next} is next")
        });
        *next = taken.sequence + 1;
        let fell = taken.flush.is_some() && taken.flush < *newest;
        journal.check("flush numbers never fall", !(fell && taken.applied), || {
            format!("{taken:?} after {newest:?}")
        });
        *newest = taken.flush.max(*newest);
    }

    /// Whether what comes after `position` can name an object.
    pub(super) fn over(&self, name: &ObjectName, position: u64) -> Over {
        match self.lives.get(&name.incarnation) {
            Some(known) if known.newest() > Some(name.flush) => Over::ByFlush,
            Some(Life { ended: Some(at), .. }) => Over::Since(*at),
            None if name.incarnation.position <= position => Over::Since(name.incarnation.position),
            _ => Over::No,
        }
    }

    /// Whether nothing of an object's flush has been taken, and it may come.
    pub(super) fn may_come(&self, name: &ObjectName) -> bool {
        let known = self.lives.get(&name.incarnation);
        known.is_some_and(|known| known.ended.is_none() && known.newest() < Some(name.flush))
    }
}

/// What each (incarnation, lane, sequence) named: one content for ever, also over the loss of a ledger's end.
#[derive(Debug, Default)]
pub(super) struct Contents {
    known: BTreeMap<(Incarnation, u32, u64), u64>,
}

impl Contents {
    pub(super) fn note(&mut self, proposal: &Proposal, journal: &Journal) {
        let life = proposal.incarnation.as_ref().and_then(|life| life.try_into().ok());
        let Some(life) = life.filter(|_| !journal.is_deaf()) else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        let alone = metadata::entry::body(vec![proposal.clone()]);
        metadata::encode_body(&alone).hash(&mut hasher);
        let content = hasher.finish();
        let name = (life, proposal.lane, proposal.sequence);
        let first = *self.known.entry(name).or_insert(content);
        journal.check("a sequence names one content for ever", first == content, || {
            format!(
                "{name:?} names two things, one of them a {}",
                super::entries::kind_name(proposal)
            )
        });
    }
}
