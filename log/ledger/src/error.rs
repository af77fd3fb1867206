//! What can go wrong, and whether it happened all the same.

use crate::ids::{ClusterId, Position};

/// Whether a call that failed had its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Definitely not, and it never will.
    No,
    /// It may have, or may yet.
    Maybe,
}

/// Why a call to the ledger failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The backend or this room said no; trying the same again is useless. Definite.
    #[error("refused: {reason}")]
    Refused {
        /// What was wrong.
        reason: String,
    },
    /// The backend could not be asked, or was too busy; nothing happened, and trying again makes sense. Definite.
    #[error("ledger unavailable, nothing happened: {reason}")]
    Unavailable {
        /// What the backend said.
        reason: String,
    },
    /// No answer, or one that does not tell. It may have happened, or may happen yet.
    #[error("no clear answer from the ledger, it may have happened: {reason}")]
    Unknown {
        /// What the backend said.
        reason: String,
    },
    /// The backend has no space left for this; reads go on. Definite.
    #[error("ledger is full, nothing happened: {reason}")]
    Full {
        /// What the backend said.
        reason: String,
    },
    /// The entry is larger than the backend takes. Definite.
    #[error("entry body of {bytes} bytes is above entry_bytes_max of {bytes_max}")]
    TooLarge {
        /// Bytes of the body.
        bytes: usize,
        /// The most that this backend takes.
        bytes_max: usize,
    },
    /// The stored bytes of an entry are damaged.
    #[error("ledger entry {position} is damaged: {what}")]
    Corrupt {
        /// Which entry.
        position: Position,
        /// What does not hold.
        what: String,
    },
    /// The entry was written by newer software.
    #[error("ledger entry {position} needs envelope format version {version}, which this software does not know")]
    Unsupported {
        /// Which entry.
        position: Position,
        /// The version it is written in.
        version: u8,
    },
    /// The base record is damaged.
    #[error("ledger base record is damaged: {what}")]
    CorruptBase {
        /// What does not hold.
        what: String,
    },
    /// The witness is damaged.
    #[error("witness is damaged: {what}")]
    CorruptWitness {
        /// What does not hold.
        what: String,
    },
    /// There is no base record: the table was emptied, or replaced by an empty one, while it was in use.
    #[error("ledger has no base record")]
    NoBase,
    /// The base record names another cluster than the one that was opened.
    #[error("ledger belongs to cluster {found}, not to {expected}")]
    OtherCluster {
        /// The cluster whose ledger was opened.
        expected: ClusterId,
        /// The cluster that the base record names now.
        found: ClusterId,
    },
    /// An entry at or above the base is not there.
    #[error("ledger entry {position} is missing")]
    Missing {
        /// Which entry.
        position: Position,
    },
}

impl LedgerError {
    /// Whether what was asked for may have happened.
    pub fn happened(&self) -> Happened {
        match self {
            LedgerError::Unknown { .. } => Happened::Maybe,
            _ => Happened::No,
        }
    }

    /// Whether the same call may succeed when tried again a little later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            LedgerError::Unavailable { .. } | LedgerError::Unknown { .. } | LedgerError::Full { .. }
        )
    }

    pub(crate) fn refused(reason: impl Into<String>) -> LedgerError {
        LedgerError::Refused { reason: reason.into() }
    }

    pub(crate) fn unavailable(reason: impl Into<String>) -> LedgerError {
        LedgerError::Unavailable { reason: reason.into() }
    }

    pub(crate) fn unknown(reason: impl Into<String>) -> LedgerError {
        LedgerError::Unknown { reason: reason.into() }
    }

    /// The same failure met after a put that was answered: the put itself stands.
    pub(crate) fn after_put(self) -> LedgerError {
        match self {
            LedgerError::Unknown { .. } => self,
            other => LedgerError::unknown(format!("the entry was put, then the look after it failed: {other}")),
        }
    }
}

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL does not name a ledger.
    #[error("ledger url {url:?}: {what}")]
    Url {
        /// What was given, without what may be secret in it.
        url: String,
        /// What is wrong with it, and what is understood.
        what: String,
    },
    /// The backend can be reached but not used as it is.
    #[error("ledger cannot be used: {what}")]
    Unusable {
        /// What is wrong.
        what: String,
    },
    /// A call failed while opening.
    #[error("opening the ledger: {0}")]
    Ledger(#[from] LedgerError),
}
