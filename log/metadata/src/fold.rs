//! The fold: applying entries in order. Knows neither clock nor chance, and expires nothing by itself.

mod append;

pub(crate) use append::Scratch;

use crate::entry::{Body, FormatError};
use crate::outcome::Outcome;
use crate::state::State;

/// One entry of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct EntryRef<'a> {
    /// Its position.
    pub position: u64,
    /// The era it bears.
    pub era: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// What it says.
    pub event: Event<'a>,
}

/// What an entry says.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Proposals, to be judged in order.
    Proposals(&'a Body),
    /// An entry of an older era: it takes its position and has no effect.
    Void,
    /// The ledger lost its end.
    Halt,
    /// An operator accepted the loss; the entry bears the new era.
    NewEra,
}

/// Why an entry cannot be applied. Nothing was changed, and this fold goes no further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The entry is not the next.
    #[error("entry {got} where {expected} is next")]
    Gap {
        /// The next position.
        expected: u64,
        /// The position given.
        got: u64,
    },
    /// The entry's body cannot be understood.
    #[error("entry {position}: {source}")]
    Body {
        /// The entry's position.
        position: u64,
        /// What is wrong with it.
        source: FormatError,
    },
    /// The entry's era does not follow from what came before.
    #[error("entry {position} bears era {got} in era {current}")]
    Era {
        /// The entry's position.
        position: u64,
        /// The era before it.
        current: u64,
        /// The era it bears.
        got: u64,
    },
}

impl State {
    /// Applies the next entry and says what became of its proposals, in their order.
    ///
    /// # Errors
    /// [`FoldError`] when the entry is not the next, or cannot be understood; the state has not changed.
    pub fn apply(&mut self, entry: EntryRef<'_>) -> Result<Vec<Outcome>, FoldError> {
        let _ = entry;
        Ok(Vec::new())
    }
}
