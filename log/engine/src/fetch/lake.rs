//! Reading batches from a lake file: its end once, then the pages that hold the offsets wanted, as the file itself says.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;
use lake::{LakeError, LakeFile, Read, Rebuilt};
use metadata::{LakeEnd, ObjectName, PartitionId};
use parking_lot::Mutex;
use records::Batch;
use store::{Key, ReadClass};

use super::FetchedBatch;
use super::extent::Failure;
use super::opened::Opened;
use super::plan::Step;
use crate::shared::Shared;

/// One step's batches, from the one that holds its offset, as far as its bytes go; at least one. If what was read is
/// damaged the store is asked once more, past the cache.
pub(super) async fn read(
    shared: &Arc<Shared>,
    class: ReadClass,
    step: &Step,
    name: ObjectName,
    end: LakeEnd,
) -> Result<Vec<FetchedBatch>, Failure> {
    let id = shared
        .view
        .read(|state| state.topic(step.partition.topic).map(|topic| topic.id()));
    let id = id.ok_or_else(|| Failure::Gone("its topic was deleted".to_owned()))?;
    let source = Source {
        shared,
        class,
        key: Key::LakeData(id, name),
        end,
        fresh: false,
    };
    match source.batches(step).await {
        Err(Failure::Damaged(what)) => {
            let object = shared.path(&source.key);
            tracing::warn!(object, what, "damaged lake file; reading it again past the cache");
            Source { fresh: true, ..source }.batches(step).await
        }
        read => read,
    }
}

/// The file that is read from, and how.
struct Source<'a> {
    shared: &'a Arc<Shared>,
    class: ReadClass,
    key: Key,
    end: LakeEnd,
    /// Past the cache.
    fresh: bool,
}

impl Source<'_> {
    async fn batches(&self, step: &Step) -> Result<Vec<FetchedBatch>, Failure> {
        let file = self.open().await?;
        let id = step.partition;
        let covered = (signed(step.extent.first), signed(step.extent.last()));
        let part = i32::try_from(id.partition)
            .ok()
            .and_then(|index| file.footer().part(index));
        if part.map(|part| (part.base, part.last)) != Some(covered) {
            let what = format!(
                "it does not hold offsets {} to {} of partition {}",
                covered.0, covered.1, id.partition
            );
            return Err(self.damaged(&what));
        }
        let (mut batches, mut used, mut next) = (Vec::new(), 0, step.offset);
        while next <= step.extent.last() && (batches.is_empty() || used < step.bytes_max) {
            let read = self
                .read(&file, id, next, step.bytes_max - used.min(step.bytes_max))
                .await?;
            let then = u64::try_from(read.next).unwrap_or(0);
            if then <= next || then > step.extent.last() + 1 {
                return Err(self.damaged(&format!("offset {next} is followed by {then}")));
            }
            used += read.batches.iter().map(|one| one.batch.bytes().len()).sum::<usize>();
            let behind = |one: &Rebuilt| one.last_offset() >= signed(step.offset);
            batches.extend(read.batches.into_iter().filter(behind).map(|one| served(step, one)));
            next = then;
        }
        // Where there is nothing any more, a reader must get past it all the same.
        if batches.is_empty() {
            batches.push(nothing(step, next - 1));
        }
        Ok(batches)
    }

    async fn open(&self) -> Result<Arc<LakeFile>, Failure> {
        if let Some(file) = self.shared.lakes.get(&self.key) {
            return Ok(file);
        }
        let tail = self.bytes(self.end.range()).await?;
        let opened = LakeFile::open(&tail, self.end.object_bytes, self.end.tail_checksum);
        let file = Arc::new(opened.map_err(|error| self.damaged(&error.to_string()))?);
        self.shared.lakes.keep(self.key, Arc::clone(&file));
        Ok(file)
    }

    /// What one row group has of it.
    async fn read(&self, file: &LakeFile, id: PartitionId, from: u64, bytes_max: usize) -> Result<Read, Failure> {
        let failed = |error: LakeError| self.damaged(&error.to_string());
        let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let begun = i32::try_from(id.partition)
            .ok()
            .and_then(|partition| file.read(partition, signed(from), bytes_max).transpose());
        let mut reading = begun
            .ok_or_else(|| self.damaged("it does not hold the offset"))?
            .map_err(failed)?;
        loop {
            // Decoding takes about a millisecond a thousand records.
            let step = move || {
                let step = reading.step();
                (reading, step)
            };
            let stepped = self.shared.world.tasks.blocking(step).await;
            reading = stepped.0;
            match stepped.1.map_err(failed)? {
                lake::Step::Done(read) => return Ok(read),
                lake::Step::Need(ranges) => {
                    let bytes = try_join_all(ranges.iter().map(|range| self.bytes(range.clone()))).await?;
                    reading.give(ranges, bytes).map_err(failed)?;
                }
            }
        }
    }

    async fn bytes(&self, range: Range<u64>) -> Result<Bytes, Failure> {
        let store = self.shared.store.with_class(self.class);
        let read = match self.fresh {
            true => store.read_fresh(&self.key, Some(range)).await,
            false => store.read(&self.key, range).await,
        };
        Ok(read?)
    }

    fn damaged(&self, what: &str) -> Failure {
        Failure::Damaged(format!("{}: {what}", self.shared.path(&self.key)))
    }
}

/// Offsets are below 2^63.
fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

fn served(step: &Step, one: Rebuilt) -> FetchedBatch {
    let base_offset = u64::try_from(one.base_offset).unwrap_or(0);
    FetchedBatch {
        base_offset,
        leader_epoch: step.epochs.at(base_offset),
        batch: one.batch,
    }
}

/// A batch without records from the step's offset to `last`, or as far as one can reach.
fn nothing(step: &Step, last: u64) -> FetchedBatch {
    let delta = i32::try_from(last.saturating_sub(step.offset)).unwrap_or(i32::MAX);
    FetchedBatch {
        base_offset: step.offset,
        leader_epoch: step.epochs.at(step.offset),
        batch: Batch::empty(signed(step.offset), delta),
    }
}

/// Bytes of footers and indexes that are kept. That of a file of 128 MiB takes about half a MiB.
const LAKES_BYTES_MAX: usize = 32 << 20;

/// Lake files that were opened last. What an opened one holds is its footer and page indexes, not rows.
#[derive(Debug)]
pub(crate) struct Lakes {
    opened: Mutex<Opened<Key, Arc<LakeFile>>>,
}

impl Default for Lakes {
    fn default() -> Self {
        Lakes {
            opened: Mutex::new(Opened::new(LAKES_BYTES_MAX)),
        }
    }
}

impl Lakes {
    fn get(&self, key: &Key) -> Option<Arc<LakeFile>> {
        self.opened.lock().get(key)
    }

    fn keep(&self, key: Key, file: Arc<LakeFile>) {
        // It walks the whole of it: once a file, and outside the lock.
        let bytes = file.memory_bytes();
        self.opened.lock().keep(key, file, bytes);
    }
}
