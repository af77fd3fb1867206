//! What all parts of an engine share.

use std::sync::Arc;

use ledger::Ledger;
use metadata::Incarnation;
use parking_lot::Mutex;
use store::{Key, Store};
use tokio::sync::{Notify, Semaphore, oneshot};
use world::World;

use crate::fetch::{Indexes, Lakes};
use crate::intake::Intake;
use crate::memory::Memory;
use crate::peer::Recent;
use crate::view::View;
use crate::{EngineConfig, ReadError, Seen};

/// One process's log, behind an `Arc`.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) config: EngineConfig,
    pub(crate) ledger: Ledger,
    pub(crate) store: Store,
    pub(crate) view: View,
    /// Indexes of segments that were opened.
    pub(crate) indexes: Indexes,
    /// Lake files that were opened.
    pub(crate) lakes: Lakes,
    /// Held for moments, never over an await.
    pub(crate) intake: Mutex<Intake>,
    pub(crate) memory: Memory,
    /// Tells the tail that the intake or the looks have something new.
    pub(crate) wake: Notify,
    /// Tells the object lane that something waits for it, or that a flush was decided.
    pub(crate) object_wake: Notify,
    /// Whom this process follows.
    pub(crate) follows: Mutex<Option<Incarnation>>,
    /// The latest entries, for those who follow this process.
    pub(crate) recent: Recent,
    /// Bytes that guests may still hand over.
    pub(crate) guest_room: Arc<Semaphore>,
    /// Those who wait for a read of the tip that begins after they came.
    pub(crate) looks: Mutex<Vec<Look>>,
    /// A loss that the witness knows of, for the tail to act on.
    pub(crate) losses: Mutex<Option<ledger::Loss>>,
    pub(crate) trouble: Mutex<Trouble>,
}

/// One who waits for a read of the tip.
pub(crate) type Look = oneshot::Sender<Result<Seen, ReadError>>;

/// What went wrong last, until it goes right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    pub(crate) ledger: Option<String>,
    pub(crate) store: Option<String>,
}

impl Shared {
    /// Notes what the ledger said last: nothing when it answered as it should.
    pub(crate) fn ledger_trouble(&self, error: Option<String>) {
        self.trouble.lock().ledger = error;
    }

    /// Notes what the store said last.
    pub(crate) fn store_trouble(&self, error: Option<String>) {
        self.trouble.lock().store = error;
    }

    /// An object's path, for messages.
    pub(crate) fn path(&self, key: &Key) -> String {
        key.path(&self.ledger.cluster())
    }

    /// Bytes up to which a batch goes inline.
    pub(crate) fn inline_bytes_max(&self) -> usize {
        let wanted = self.config.inline_bytes_max.unwrap_or(self.ledger.inline_bytes_max());
        // Half an entry, so that what cannot be cut always fits in one.
        wanted.min(self.ledger.entry_bytes_max() / 2)
    }
}
