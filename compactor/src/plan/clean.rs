//! Compaction by key: which partitions are due, how far, and which of their records stay.
//!
//! It happens in lake files alone. A partition's lake files from the log start on are clean up to an offset, below which
//! no two records have one key, and dirty behind it. A pass reads the keys of the dirty ones, and then rewrites all of
//! them without the records whose key a later one has. That later one is in the log or, when it was a tombstone that had
//! stayed for its time, every older one of its key was gone before it.

use std::collections::BTreeMap;

use metadata::{Cleaned, Extent, KeyCompaction, Partition, PartitionId, State, Tombstones, TopicNumber};

use super::lake::{Share, add, is_lake, one_an_item};
use super::{Gather, Limits, Partitions, Spared, Window};
use crate::CompactorConfig;

/// What a pass does with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleaning {
    /// The partition.
    pub partition: PartitionId,
    /// The first offset whose key is not known to be the only one.
    pub dirty_from: u64,
    /// The offset behind the last that may be compacted.
    pub end: u64,
    /// Tombstones below this offset have stayed for their time; 0 where none have.
    pub tombstones_before: u64,
    /// Those that still have to wait.
    pub waiting: Option<Tombstones>,
}

impl Cleaning {
    /// What is true when all below `through` has been rewritten at `now_ms`, and whether tombstones are left there.
    pub fn cleaned(&self, through: u64, tombstones: bool, now_ms: i64) -> Cleaned {
        let new = tombstones.then_some(Tombstones {
            before: through,
            since_ms: now_ms,
        });
        Cleaned {
            through,
            tombstones: self.waiting.or(new),
        }
    }
}

/// The topics that are compacted by key.
pub fn topics(state: &State) -> BTreeMap<TopicNumber, KeyCompaction> {
    let topics = state.topics();
    let compacted = topics.filter_map(|topic| Some((topic.number(), topic.config().key_compaction()?)));
    compacted.collect()
}

/// Partitions that are due at `now_ms`, milliseconds since 1970, by the files they lie in.
pub fn due(
    partitions: &impl Partitions,
    topics: &BTreeMap<TopicNumber, KeyCompaction>,
    config: &CompactorConfig,
    now_ms: i64,
    spared: &Spared,
) -> BTreeMap<Share, Vec<Cleaning>> {
    let mut due: BTreeMap<Share, Vec<Cleaning>> = BTreeMap::new();
    partitions.visit(&mut |id, partition| {
        let Some(rules) = topics.get(&id.topic) else { return };
        if let Some(cleaning) = cleaning(id, &partition, rules, now_ms, spared) {
            due.entry(Share::of(id, config)).or_default().push(cleaning);
        }
    });
    due
}

fn cleaning(
    id: PartitionId,
    partition: &Partition<'_>,
    rules: &KeyCompaction,
    now_ms: i64,
    spared: &Spared,
) -> Option<Cleaning> {
    let old = |extent: &Extent, ms: u64| age_ms(extent, now_ms).is_none_or(|age| age >= ms);
    let may = |extent: &Extent| {
        let young = rules.lag_ms_min > 0 && !old(extent, rules.lag_ms_min);
        is_lake(extent) && !young && !spared.contains(&(id, extent.first))
    };
    let Cleaned { through, tombstones } = partition.cleaned();
    let (mut clean_bytes, mut dirty_bytes, mut overdue, mut end) = (0, 0, false, None);
    for extent in partition.log_extents().take_while(may) {
        let bytes = u64::from(extent.bytes);
        if extent.last() < through {
            clean_bytes += bytes;
        } else {
            // One without a timestamp is of no age.
            overdue |= dirty_bytes == 0 && age_ms(&extent, now_ms).is_some_and(|age| age >= rules.lag_ms_max);
            dirty_bytes += bytes;
        }
        end = Some(extent.last() + 1);
    }
    let end = end.filter(|end| *end >= through)?;
    let gone = tombstones.filter(|they| {
        let stayed_ms = u64::try_from(now_ms.saturating_sub(they.since_ms)).unwrap_or(0);
        they.before <= end && stayed_ms >= rules.tombstones_ms
    });
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let ratio = dirty_bytes as f64 / (clean_bytes + dirty_bytes).max(1) as f64;
    let dirty = end > through && (ratio > rules.dirty_ratio || overdue);
    (dirty || gone.is_some()).then(|| Cleaning {
        partition: id,
        dirty_from: through.max(partition.log_start()),
        end,
        tombstones_before: gone.map_or(0, |they| they.before),
        waiting: tombstones.filter(|_| gone.is_none()),
    })
}

/// How long ago its newest record was written, by the producer's clock; none where it has no timestamp.
fn age_ms(extent: &Extent, now_ms: i64) -> Option<u64> {
    let known = extent.max_timestamp >= 0;
    known.then(|| u64::try_from(now_ms.saturating_sub(extent.max_timestamp)).unwrap_or(0))
}

/// What is rewritten next: of each partition, which is to be rewritten from one offset to another, the first extents.
pub fn window(
    partitions: &impl Partitions,
    rest: &BTreeMap<PartitionId, std::ops::Range<u64>>,
    limits: &Limits,
) -> Window {
    let mut gather = Gather::new(*limits);
    partitions.visit(&mut |id, partition| {
        let Some(rest) = rest.get(&id) else { return };
        let extents = partition.extents_from(rest.start);
        let due = extents.take_while(|extent| is_lake(extent) && extent.first < rest.end);
        add(&mut gather, id, due);
    });
    one_an_item(gather.window())
}

#[cfg(test)]
mod tests;
