//! The shared table, watched.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use ledger::{Append, Backend, Base, Hash, LedgerError, Looks, MemoryLedger, Position, RawRead};

use super::Power;
use crate::audit::Audit;

/// The table of all processes.
#[derive(Debug)]
pub(crate) struct WatchedLedger {
    pub(crate) table: MemoryLedger,
    pub(crate) audit: Audit,
    pub(crate) power: Arc<Power>,
}

#[async_trait]
impl Backend for WatchedLedger {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        let bytes = envelope.len();
        if self.looks() == Looks::AfterPut && self.audit.is_ghost(position, &envelope) {
            return Ok(Append::Taken);
        }
        let appended = self.table.append(position, previous, envelope).await;
        self.audit.appended(position, bytes, appended.as_ref().ok());
        if appended == Ok(Append::Appended) {
            self.power.write_entry(position).await;
        }
        appended
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let read = self.table.read(from, max_bytes).await?;
        if let (Some(first), Some(last)) = (read.entries.first(), read.entries.last()) {
            self.audit.entries_read(first.position, last.position);
            self.power.entry_is_durable(last.position);
        }
        Ok(read)
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        self.table.base().await
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        self.table.create_base(base).await
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        let moved = self.table.advance_base(old, new).await?;
        if moved {
            self.audit.base_moved(old, new);
        }
        Ok(moved)
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        let deleted = self.table.delete_below(position, limit).await?;
        if deleted > 0 {
            self.audit.entries_deleted(deleted);
        }
        Ok(deleted)
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        self.table.watch(after).await
    }

    fn looks(&self) -> Looks {
        self.table.looks()
    }

    fn entry_bytes_max(&self) -> usize {
        self.table.entry_bytes_max()
    }
}
