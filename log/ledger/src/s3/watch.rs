//! Looking out for new entries: one poller for all who watch in a process, which asks for the head of the next key.
//!
//! An idle process asks once a second, and each eighth time whoever watches has to look for itself, by three requests
//! more: 4,950 an hour, which cost 0.002 dollars at 0.0004 dollars per thousand. While the ledger grows it asks up to twenty
//! times a second, which is 0.03 dollars an hour.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use world::{Clock, Instant};

use super::S3Ledger;
use crate::error::LedgerError;
use crate::ids::Position;

/// How often other processes' appends are looked for while there have been some just now, and after a long silence.
const POLL_QUICK: Duration = Duration::from_millis(50);
const POLL_SLOW: Duration = Duration::from_secs(1);
/// The pause between two looks is this part of the silence so far.
const POLL_PART: u32 = 16;
/// After so many looks whoever watches is let go to read for itself. One key says nothing to one who slept while it was written
/// and deleted again: it would wait for ever. And who reads every eight seconds never serves what is stale.
const POLLS_MAX: u32 = 8;

/// What is known of the ledger's end in this process.
#[derive(Debug)]
pub(super) struct Watched {
    clock: Clock,
    /// The last position that was seen here.
    newest: Mutex<Option<Position>>,
    /// The ledger has grown, by this process or another.
    grown: Notify,
    /// Held by the watcher that polls.
    polling: tokio::sync::Mutex<()>,
    /// When the ledger was last seen to grow.
    active: Mutex<Instant>,
}

impl Watched {
    pub(super) fn new(clock: &Clock) -> Watched {
        Watched {
            clock: clock.clone(),
            newest: Mutex::new(None),
            grown: Notify::new(),
            polling: tokio::sync::Mutex::new(()),
            active: Mutex::new(clock.now()),
        }
    }

    pub(super) fn newest(&self) -> Option<Position> {
        *self.newest.lock()
    }

    /// There is an entry at this position.
    pub(super) fn saw(&self, position: Position) {
        let newest = &mut *self.newest.lock();
        if newest.is_none_or(|newest| newest < position) {
            *newest = Some(position);
            *self.active.lock() = self.clock.now();
            self.grown.notify_waiters();
        }
    }

    /// A read that began when `known` was the newest found the end here. It may lie lower than was known, when the ledger
    /// lost its end: who watches behind it would else be woken again and again for what is no more.
    pub(super) fn ends_at(&self, position: Position, known: Option<Position>) {
        self.saw(position);
        let newest = &mut *self.newest.lock();
        if *newest == known {
            *newest = Some(position);
        }
    }

    fn is_beyond(&self, after: Position) -> bool {
        self.newest().is_some_and(|newest| newest > after)
    }

    /// Quick while the ledger grows, then ever slower.
    fn interval(&self) -> Duration {
        let silence = self.clock.now().saturating_duration_since(*self.active.lock());
        (silence / POLL_PART).clamp(POLL_QUICK, POLL_SLOW)
    }
}

impl S3Ledger {
    /// Who watches has just read, and found nothing; so the first look comes after the first pause.
    pub(super) async fn watch_for(&self, after: Position) -> Result<(), LedgerError> {
        loop {
            // Listening begins here, before the look, or an append between the two would be noticed late.
            let grown = self.watched.grown.notified();
            if self.watched.is_beyond(after) {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = grown => {}
                polled = self.poll(after) => return polled,
            }
        }
    }

    /// Looks for an entry after this one until there is one, or for long enough. Of those who watch one does it for all; when it is dropped the
    /// next one takes its turn. They mostly wait for the same key.
    async fn poll(&self, after: Position) -> Result<(), LedgerError> {
        let _turn = self.watched.polling.lock().await;
        let Some(next) = after.checked_add(1) else {
            return std::future::pending().await;
        };
        for _ in 0..POLLS_MAX {
            self.clock.sleep(self.watched.interval()).await;
            if self.get(&self.entry(next), true).await?.is_some() {
                self.watched.saw(next);
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
