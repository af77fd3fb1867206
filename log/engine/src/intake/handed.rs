//! Handing proposals to the agent that puts the entries, instead of putting them here.

use bytes::Bytes;
use metadata::entry;
use world::Instant;

use super::Intake;
use super::compose::HEAD_BYTES;
use super::held::is_beat;

/// Entries full of proposals that may be handed over and not yet folded.
const HANDED_ENTRIES_MAX: usize = 4;

/// Since when what was handed over has waited to be folded. Beats alone are held by the one who puts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HandedSince {
    pub(crate) beats: Option<Instant>,
    pub(crate) others: Option<Instant>,
}

impl Intake {
    /// Gives sequences to what waits and encodes what is to be handed over now, as a body; none when there is nothing, or
    /// enough is on its way. It stays in flight here, as if it were put here: it is handed over, or put, until the fold
    /// has taken it.
    pub(crate) fn hand_over(&mut self, bytes_max: usize, now: Instant) -> Option<Bytes> {
        let room = bytes_max.saturating_sub(HEAD_BYTES);
        let handed = self.sent.iter().filter(|sent| sent.handed.is_some());
        let on_its_way: usize = handed.map(|sent| sent.bytes).sum();
        if on_its_way >= room.saturating_mul(HANDED_ENTRIES_MAX) {
            return None;
        }
        self.seal(room);
        let (mut proposals, mut places, mut left) = (Vec::new(), Vec::new(), room);
        for (place, sent) in self.sent.iter_mut().enumerate() {
            if sent.handed.is_some() {
                continue;
            }
            // The first goes in any case: what does not fit was refused before it got a sequence.
            if sent.bytes > left && !places.is_empty() {
                break;
            }
            left = left.saturating_sub(sent.bytes);
            (sent.handed, sent.exposed) = (Some(now), true);
            proposals.push(std::mem::take(&mut sent.proposal));
            places.push(place);
        }
        if places.is_empty() {
            return None;
        }
        let body = entry::body(proposals);
        let bytes = metadata::encode_body(&body);
        // The content stays here, too: it may have to go another way.
        for (place, proposal) in places.into_iter().zip(body.proposals) {
            if let Some(sent) = self.sent.get_mut(place) {
                sent.proposal = proposal;
            }
        }
        Some(bytes)
    }

    /// Since when the one that has waited longest was handed over.
    pub(crate) fn handed_since(&self) -> HandedSince {
        let mut oldest = HandedSince::default();
        for sent in &self.sent {
            let of_its_kind = match is_beat(&sent.proposal) {
                true => &mut oldest.beats,
                false => &mut oldest.others,
            };
            *of_its_kind = [*of_its_kind, sent.handed].into_iter().flatten().min();
        }
        oldest
    }

    /// What was handed over is to go another way.
    pub(crate) fn take_back(&mut self) {
        self.sent.iter_mut().for_each(|sent| sent.handed = None);
    }
}
