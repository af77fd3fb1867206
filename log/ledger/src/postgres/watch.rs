//! When the log has grown: told by the server, or found by looking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use world::{Clock, Tasks};

use super::session::Role;
use super::slot::{Server, Slot};
use crate::watch::Pace;

/// How often other processes' appends are looked for while there have been some just now, and after a long silence.
const POLL_QUICK: Duration = Duration::from_millis(5);
const POLL_SLOW: Duration = Duration::from_millis(150);
/// How often while the server tells of them: an announcement is lost with the process that had to make it.
const POLL_LISTENING: Duration = Duration::from_secs(1);

/// What is known of the log's growth.
#[derive(Debug)]
pub(super) struct Growth {
    log: String,
    pub(super) pace: Pace,
    /// The last position that was seen here.
    seen: Mutex<Option<i64>>,
    /// The server tells when it grows.
    listening: AtomicBool,
}

impl Growth {
    pub(super) fn new(log: &str, clock: &Clock) -> Growth {
        Growth {
            log: log.to_owned(),
            pace: Pace::new(clock, POLL_QUICK, POLL_SLOW),
            seen: Mutex::new(None),
            listening: AtomicBool::new(false),
        }
    }

    /// This process has appended.
    pub(super) fn appended(&self, at: i64) {
        let mut seen = self.seen.lock();
        *seen = (*seen).max(Some(at));
        drop(seen);
        self.pace.grew();
    }

    /// The last position there is was looked up. Whoever finds another one than was seen last wakes all who watch.
    pub(super) fn found(&self, newest: Option<i64>) {
        let seen = std::mem::replace(&mut *self.seen.lock(), newest);
        if seen != newest {
            self.pace.grew();
        }
    }

    /// The last position that was seen.
    pub(super) fn seen(&self) -> Option<i64> {
        *self.seen.lock()
    }

    /// The server told that a log has grown; it may be another one.
    pub(super) fn told(&self, log: &str) {
        if log == self.log {
            self.pace.grew();
        }
    }

    /// The server tells from now on. What grew just before was not told.
    fn hears(&self) {
        self.listening.store(true, Ordering::Relaxed);
        self.pace.wake();
    }

    /// The connection on which the server told has ended.
    pub(super) fn deaf(&self) {
        self.listening.store(false, Ordering::Relaxed);
        self.pace.wake();
    }

    /// How long to wait before the next look.
    pub(super) fn poll_interval(&self) -> Duration {
        match self.listening.load(Ordering::Relaxed) {
            true => POLL_LISTENING,
            false => self.pace.interval(),
        }
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
