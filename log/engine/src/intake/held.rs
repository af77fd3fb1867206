//! Signs of life wait for one another. While others follow this process, what only says that lives go on is held for a
//! while, so that all of them go into one entry; whatever somebody waits for takes along at once what is held.
//!
//! Beats that were put together are due together: from then on they come at the same time, hold after hold. Those that came
//! too late for an entry of beats follow it at once (`Tail::fold`), in an entry of their own that is held for a part of the
//! time only. So they are less than a hold behind the others, and the next entry has them all.

use std::time::Duration;

use metadata::entry::{self, proposal::Kind};
use world::Instant;

use super::Intake;

/// After an entry of beats the next ones are held for this part of a hold.
const FOLLOWING_PART: u32 = 4;

/// How long beats are held, of which one comes every `beats`.
pub(crate) fn hold(beats: Duration) -> Duration {
    beats / 4
}

/// When the beats that are held go.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Since when some are.
    since: Option<Instant>,
    /// When the last entry was folded that had nothing but beats.
    together: Option<Instant>,
}

/// Whether a body has proposals, and all of them are beats.
pub(crate) fn only_beats(proposals: &[entry::Proposal]) -> bool {
    !proposals.is_empty() && proposals.iter().all(is_beat)
}

pub(super) fn is_beat(proposal: &entry::Proposal) -> bool {
    matches!(proposal.kind, Some(Kind::Beat(_)))
}

impl Intake {
    /// When what waits is to be put into an entry: at once, or, when it is beats alone, once they were held. None when
    /// nothing waits. `beats` is how often lives beat; none when beats are not to be held.
    pub(crate) fn put_at(&mut self, now: Instant, beats: Option<Duration>) -> Option<Instant> {
        self.lives.tick(now);
        if !self.has_work() {
            self.held.since = None;
            return None;
        }
        let Some(beats) = beats.filter(|_| !self.is_waited_for()) else {
            return Some(now);
        };
        let since = *self.held.since.get_or_insert(now);
        let together = self.held.together.map(|together| together + beats / 2);
        let hold = match together.is_some_and(|until| since < until) {
            true => hold(beats) / FOLLOWING_PART,
            false => hold(beats),
        };
        Some(since + hold)
    }

    /// An entry of nothing but beats was folded.
    pub(crate) fn beat_together(&mut self, now: Instant) {
        self.held = Held {
            since: None,
            together: Some(now),
        };
    }

    /// Whether something waits to be put here that is more than a sign of life.
    fn is_waited_for(&self) -> bool {
        let sent = self.to_put().all(|sent| is_beat(&sent.proposal));
        let control = self.control.iter().all(|job| matches!(job.kind, Kind::Beat(_)));
        let appends = self.flushed.is_empty() && self.inline.jobs.is_empty();
        self.lives.asks() || !(sent && control && appends && self.guests.are_beats())
    }
}

#[cfg(test)]
mod tests;
