//! The chain of model `loss`: what an entry means to one who has folded those before it.

use super::{Loss, POSITIONS, State};
use crate::mutation::Mutation;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tip {
    pub(super) era: u8,
    pub(super) position: u8,
    pub(super) hash: u32,
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

    /// The hash is one of its content (FNV-1a), so that the same bytes are the same entry.
    pub(super) fn new(position: u8, era: u8, kind: Kind, previous: u32) -> Entry {
        let (code, by) = match kind {
            Kind::Genesis => (0, 0),
            Kind::Proposals { by, put } => (1, 16 * put + by),
            Kind::Halt(era) => (2, era),
            Kind::NewEra => (3, 0),
        };
        let mut hash = 0x811c_9dc5_u32;
        for byte in [position, era, code, by].into_iter().chain(previous.to_be_bytes()) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        Entry {
            era,
            kind,
            previous,
            hash,
        }
    }

    pub(super) fn tip(&self, position: u8) -> Tip {
        Tip {
            era: self.era,
            position,
            hash: self.hash,
        }
    }
}

impl Tip {
    /// The entry that one puts after this one.
    pub(super) fn next(&self, era: u8, kind: Kind) -> Entry {
        Entry::new(self.position + 1, era, kind, self.hash)
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

    /// Folds all that follows a tip, without gaps.
    pub(super) fn walk_from(&self, state: &State, tip: Tip, halted: bool) -> Walk {
        let mut walk = Walk {
            tip,
            halted,
            stuck: false,
            effective: [None; POSITIONS],
            accepted: 0,
            era_max: tip.era,
            void: 0,
            misfits: 0,
        };
        while let Some(entry) = state.entry(walk.tip.position + 1) {
            let Some(meaning) = self.judge(&walk.tip, entry) else {
                walk.stuck = true;
                break;
            };
            walk.take(entry, meaning);
        }
        walk
    }
}

impl Walk {
    fn take(&mut self, entry: &Entry, meaning: Meaning) {
        let era = if meaning == Meaning::NewEra {
            entry.era
        } else {
            self.tip.era
        };
        self.tip = Tip {
            era,
            position: self.tip.position + 1,
            hash: entry.hash,
        };
        self.era_max = self.era_max.max(era);
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
