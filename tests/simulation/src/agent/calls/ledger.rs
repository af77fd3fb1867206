//! The ledger of one process, whose calls are entered as long as they are under way.

use std::sync::Arc;

use ::ledger::{Append, Backend, Base, Hash, LedgerError, Looks, Position, RawRead};
use async_trait::async_trait;
use bytes::Bytes;

use super::{Call, Calls};

/// The wrapper.
#[derive(Debug)]
pub(in crate::agent) struct CountedLedger {
    pub(in crate::agent) inner: Arc<dyn Backend>,
    pub(in crate::agent) calls: Calls,
}

#[async_trait]
impl Backend for CountedLedger {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        let _under_way = self.calls.enter(Call::Append(envelope.clone()));
        self.inner.append(position, previous, envelope).await
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        self.inner.read(from, max_bytes).await
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        self.inner.base().await
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        self.inner.create_base(base).await
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        let _under_way = self.calls.enter(Call::AdvanceBase);
        self.inner.advance_base(old, new).await
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        let _under_way = self.calls.enter(Call::DeleteBelow);
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

    fn inline_bytes_max(&self) -> usize {
        self.inner.inline_bytes_max()
    }
}
