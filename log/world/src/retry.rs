//! Trying again: exponential waits with full jitter, inside a deadline.

use std::future::Future;
use std::time::Duration;

use crate::World;

/// How long to wait between attempts, and when to give up.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The longest first wait; each wait is drawn between nothing and its bound.
    pub first: Duration,
    /// The longest wait.
    pub max: Duration,
    /// No attempt begins later than this after the first.
    pub deadline: Duration,
}

impl Backoff {
    /// The bound of the wait after attempt `attempt`, which counts from 0.
    pub fn bound(&self, attempt: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(attempt)).min(self.max)
    }
}

/// What a failed attempt says of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry<E> {
    /// It may help to try again.
    Again(E),
    /// It will not.
    Stop(E),
}

/// Calls `attempt` with 0, 1, 2... until it succeeds, says stop, or the deadline is near.
///
/// # Errors
/// The last attempt's error.
pub async fn retry<T, E, F, A>(world: &World, backoff: &Backoff, mut attempt: A) -> Result<T, E>
where
    A: FnMut(u32) -> F,
    F: Future<Output = Result<T, Retry<E>>>,
{
    let give_up = world.clock.now() + backoff.deadline;
    let mut count = 0;
    loop {
        let failed = match attempt(count).await {
            Ok(value) => return Ok(value),
            Err(Retry::Stop(error)) => return Err(error),
            Err(Retry::Again(error)) => error,
        };
        let wait = world.chance.between(Duration::ZERO, backoff.bound(count));
        if world.clock.now() + wait > give_up {
            return Err(failed);
        }
        world.clock.sleep(wait).await;
        count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
