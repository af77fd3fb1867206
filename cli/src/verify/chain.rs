//! Whether each entry follows from the one before. Pure; written apart from the judge that agents use, whose word is
//! not taken here.

use ledger::envelope::Kind;
use ledger::{Envelope, Hash};

/// The last entry that was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// The era after it.
    pub(super) era: u64,
    /// The hash of its stored bytes; one over that and the hash before, where the entry does not carry that.
    pub(super) hash: Hash,
}

/// What an entry means to the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Proposals.
    Proposals,
    /// Nothing: it is of an era that is over.
    Void,
    /// A halt.
    Halt,
    /// A halt that is none by its kind: the entry does not fit where it stands.
    Misfit(&'static str),
    /// The begin of an era.
    NewEra,
}

/// What the entry after `link` means.
pub(super) fn judge(link: &Link, envelope: &Envelope) -> Meaning {
    if envelope.era < link.era {
        return Meaning::Void;
    }
    if envelope.previous != link.hash {
        return Meaning::Misfit("it was written after another entry than the one before it");
    }
    if envelope.era > link.era {
        return match envelope.kind {
            Kind::NewEra => Meaning::NewEra,
            _ => Meaning::Misfit("it belongs to an era whose begin is not there"),
        };
    }
    match envelope.kind {
        Kind::Proposals => Meaning::Proposals,
        Kind::Halt { era } if era < link.era => Meaning::Void,
        Kind::Halt { .. } => Meaning::Halt,
        Kind::Genesis => Meaning::Misfit("a second genesis"),
        Kind::NewEra => Meaning::Misfit("its era has begun before"),
    }
}

/// The link after an entry that means this.
pub(super) fn next(link: &Link, meaning: Meaning, envelope: &Envelope, hash: Hash) -> Link {
    let era = if meaning == Meaning::NewEra {
        envelope.era
    } else {
        link.era
    };
    let hash = match envelope.previous == link.hash {
        true => hash,
        false => hash.after(link.hash),
    };
    Link { era, hash }
}

#[cfg(test)]
mod tests;
