//! What can go wrong, and whether it happened.

use std::fmt;

use ledger::LedgerError;
use metadata::Rejection;
use store::StoreError;

/// Whether something that failed may have been done all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Certainly not.
    No,
    /// It may have, now or later.
    Maybe,
}

/// Why an append was not acknowledged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// The fold judged the group and refused it. Definite.
    #[error("{0}")]
    Rejected(Rejection),
    /// The memory for waiting records is used up. Definite; try again soon.
    #[error("too many bytes wait to be written")]
    Overloaded,
    /// The process is stopping. Definite; another agent takes it.
    #[error("the agent is stopping")]
    Draining,
    /// The group cannot be written however long one waits. Definite.
    #[error("{0}")]
    TooLarge(String),
    /// The disk under the store or the ledger is full. Definite.
    #[error("storage is full")]
    StorageFull,
    /// The store did not take the object. Definite, for what was not stored was not proposed.
    #[error("the store did not take the records: {0}")]
    StoreUnavailable(String),
    /// The ledger was met with a halt and takes no writes until an operator accepts the loss. Definite.
    #[error("the ledger is halted")]
    Halted,
    /// This process was taken for dead before the records reached the ledger. Definite.
    #[error("the agent was retired before the records were ordered")]
    Retired,
    /// This process does not live as an agent. Definite.
    #[error("this process takes no records")]
    NotAnAgent,
    /// It is not known, and may still happen.
    #[error("the outcome is not known: {0}")]
    Unknown(String),
}

impl AppendError {
    /// Whether the records may be in the log all the same.
    pub fn happened(&self) -> Happened {
        match self {
            AppendError::Unknown(_) => Happened::Maybe,
            _ => Happened::No,
        }
    }
}

/// Why a change other than an append was not done.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChangeError {
    /// The fold judged it and refused it. Definite.
    #[error("{0}")]
    Rejected(Rejection),
    /// It cannot be asked for now. Definite.
    #[error("not possible now: {0}")]
    Unavailable(String),
    /// The disk under the ledger is full. Definite.
    #[error("storage is full")]
    StorageFull,
    /// The ledger is halted. Definite.
    #[error("the ledger is halted")]
    Halted,
    /// The process is stopping. Definite.
    #[error("the agent is stopping")]
    Draining,
    /// It is not known, and may still happen.
    #[error("the outcome is not known: {0}")]
    Unknown(String),
}

impl ChangeError {
    /// Whether the change may be done all the same.
    pub fn happened(&self) -> Happened {
        match self {
            ChangeError::Unknown(_) => Happened::Maybe,
            _ => Happened::No,
        }
    }
}

impl From<AppendError> for ChangeError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Rejected(rejection) => ChangeError::Rejected(rejection),
            AppendError::StorageFull => ChangeError::StorageFull,
            AppendError::Halted => ChangeError::Halted,
            AppendError::Draining => ChangeError::Draining,
            AppendError::Unknown(why) => ChangeError::Unknown(why),
            definite => ChangeError::Unavailable(definite.to_string()),
        }
    }
}

/// Why nothing can be said about the log now. Always safe to ask again, here or elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// This process does not know the tip of the ledger.
    #[error("the end of the ledger is not known: {0}")]
    NotCurrent(String),
    /// The ledger lost its end, which this process knew: it serves nothing until an operator has accepted the loss.
    #[error("the ledger lost its end; nothing is served until an operator has accepted that")]
    Halted,
    /// The position asked for lies in a part of the history that was lost.
    #[error("this position belongs to a history that was lost")]
    HistoryLost,
}

/// Why a fetch from one partition gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No such topic, after a look at the tip.
    #[error("unknown topic")]
    UnknownTopic,
    /// No such partition, after a look at the tip.
    #[error("unknown partition")]
    UnknownPartition,
    /// The offset lies outside, after a look at the tip.
    #[error("offset is outside of {log_start} to {high_watermark}")]
    OutOfRange {
        /// The first offset there is.
        log_start: u64,
        /// The offset that the next record will have.
        high_watermark: u64,
    },
    /// Bytes are damaged beyond what a second read mends; other ranges can be read.
    #[error("offsets {first} to {last} are damaged: {what}")]
    Corrupt {
        /// Where, and what is wrong with it.
        what: String,
        /// The first offset concerned.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// This process does not know the tip of the ledger.
    #[error("the end of the ledger is not known: {0}")]
    NotCurrent(String),
    /// What the reader has read until now rests on entries that were lost.
    #[error("what was read before belongs to a history that was lost")]
    HistoryLost,
    /// The store or the ledger did not answer.
    #[error("storage did not answer: {0}")]
    Unavailable(String),
}

impl From<ReadError> for FetchError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::HistoryLost => FetchError::HistoryLost,
            ReadError::NotCurrent(_) | ReadError::Halted => FetchError::NotCurrent(error.to_string()),
        }
    }
}

/// Why a process does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The ledger refuses or does not answer.
    #[error("cannot open the ledger: {0}")]
    Ledger(String),
    /// The store refuses or does not answer.
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    /// There is no log, and who only reads begins none.
    #[error("the ledger has not begun")]
    NotBegun,
    /// What the process is to say of itself is more than the log takes.
    #[error("{0}")]
    Config(String),
    /// Store and ledger do not belong together.
    #[error("{0}")]
    Mismatch(String),
    /// The log's own content cannot be read.
    #[error("{0}")]
    Damaged(String),
}

/// Why upkeep was not done. Nothing is lost by it; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The store refuses or does not answer.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The ledger refuses or does not answer.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The proposal was not taken.
    #[error("proposal: {0}")]
    Change(#[from] ChangeError),
    /// The end of the ledger is not known.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// What was written does not read back as it was, or cannot be read.
    #[error("damaged: {0}")]
    Damaged(String),
}

/// One line for logs: the error and what caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        // Many of ours repeat their source in their own text.
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            let _ = fmt::Write::write_fmt(&mut text, format_args!(": {next_text}"));
        }
        cause = next.source();
    }
    text
}
