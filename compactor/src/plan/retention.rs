//! Which log starts move because records are too old or too many, as Kafka decides it: by whole extents, the oldest
//! first, up to the first that stays. And which lake files their topics' tables keep for longer.

use metadata::entry::PartitionTrim;
use metadata::{Extent, LakeRetention, Partition, PartitionId, State, TopicConfig};

use super::lake::is_lake;

/// The trims that are due at `now_ms`, milliseconds since 1970, each naming the log start that was seen.
pub fn plan(state: &State, now_ms: i64) -> Vec<PartitionTrim> {
    let mut trims = Vec::new();
    for topic in state.topics() {
        for (id, partition) in state.partitions(topic.number()) {
            trims.extend(trim(id, &partition, topic.config(), now_ms));
        }
    }
    trims
}

fn trim(id: PartitionId, partition: &Partition<'_>, config: &TopicConfig, now_ms: i64) -> Option<PartitionTrim> {
    let too_old = config.retention_ms();
    let too_old = too_old.and_then(|retention| expired(partition.log_extents(), retention, now_ms));
    let too_many = config.retention_bytes();
    let too_many = too_many.and_then(|retention| beyond(partition, retention));
    let due = too_old.max(too_many);
    let (before, lake_before) = match lake_before(partition, config.lake_retention(), now_ms) {
        None => (due, None),
        Some(lake_before) => (due.min(waits(partition, lake_before)), Some(lake_before)),
    };
    let log_start = partition.log_start();
    let before = before.unwrap_or(0).max(log_start);
    let first = partition.extents().next();
    let goes = |first: Extent| first.last() < lake_before.unwrap_or(before);
    let is_due = before > log_start || first.is_some_and(goes);
    is_due.then_some(PartitionTrim {
        topic: id.topic,
        partition: id.partition,
        before,
        seen_start: Some(log_start),
        lake_before,
    })
}

/// Before which offset the table keeps no records; `None` where it keeps what the log does.
fn lake_before(partition: &Partition<'_>, retention: LakeRetention, now_ms: i64) -> Option<u64> {
    match retention {
        LakeRetention::AsLog => None,
        LakeRetention::Ms(ms) => Some(expired(partition.extents(), ms, now_ms).unwrap_or(0)),
        LakeRetention::Forever => Some(0),
    }
}

/// Before which offset the log may go, where the table keeps more: what no lake file has yet waits for one, if not beyond
/// the table's own time.
fn waits(partition: &Partition<'_>, lake_before: u64) -> Option<u64> {
    let waits = partition.log_extents().find(|extent| !is_lake(extent));
    Some(waits.map_or(u64::MAX, |extent| extent.first).max(lake_before))
}

fn behind(extent: &Extent) -> u64 {
    extent.last().saturating_add(1)
}

/// The offset behind the extents that are older than `retention_ms`, the oldest first; `None` when there are none. One without
/// a timestamp goes with the next that has one.
fn expired(extents: impl Iterator<Item = Extent>, retention_ms: u64, now_ms: i64) -> Option<u64> {
    let retention_ms = i64::try_from(retention_ms).unwrap_or(i64::MAX);
    let is_old = |extent: &Extent| now_ms.saturating_sub(extent.max_timestamp) > retention_ms;
    let dated = extents.filter(|extent| extent.max_timestamp >= 0);
    dated.take_while(is_old).last().map(|last| behind(&last))
}

/// The offset behind the extents that can go with `retention_bytes` still left, the oldest first; `None` when none can.
fn beyond(partition: &Partition<'_>, retention_bytes: u64) -> Option<u64> {
    let mut excess = partition.bytes().saturating_sub(retention_bytes);
    let fits = |extent: &Extent| match excess.checked_sub(u64::from(extent.bytes)) {
        Some(left) => {
            excess = left;
            true
        }
        None => false,
    };
    partition
        .log_extents()
        .take_while(fits)
        .last()
        .map(|last| behind(&last))
}

/// Cuts trims into proposals of at most `bytes_max` bytes each.
pub fn cut(trims: &[PartitionTrim], bytes_max: usize) -> Vec<metadata::entry::Trim> {
    let each = (bytes_max / TRIM_BYTES).max(1);
    let chunks = trims.chunks(each).map(<[PartitionTrim]>::to_vec);
    chunks.map(|partitions| metadata::entry::Trim { partitions }).collect()
}

/// Bytes of one trim in a proposal, at most: two numbers of six bytes, three of eleven, and the frame.
const TRIM_BYTES: usize = 6 + 6 + 11 + 11 + 11 + 4;

#[cfg(test)]
mod tests;
