//! Waiting for the next entry by asking for it. It knows neither table nor request.

use std::future::Future;
use std::time::Duration;

use parking_lot::Mutex;
use world::Clock;

use crate::error::LedgerError;
use crate::ids::Position;
use crate::watch::Pace;

/// How often other processes' appends are looked for while there have been some just now, and after a long silence.
const POLL_QUICK: Duration = Duration::from_millis(50);
const POLL_SLOW: Duration = Duration::from_secs(1);

/// Those of one process who wait for the ledger to grow.
#[derive(Debug)]
pub(super) struct Watch {
    pace: Pace,
    /// The last own append that nobody has been told of yet.
    appended: Mutex<Option<Position>>,
}

impl Watch {
    pub(super) fn new(clock: &Clock) -> Watch {
        Watch {
            pace: Pace::new(clock, POLL_QUICK, POLL_SLOW),
            appended: Mutex::new(None),
        }
    }

    /// This process has appended.
    pub(super) fn appended(&self, position: Position) {
        let newest = (*self.appended.lock()).max(Some(position));
        *self.appended.lock() = newest;
        self.pace.grew();
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
        let grown = self.pace.grown();
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

    /// Looks until there is something.
    async fn poll<F>(&self, look: impl Fn(bool) -> F + Send + Sync) -> Result<(), LedgerError>
    where
        F: Future<Output = Result<bool, LedgerError>> + Send,
    {
        let _turn = self.pace.turn().await;
        loop {
            self.pace.pause().await;
            if look(false).await? {
                self.pace.grew();
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
