//! What a topic remembers of an HTTP producer, and its rules of requests.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::entry::RequestSequence;
use crate::limits::PRODUCER_REQUESTS;
use crate::outcome::Rejection;

/// One run of a request that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) partition: u32,
    pub(crate) records: u32,
    pub(crate) base_offset: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestProducer {
    pub(crate) epoch: u64,
    /// Sequence of the last request; its acks are the last of `acks`.
    pub(crate) last: u64,
    /// Position of the entry with it.
    pub(crate) position: u64,
    pub(crate) acks: VecDeque<Box<[Ack]>>,
}

/// What to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    Next,
    Repeat(&'a [Ack]),
    /// A repeat older than those remembered.
    TooOld,
}

/// Judges a request by what is known of its producer.
pub(crate) fn judge<'a>(known: Option<&'a RequestProducer>, asked: &RequestSequence) -> Result<Asked<'a>, Rejection> {
    let fresh = || {
        if asked.sequence == 0 {
            Ok(Asked::Next)
        } else {
            Err(Rejection::RequestGap { expected: 0 })
        }
    };
    let Some(known) = known else { return fresh() };
    if asked.epoch < known.epoch {
        return Err(Rejection::StaleRequestEpoch { current: known.epoch });
    }
    if asked.epoch > known.epoch {
        return fresh();
    }
    if let Some(back) = known.last.checked_sub(asked.sequence) {
        let found = usize::try_from(back)
            .ok()
            .and_then(|back| known.acks.iter().rev().nth(back));
        return Ok(found.map_or(Asked::TooOld, |acks| Asked::Repeat(acks)));
    }
    match known.last.checked_add(1) {
        Some(expected) if asked.sequence != expected => Err(Rejection::RequestGap { expected }),
        _ => Ok(Asked::Next),
    }
}

impl RequestProducer {
    /// Takes a request in that [`judge`] found to be the next.
    pub(crate) fn take(known: Option<Self>, asked: &RequestSequence, acks: Box<[Ack]>, position: u64) -> Self {
        let mut after = match known {
            Some(known) if known.epoch == asked.epoch => known,
            _ => Self {
                epoch: asked.epoch,
                last: 0,
                position,
                acks: VecDeque::new(),
            },
        };
        (after.last, after.position) = (asked.sequence, position);
        if after.acks.len() == PRODUCER_REQUESTS {
            after.acks.pop_front();
        }
        after.acks.push_back(acks);
        after
    }

    /// What it counts for in the fold's memory, in bytes, without its name.
    pub(crate) fn weight(&self) -> u64 {
        let acks: usize = self.acks.iter().map(|acks| acks.len()).sum();
        160 + acks as u64 * size_of::<Ack>() as u64
    }
}

/// An HTTP producer of a topic, as others may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestProducerView {
    /// The producer's name.
    pub producer: Bytes,
    /// Its epoch.
    pub epoch: u64,
    /// Sequence of its last request.
    pub last_sequence: u64,
    /// Position of the entry with that request: what an expiry names.
    pub last_position: u64,
}
