//! How old entries are, as far as this process has seen them come. Entries carry no time, and need none: being a little
//! late with what is done by this costs nothing but a little patience.

use std::collections::VecDeque;
use std::time::Duration;

use world::Instant;

/// Samples kept: older ones are thinned out by dropping the oldest.
const SAMPLES_MAX: usize = 256;

/// When which position was the last.
#[derive(Debug, Default)]
pub(super) struct Ages {
    samples: VecDeque<(Instant, u64)>,
}

impl Ages {
    /// Notes the last position, at most once an `apart`.
    pub(super) fn note(&mut self, now: Instant, position: u64, apart: Duration) {
        if let Some((at, last)) = self.samples.back() {
            if *last > position {
                // A reload went back; it comes again.
                self.samples.clear();
            } else if *last == position || now.saturating_duration_since(*at) < apart {
                return;
            }
        }
        if self.samples.len() >= SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back((now, position));
    }

    /// The last position that is known to be at least this old.
    pub(super) fn through(&self, now: Instant, age: Duration) -> Option<u64> {
        let old = self
            .samples
            .iter()
            .rev()
            .find(|(at, _)| now.saturating_duration_since(*at) >= age);
        old.map(|(_, position)| *position)
    }
}

#[cfg(test)]
mod tests;
