//! Looking out for new entries: one poller for all who watch in a process, which asks for the head of the next key.
//!
//! An idle process asks once a second, and each eighth time whoever watches has to look for itself, by three requests
//! more: 4,950 an hour, which cost 0.002 dollars at 0.0004 dollars per thousand. While the ledger grows it asks up to twenty
//! times a second, which is 0.03 dollars an hour.

use std::time::Duration;

use parking_lot::Mutex;
use world::Clock;

use super::S3Ledger;
use crate::error::LedgerError;
use crate::ids::Position;
use crate::watch::Pace;

/// How often other processes' appends are looked for while there have been some just now, and after a long silence.
const POLL_QUICK: Duration = Duration::from_millis(50);
const POLL_SLOW: Duration = Duration::from_secs(1);
/// After so many looks whoever watches is let go to read for itself. One key says nothing to one who slept while it was written
/// and deleted again: it would wait for ever. And who reads every eight seconds never serves what is stale.
const POLLS_MAX: u32 = 8;

/// What is known of the ledger's end in this process.
#[derive(Debug)]
pub(super) struct Watched {
    pace: Pace,
    /// The last position that was seen here.
    newest: Mutex<Option<Position>>,
}

impl Watched {
    pub(super) fn new(clock: &Clock) -> Watched {
        Watched {
            pace: Pace::new(clock, POLL_QUICK, POLL_SLOW),
            newest: Mutex::new(None),
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
            self.pace.grew();
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
}

impl S3Ledger {
    /// Who watches has just read, and found nothing; so the first look comes after the first pause.
    pub(super) async fn watch_for(&self, after: Position) -> Result<(), LedgerError> {
        loop {
            // Listening begins here, before the look, or an append between the two would be noticed late.
            let grown = self.watched.pace.grown();
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

    /// Looks for an entry after this one until there is one, or for long enough. Those who watch mostly wait for the same key.
    async fn poll(&self, after: Position) -> Result<(), LedgerError> {
        let _turn = self.watched.pace.turn().await;
        let Some(next) = after.checked_add(1) else {
            return std::future::pending().await;
        };
        for _ in 0..POLLS_MAX {
            self.watched.pace.pause().await;
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
