//! How those of one process who wait for a ledger to grow wait together: one of them looks for all, soon while there is
//! something and ever more seldom when there is not. It knows neither what is looked at nor how.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::futures::Notified;
use tokio::sync::{MutexGuard, Notify};
use world::{Clock, Instant};

/// The pause between two looks is this part of the silence so far.
const SILENCE_PART: u32 = 16;

/// The pace of looks, and who makes them.
#[derive(Debug)]
pub(crate) struct Pace {
    clock: Clock,
    /// The shortest pause between two looks, while the ledger grows, and the longest, after a long silence.
    pauses: [Duration; 2],
    /// The ledger has grown, by this process or another.
    grown: Notify,
    /// Held by the watcher that looks.
    looking: tokio::sync::Mutex<()>,
    /// When the ledger was last seen to grow.
    active: Mutex<Instant>,
}

impl Pace {
    /// Looks lie between `quick` and `slow` apart.
    pub(crate) fn new(clock: &Clock, quick: Duration, slow: Duration) -> Pace {
        Pace {
            clock: clock.clone(),
            pauses: [quick, slow],
            grown: Notify::new(),
            looking: tokio::sync::Mutex::new(()),
            active: Mutex::new(clock.now()),
        }
    }

    /// The ledger has grown: all who wait are woken.
    pub(crate) fn grew(&self) {
        *self.active.lock() = self.clock.now();
        self.wake();
    }

    /// Wakes all who wait, though nothing is known to have come.
    pub(crate) fn wake(&self) {
        self.grown.notify_waiters();
    }

    /// Resolves when the ledger grows. Listening begins with this call: made before a look, it misses nothing that comes
    /// after that.
    pub(crate) fn grown(&self) -> Notified<'_> {
        self.grown.notified()
    }

    /// Waits for the turn to look for all. When it is dropped the next one takes its turn.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.looking.lock().await
    }

    /// How long to wait before the next look.
    pub(crate) fn interval(&self) -> Duration {
        let silence = self.clock.now().saturating_duration_since(*self.active.lock());
        let [quick, slow] = self.pauses;
        (silence / SILENCE_PART).clamp(quick, slow)
    }

    /// Waits before the next look.
    pub(crate) async fn pause(&self) {
        self.clock.sleep(self.interval()).await;
    }
}

#[cfg(test)]
mod tests;
