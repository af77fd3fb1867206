//! What a backend has to do: keep entries and one base record. It knows neither what an entry means nor the chain.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::chain::Tip;
use crate::error::LedgerError;
use crate::ids::{ClusterId, Era, Hash, Position};

/// The record that says where the ledger now begins. It moves only forward, by compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The cluster this ledger belongs to.
    pub cluster: ClusterId,
    /// The era after the entry at `position`.
    pub era: Era,
    /// The first entry that stays. Those below are deleted in time, this one is not.
    pub position: Position,
    /// The hash of the entry at `position`.
    pub hash: Hash,
    /// The key of the snapshot that holds the state after the entry at `position`; empty at genesis.
    pub snapshot: String,
}

impl Base {
    /// The tip of one who holds the state at the base.
    pub fn tip(&self) -> Tip {
        Tip::new(self.era, self.position, self.hash)
    }
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// The entry is durable at its position. On a backend with [`Looks::AfterPut`] this does not yet mean that it counts.
    Appended,
    /// Another entry is there, or (on an object store) another put is under way.
    Taken,
    /// The base is at or beyond the position. Nothing was written. Only from backends with [`Looks::InStatement`].
    Trimmed,
    /// The entry before is missing or has another hash. Nothing was written. Only from backends with
    /// [`Looks::InStatement`].
    PredecessorDiffers,
}

/// Who looks at the base and the predecessor when an entry is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// The backend, in the statement that writes the entry, with nothing able to change in between.
    InStatement,
    /// The layer above, after the put and before anything is acknowledged.
    AfterPut,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// Its place.
    pub position: Position,
    /// The envelope, as it was put.
    pub bytes: Bytes,
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawRead {
    /// Entries in order and without gaps, the first one at the position asked for. Empty when nothing is there.
    pub entries: Vec<RawEntry>,
    /// Whether the read stopped at its limit while an entry follows the last one. False when only one was asked for.
    pub more: bool,
}

/// The calls of an ordering table. Strongly consistent: a call that begins after another was answered sees its effect.
///
/// A future that is dropped leaves the backend sound: what it had asked for happened whole or not at all.
#[async_trait]
pub trait Backend: Debug + Send + Sync {
    /// Writes an entry at a position where none is. `previous` is the hash that the entry carries of the one before it.
    ///
    /// A backend with [`Looks::InStatement`] judges in this order, in the writing statement: base at or beyond
    /// (`Trimmed`), position taken (`Taken`), predecessor missing or of another hash (`PredecessorDiffers`; position 0
    /// has none). A backend with [`Looks::AfterPut`] writes where nothing is.
    ///
    /// # Errors
    /// Definite ones when nothing was written and nothing will be; [`LedgerError::Unknown`] otherwise.
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError>;

    /// The entry at `from`, and those after it while they add up to at most `max_bytes`; the first of these is always
    /// included, whatever its size. With a `max_bytes` of 0 nothing after `from` is looked at.
    ///
    /// # Errors
    /// When the backend cannot be read. Absent entries are no error.
    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError>;

    /// The base record, if the ledger has begun.
    ///
    /// # Errors
    /// When the backend cannot be read, or the record is damaged.
    async fn base(&self) -> Result<Option<Base>, LedgerError>;

    /// Writes the first base record; false when there is one already.
    ///
    /// # Errors
    /// Definite or unknown, as for [`Backend::append`].
    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError>;

    /// Replaces the base record if it is exactly `old`, `new` does not lie before it, and the entry that `new` names is
    /// there; false otherwise. All of that is judged at once, or a backup that takes the ledger's place meanwhile could
    /// leave a base behind its end.
    ///
    /// # Errors
    /// Definite or unknown, as for [`Backend::append`].
    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError>;

    /// Deletes up to `limit` entries below `position`, the lowest first, and says how many. The caller sees to it that
    /// the base is at or beyond `position`.
    ///
    /// # Errors
    /// When some may not have been deleted; a prefix may be gone.
    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError>;

    /// Returns when an entry after `after` may exist. May return for no reason, and may be late.
    ///
    /// # Errors
    /// When the backend cannot be read.
    async fn watch(&self, after: Position) -> Result<(), LedgerError>;

    /// Who looks at base and predecessor.
    fn looks(&self) -> Looks;

    /// The most bytes that a stored entry may have, its envelope included.
    fn entry_bytes_max(&self) -> usize;

    /// How far apart a process's looks at the tip should lie at least. Where each is charged for, many agents that look
    /// before every answer would use up what the table can give.
    fn look_interval(&self) -> Duration {
        Duration::ZERO
    }

    /// Up to how many bytes a batch is cheaper inside an entry than as an object of its own.
    fn inline_bytes_max(&self) -> usize {
        64 << 10
    }
}
