//! The plan of a fetch: which extents hold the offsets, as far as the bytes go. Pure.

use metadata::{Extent, Partition, PartitionId, State};

use super::FetchPart;
use crate::{FetchError, Seen};

/// What is to be read of one partition, or why nothing is.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) partition: PartitionId,
    pub(super) result: Result<Plan, FetchError>,
}

/// The reads of one partition.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) log_start: u64,
    pub(super) high_watermark: u64,
    /// Of the fold that was planned over.
    pub(super) seen: Seen,
    pub(super) steps: Vec<Step>,
}

/// One extent to read, in whole or in part.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) partition: PartitionId,
    pub(super) extent: Extent,
    /// The first offset wanted of it.
    pub(super) offset: u64,
    /// Bytes wanted of it; at least one batch is.
    pub(super) bytes_max: usize,
    /// The leader epochs of its offsets.
    pub(super) epochs: Epochs,
}

/// The leader epochs of an extent's offsets: nearly always one. An extent that was merged may reach over the begin of an
/// era.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    first: i32,
    /// Where later ones begin.
    later: Vec<(u64, i32)>,
}

impl Epochs {
    fn of(partition: &Partition<'_>, extent: &Extent) -> Epochs {
        let epoch = |era| i32::try_from(era).unwrap_or(i32::MAX);
        let begun = partition.leader_epochs().iter();
        let later = begun.filter(|(_, first)| (extent.first + 1..=extent.last()).contains(first));
        Epochs {
            first: epoch(partition.leader_epoch_at(extent.first)),
            later: later.map(|&(era, first)| (first, epoch(era))).collect(),
        }
    }

    /// The one of an offset. No batch has two: eras begin where a log ended.
    pub(super) fn at(&self, offset: u64) -> i32 {
        let begun = self.later.iter().rev().find(|(first, _)| *first <= offset);
        begun.map_or(self.first, |&(_, epoch)| epoch)
    }
}

impl Planned {
    /// Whether the answer is negative, so that it rests on the end of the ledger.
    pub(super) fn is_final(&self) -> bool {
        self.result.is_err()
    }

    /// Bytes that the answer will have, about.
    pub(super) fn bytes(&self) -> usize {
        self.result.as_ref().map_or(0, Plan::bytes)
    }
}

impl Plan {
    /// A step gives no more than it may, nor than there is; and at least one batch.
    fn bytes(&self) -> usize {
        let given = |step: &Step| step.bytes_max.min(step.extent.bytes as usize).max(1);
        self.steps.iter().map(given).sum()
    }
}

/// Plans the parts in order, until `bytes_max` is used up. The first extent of the first part that has one is planned
/// whatever its size, so that a reader always gets on.
pub(super) fn plan(state: &State, parts: &[FetchPart], bytes_max: usize) -> Vec<Planned> {
    let mut left = bytes_max;
    let mut first = true;
    let mut planned = Vec::with_capacity(parts.len());
    for part in parts {
        let result = plan_part(state, part, left, first);
        if let Ok(plan) = &result {
            left = left.saturating_sub(plan.bytes());
            first &= plan.steps.is_empty();
        }
        planned.push(Planned {
            partition: part.partition,
            result,
        });
    }
    planned
}

fn plan_part(state: &State, part: &FetchPart, left: usize, first: bool) -> Result<Plan, FetchError> {
    state.topic(part.partition.topic).ok_or(FetchError::UnknownTopic)?;
    let partition = state.partition(part.partition).ok_or(FetchError::UnknownPartition)?;
    let (log_start, high_watermark) = (partition.log_start(), partition.high_watermark());
    if part.offset < log_start || part.offset > high_watermark {
        return Err(FetchError::OutOfRange {
            log_start,
            high_watermark,
        });
    }
    let mut bytes_left = part.bytes_max.min(left);
    let mut steps = Vec::new();
    for extent in partition.extents_from(part.offset) {
        let due = (first && steps.is_empty()) || bytes_left > 0;
        if !due {
            break;
        }
        let offset = part.offset.max(extent.first);
        steps.push(Step {
            partition: part.partition,
            extent,
            offset,
            bytes_max: bytes_left,
            epochs: Epochs::of(&partition, &extent),
        });
        bytes_left = bytes_left.saturating_sub(extent.bytes as usize);
    }
    Ok(Plan {
        log_start,
        high_watermark,
        seen: Seen {
            era: state.era(),
            position: state.seen_position(),
        },
        steps,
    })
}

#[cfg(test)]
mod tests;
