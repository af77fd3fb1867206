//! Fetching: a pure plan over the fold, then reads, then the answer. A long poll waits on the fold, not on a timer.

mod extent;
mod index;
mod lake;
mod opened;
mod part;
mod plan;
mod timestamp;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use metadata::PartitionId;
use records::Batch;
use seeded::Bug;
use store::ReadClass;
use world::Instant;

use crate::shared::Shared;
use crate::view::is_lost;
use crate::{FetchError, Seen, look};

pub(crate) use self::lake::Lakes;
pub(crate) use extent::read_extent;
pub(crate) use index::Indexes;
use plan::{Planned, plan};
pub(crate) use timestamp::offset_for_timestamp;

/// Extents read at the same time for one request.
const READS_AT_ONCE: usize = 8;

/// What to read, from which partitions.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// In this order, in which `bytes_max` is used up.
    pub parts: Vec<FetchPart>,
    /// Bytes of the whole answer; a first batch that is larger is given all the same.
    pub bytes_max: usize,
    /// Bytes for which the answer is held back, up to `wait`.
    pub bytes_min: usize,
    /// How long to wait for `bytes_min`.
    pub wait: Duration,
    /// For whom it is.
    pub class: ReadClass,
    /// How far the log was folded when the reader last read. If any of that was lost since, it is told, and given nothing:
    /// its offsets may belong to other records now. None for one that has read nothing yet.
    pub after: Option<Seen>,
}

/// One partition of a request.
#[derive(Clone, Copy, Debug)]
pub struct FetchPart {
    /// Which.
    pub partition: PartitionId,
    /// The first offset wanted.
    pub offset: u64,
    /// Bytes from this partition; a first batch that is larger is given all the same.
    pub bytes_max: usize,
}

/// What one partition gave.
#[derive(Debug)]
pub struct FetchedPart {
    /// Which.
    pub partition: PartitionId,
    /// Its batches, or why there are none.
    pub result: Result<Fetched, FetchError>,
}

/// Batches of a partition, from the one that holds the offset asked for; none at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The log start offset, as folded when this was read.
    pub log_start: u64,
    /// The high watermark, as folded when this was read.
    pub high_watermark: u64,
    /// How far the log was folded when this was read: what the next request of the same reader says.
    pub seen: Seen,
    /// In offset order.
    pub batches: Vec<FetchedBatch>,
}

/// A batch as its writer made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedBatch {
    /// The offset of its first record.
    pub base_offset: u64,
    /// The leader epoch of its offsets.
    pub leader_epoch: i32,
    /// The batch, whose checksum holds. Base offset and leader epoch are still to be patched.
    pub batch: Batch,
}

impl FetchedBatch {
    /// How many offsets it spans.
    pub fn offsets(&self) -> u32 {
        u32::try_from(self.batch.header().last_offset_delta).map_or(1, |delta| delta + 1)
    }

    /// The offset of its last record.
    pub fn last_offset(&self) -> u64 {
        self.base_offset + u64::from(self.offsets()) - 1
    }

    /// The first bytes of the batch as a reader is to see them; the rest follows as it is.
    pub fn prefix(&self) -> [u8; records::PREFIX_BYTES] {
        self.batch
            .patched_prefix(i64::try_from(self.base_offset).unwrap_or(i64::MAX), self.leader_epoch)
    }
}

/// Fetches; holds the answer back for `bytes_min` as long as `wait` allows.
pub(crate) async fn fetch(shared: &Arc<Shared>, request: &FetchRequest) -> Vec<FetchedPart> {
    let deadline = shared.world.clock.now() + request.wait;
    let waiter = shared
        .view
        .waiters
        .enter(request.parts.iter().map(|part| part.partition).collect());
    let mut waits = true;
    loop {
        let planned = match plan_served(shared, &request.parts, request.bytes_max, request.after).await {
            Ok(planned) => planned,
            Err(error) => return refuse_all(request, &error),
        };
        let enough = planned.iter().any(Planned::is_final) || bytes(&planned) >= request.bytes_min;
        if enough || !waits {
            drop(waiter);
            return answer(shared, request, planned).await;
        }
        // Planned once more when the time is up: what was planned before the wait may have been moved meanwhile.
        waits = wait(shared, &waiter, deadline).await;
    }
}

/// Plans over a fold that may be served: the end of the ledger was reached since it was loaded, and not long ago.
///
/// Whether the reader's history was lost is judged over the very fold that is planned over.
async fn plan_served(
    shared: &Shared,
    parts: &[FetchPart],
    bytes_max: usize,
    after: Option<Seen>,
) -> Result<Vec<Planned>, FetchError> {
    loop {
        look::fresh(shared).await?;
        let planned = shared.view.read(|state| match after {
            Some(seen) if is_lost(state, seen) => Err(FetchError::HistoryLost),
            _ => Ok(plan(state, parts, bytes_max)),
        });
        // A reload says that the end is not reached before it replaces the fold, so this plan is of one that reached it.
        if shared.view.progress().reached {
            return planned;
        }
    }
}

fn refuse_all(request: &FetchRequest, error: &FetchError) -> Vec<FetchedPart> {
    let refuse = |part: &FetchPart| FetchedPart {
        partition: part.partition,
        result: Err(error.clone()),
    };
    request.parts.iter().map(refuse).collect()
}

fn bytes(planned: &[Planned]) -> usize {
    planned.iter().map(Planned::bytes).sum()
}

/// Waits for a change of one of the partitions; false when the deadline has passed.
async fn wait(shared: &Shared, waiter: &crate::view::Waiter<'_>, deadline: Instant) -> bool {
    let clock = &shared.world.clock;
    let stopping = shared.world.tasks.stopping();
    let woken = async {
        tokio::select! {
            biased;
            () = waiter.woken() => true,
            () = stopping => false,
        }
    };
    clock.now() < deadline && clock.timeout_at(deadline, woken).await.unwrap_or(false)
}

/// Reads what was planned. A negative answer is given only after a look at the tip that began after the request; if
/// the look changes it, it is planned again.
async fn answer(shared: &Arc<Shared>, request: &FetchRequest, mut planned: Vec<Planned>) -> Vec<FetchedPart> {
    if planned.iter().any(Planned::is_final) && !seeded::is(Bug::StaleNegative) {
        match look_and_plan(shared, &request.parts, request.bytes_max, request.after).await {
            Ok(again) => planned = again,
            Err(error) => refuse_final(&mut planned, &error),
        }
    }
    let reads = planned
        .into_iter()
        .map(|planned| part::read(shared, request.class, planned));
    futures::stream::iter(reads).buffered(READS_AT_ONCE).collect().await
}

/// Plans after a look at the tip.
async fn look_and_plan(
    shared: &Shared,
    parts: &[FetchPart],
    bytes_max: usize,
    after: Option<Seen>,
) -> Result<Vec<Planned>, FetchError> {
    look::look(shared).await?;
    plan_served(shared, parts, bytes_max, after).await
}

fn refuse_final(planned: &mut [Planned], error: &FetchError) {
    for planned in planned.iter_mut().filter(|planned| planned.is_final()) {
        planned.result = Err(error.clone());
    }
}
