//! Judges histories: what clients asked of a log and what they were told, in the simulation as with real processes.
//!
//! A history is a file of lines, one [`Operation`] each; [`lines`] draws the format. The [`Checker`] takes them one after another and says
//! which anomalies ([`Kind`]) they show; [`explain`] tells them with the operations concerned. [`generate`] makes
//! histories that are right, [`plant`] makes one of them wrong in one way: that is how the checker is itself checked.
//!
//! The rule against false verdicts: an operation of which any attempt had no definite answer is `info`. What the checker
//! then finds is certain; nothing here guesses, and it knows no clock and no log, only what it was told.

pub mod anomaly;
mod check;
pub mod explain;
pub mod generate;
pub mod lines;
mod operation;
pub mod plant;
mod recorder;

pub use anomaly::{Anomaly, Kind};
pub use check::{Chain, Checker, Malformed, Verdict};
pub use operation::{Basis, Did, Marks, Operation, Outcome, Poll, PollPart, Producer, Send, SendPart, TopicLike};
pub use recorder::{Begun, Recorder};

/// Why a history cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum Unjudged {
    /// Its lines cannot be read.
    #[error(transparent)]
    Lines(#[from] lines::LinesError),
    /// It is none.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Judges a history that is read line by line.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn judge(lines: impl std::io::BufRead) -> Result<Verdict, Unjudged> {
    let mut checker = Checker::default();
    for operation in lines::Reader::new(lines)? {
        checker.take(&operation?)?;
    }
    Ok(checker.finish())
}
