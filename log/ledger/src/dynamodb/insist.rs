//! Trying again inside a deadline, so that what is answered in the end says whether it happened.
//!
//! The SDK tries nothing again by itself: a conditional put that landed and was not answered would be refused when it is
//! put again, and its own success taken for another's. Here the second attempt knows that the first may have landed.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use world::{Backoff, Retry, World, retry};

use super::client::Failure;
use crate::error::LedgerError;

/// No attempt begins later than the deadline after the first. With the last attempt's own time it stays below the ten
/// seconds after which a caller gives a call up.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(20),
    max: Duration::from_millis(1000),
    deadline: Duration::from_secs(5),
};

/// How attempts are made until one is answered.
#[derive(Debug)]
pub(super) struct Insist {
    world: World,
    pub(super) backoff: Backoff,
}

impl Insist {
    pub(super) fn new(world: &World) -> Insist {
        Insist {
            world: world.clone(),
            backoff: BACKOFF,
        }
    }

    /// The same with another patience.
    pub(super) fn with(world: &World, backoff: Backoff) -> Insist {
        Insist {
            world: world.clone(),
            backoff,
        }
    }

    /// Reads until it is answered. Nothing a read does can have happened, so its failures are definite.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] after the deadline, [`LedgerError::Refused`] at once.
    pub(super) async fn read<T, A, F>(&self, attempt: A) -> Result<T, LedgerError>
    where
        A: Fn() -> F,
        F: Future<Output = Result<T, Failure>>,
    {
        retry(&self.world, &self.backoff, |_| async {
            attempt().await.map_err(|failure| match failure {
                Failure::Busy(reason) | Failure::Unclear(reason) => Retry::Again(LedgerError::unavailable(reason)),
                Failure::Refused(reason) => Retry::Stop(LedgerError::refused(reason)),
            })
        })
        .await
    }

    /// Writes until it is answered. An attempt is told whether one before it may have happened.
    ///
    /// # Errors
    /// [`LedgerError::Unknown`] when any attempt may have happened, whatever the last one says; else
    /// [`LedgerError::Unavailable`] after the deadline and [`LedgerError::Refused`] at once.
    pub(super) async fn write<T, A, F>(&self, attempt: A) -> Result<T, LedgerError>
    where
        A: Fn(bool) -> F,
        F: Future<Output = Result<T, Failure>>,
    {
        let doubt = &AtomicBool::new(false);
        let attempt = &attempt;
        retry(&self.world, &self.backoff, |_| async move {
            let failure = match attempt(doubt.load(Ordering::Relaxed)).await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            doubt.fetch_or(matches!(failure, Failure::Unclear(_)), Ordering::Relaxed);
            let doubtful = doubt.load(Ordering::Relaxed);
            Err(match failure {
                Failure::Busy(reason) if !doubtful => Retry::Again(LedgerError::unavailable(reason)),
                Failure::Busy(reason) | Failure::Unclear(reason) => Retry::Again(LedgerError::unknown(reason)),
                Failure::Refused(reason) if !doubtful => Retry::Stop(LedgerError::refused(reason)),
                Failure::Refused(reason) => Retry::Stop(LedgerError::unknown(reason)),
            })
        })
        .await
    }
}
