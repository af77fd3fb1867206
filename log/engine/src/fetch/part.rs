//! Reading what was planned of one partition, extent after extent, in order and without a hole.

use std::sync::Arc;

use futures::StreamExt as _;
use metadata::PartitionId;
use seeded::Bug;
use store::ReadClass;

use super::extent::{self, Failure};
use super::plan::{Plan, Planned, Step};
use super::{FetchPart, Fetched, FetchedBatch, FetchedPart, READS_AT_ONCE, look_and_plan};
use crate::shared::Shared;
use crate::{FetchError, Seen};

pub(super) async fn read(shared: &Arc<Shared>, class: ReadClass, planned: Planned) -> FetchedPart {
    let partition = planned.partition;
    let result = match planned.result {
        Ok(plan) => read_plan(shared, class, partition, plan).await,
        Err(error) => Err(error),
    };
    FetchedPart { partition, result }
}

/// Reads a plan, and when bytes are no longer where it says, the rest by a new one.
///
/// Bytes are moved in larger or smaller pieces than they were in. So all that was planned from there on is planned
/// anew: the new place of one extent may hold a part of it, or the next ones too.
async fn read_plan(
    shared: &Arc<Shared>,
    class: ReadClass,
    partition: PartitionId,
    mut plan: Plan,
) -> Result<Fetched, FetchError> {
    let mut batches = Vec::new();
    let mut failed = read_steps(shared, class, std::mem::take(&mut plan.steps), &mut batches).await;
    if let Some((Failure::Gone(_), step)) = &failed {
        match plan_again(shared, partition, step, plan.seen).await {
            Ok(again) => {
                plan = again;
                failed = read_steps(shared, class, std::mem::take(&mut plan.steps), &mut batches).await;
            }
            Err(error) if batches.is_empty() => return Err(error),
            Err(_) => failed = None,
        }
    }
    if failed.is_none() && seeded::is(Bug::ReadBeyondEnd) {
        add_unfolded(shared, partition, plan.high_watermark, &mut batches);
    }
    match failed {
        // What was read before the failure is whole and in order; the next fetch meets the failure first.
        Some((failure, step)) if batches.is_empty() => Err(failure.named(&step.extent)),
        _ => Ok(Fetched {
            log_start: plan.log_start,
            high_watermark: plan.high_watermark,
            seen: plan.seen,
            batches,
        }),
    }
}

/// What [`Bug::ReadBeyondEnd`] does: what waits to be written follows what was read up to the end.
fn add_unfolded(shared: &Shared, partition: PartitionId, end: u64, batches: &mut Vec<FetchedBatch>) {
    for batch in shared.intake.lock().unfolded(partition) {
        let Some(last) = batches.last().filter(|last| last.last_offset() + 1 >= end) else {
            return;
        };
        batches.push(FetchedBatch {
            base_offset: last.last_offset() + 1,
            leader_epoch: last.leader_epoch,
            batch,
        });
    }
}

/// Reads the steps' batches; ends with the first step that fails or does not give all of its extent.
async fn read_steps(
    shared: &Arc<Shared>,
    class: ReadClass,
    steps: Vec<Step>,
    batches: &mut Vec<FetchedBatch>,
) -> Option<(Failure, Step)> {
    let read_step = async |step: Step| {
        let read = extent::read(shared, class, &step).await;
        (step, read)
    };
    let mut reads = futures::stream::iter(steps.into_iter().map(read_step)).buffered(READS_AT_ONCE);
    while let Some((step, read)) = reads.next().await {
        match read {
            Ok(read) => {
                // What a step gives may end before a damaged batch. What the next one gives is behind that.
                let whole = read.last().is_some_and(|last| last.last_offset() >= step.extent.last());
                batches.extend(read);
                if !whole {
                    return None;
                }
            }
            Err(failure) => return Some((failure, step)),
        }
    }
    None
}

/// What was read before belongs to what comes, or nothing comes.
async fn plan_again(shared: &Shared, partition: PartitionId, step: &Step, before: Seen) -> Result<Plan, FetchError> {
    let rest = FetchPart {
        partition,
        offset: step.offset,
        bytes_max: step.bytes_max,
    };
    let planned = look_and_plan(shared, &[rest], step.bytes_max, Some(before)).await?;
    let planned = planned.into_iter().next().map(|planned| planned.result);
    planned.unwrap_or(Err(FetchError::UnknownPartition))
}
