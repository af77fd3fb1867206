//! What this process has folded, for all its parts to look at, and who waits for more.

pub(crate) mod bodies;
mod waiters;

use ledger::Tip;
use metadata::{PartitionId, State};
use parking_lot::{Mutex, RwLock};
use seeded::Bug;
use tokio::sync::Notify;
use world::{Clock, Instant};

pub(crate) use bodies::Bodies;
pub(crate) use waiters::{Waiter, Waiters};

use crate::{ReadError, Seen};

/// The fold, shared. Written by the tail alone; readers look at it for a moment and never over an await.
#[derive(Debug)]
pub(crate) struct View {
    state: RwLock<State>,
    progress: Mutex<Progress>,
    /// Wakes in the order of waiting; tokio's `watch` would wake in an order that no seed governs.
    moved: Notify,
    /// Bodies of entries that hold inline records.
    pub(crate) bodies: Bodies,
    /// Fetches that wait for records.
    pub(crate) waiters: Waiters,
}

/// How far the fold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) tip: Tip,
    /// Whether the end of the ledger was reached since the state was loaded: before, nothing is served.
    pub(crate) reached: bool,
    /// When the latest read that ended at the end of the ledger began.
    pub(crate) looked: Option<Instant>,
}

impl Progress {
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            era: self.tip.era,
            position: self.tip.position,
        }
    }
}

impl View {
    pub(crate) fn new(state: State, tip: Tip, bodies_bytes_max: usize) -> View {
        let progress = Progress {
            tip,
            reached: false,
            looked: None,
        };
        let (bodies, waiters) = (Bodies::new(bodies_bytes_max), Waiters::default());
        View {
            state: RwLock::new(state),
            progress: Mutex::new(progress),
            moved: Notify::new(),
            bodies,
            waiters,
        }
    }

    /// A look at the fold.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read())
    }

    /// A change of the fold; the tail's alone.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.write())
    }

    pub(crate) fn progress(&self) -> Progress {
        *self.progress.lock()
    }

    pub(crate) fn set_progress(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock());
        self.moved.notify_waiters();
    }

    /// Waits until the progress, now or later, is as wanted.
    pub(crate) async fn progress_when(&self, wanted: impl Fn(&Progress) -> bool) -> Progress {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            // From here on no step is missed.
            moved.as_mut().enable();
            let progress = self.progress();
            if wanted(&progress) {
                return progress;
            }
            moved.await;
        }
    }

    /// Wakes the fetches that wait for these partitions.
    pub(crate) fn wake(&self, partitions: impl Iterator<Item = PartitionId>) {
        self.waiters.wake(partitions);
    }

    /// Waits until the fold is at `seen` or later.
    ///
    /// A position of a newer era is waited for. One of an older era is in this history when the era changed after it;
    /// one that lies beyond the place where its era ended was lost.
    pub(crate) async fn wait_for(&self, seen: Seen, clock: &Clock, deadline: Instant) -> Result<(), ReadError> {
        let there = self.progress_when(|progress| progress.seen() >= seen || seeded::is(Bug::SeenIgnored));
        if clock.timeout_at(deadline, there).await.is_err() {
            return Err(ReadError::NotCurrent(format!("{seen} has not been folded here yet")));
        }
        match self.read(|state| is_lost(state, seen)) {
            true => Err(ReadError::HistoryLost),
            false => Ok(()),
        }
    }
}

/// Whether an entry that was folded once is no part of this history: it lies beyond the place where its era ended.
pub(crate) fn is_lost(state: &State, seen: Seen) -> bool {
    let next = state.eras().iter().find(|begun| begun.era > seen.era);
    next.is_some_and(|begun| seen.position >= begun.lost_from)
}
