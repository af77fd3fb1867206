//! Reading the batches of one extent, wherever its bytes are.
//!
//! Every batch that leaves here had its checksum compared. On a mismatch the store is asked once more, past the cache:
//! what is damaged there is named, and is never served.

use std::sync::Arc;

use bytes::Bytes;
use metadata::entry::{Body, proposal::Kind};
use metadata::{Extent, PartitionId, Place};
use records::{Batch, BatchError, BatchHeader};
use store::{Key, ReadClass, StoreError};

use super::plan::{Epochs, Step};
use super::{FetchedBatch, index, lake};
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
    pub(super) fn named(self, extent: &Extent) -> FetchError {
        match self {
            Failure::Gone(what) | Failure::Damaged(what) => FetchError::Corrupt {
                what,
                first: extent.first,
                last: extent.last(),
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
            let bytes = inline_run(shared, step, position, proposal, run).await?;
            Cut::of(step, bytes, step.extent.first, Some(after(step))).served()
        }
        Place::Segment { name, start } => read_segment(shared, class, step, &Key::Segment(name), start).await,
        Place::Lake { name, end } => lake::read(shared, class, step, name, end).await,
    }
}

/// The offset after the extent's last.
fn after(step: &Step) -> u64 {
    step.extent.last().saturating_add(1)
}

async fn read_segment(
    shared: &Arc<Shared>,
    class: ReadClass,
    step: &Step,
    key: &Key,
    start: u64,
) -> Result<Vec<FetchedBatch>, Failure> {
    let whole = start..start + u64::from(step.extent.bytes);
    let (range, first) = index::range(shared, class, step, key, start).await?;
    let end = (range == whole).then(|| after(step));
    let bytes = shared.store.with_class(class).read(key, range.clone()).await?;
    let cut = Cut::of(step, bytes, first, end);
    let Some(what) = &cut.damage else {
        return cut.served();
    };
    tracing::warn!(
        object = shared.path(key),
        what,
        "damaged bytes; reading them again past the cache"
    );
    let bytes = shared.store.read_fresh(key, Some(range)).await?;
    let cut = Cut::of(step, bytes, first, end);
    if cut.damage.is_none() || !cut.blind {
        return cut.served();
    }
    // What is damaged may lie before the offset wanted. The index leads around it.
    let (range, first) = index::part(shared, class, step, key, whole).await?;
    let bytes = shared.store.read_fresh(key, Some(range)).await?;
    Cut::of(step, bytes, first, None).served()
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
        epochs: Epochs::default(),
    };
    let read = read(shared, class, &step).await;
    let batches = read.map_err(|failure| failure.named(extent))?;
    let records: u64 = batches.iter().map(|batch| u64::from(batch.batch.records())).sum();
    if records != u64::from(extent.records) {
        let what = format!("{records} records where the ledger says {}", extent.records);
        return Err(Failure::Damaged(what).named(extent));
    }
    Ok(batches)
}

/// Bytes cut into batches.
#[derive(Debug)]
struct Cut {
    /// From the one that holds the step's offset, as far as its bytes go; their checksums hold.
    batches: Vec<FetchedBatch>,
    /// What was damaged; what follows it was not looked at.
    damage: Option<String>,
    /// Whether the offsets rest on headers of batches before the first one wanted, which no checksum was compared with.
    blind: bool,
}

impl Cut {
    /// Cuts the bytes, which begin with the batch whose first offset is `first`. Where they are all of an extent, `end`
    /// is the offset after its last, and the headers must add up to it: so the offsets of what is served are right
    /// though batches before it are skipped by what their headers say.
    fn of(step: &Step, bytes: Bytes, first: u64, end: Option<u64>) -> Cut {
        let mut cut = Cut {
            batches: Vec::new(),
            damage: None,
            blind: false,
        };
        let (mut base_offset, mut used, mut full) = (first, 0_usize, false);
        for found in records::split(bytes) {
            match found.and_then(|found| cut.take(step, base_offset, &mut used, &mut full, found)) {
                Ok(next) => base_offset = next,
                Err(error) => {
                    cut.damage = Some(format!("offset {base_offset}: {error}"));
                    return cut;
                }
            }
            if full && end.is_none() {
                break;
            }
        }
        if let Some(end) = end.filter(|end| *end != base_offset) {
            cut.damage = Some(format!(
                "the batches end at offset {base_offset}, the ledger says {end}"
            ));
            cut.blind = true;
        } else if cut.batches.is_empty() {
            cut.damage = Some(format!("no batch holds offset {}", step.offset));
        }
        cut
    }

    /// Takes the next batch, unless it lies before the step's offset or beyond its bytes; the offset after it.
    fn take(
        &mut self,
        step: &Step,
        base_offset: u64,
        used: &mut usize,
        full: &mut bool,
        (header, bytes): (BatchHeader, Bytes),
    ) -> Result<u64, BatchError> {
        let end = u64::try_from(header.last_offset_delta).map_or(base_offset, |delta| base_offset + delta + 1);
        if end <= step.offset {
            self.blind = true;
            return Ok(end);
        }
        *full |= *used > 0 && *used + bytes.len() > step.bytes_max;
        if !*full {
            *used += bytes.len();
            self.batches.push(FetchedBatch {
                base_offset,
                leader_epoch: step.epochs.at(base_offset),
                batch: Batch::stored(bytes)?,
            });
        }
        Ok(end)
    }

    /// What may be served: all that was cut, or what lies before the damage. Who asks for what follows it is told.
    fn served(self) -> Result<Vec<FetchedBatch>, Failure> {
        match self.damage {
            Some(what) if self.blind || self.batches.is_empty() => Err(Failure::Damaged(what)),
            _ => Ok(self.batches),
        }
    }
}

/// The bytes of a run that travelled in an entry.
async fn inline_run(shared: &Shared, step: &Step, position: u64, proposal: u16, run: u32) -> Result<Bytes, Failure> {
    let body = match shared.view.bodies.get(position) {
        Some(body) => body,
        None => load_body(shared, position).await?,
    };
    find_run(&body, step, proposal, run)
        .ok_or_else(|| Failure::Damaged(format!("entry {position} does not hold the records")))
}

async fn load_body(shared: &Shared, position: u64) -> Result<Arc<Body>, Failure> {
    let history = shared.view.bodies.history();
    let read = shared.ledger.read_body(position).await;
    let bytes = read.map_err(|error| Failure::Unavailable(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| Failure::Gone(format!("entry {position} was trimmed")))?;
    let length = bytes.len();
    let body = metadata::decode_body(bytes).map_err(|error| Failure::Damaged(format!("entry {position}: {error}")))?;
    let body = Arc::new(body);
    if has_inline(&body) {
        shared.view.bodies.keep_of(history, position, Arc::clone(&body), length);
    }
    Ok(body)
}

/// The run, if it is what the fold says: a ledger that lost its end may have another entry at this position, before
/// anybody noticed.
fn find_run(body: &Body, step: &Step, proposal: u16, run: u32) -> Option<Bytes> {
    let Some(Kind::Append(append)) = &body.proposals.get(usize::from(proposal))?.kind else {
        return None;
    };
    let mut runs = append.groups.iter().flat_map(|group| &group.runs);
    let run = runs.nth(usize::try_from(run).ok()?)?;
    let is_it = (run.topic, run.partition) == (step.partition.topic, step.partition.partition)
        && (run.records, run.bytes) == (step.extent.records, step.extent.bytes);
    is_it.then(|| run.inline.clone())
}

#[cfg(test)]
mod tests;
