//! Which log starts move because records are too old or too many, as Kafka decides it: by whole extents, the oldest
//! first, up to the first that stays.

use metadata::entry::PartitionTrim;
use metadata::{Partition, PartitionId, State, TopicConfig};

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
    let too_old = config
        .retention_ms()
        .map_or(0, |retention| expired(partition, retention, now_ms));
    let too_many = config
        .retention_bytes()
        .map_or(0, |retention| beyond(partition, retention));
    let gone = too_old.max(too_many);
    if gone == 0 {
        return None;
    }
    let before = partition
        .extents()
        .nth(gone)
        .map_or(partition.high_watermark(), |extent| extent.first);
    Some(PartitionTrim {
        topic: id.topic,
        partition: id.partition,
        before,
        seen_start: Some(partition.log_start()),
    })
}

/// How many extents, from the oldest on, are older than `retention_ms`. One without a timestamp goes with the next
/// that has one.
fn expired(partition: &Partition<'_>, retention_ms: u64, now_ms: i64) -> usize {
    let retention_ms = i64::try_from(retention_ms).unwrap_or(i64::MAX);
    let mut gone = 0;
    for (index, extent) in partition.extents().enumerate() {
        if extent.max_timestamp < 0 {
            continue;
        }
        if now_ms.saturating_sub(extent.max_timestamp) <= retention_ms {
            break;
        }
        gone = index + 1;
    }
    gone
}

/// How many extents, from the oldest on, can go with `retention_bytes` still left.
fn beyond(partition: &Partition<'_>, retention_bytes: u64) -> usize {
    let mut excess = partition.bytes().saturating_sub(retention_bytes);
    let mut gone = 0;
    for extent in partition.extents() {
        match excess.checked_sub(u64::from(extent.bytes)) {
            Some(left) => excess = left,
            None => break,
        }
        gone += 1;
    }
    gone
}

/// Cuts trims into proposals of at most `bytes_max` bytes each.
pub fn cut(trims: &[PartitionTrim], bytes_max: usize) -> Vec<metadata::entry::Trim> {
    let each = (bytes_max / TRIM_BYTES).max(1);
    let chunks = trims.chunks(each).map(<[PartitionTrim]>::to_vec);
    chunks.map(|partitions| metadata::entry::Trim { partitions }).collect()
}

/// Bytes of one trim in a proposal, at most: two numbers of six bytes, two of eleven, and the frame.
const TRIM_BYTES: usize = 6 + 6 + 11 + 11 + 4;

#[cfg(test)]
mod tests;
