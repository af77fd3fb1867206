//! What the calls of a [`Ledger`](super::Ledger) answer when they did not fail. Losing a race is no error.

use crate::backend::Base;
use crate::chain::{Entry, Loss, Tip};

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The entry counts, and this is its tip. It has no effect before it is folded.
    At(Tip),
    /// Another entry has the position: read on, fold, and append at the new tip. When nothing is there after all (an
    /// object store that had two puts under way), try again.
    Taken,
    /// The caller was asleep while the base moved past its tip. Nothing of it counts: start from the base.
    Reload,
    /// The ledger lost its end: stop, and call [`halt`](super::Ledger::halt).
    Lost(Loss),
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The tip's own entry is where it was, and these follow it.
    Entries {
        /// In order, judged, without gaps; empty when the tip is the end.
        entries: Vec<Entry>,
        /// Whether the last of them (or the tip) was the ledger's end when it was read.
        at_end: bool,
    },
    /// The base moved past the tip: start from this base.
    Reload(Base),
    /// The ledger lost its end: stop, and call [`halt`](super::Ledger::halt).
    Lost(Loss),
}

/// What became of a halt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halted {
    /// The ledger now ends with this halt.
    At(Tip),
    /// It was halted already; it ends here.
    Already(Tip),
    /// The loss was accepted, or the base moved past it: start from this base.
    Reload(Base),
    /// Read again, the ledger has the entry.
    NotLost,
}

/// What became of accepting a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The entry that begins the new era.
    At(Tip),
    /// The ledger is not halted; it ends here.
    NotHalted(Tip),
}

/// What comparing or refreshing the witness showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WitnessOutcome {
    /// The witness was written and now says the tip.
    Refreshed,
    /// The ledger contains what the witness says (or there is no witness, or what it says was trimmed or accepted).
    Contained,
    /// The witness is ahead of the caller, who must not touch it. No sign of a loss: the caller has to read on.
    Behind,
    /// Another process replaced it meanwhile.
    Raced,
    /// The base moved past the caller's tip: it has to reload.
    Reload,
    /// The ledger lost its end: stop, and call [`halt`](super::Ledger::halt).
    Lost(Loss),
}

/// A ledger from its base to its end, as an operator looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Where it begins.
    pub base: Base,
    /// Its last entry.
    pub tip: Tip,
    /// Whether a halt is in force: no writes are taken and nothing is swept.
    pub halted: bool,
    /// What the witness remembers and the ledger does not have.
    pub loss: Option<Loss>,
}
