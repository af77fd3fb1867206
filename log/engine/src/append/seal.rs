//! When the groups that wait for the object lane become a flush. Pure: knows neither puts nor groups, only their sums.

use std::time::Duration;

use world::Instant;

/// Why a flush was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is as large as an object, or as much as an entry can name.
    Size,
    /// Its first group has waited for long enough.
    Linger,
    /// Nothing else is being put.
    Idle,
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Bytes of batches.
    pub(super) bytes: usize,
    /// Bytes that name them in an entry.
    pub(super) named_bytes: usize,
    /// Since when the first of them waits.
    pub(super) since: Instant,
}

/// How much is enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes_max: usize,
    pub(super) named_bytes_max: usize,
    pub(super) puts_in_flight_max: usize,
    pub(super) linger: Duration,
}

/// From when on the next flush is due, and why; none when something else has to happen first. `token_at` is when a put
/// may be paid for; what is sealed for its size does not wait for it.
pub(super) fn due(
    waiting: Waiting,
    limits: &Limits,
    puts_in_flight: usize,
    token_at: Instant,
    now: Instant,
) -> Option<(Instant, Reason)> {
    if puts_in_flight >= limits.puts_in_flight_max.max(1) {
        None
    } else if waiting.bytes >= limits.bytes_max || waiting.named_bytes >= limits.named_bytes_max {
        Some((now, Reason::Size))
    } else if puts_in_flight == 0 {
        Some((token_at, Reason::Idle))
    } else {
        Some((token_at.max(waiting.since + limits.linger), Reason::Linger))
    }
}

#[cfg(test)]
mod tests;
