//! What a partition remembers of an idempotent Kafka producer, and its rules of sequences.
//!
//! Sequences count records from 0 to 2^31 - 1 and then begin at 0 again. Kafka's `ProducerStateManager` keeps five
//! batches; a client has at most five requests in flight, so a retry is always among them.

use seeded::Bug;

use crate::entry;
use crate::limits::PRODUCER_BATCHES;
use crate::outcome::Rejection;

const SEQUENCES: u64 = 1 << 31;

/// A batch that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Batch {
    pub(crate) base: u32,
    pub(crate) last: u32,
    pub(crate) offset: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Producer {
    pub(crate) epoch: u16,
    pub(crate) count: u8,
    /// The oldest first; only the first `count` mean something.
    pub(crate) batches: [Batch; PRODUCER_BATCHES],
    /// Position of the entry with its last batch.
    pub(crate) position: u64,
}

/// What to do with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It was taken before, and its first record got this offset.
    Duplicate(u64),
    /// It is the next.
    Next { epoch: u16, base: u32, last: u32 },
}

/// Judges a batch of `records` records by what is known of its producer.
pub(crate) fn judge(
    known: Option<&Producer>,
    batch: &entry::ProducerBatch,
    records: u32,
    log_start: u64,
) -> Result<Judged, Rejection> {
    let malformed = Rejection::Malformed("producer batch out of range");
    let Ok(epoch) = u16::try_from(batch.epoch) else {
        return Err(malformed);
    };
    let base = batch.base_sequence;
    let in_range = epoch <= 0x7fff && u64::from(base) < SEQUENCES && batch.id <= i64::MAX as u64;
    if !in_range || u64::from(records) > SEQUENCES || records == 0 {
        return Err(malformed);
    }
    let last = ((u64::from(base) + u64::from(records) - 1) % SEQUENCES) as u32;
    let next = Judged::Next { epoch, base, last };
    let Some(known) = known else {
        return if base == 0 {
            Ok(next)
        } else {
            Err(Rejection::UnknownProducer { log_start })
        };
    };
    if epoch < known.epoch {
        return Err(Rejection::StaleProducerEpoch {
            current: u32::from(known.epoch),
        });
    }
    if epoch == known.epoch
        && let Some(same) = known
            .batches()
            .iter()
            .find(|seen| seen.base == base && seen.last == last)
        && !seeded::is(Bug::WindowForgotten)
    {
        return Ok(Judged::Duplicate(same.offset));
    }
    let expected = if epoch > known.epoch { 0 } else { known.next_sequence() };
    if base == expected {
        Ok(next)
    } else {
        Err(Rejection::SequenceOutOfOrder { expected, got: base })
    }
}

impl Producer {
    pub(crate) fn batches(&self) -> &[Batch] {
        self.batches.get(..usize::from(self.count)).unwrap_or(&self.batches)
    }

    pub(crate) fn next_sequence(&self) -> u32 {
        self.batches()
            .last()
            .map_or(0, |batch| ((u64::from(batch.last) + 1) % SEQUENCES) as u32)
    }

    /// The producer after one more batch of `epoch`; a new epoch forgets the batches of the one before.
    pub(crate) fn after(known: Option<&Self>, epoch: u16, batch: Batch, position: u64) -> Self {
        let mut after = match known {
            Some(known) if known.epoch == epoch => *known,
            _ => Self {
                epoch,
                count: 0,
                batches: Default::default(),
                position,
            },
        };
        after.position = position;
        if usize::from(after.count) == PRODUCER_BATCHES {
            after.batches.rotate_left(1);
        } else {
            after.count += 1;
        }
        if let Some(place) = after.batches.get_mut(usize::from(after.count) - 1) {
            *place = batch;
        }
        after
    }
}

/// An idempotent Kafka producer of a partition, as others may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerView {
    /// The producer's id.
    pub id: u64,
    /// Its epoch.
    pub epoch: u32,
    /// The base sequence its next batch must have.
    pub next_sequence: u32,
    /// Position of the entry with its last batch: what an expiry names.
    pub last_position: u64,
}

#[cfg(test)]
mod tests;
