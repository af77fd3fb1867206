//! Shares of topics of which nothing came lately: others go first, and these are tried again after ever longer waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use world::Instant;

use crate::plan::lake::Share;

/// What failed of which share, by the name of the duty.
#[derive(Debug, Default)]
pub(super) struct Failing(BTreeMap<(&'static str, Share), Failed>);

#[derive(Clone, Copy, Debug)]
struct Failed {
    again_at: Instant,
    waits: Duration,
}

impl Failing {
    /// Nothing came of a share. It waits for `least`, and twice as long each further time, but no longer than `most`.
    pub(super) fn note(
        &mut self,
        (what, share): (&'static str, Share),
        now: Instant,
        (least, most): (Duration, Duration),
    ) -> Duration {
        let before = self.0.get(&(what, share));
        let waits = before.map_or(least, |failed| failed.waits.saturating_mul(2)).min(most);
        let again_at = now + waits;
        self.0.insert((what, share), Failed { again_at, waits });
        waits
    }

    /// Something came of it.
    pub(super) fn forget(&mut self, what: &'static str, share: Share) {
        self.0.remove(&(what, share));
    }

    /// Forgets what has not been tried for so long after its wait: there is nothing to do any more.
    pub(super) fn forget_idle(&mut self, now: Instant, after: Duration) {
        self.0
            .retain(|_, failed| now.saturating_duration_since(failed.again_at) < after);
    }

    /// Those that are not to be tried yet.
    pub(super) fn waiting(&self, what: &'static str, now: Instant) -> BTreeSet<Share> {
        let waiting = self.0.iter().filter(|(_, failed)| now < failed.again_at);
        let of_duty = waiting.filter(|((of, _), _)| *of == what);
        of_duty.map(|((_, share), _)| *share).collect()
    }

    /// Whether the last try failed.
    pub(super) fn has_failed(&self, what: &'static str, share: Share) -> bool {
        self.0.contains_key(&(what, share))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests;
