//! Reading the batches of one extent, wherever its bytes are.
//!
//! Every batch that leaves here had its checksum compared. On a mismatch the store is asked once more, past the cache:
//! what is damaged there is named, and is never served.

use std::sync::Arc;

use bytes::Bytes;
use metadata::entry::{Body, proposal::Kind};
use metadata::{Extent, PartitionId, Place};
use records::Batch;
use store::{Key, ReadClass, StoreError};

use super::plan::Step;
use super::{FetchedBatch, index};
use crate::FetchError;
use crate::shared::Shared;
use crate::view::bodies::has_inline;

/// Why an extent was not read.
#[derive(Debug)]
pub(super) enum Failure {
    /// Its bytes are no longer where the plan said.
    Gone(String),
    /// They are there, and damaged.
    Damaged(String),
    /// Store or ledger did not answer.
    Unavailable(String),
}

impl Failure {
    pub(super) fn named(self, step: &Step) -> FetchError {
        match self {
            Failure::Gone(what) | Failure::Damaged(what) => FetchError::Corrupt {
                what,
                first: step.extent.first,
                last: step.extent.last(),
            },
            Failure::Unavailable(why) => FetchError::Unavailable(why),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } => Failure::Gone(error.to_string()),
            StoreError::Truncated { .. } | StoreError::Corrupt { .. } => Failure::Damaged(error.to_string()),
            _ => Failure::Unavailable(error.to_string()),
        }
    }
}

/// The batches of a step, from the one that holds its offset, as far as its bytes go; at least one.
pub(super) async fn read(shared: &Arc<Shared>, class: ReadClass, step: &Step) -> Result<Vec<FetchedBatch>, Failure> {
    match step.extent.place {
        Place::Inline {
            position,
            proposal,
            run,
        } => {
            let bytes = inline_run(shared, position, proposal, run).await?;
            batches(step, bytes, step.extent.first).map_err(Failure::Damaged)
        }
        Place::Segment { name, start } => {
            let key = Key::Segment(name);
            let (range, first) = index::range(shared, class, step, &key, start).await?;
            let bytes = shared.store.with_class(class).read(&key, range.clone()).await?;
            match batches(step, bytes, first) {
                Ok(batches) => Ok(batches),
                Err(what) => {
                    tracing::warn!(
                        object = shared.path(&key),
                        what,
                        "damaged bytes; reading them again past the cache"
                    );
                    let bytes = shared.store.read_fresh(&key, Some(range)).await?;
                    batches(step, bytes, first).map_err(Failure::Damaged)
                }
            }
        }
    }
}

/// All batches of an extent, in order and checked.
pub(crate) async fn read_extent(
    shared: &Arc<Shared>,
    partition: PartitionId,
    extent: &Extent,
    class: ReadClass,
) -> Result<Vec<FetchedBatch>, FetchError> {
    let step = Step {
        partition,
        extent: *extent,
        offset: extent.first,
        bytes_max: usize::MAX,
        leader_epoch: 0,
    };
    let batches = read(shared, class, &step)
        .await
        .map_err(|failure| failure.named(&step))?;
    let records: u64 = batches.iter().map(|batch| u64::from(batch.batch.records())).sum();
    if records != u64::from(extent.records) {
        let what = format!("{records} records where the ledger says {}", extent.records);
        return Err(Failure::Damaged(what).named(&step));
    }
    Ok(batches)
}

/// Cuts the bytes, which begin with the batch whose first offset is `first`, into batches.
fn batches(step: &Step, bytes: Bytes, first: u64) -> Result<Vec<FetchedBatch>, String> {
    let mut batches: Vec<FetchedBatch> = Vec::new();
    let (mut base_offset, mut used) = (first, 0_usize);
    for cut in records::split(bytes) {
        let damaged = |error: records::BatchError| format!("offset {base_offset}: {error}");
        let (header, bytes) = cut.map_err(damaged)?;
        let end = u64::try_from(header.last_offset_delta).map_or(base_offset, |delta| base_offset + delta + 1);
        if end > step.offset {
            if used > 0 && used + bytes.len() > step.bytes_max {
                break;
            }
            used += bytes.len();
            let batch = Batch::stored(bytes).map_err(damaged)?;
            batches.push(FetchedBatch {
                base_offset,
                leader_epoch: step.leader_epoch,
                batch,
            });
        }
        base_offset = end;
    }
    if batches.is_empty() {
        return Err(format!("no batch holds offset {}", step.offset));
    }
    Ok(batches)
}

/// The bytes of a run that travelled in an entry.
async fn inline_run(shared: &Shared, position: u64, proposal: u16, run: u32) -> Result<Bytes, Failure> {
    let body = match shared.view.bodies.get(position) {
        Some(body) => body,
        None => load_body(shared, position).await?,
    };
    find_run(&body, proposal, run)
        .ok_or_else(|| Failure::Damaged(format!("entry {position} does not hold the records")))
}

async fn load_body(shared: &Shared, position: u64) -> Result<Arc<Body>, Failure> {
    let read = shared.ledger.read_body(position).await;
    let bytes = read.map_err(|error| Failure::Unavailable(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| Failure::Gone(format!("entry {position} was trimmed")))?;
    let length = bytes.len();
    let body = metadata::decode_body(bytes).map_err(|error| Failure::Damaged(format!("entry {position}: {error}")))?;
    let body = Arc::new(body);
    if has_inline(&body) {
        shared.view.bodies.keep(position, Arc::clone(&body), length);
    }
    Ok(body)
}

fn find_run(body: &Body, proposal: u16, run: u32) -> Option<Bytes> {
    let Some(Kind::Append(append)) = &body.proposals.get(usize::from(proposal))?.kind else {
        return None;
    };
    let mut runs = append.groups.iter().flat_map(|group| &group.runs);
    Some(runs.nth(usize::try_from(run).ok()?)?.inline.clone())
}
