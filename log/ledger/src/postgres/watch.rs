//! When the log has grown: told by the server, or found by looking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use world::{Clock, Instant, Tasks};

use super::session::Role;
use super::slot::{Server, Slot};

/// How often other processes' appends are looked for while there have been some just now, and after a long silence.
const POLL_QUICK: Duration = Duration::from_millis(5);
const POLL_SLOW: Duration = Duration::from_millis(150);
/// How often while the server tells of them: an announcement is lost with the process that had to make it.
const POLL_LISTENING: Duration = Duration::from_secs(1);

/// What is known of the log's growth.
#[derive(Debug)]
pub(super) struct Growth {
    log: String,
    clock: Clock,
    /// The log has grown, by this process or another.
    pub(super) grown: Notify,
    /// The last position that was seen here.
    seen: Mutex<Option<i64>>,
    /// When it was last seen to grow.
    active: Mutex<Instant>,
    /// The server tells when it grows.
    listening: AtomicBool,
}

impl Growth {
    pub(super) fn new(log: &str, clock: &Clock) -> Growth {
        Growth {
            log: log.to_owned(),
            clock: clock.clone(),
            grown: Notify::new(),
            seen: Mutex::new(None),
            active: Mutex::new(clock.now()),
            listening: AtomicBool::new(false),
        }
    }

    /// This process has appended.
    pub(super) fn appended(&self, at: i64) {
        let mut seen = self.seen.lock();
        *seen = (*seen).max(Some(at));
        drop(seen);
        self.grew();
    }

    /// The last position there is was looked up. Whoever finds another one than was seen last wakes all who watch.
    pub(super) fn found(&self, newest: Option<i64>) {
        let seen = std::mem::replace(&mut *self.seen.lock(), newest);
        if seen != newest {
            self.grew();
        }
    }

    /// The last position that was seen.
    pub(super) fn seen(&self) -> Option<i64> {
        *self.seen.lock()
    }

    /// The server told that a log has grown; it may be another one.
    pub(super) fn told(&self, log: &str) {
        if log == self.log {
            self.grew();
        }
    }

    /// The server tells from now on. What grew just before was not told.
    fn hears(&self) {
        self.listening.store(true, Ordering::Relaxed);
        self.grown.notify_waiters();
    }

    /// The connection on which the server told has ended.
    pub(super) fn deaf(&self) {
        self.listening.store(false, Ordering::Relaxed);
        self.grown.notify_waiters();
    }

    fn grew(&self) {
        *self.active.lock() = self.clock.now();
        self.grown.notify_waiters();
    }

    /// Quick while the log grows, then ever slower: a sixteenth of the silence so far.
    pub(super) fn poll_interval(&self) -> Duration {
        if self.listening.load(Ordering::Relaxed) {
            return POLL_LISTENING;
        }
        let silence = self.clock.now().saturating_duration_since(*self.active.lock());
        (silence / 16).clamp(POLL_QUICK, POLL_SLOW)
    }
}

/// Tells of appends, and hears of those of others.
///
/// An announcement inside the append would take a lock over the whole server until the append is on disk, so that no two
/// of them share an fsync: sixteen logs together would append no more than one. So it follows the append, on another
/// connection, in a transaction that waits for no disk (docs/decisions/postgres-notify.md).
#[derive(Debug, Clone)]
pub(super) struct Herald {
    slot: Arc<Slot>,
    server: Arc<Server>,
    /// An announcement is about to be made, and will tell of this append too.
    due: Arc<AtomicBool>,
    /// A connection to hear is being made.
    connecting: Arc<AtomicBool>,
}

impl Herald {
    pub(super) fn new(server: &Arc<Server>) -> Herald {
        Herald {
            slot: Arc::new(Slot::new(server, Role::Listener)),
            server: Arc::clone(server),
            due: Arc::default(),
            connecting: Arc::default(),
        }
    }

    /// Tells the others, without waiting for it.
    pub(super) fn announce(&self) {
        if self.due.swap(true, Ordering::SeqCst) {
            return;
        }
        let this = self.clone();
        self.tasks().spawn("postgres announcement", async move {
            let due = Arc::clone(&this.due);
            let log = this.server.place.log.clone();
            let announced = this.slot.with(move |session| async move {
                // From here on an append is not told of by this one.
                due.store(false, Ordering::SeqCst);
                session.announce(&log).await
            });
            if let Err(error) = announced.await {
                this.due.store(false, Ordering::SeqCst);
                tracing::debug!(%error, "an append was not announced; others find it by looking");
            }
        });
    }

    /// Sees to it that the server tells, without waiting for it.
    pub(super) fn listen(&self) {
        if self.server.growth.listening.load(Ordering::Relaxed) || self.connecting.swap(true, Ordering::SeqCst) {
            return;
        }
        let this = self.clone();
        self.tasks().spawn("postgres listener", async move {
            let growth = Arc::clone(&this.server.growth);
            let listening = this.slot.with(move |session| async move {
                if !session.is_closed() {
                    growth.hears();
                }
                Ok(())
            });
            if let Err(error) = listening.await {
                tracing::debug!(%error, "the server does not tell of appends; they are found by looking");
            }
            this.connecting.store(false, Ordering::SeqCst);
        });
    }

    fn tasks(&self) -> &Tasks {
        &self.server.world.tasks
    }
}

#[cfg(test)]
mod tests;
