//! The first record at or after a time, looked for inside batches too.

use std::sync::Arc;

use metadata::PartitionId;
use store::ReadClass;

use super::FetchedBatch;
use super::extent::{Failure, read_whole};
use crate::shared::Shared;
use crate::{FetchError, look};

/// The offset and timestamp of the first record of the partition whose timestamp is at least this one.
///
/// Timestamps are the producers' and may go back, so each extent that might hold such a record is found by its
/// greatest timestamp, and looked into. The next one is asked for when it is due, since the search may take long and
/// what it has still to read may be moved meanwhile. That there is none is said after a look at the tip.
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
        match read_whole(shared, id, &extent, ReadClass::Backfill).await {
            Ok(batches) => {
                for batch in batches {
                    if let Some(found) = look_into(&batch, log_start, timestamp_ms)? {
                        return Ok(Some(found));
                    }
                }
                offset = extent.last().saturating_add(1);
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

fn look_into(batch: &FetchedBatch, log_start: u64, timestamp_ms: i64) -> Result<Option<(u64, i64)>, FetchError> {
    let (first, last) = (batch.base_offset, batch.last_offset());
    let corrupt = |error: records::BatchError| FetchError::Corrupt {
        what: error.to_string(),
        first,
        last,
    };
    let header = batch.batch.header();
    if header.max_timestamp < timestamp_ms || last < log_start {
        return Ok(None);
    }
    for record in records::walk(&batch.batch, &records::Limits::default()).map_err(corrupt)? {
        let record = record.map_err(corrupt)?;
        let offset = first + u64::try_from(record.offset_delta).unwrap_or(0);
        let timestamp = record.timestamp(header);
        if timestamp >= timestamp_ms && offset >= log_start {
            return Ok(Some((offset, timestamp)));
        }
    }
    Ok(None)
}
