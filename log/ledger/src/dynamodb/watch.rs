//! Waiting for the next entry by asking for it, ever more seldom. It knows neither table nor request.

use std::future::Future;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use world::{Clock, Instant};

use crate::error::LedgerError;
use crate::ids::Position;

/// How often other processes' appends are looked for while there have been some just now, and after a long silence.
const POLL_QUICK: Duration = Duration::from_millis(50);
const POLL_SLOW: Duration = Duration::from_secs(1);

/// Those of one process who wait for the ledger to grow.
#[derive(Debug)]
pub(super) struct Watch {
    clock: Clock,
    /// The ledger has grown, by this process or another.
    grown: Notify,
    /// The last own append that nobody has been told of yet.
    appended: Mutex<Option<Position>>,
    /// Held by the watcher that polls.
    polling: tokio::sync::Mutex<()>,
    /// When the ledger was last seen to grow.
    active: Mutex<Instant>,
}

impl Watch {
    pub(super) fn new(clock: &Clock) -> Watch {
        Watch {
            clock: clock.clone(),
            grown: Notify::new(),
            appended: Mutex::new(None),
            polling: tokio::sync::Mutex::new(()),
            active: Mutex::new(clock.now()),
        }
    }

    /// This process has appended.
    pub(super) fn appended(&self, position: Position) {
        let newest = (*self.appended.lock()).max(Some(position));
        *self.appended.lock() = newest;
        self.grew();
    }

    /// Waits until something follows `after`, as `look` says. The first look, which is to be thorough, finds what is there
    /// already; the others find what comes.
    pub(super) async fn until<'a, F>(
        &'a self,
        after: Position,
        look: impl Fn(bool) -> F + Send + Sync + 'a,
    ) -> Result<(), LedgerError>
    where
        F: Future<Output = Result<bool, LedgerError>> + Send,
    {
        // Listening begins here, before the look, or an append between the two would be noticed late.
        let grown = self.grown.notified();
        if self.was_appended(after) || look(true).await? {
            return Ok(());
        }
        tokio::select! {
            biased;
            () = grown => Ok(()),
            polled = self.poll(look) => polled,
        }
    }

    /// Whether this process has appended behind `after`. It is said once: should the ledger lose that entry, whoever
    /// watches would else never wait again.
    fn was_appended(&self, after: Position) -> bool {
        let appended = &mut *self.appended.lock();
        appended.take_if(|appended| *appended > after).is_some()
    }

    /// Looks until there is something. Of those who watch one does it for all; when it is dropped the next one takes
    /// its turn.
    async fn poll<F>(&self, look: impl Fn(bool) -> F + Send + Sync) -> Result<(), LedgerError>
    where
        F: Future<Output = Result<bool, LedgerError>> + Send,
    {
        let _turn = self.polling.lock().await;
        loop {
            self.clock.sleep(self.interval()).await;
            if look(false).await? {
                self.grew();
                return Ok(());
            }
        }
    }

    /// Quick while the ledger grows, then ever slower: a sixteenth of the silence so far.
    fn interval(&self) -> Duration {
        let silence = self.clock.now().saturating_duration_since(*self.active.lock());
        (silence / 16).clamp(POLL_QUICK, POLL_SLOW)
    }

    fn grew(&self) {
        *self.active.lock() = self.clock.now();
        self.grown.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
