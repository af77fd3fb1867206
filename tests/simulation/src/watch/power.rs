//! Power that may fail. What was written takes a moment to reach the disk; who wrote it is told when it has. When the
//! power fails, what had not reached it may be gone, whole or in part, and no process is left.
//!
//! An entry that somebody has read has reached the disk: a database shows no other. Entries reach it in their order.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use world::World;

/// At which moment the power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// An entry was just written.
    Entry,
    /// An object was just written.
    Object,
}

/// The power of a run.
#[derive(Debug)]
pub(crate) struct Power {
    world: World,
    /// Whether it fails in this run at all; else nothing takes a moment.
    fails: bool,
    state: Mutex<State>,
    failed: Notify,
}

#[derive(Debug, Default)]
struct State {
    armed: Option<Moment>,
    /// Entries up to here have reached the disk.
    durable: u64,
    /// Objects that have not, and what was there before.
    objects: BTreeMap<String, Option<Bytes>>,
}

impl Power {
    pub(crate) fn new(world: World, fails: bool) -> Power {
        Power {
            world,
            fails,
            state: Mutex::default(),
            failed: Notify::new(),
        }
    }

    /// Lets the power fail at the next such moment.
    pub(crate) fn arm(&self, moment: Moment) {
        self.state.lock().armed = Some(moment);
    }

    /// Lets the power fail now.
    pub(crate) fn fail(&self) {
        self.failed.notify_one();
    }

    /// Waits until it has failed, or for so long; it has failed then in any case.
    pub(crate) async fn failure(&self, patience: Duration) {
        let _ = self.world.clock.timeout(patience, self.failed.notified()).await;
        self.state.lock().armed = None;
    }

    /// An entry was written; returns when it has reached the disk.
    pub(super) async fn write_entry(&self, position: u64) {
        if !self.fails {
            return;
        }
        self.trip(Moment::Entry).await;
        self.reach().await;
        self.entry_is_durable(position);
    }

    /// Entries up to this one have reached the disk.
    pub(super) fn entry_is_durable(&self, position: u64) {
        let state = &mut *self.state.lock();
        state.durable = state.durable.max(position);
    }

    /// An object was written where `before` was; returns when it has reached the disk.
    pub(super) async fn write_object(&self, path: &str, before: Option<Bytes>) {
        if !self.fails {
            return;
        }
        self.state.lock().objects.insert(path.to_owned(), before);
        self.trip(Moment::Object).await;
        self.reach().await;
        self.state.lock().objects.remove(path);
    }

    /// Whether what was there before a write has to be known.
    pub(super) fn fails(&self) -> bool {
        self.fails
    }

    /// The power failed: how far entries had reached the disk, and which objects had not.
    pub(crate) fn take(&self) -> (u64, BTreeMap<String, Option<Bytes>>) {
        let state = &mut *self.state.lock();
        (state.durable, std::mem::take(&mut state.objects))
    }

    /// The table ends here now.
    pub(crate) fn ends_at(&self, position: u64) {
        let state = &mut *self.state.lock();
        state.durable = state.durable.min(position);
    }

    async fn trip(&self, moment: Moment) {
        let trips = {
            let state = &mut *self.state.lock();
            let trips = state.armed == Some(moment);
            if trips {
                state.armed = None;
            }
            trips
        };
        if trips {
            self.failed.notify_one();
            // Whoever waits for this is gone.
            std::future::pending::<()>().await;
        }
    }

    async fn reach(&self) {
        let wait = self.world.chance.between(Duration::ZERO, Duration::from_millis(3));
        self.world.clock.sleep(wait).await;
    }
}
