//! Durations come from tokio's clock, which a test can pause; wall time stands behind the same door.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point on the clock that durations are measured on; it never goes back.
pub use tokio::time::Instant;

/// A deadline passed before the work was done. Whether the work happened is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("deadline has passed")]
pub struct Elapsed;

/// Tells the time and waits. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    wall: Wall,
}

#[derive(Clone, Debug)]
enum Wall {
    System,
    /// Wall time that runs with tokio's clock from where it began, plus an offset that faults may move.
    Virtual {
        began: Instant,
        began_ms: i64,
        offset_ms: Arc<AtomicI64>,
    },
}

/// Where virtual wall time begins: 2026-01-01T00:00:00Z.
const VIRTUAL_EPOCH_MS: i64 = 1_767_225_600_000;

#[expect(clippy::disallowed_methods, reason = "this is the door")]
impl Clock {
    /// The system's clock.
    pub fn real() -> Clock {
        Clock { wall: Wall::System }
    }

    /// A clock whose wall time is derived from tokio's.
    pub fn simulated() -> Clock {
        let wall = Wall::Virtual {
            began: Instant::now(),
            began_ms: VIRTUAL_EPOCH_MS,
            offset_ms: Arc::default(),
        };
        Clock { wall }
    }

    /// The same clock with a wall time that can be moved apart from the others' by [`Clock::skew`].
    pub fn skewable(&self) -> Clock {
        match &self.wall {
            Wall::System => self.clone(),
            Wall::Virtual {
                began,
                began_ms,
                offset_ms,
            } => {
                let offset_ms = Arc::new(AtomicI64::new(offset_ms.load(Ordering::Relaxed)));
                Clock {
                    wall: Wall::Virtual {
                        began: *began,
                        began_ms: *began_ms,
                        offset_ms,
                    },
                }
            }
        }
    }

    /// Moves a virtual wall clock by this many milliseconds, forward or back; the system's stays as it is.
    pub fn skew(&self, by_ms: i64) {
        if let Wall::Virtual { offset_ms, .. } = &self.wall {
            offset_ms.fetch_add(by_ms, Ordering::Relaxed);
        }
    }

    /// Now, for measuring durations.
    pub fn now(&self) -> Instant {
        Instant::now()
    }

    /// Wall time in milliseconds since 1970. It may jump; nothing safe rests on it.
    pub fn wall_ms(&self) -> i64 {
        match &self.wall {
            Wall::System => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
                Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
            },
            Wall::Virtual {
                began,
                began_ms,
                offset_ms,
            } => {
                let elapsed = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
                began_ms
                    .saturating_add(elapsed)
                    .saturating_add(offset_ms.load(Ordering::Relaxed))
            }
        }
    }

    /// Waits this long.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Waits until then.
    pub async fn sleep_until(&self, deadline: Instant) {
        tokio::time::sleep_until(deadline).await;
    }

    /// Runs the future for at most this long, then drops it.
    ///
    /// # Errors
    /// [`Elapsed`] when it was not done in time; what it had begun may have happened.
    pub async fn timeout<F: Future>(&self, duration: Duration, future: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout(duration, future).await.map_err(|_| Elapsed)
    }

    /// Runs the future until then at most.
    ///
    /// # Errors
    /// As [`Clock::timeout`].
    pub async fn timeout_at<F: Future>(&self, deadline: Instant, future: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout_at(deadline, future).await.map_err(|_| Elapsed)
    }
}

#[cfg(test)]
mod tests;
