//! Proposals that other agents handed over, to be put into entries here. They have their names and contents already; what
//! becomes of them their own agents learn from the fold.

use std::collections::VecDeque;

use metadata::{Incarnation, Lane, Outcome, State, entry};
use tokio::sync::OwnedSemaphorePermit;

use super::held::is_beat;

/// What guests have handed over, in the order in which it came.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    waiting: VecDeque<Guest>,
    /// They and the process's own proposals go first in turns, so that neither starves the other.
    first: bool,
}

#[derive(Debug)]
struct Guest {
    name: (Incarnation, u32, u64),
    proposal: entry::Proposal,
    bytes: usize,
    /// Room in memory, of which the last of one message gives back what that took.
    _room: std::sync::Arc<OwnedSemaphorePermit>,
}

impl Guests {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether all of it only says that lives go on.
    pub(super) fn are_beats(&self) -> bool {
        self.waiting.iter().all(|guest| is_beat(&guest.proposal))
    }

    /// Takes proposals that fit into an entry of `bytes_max`. One that waits already is not taken twice, one without a
    /// name not at all.
    pub(crate) fn take_in(&mut self, proposals: Vec<entry::Proposal>, bytes_max: usize, room: OwnedSemaphorePermit) {
        let room = std::sync::Arc::new(room);
        for proposal in proposals {
            let life = proposal.incarnation.as_ref().and_then(|life| life.try_into().ok());
            let bytes = entry::proposal_bytes(&proposal);
            let Some(life) = life.filter(|_| bytes <= bytes_max) else {
                continue;
            };
            let name = (life, proposal.lane, proposal.sequence);
            if self.waiting.iter().any(|guest| guest.name == name) {
                continue;
            }
            self.waiting.push_back(Guest {
                name,
                proposal,
                bytes,
                _room: std::sync::Arc::clone(&room),
            });
        }
    }

    /// Whether guests go first this time.
    pub(super) fn take_turn(&mut self) -> bool {
        self.first = !self.first;
        self.first
    }

    /// Moves proposals into an entry that has `left` bytes of room; how many.
    pub(super) fn take(&mut self, proposals: &mut Vec<entry::Proposal>, left: &mut usize) -> usize {
        let mut taken = 0;
        for guest in &mut self.waiting {
            if guest.bytes > *left {
                break;
            }
            *left -= guest.bytes;
            proposals.push(std::mem::take(&mut guest.proposal));
            taken += 1;
        }
        taken
    }

    /// Puts back what was taken last.
    pub(super) fn restore(&mut self, proposals: impl Iterator<Item = entry::Proposal>) {
        for (guest, proposal) in self.waiting.iter_mut().zip(proposals) {
            guest.proposal = proposal;
        }
    }

    /// The fold has met a proposal: taken, dropped or void, putting it again from here is of no use. Its own agent hands it
    /// over again if need be.
    pub(super) fn settle(&mut self, outcome: &Outcome) {
        let Some(life) = outcome.incarnation else { return };
        let name = (life, outcome.lane, outcome.sequence);
        if let Some(place) = self.waiting.iter().position(|guest| guest.name == name) {
            self.waiting.remove(place);
        }
    }

    /// Lets go what the fold will never take again: of lives that are over, and of sequences that were taken.
    pub(crate) fn clear_stale(&mut self, state: &State) {
        self.waiting.retain(|guest| {
            let (life, lane, sequence) = guest.name;
            let lane = Lane::ALL.into_iter().find(|known| known.number() == lane);
            lane.and_then(|lane| state.next_sequence(&life, lane))
                .is_some_and(|next| next <= sequence)
        });
    }
}

#[cfg(test)]
mod tests;
