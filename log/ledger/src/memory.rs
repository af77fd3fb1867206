//! A table in memory: the model that the other backends are compared with, and the simulator's.
//!
//! It can act as a SQL database, which judges base and predecessor in the statement, or as a store that can only put
//! where nothing is. In tests it can also do what no backend should: forget its end, or hold other bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::backend::{Append, Backend, Base, Looks, RawEntry, RawRead};
use crate::error::LedgerError;
use crate::ids::{Hash, Position};

/// The most bytes of a stored entry, unless told otherwise.
const ENTRY_BYTES_MAX: usize = 1 << 20;

/// A table in memory. Clones share it, so several agents can.
#[derive(Debug, Clone)]
pub struct MemoryLedger {
    table: Arc<Mutex<Table>>,
    /// Wakes in the order of waiting. (A `tokio::sync::watch` wakes in an order drawn from a source that no seed
    /// governs, which would make a simulation differ from run to run.)
    grown: Arc<Notify>,
    looks: Looks,
    entry_bytes_max: usize,
}

/// What the table holds; a copy of it is a backup. Cloning it is cheap for entries (their bytes are shared).
#[derive(Debug, Clone, Default)]
struct Table {
    entries: BTreeMap<Position, (Hash, Bytes)>,
    base: Option<Base>,
}

/// What a [`MemoryLedger`] held at one time.
#[derive(Debug, Clone)]
pub struct Backup(Table);

impl MemoryLedger {
    /// An empty table that acts as a SQL database.
    pub fn sql_like() -> MemoryLedger {
        MemoryLedger::new(Looks::InStatement)
    }

    /// An empty table that can only put where nothing is, as an object store: a put that arrives late lands wherever
    /// there is room, also in a place that was deleted.
    pub fn without_sql() -> MemoryLedger {
        MemoryLedger::new(Looks::AfterPut)
    }

    /// An empty table of one kind or the other.
    pub fn new(looks: Looks) -> MemoryLedger {
        MemoryLedger {
            table: Arc::default(),
            grown: Arc::default(),
            looks,
            entry_bytes_max: ENTRY_BYTES_MAX,
        }
    }

    /// The same table with another limit on the bytes of a stored entry.
    #[must_use]
    pub fn with_entry_bytes_max(mut self, bytes: usize) -> MemoryLedger {
        self.entry_bytes_max = bytes;
        self
    }

    /// Forgets the last `n` entries, as a restored backup or a failover does. The base stays as it is.
    pub fn lose_end(&self, n: usize) {
        let entries = &mut self.table.lock().entries;
        for _ in 0..n {
            entries.pop_last();
        }
    }

    /// Puts other bytes at a position, or removes what is there, behind everyone's back.
    pub fn plant(&self, position: Position, bytes: Option<Bytes>) {
        let entries = &mut self.table.lock().entries;
        match bytes {
            Some(bytes) => entries.insert(position, (Hash::of(&bytes), bytes)),
            None => entries.remove(&position),
        };
        self.grown.notify_waiters();
    }

    /// Everything stored, for tests and for a look from outside.
    pub fn entries(&self) -> Vec<RawEntry> {
        let table = self.table.lock();
        let raw = |(&position, (_, bytes)): (&Position, &(Hash, Bytes))| RawEntry {
            position,
            bytes: bytes.clone(),
        };
        table.entries.iter().map(raw).collect()
    }

    /// What the table holds now.
    pub fn backup(&self) -> Backup {
        Backup(self.table.lock().clone())
    }

    /// Makes the table hold what it held then.
    pub fn restore(&self, backup: &Backup) {
        *self.table.lock() = backup.0.clone();
    }
}

impl Table {
    /// The judgement of a SQL statement, in the order that [`Backend::append`] gives.
    fn judge(&self, position: Position, previous: Hash) -> Append {
        let fits = match position.checked_sub(1) {
            None => true,
            Some(before) => self.entries.get(&before).is_some_and(|(hash, _)| *hash == previous),
        };
        if self.base.as_ref().is_some_and(|base| base.position >= position) {
            Append::Trimmed
        } else if self.entries.contains_key(&position) {
            Append::Taken
        } else if fits {
            Append::Appended
        } else {
            Append::PredecessorDiffers
        }
    }
}

#[async_trait]
impl Backend for MemoryLedger {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        self.check_size(&envelope)?;
        let table = &mut *self.table.lock();
        let judged = match self.looks {
            Looks::InStatement => table.judge(position, previous),
            Looks::AfterPut if table.entries.contains_key(&position) => Append::Taken,
            Looks::AfterPut => Append::Appended,
        };
        if judged == Append::Appended {
            table.entries.insert(position, (Hash::of(&envelope), envelope));
            self.grown.notify_waiters();
        }
        Ok(judged)
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let table = self.table.lock();
        let mut collect = Collect::new(from, max_bytes);
        for (&position, (_, bytes)) in table.entries.range(from..) {
            if !collect.take(position, bytes.len(), || bytes.clone()) {
                break;
            }
        }
        Ok(collect.read)
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        Ok(self.table.lock().base.clone())
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        let table = &mut *self.table.lock();
        let absent = table.base.is_none();
        if absent {
            table.base = Some(base.clone());
        }
        Ok(absent)
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        let table = &mut *self.table.lock();
        let there = table
            .entries
            .get(&new.position)
            .is_some_and(|(hash, _)| *hash == new.hash);
        let swap = table.base.as_ref() == Some(old) && new.position >= old.position && there;
        if swap {
            table.base = Some(new.clone());
        }
        Ok(swap)
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        let entries = &mut self.table.lock().entries;
        let mut deleted = 0;
        while deleted < u64::from(limit) && entries.first_key_value().is_some_and(|(&lowest, _)| lowest < position) {
            entries.pop_first();
            deleted += 1;
        }
        Ok(deleted)
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        loop {
            // Listening begins here, before the look, or an append between the two would go unnoticed.
            let grown = self.grown.notified();
            if self
                .table
                .lock()
                .entries
                .last_key_value()
                .is_some_and(|(&last, _)| last > after)
            {
                return Ok(());
            }
            grown.await;
        }
    }

    fn looks(&self) -> Looks {
        self.looks
    }

    fn entry_bytes_max(&self) -> usize {
        self.entry_bytes_max
    }
}

impl MemoryLedger {
    fn check_size(&self, envelope: &Bytes) -> Result<(), LedgerError> {
        let (bytes, bytes_max) = (envelope.len(), self.entry_bytes_max);
        if bytes > bytes_max {
            return Err(LedgerError::TooLarge { bytes, bytes_max });
        }
        Ok(())
    }
}

/// Gathers the entries of one read, in order, up to its limit.
#[derive(Debug)]
pub(crate) struct Collect {
    pub(crate) read: RawRead,
    next: Position,
    first: Position,
    left: usize,
    max_bytes: usize,
}

impl Collect {
    pub(crate) fn new(from: Position, max_bytes: usize) -> Collect {
        Collect {
            read: RawRead::default(),
            next: from,
            first: from,
            left: max_bytes,
            max_bytes,
        }
    }

    /// Takes an entry, unless there is a gap before it or the limit is reached. False when the read is over.
    pub(crate) fn take(&mut self, position: Position, length: usize, bytes: impl FnOnce() -> Bytes) -> bool {
        if position != self.next || (position != self.first && self.max_bytes == 0) {
            return false;
        }
        let always = position <= self.first.saturating_add(1);
        let counted = if position == self.first { 0 } else { length };
        if !always && counted > self.left {
            self.read.more = true;
            return false;
        }
        self.left = self.left.saturating_sub(counted);
        self.next = self.next.saturating_add(1);
        let bytes = bytes();
        self.read.entries.push(RawEntry { position, bytes });
        true
    }
}

#[cfg(test)]
mod tests;
