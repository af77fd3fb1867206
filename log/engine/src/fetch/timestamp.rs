//! The first record at or after a time, looked for inside batches too.

use std::sync::Arc;

use metadata::{Extent, PartitionId};
use store::ReadClass;

use super::{FetchedBatch, read_extent};
use crate::FetchError;
use crate::shared::Shared;

/// The offset and timestamp of the first record of the partition whose timestamp is at least this one.
///
/// Timestamps are the producers' and may go back, so each extent that might hold such a record is found by its
/// greatest timestamp, and looked into.
pub(crate) async fn offset_for_timestamp(
    shared: &Arc<Shared>,
    id: PartitionId,
    timestamp_ms: i64,
) -> Result<Option<(u64, i64)>, FetchError> {
    let (log_start, extents) = shared.view.read(|state| {
        let partition = state.partition(id).ok_or(FetchError::UnknownPartition)?;
        let may_hold = |extent: &Extent| extent.max_timestamp >= timestamp_ms;
        Ok::<_, FetchError>((
            partition.log_start(),
            partition.extents().filter(may_hold).collect::<Vec<_>>(),
        ))
    })?;
    for extent in extents {
        let batches = read_extent(shared, id, &extent, ReadClass::Backfill).await?;
        for batch in batches {
            if let Some(found) = look_into(&batch, log_start, timestamp_ms)? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
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
