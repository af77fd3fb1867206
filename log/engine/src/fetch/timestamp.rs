//! The first record at or after a time, looked for inside batches too.

use std::sync::Arc;

use metadata::PartitionId;
use store::ReadClass;

use super::FetchedBatch;
use super::extent::{Failure, read};
use super::plan::{Epochs, Step};
use crate::shared::Shared;
use crate::{FetchError, look};

/// Bytes of batches that are looked into at once. An extent may have hundreds of MiB, and many look at the same time.
const LOOK_BYTES_MAX: usize = 1 << 20;

/// The offset and timestamp of the first record of the partition whose timestamp is at least this one.
///
/// Timestamps are the producers' and may go back, so each extent that might hold such a record is found by its
/// greatest timestamp, and looked into. The next one is asked for when it is due, since the search may take long and
/// what it has still to read may be moved meanwhile. That there is none is said after a look at the tip. A batch that cannot
/// be looked into counts by its header, whole: whoever begins there misses nothing.
pub(crate) async fn offset_for_timestamp(
    shared: &Arc<Shared>,
    id: PartitionId,
    timestamp_ms: i64,
) -> Result<Option<(u64, i64)>, FetchError> {
    look::fresh(shared).await?;
    let (mut offset, mut looked, mut gone) = (0, false, None);
    loop {
        let next = shared.view.read(|state| {
            let partition = state.partition(id).ok_or(FetchError::UnknownPartition)?;
            let mut rest = partition.extents_from(offset.max(partition.log_start()));
            let extent = rest.find(|extent| extent.max_timestamp >= timestamp_ms);
            Ok::<_, FetchError>(extent.map(|extent| (extent, partition.log_start())))
        });
        let (extent, log_start) = match next {
            Ok(Some(next)) => next,
            Ok(None) | Err(_) if !looked => {
                look::look(shared).await?;
                looked = true;
                continue;
            }
            Ok(None) => return Ok(None),
            Err(error) => return Err(error),
        };
        let step = Step {
            partition: id,
            extent,
            offset: offset.max(extent.first),
            bytes_max: LOOK_BYTES_MAX,
            epochs: Epochs::default(),
        };
        match read(shared, ReadClass::Backfill, &step).await {
            Ok(batches) => {
                for batch in &batches {
                    if let Some(found) = look_into(batch, log_start, timestamp_ms) {
                        return Ok(Some(found));
                    }
                }
                let last = batches.last().map_or(extent.last(), FetchedBatch::last_offset);
                offset = last.saturating_add(1);
            }
            // Moved since: after a look the fold knows where to, unless it still says the same.
            Err(Failure::Gone(_)) if gone != Some(extent) => {
                look::look(shared).await?;
                (looked, gone) = (true, Some(extent));
            }
            Err(failure) => return Err(failure.named(&extent)),
        }
    }
}

fn look_into(batch: &FetchedBatch, log_start: u64, timestamp_ms: i64) -> Option<(u64, i64)> {
    let first = batch.base_offset;
    let header = batch.batch.header();
    if header.max_timestamp < timestamp_ms || batch.last_offset() < log_start {
        return None;
    }
    let whole = || Some((first.max(log_start), header.max_timestamp));
    let Ok(records) = records::walk(&batch.batch, &records::Limits::default()) else {
        return whole();
    };
    for record in records {
        let Ok(record) = record else { return whole() };
        let offset = first + u64::try_from(record.offset_delta).unwrap_or(0);
        let timestamp = record.timestamp(header);
        if timestamp >= timestamp_ms && offset >= log_start {
            return Some((offset, timestamp));
        }
    }
    None
}
