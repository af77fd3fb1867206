//! The wrapper of a ledger's backend.

use std::sync::Arc;
use std::time::Duration;

use ::ledger::{Append, Backend, Base, Hash, LedgerError, Looks, Position, RawRead};
use async_trait::async_trait;
use bytes::Bytes;

use super::Counters;

/// Bytes of an item of DynamoDB beside the envelope: the names of its attributes, its key and its position.
const ITEM_BYTES: usize = 64;
/// Bytes of a write unit and of a read unit.
const WRITE_UNIT_BYTES: usize = 1 << 10;
const READ_UNIT_BYTES: usize = 4 << 10;

/// A backend whose calls are counted.
#[derive(Debug)]
pub struct CountedLedger {
    inner: Arc<dyn Backend>,
    counters: Counters,
}

impl CountedLedger {
    /// Counts the calls of this one.
    pub fn new(inner: Arc<dyn Backend>, counters: Counters) -> CountedLedger {
        CountedLedger { inner, counters }
    }
}

#[async_trait]
impl Backend for CountedLedger {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        let bytes = envelope.len();
        let put = self.inner.append(position, previous, envelope).await;
        self.counters.count(|totals| {
            totals.entry_puts += 1;
            totals.write_units += (bytes + ITEM_BYTES).div_ceil(WRITE_UNIT_BYTES) as u64;
            if matches!(put, Ok(Append::Appended)) {
                totals.entries += 1;
                totals.entry_bytes += bytes as u64;
            }
        });
        put
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let read = self.inner.read(from, max_bytes).await;
        let entries = read.iter().flat_map(|read| &read.entries);
        let bytes: usize = entries.map(|entry| entry.bytes.len() + ITEM_BYTES).sum();
        self.counters.count(|totals| {
            totals.entry_reads += 1;
            totals.read_units_beyond += bytes.div_ceil(READ_UNIT_BYTES).saturating_sub(1) as u64;
        });
        read
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        self.counters.count(|totals| totals.base_reads += 1);
        self.inner.base().await
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        self.inner.create_base(base).await
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        self.counters.count(|totals| totals.base_moves += 1);
        self.inner.advance_base(old, new).await
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        self.inner.delete_below(position, limit).await
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        self.inner.watch(after).await
    }

    fn looks(&self) -> Looks {
        self.inner.looks()
    }

    fn entry_bytes_max(&self) -> usize {
        self.inner.entry_bytes_max()
    }

    fn look_interval(&self) -> Duration {
        self.inner.look_interval()
    }

    fn inline_bytes_max(&self) -> usize {
        self.inner.inline_bytes_max()
    }
}
