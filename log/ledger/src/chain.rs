//! The judge of the chain: given the last entry one has folded, what is the next one? Pure; it never sees a backend.

use std::fmt;

use bytes::Bytes;
use seeded::Bug;

use crate::envelope::{self, Envelope, Kind};
use crate::ids::{Era, Hash, Position};

/// The last entry its holder has folded.
#[derive(Debug, Clone, Copy)]
pub struct Tip {
    /// The era in force after that entry.
    pub era: Era,
    /// Its position.
    pub position: Position,
    /// Stands for that entry and all before it: the hash of its stored bytes, if it carries the hash of the entry before
    /// it; else one over those bytes and the hash before. What the next entry carries.
    pub hash: Hash,
    /// The entries at the end that do not fit.
    misfits: Option<Misfits>,
}

/// Entries at the end of a chain that do not carry the hash before them. They say nothing of what stands before them, so
/// they may be in their places when that is lost: the same stored bytes behind another history. Who looks whether a tip
/// is still there begins at the last entry that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Misfits {
    /// The position and hash of the last entry that fits.
    after: (Position, Hash),
    /// The hash of the last misfit's stored bytes.
    stored: Hash,
}

impl Tip {
    /// The tip of one who has folded an entry that fits.
    pub const fn new(era: Era, position: Position, hash: Hash) -> Tip {
        Tip {
            era,
            position,
            hash,
            misfits: None,
        }
    }

    /// Whether the last entry carries the hash of the one before it, so that its bytes alone stand for all there was.
    /// Only of such a tip a snapshot, a base or a witness is made.
    pub fn fits(&self) -> bool {
        self.misfits.is_none()
    }

    /// The tip of one who has folded the entries up to the last that fits. Misfits begin no era.
    pub(crate) fn anchor(&self) -> Tip {
        let (position, hash) = self.misfits.map_or((self.position, self.hash), |misfits| misfits.after);
        Tip::new(self.era, position, hash)
    }

    /// The hash of the last entry's stored bytes.
    pub(crate) fn stored_hash(&self) -> Hash {
        self.misfits.map_or(self.hash, |misfits| misfits.stored)
    }
}

/// The hash stands for the whole chain: what else a tip holds follows from it.
impl PartialEq for Tip {
    fn eq(&self, other: &Tip) -> bool {
        (self.era, self.position, self.hash) == (other.era, other.position, other.hash)
    }
}

impl Eq for Tip {}

/// An entry, judged: what the fold gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its position.
    pub position: Position,
    /// The era in force after it.
    pub era: Era,
    /// Stands for it and all before it, as in a [`Tip`].
    pub hash: Hash,
    /// What it means.
    pub kind: EntryKind,
    /// The bytes as they are stored: what a process that follows this one needs to fold it too.
    pub stored: Bytes,
    misfits: Option<Misfits>,
}

impl Entry {
    /// One that fits, with the tip of whoever folds it.
    pub fn fitting(tip: Tip, kind: EntryKind, stored: Bytes) -> Entry {
        let Tip {
            era, position, hash, ..
        } = tip;
        Entry {
            position,
            era,
            hash,
            kind,
            stored,
            misfits: None,
        }
    }

    /// The tip of one who has folded this entry.
    pub fn tip(&self) -> Tip {
        Tip {
            era: self.era,
            position: self.position,
            hash: self.hash,
            misfits: self.misfits,
        }
    }
}

/// What an entry means to the fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// Proposals, encoded; this room does not read them.
    Proposals(Bytes),
    /// Takes its position and has no effect: an entry, or a halt, of an era that is over.
    Void,
    /// From here on the fold takes no writes and nothing is swept, until a new era begins.
    Halt {
        /// The era whose loss it tells of.
        era: Era,
        /// True when the entry is no halt by kind, but one whose hash or era does not fit where it stands.
        misfit: bool,
    },
    /// An operator accepted the loss; a halt before it is over.
    NewEra,
}

/// How a lost end was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// One's own entry is missing, or another one stands in its place.
    OwnEntry,
    /// The ledger does not contain what the witness says.
    Witness,
}

/// A lost end: an entry that was in the ledger and is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The entry that should be there.
    pub expected: Tip,
    /// The hash of the entry that stands in its place; none when the position is empty.
    pub found: Option<Hash>,
    /// Who remembers the entry.
    pub evidence: Evidence,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tip {
            era, position, hash, ..
        } = self.expected;
        let witness = match self.evidence {
            Evidence::OwnEntry => "this process",
            Evidence::Witness => "the witness",
        };
        write!(
            f,
            "{witness} knows entry {position} of era {era} with hash {hash}; the ledger has "
        )?;
        match self.found {
            Some(found) => write!(f, "one with hash {found}"),
            None => write!(f, "none there"),
        }
    }
}

/// Judges the entry after `tip`. Every entry takes its position, whatever it is; so the chain can always go on, and a
/// halt can always be appended.
///
/// - An entry of an **older era** was put by one who had not yet read of the new era, or arrived late. It has no effect:
///   if it were a halt, one loss would halt twice.
/// - An entry of **this era that fits** is what its kind says. A halt that names an older era was written by one who
///   then was behind an accepted loss, and has no effect either.
/// - An entry of **this era that does not fit** was put over a hole, on a backend that does not check the predecessor,
///   by one who knew entries that are lost. It is proof of the loss, so it is itself a halt.
/// - An entry of a **newer era** can only be the one that begins it, and must fit. Anything else is proof that the
///   beginning of that era was lost, so it is a halt too.
pub(crate) fn judge(tip: &Tip, envelope: &Envelope, stored: Bytes) -> Entry {
    let fits = envelope.previous == tip.hash;
    let bytes_hash = Hash::of(&stored);
    let misfits = (!fits).then(|| Misfits {
        after: (tip.anchor().position, tip.anchor().hash),
        stored: bytes_hash,
    });
    let misfit = EntryKind::Halt {
        era: envelope.era,
        misfit: true,
    };
    let (era, kind) = match (envelope.era, envelope.kind) {
        (era, _) if era < tip.era && !seeded::is(Bug::EraUnchecked) => (tip.era, EntryKind::Void),
        (era, Kind::NewEra) if era > tip.era && fits => (era, EntryKind::NewEra),
        (era, _) if era > tip.era || !fits => (tip.era, misfit),
        (_, Kind::Proposals) => (tip.era, EntryKind::Proposals(envelope.body.clone())),
        (_, Kind::Halt { era }) if era < tip.era => (tip.era, EntryKind::Void),
        (_, Kind::Halt { era }) => (tip.era, EntryKind::Halt { era, misfit: false }),
        // A second genesis, or an era that begins twice: no one writes these, so the table was tampered with.
        (_, Kind::Genesis | Kind::NewEra) => (tip.era, misfit),
    };
    Entry {
        position: envelope.position,
        era,
        hash: if fits { bytes_hash } else { bytes_hash.after(tip.hash) },
        kind,
        stored,
        misfits,
    }
}

/// What an entry is to the holder of a tip, when it was passed on by one who had folded it and not read from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// It follows the tip.
    Next(Entry),
    /// It stands at the tip or before.
    Known,
    /// It does not follow the tip: the ledger itself must be read. Only the ledger is believed about a misfit.
    Unfit,
}

/// Judges stored bytes that were passed on.
pub fn follow(tip: &Tip, stored: &Bytes) -> Passed {
    let Some(position) = tip.position.checked_add(1) else {
        return Passed::Unfit;
    };
    if envelope::position(stored).is_some_and(|stands_at| stands_at < position) {
        return Passed::Known;
    }
    match Envelope::open(position, stored) {
        Ok(envelope) if envelope.previous == tip.hash && envelope.era >= tip.era => {
            Passed::Next(judge(tip, &envelope, stored.clone()))
        }
        _ => Passed::Unfit,
    }
}

#[cfg(test)]
mod tests;
