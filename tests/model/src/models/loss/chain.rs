//! The chain of model `loss`: what an entry means to one who has folded those before it.

use super::{Loss, POSITIONS, State};
use crate::mutation::Mutation;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tip {
    pub(super) era: u8,
    pub(super) position: u8,
    /// Stands for the entry there and all before it.
    pub(super) hash: u32,
    /// The last entry that fits, at which a look begins: this one, or one before those at the end that do not.
    pub(super) anchor: Anchor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Anchor {
    position: u8,
    /// Of its own bytes, and as a tip's.
    stored: u32,
    hash: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Genesis,
    /// By whom, and which of its puts at this place.
    Proposals {
        by: u8,
        put: u8,
    },
    /// The era in which the lost entry was known.
    Halt(u8),
    NewEra,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) era: u8,
    pub(super) kind: Kind,
    pub(super) previous: u32,
    pub(super) hash: u32,
}

/// What an entry means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Proposals,
    Void,
    Halt { misfit: bool },
    NewEra,
}

/// What lies behind a tip.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) tip: Tip,
    pub(super) halted: bool,
    /// An entry cannot be passed.
    pub(super) stuck: bool,
    /// By position, what stands for the chain up to there.
    hashes: [Option<u32>; POSITIONS],
    /// By position, the hash of the entry there if it had an effect.
    pub(super) effective: [Option<u32>; POSITIONS],
    /// How many losses were accepted.
    pub(super) accepted: u8,
    /// The highest era that an entry speaks of.
    pub(super) era_max: u8,
    /// Entries without effect, and entries that were halts because they did not fit.
    pub(super) void: u8,
    pub(super) misfits: u8,
}

impl Entry {
    pub(super) fn genesis() -> Entry {
        Entry::new(0, 1, Kind::Genesis, 0)
    }

    /// The hash is one of its content, so that the same bytes are the same entry.
    pub(super) fn new(position: u8, era: u8, kind: Kind, previous: u32) -> Entry {
        let (code, by) = match kind {
            Kind::Genesis => (0, 0),
            Kind::Proposals { by, put } => (1, 16 * put + by),
            Kind::Halt(era) => (2, era),
            Kind::NewEra => (3, 0),
        };
        let content = [position, era, code, by].into_iter().chain(previous.to_be_bytes());
        Entry {
            era,
            kind,
            previous,
            hash: fnv(content),
        }
    }

    pub(super) fn tip(&self, position: u8) -> Tip {
        let hash = self.hash;
        let anchor = Anchor {
            position,
            stored: hash,
            hash,
        };
        Tip {
            era: self.era,
            position,
            hash,
            anchor,
        }
    }

    /// What stands for it and all before it: its own hash if it fits, else one over the hash before and its own.
    fn hash_after(&self, before: u32) -> u32 {
        if self.previous == before {
            self.hash
        } else {
            let bytes = before.to_be_bytes().into_iter().chain(self.hash.to_be_bytes());
            fnv(bytes)
        }
    }
}

/// FNV-1a.
fn fnv(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

impl Tip {
    /// How many entries at the end do not fit.
    pub(super) fn misfits(&self) -> u8 {
        self.position - self.anchor.position
    }

    /// The entry that one puts after this one.
    pub(super) fn next(&self, era: u8, kind: Kind) -> Entry {
        Entry::new(self.position + 1, era, kind, self.hash)
    }
}

impl State {
    /// Whether the ledger has the entry of a tip, with those before it from the anchor on.
    pub(super) fn holds(&self, tip: &Tip) -> bool {
        let Anchor { position, stored, hash } = tip.anchor;
        if self.entry(position).is_none_or(|entry| entry.hash != stored) {
            return false;
        }
        let mut positions = position + 1..=tip.position;
        let chain = positions.try_fold(hash, |before, at| Some(self.entry(at)?.hash_after(before)));
        chain == Some(tip.hash)
    }
}

impl Loss {
    /// Judges the entry after a tip; none when it can be neither taken nor passed.
    pub(super) fn judge(&self, tip: &Tip, entry: &Entry) -> Option<Meaning> {
        let fits = entry.previous == tip.hash;
        let misfit = match self.mutation {
            Some(Mutation::MisfitBlocks) => None,
            _ => Some(Meaning::Halt { misfit: true }),
        };
        match entry.kind {
            _ if entry.era < tip.era && self.is(Mutation::LatePutHalts) => misfit,
            _ if entry.era < tip.era => Some(Meaning::Void),
            Kind::NewEra if entry.era > tip.era && fits => Some(Meaning::NewEra),
            _ if entry.era > tip.era || !fits => misfit,
            Kind::Proposals { .. } => Some(Meaning::Proposals),
            Kind::Halt(named) if named < tip.era && !self.is(Mutation::HaltNamesNoEra) => Some(Meaning::Void),
            Kind::Halt(_) => Some(Meaning::Halt { misfit: false }),
            Kind::Genesis | Kind::NewEra => misfit,
        }
    }

    /// The tip of one who has folded the entry after a tip, whose own bytes have this hash.
    fn tip_after(&self, tip: &Tip, stored: u32, entry: &Entry, meaning: Meaning) -> Tip {
        let fitting = entry.tip(tip.position + 1);
        let era = if meaning == Meaning::NewEra { entry.era } else { tip.era };
        if entry.previous == tip.hash || self.is(Mutation::MisfitUnchained) {
            return Tip { era, ..fitting };
        }
        let Tip { position, hash, .. } = *tip;
        let anchor = match self.mutation {
            Some(Mutation::LookBeginsOneBefore) => Anchor { position, stored, hash },
            _ => tip.anchor,
        };
        Tip {
            era,
            hash: entry.hash_after(hash),
            anchor,
            ..fitting
        }
    }

    /// Folds all that follows a tip, without gaps.
    pub(super) fn walk_from(&self, state: &State, tip: Tip, halted: bool) -> Walk {
        let mut walk = Walk {
            tip,
            halted,
            stuck: false,
            hashes: [None; POSITIONS],
            effective: [None; POSITIONS],
            accepted: 0,
            era_max: tip.era,
            void: 0,
            misfits: 0,
        };
        walk.hashes[usize::from(tip.position)] = Some(tip.hash);
        while let Some(entry) = state.entry(walk.tip.position + 1) {
            let Some(meaning) = self.judge(&walk.tip, entry) else {
                walk.stuck = true;
                break;
            };
            let own = state.entry(walk.tip.position).map_or(walk.tip.hash, |own| own.hash);
            let tip = self.tip_after(&walk.tip, own, entry, meaning);
            walk.take(entry, meaning, tip);
        }
        walk
    }
}

impl Walk {
    /// Whether the chain leads to the entry of a tip.
    pub(super) fn leads_to(&self, tip: &Tip) -> bool {
        self.hashes[usize::from(tip.position)] == Some(tip.hash)
    }

    fn take(&mut self, entry: &Entry, meaning: Meaning, tip: Tip) {
        self.tip = tip;
        self.hashes[usize::from(tip.position)] = Some(tip.hash);
        self.era_max = self.era_max.max(tip.era);
        match meaning {
            Meaning::Proposals if !self.halted => self.effective[usize::from(self.tip.position)] = Some(entry.hash),
            Meaning::Proposals => {}
            Meaning::Void => self.void += 1,
            Meaning::Halt { misfit } => {
                self.halted = true;
                self.misfits += u8::from(misfit);
                if let Kind::Halt(named) = entry.kind {
                    self.era_max = self.era_max.max(named);
                }
            }
            Meaning::NewEra => {
                self.halted = false;
                self.accepted += 1;
            }
        }
    }
}
