//! Which records become rows of a lake file: those of a topic that none holds yet, when enough have gathered or some have
//! waited for long; and those of small lake files, which become one.

use std::collections::{BTreeMap, BTreeSet};

use metadata::{Extent, ObjectName, PartitionId, Place, TopicConfig, TopicNumber};

use super::{Gather, Limits, Partitions, Spared, Window};
use crate::CompactorConfig;

/// Retention by time is exact to its length divided by this.
const SPANS: u64 = 8;

/// How far apart the timestamps of what goes as one may lie, in milliseconds: a part of how long it is kept; any where
/// that is for ever.
pub fn span_ms_max(config: &TopicConfig) -> Option<u64> {
    config.retention_ms().map(|ms| ms / SPANS)
}

/// The partitions of a topic that lie in the same lake files: neighbours, as many as a file may hold.
///
/// Every partition has row groups of its own in a file, and who opens a file reads what it says of all of them. So a topic of
/// thousands of partitions has files of its first ones, of its next ones, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// The topic.
    pub topic: TopicNumber,
    /// Which of its shares.
    pub number: u32,
}

impl Share {
    /// That of a partition.
    pub fn of(id: PartitionId, config: &CompactorConfig) -> Share {
        Share {
            topic: id.topic,
            number: id.partition / config.lake_partitions_max.max(1),
        }
    }
}

/// Bytes of each share's records that no lake file holds; only of those that have some.
pub fn waiting(partitions: &impl Partitions, config: &CompactorConfig, spared: &Spared) -> BTreeMap<Share, u64> {
    let mut waiting = BTreeMap::new();
    partitions.visit(&mut |id, partition| {
        let bytes: u64 = partition
            .extents()
            .filter(|extent| !is_lake(extent) && !spared.contains(&(id, extent.first)))
            .map(|extent| u64::from(extent.bytes))
            .sum();
        if bytes > 0 {
            *waiting.entry(Share::of(id, config)).or_default() += bytes;
        }
    });
    waiting
}

/// What of a share becomes rows next: of each partition the oldest records that lie one behind the other.
///
/// What lies in one file goes as one, so of each partition its records' greatest timestamps lie no further apart than
/// `span_ms_max`; see [`span_ms_max`].
pub fn plan(
    partitions: &impl Partitions,
    config: &CompactorConfig,
    share: Share,
    span_ms_max: Option<u64>,
    limits: &Limits,
    spared: &Spared,
) -> Window {
    let is_of = |id| Share::of(id, config) == share;
    let due = |id, extent: &Extent| !is_lake(extent) && !spared.contains(&(id, extent.first));
    stretches(partitions, is_of, span_ms_max, limits, due)
}

/// The small files of one share that become one: the oldest neighbours that together reach the next size.
///
/// Sizes are levels, each [`CompactorConfig::fan_in`] times the one before, as those of segments are. Neighbours, for what
/// comes out is one stretch of each partition. Shares that are `waiting` have their turn later. None when there is nothing to
/// merge.
pub fn merge(
    partitions: &impl Partitions,
    config: &CompactorConfig,
    limits: &Limits,
    spared: &Spared,
    waiting: &BTreeSet<Share>,
) -> Option<(Share, Window)> {
    survey(partitions, config, spared)
        .into_iter()
        .filter(|(share, _)| !waiting.contains(share))
        .find_map(|(share, mut files)| {
            files.sort_by_key(|file| (std::cmp::Reverse(file.behind), file.name));
            let chosen = choose(&files, config, limits)?;
            let is_chosen = |id, extent: &Extent| {
                let chosen = matches!(extent.place, Place::Lake { name, .. } if chosen.contains(&name));
                chosen && !spared.contains(&(id, extent.first))
            };
            let window = stretches(partitions, |id| Share::of(id, config) == share, None, limits, is_chosen);
            // As many stretches come out as go in where the files are no neighbours in any partition.
            (window.inputs() > window.items.len()).then_some((share, window))
        })
}

/// All that is named in a file of a topic.
pub fn named(
    partitions: &impl Partitions,
    topic: TopicNumber,
    file: ObjectName,
    limits: &Limits,
    spared: &Spared,
) -> Window {
    let mut gather = Gather::new(*limits);
    partitions.visit(&mut |id, partition| {
        if id.topic == topic {
            let is_of = |extent: &Extent| matches!(extent.place, Place::Lake { name, .. } if name == file);
            let named = partition.extents().filter(is_of);
            add(
                &mut gather,
                id,
                named.filter(|extent| !spared.contains(&(id, extent.first))),
            );
        }
    });
    one_an_item(gather.window())
}

/// A lake file, as a share's extents tell of it.
#[derive(Clone, Copy, Debug)]
struct File {
    name: ObjectName,
    /// As it lies in the store.
    object_bytes: u64,
    /// Of the batches that its rows were made of.
    log_bytes: u64,
    /// The most extents that lie behind one of its own in a partition: about how long ago it was written.
    behind: usize,
    /// One of its extents cannot be read, or is not to be merged.
    spared: bool,
}

fn survey(partitions: &impl Partitions, config: &CompactorConfig, spared: &Spared) -> BTreeMap<Share, Vec<File>> {
    let mut found: BTreeMap<(Share, ObjectName), File> = BTreeMap::new();
    partitions.visit(&mut |id, partition| {
        for (behind, extent) in partition.extents().rev().enumerate() {
            let Place::Lake { name, end } = extent.place else {
                continue;
            };
            let file = found.entry((Share::of(id, config), name)).or_insert(File {
                name,
                object_bytes: end.object_bytes,
                log_bytes: 0,
                behind: 0,
                spared: false,
            });
            file.log_bytes += u64::from(extent.bytes);
            file.behind = file.behind.max(behind);
            // What is compacted by key is merged by that alone, lest the clean and the dirty become one.
            let is_clean = extent.first < partition.cleaned().through;
            file.spared |= is_clean || spared.contains(&(id, extent.first));
        }
    });
    let mut shares: BTreeMap<Share, Vec<File>> = BTreeMap::new();
    for ((share, _), file) in found {
        shares.entry(share).or_default().push(file);
    }
    shares
}

/// The first run of neighbours of a level, from the lowest on, that reaches the next.
fn choose(files: &[File], config: &CompactorConfig, limits: &Limits) -> Option<BTreeSet<ObjectName>> {
    let large = config.lake_bytes_large;
    let (smallest, fan_in) = (config.lake_level_bytes.max(1), config.fan_in.max(2));
    let mut ceiling = smallest;
    loop {
        let of_level = |file: &File| !file.spared && file.object_bytes < ceiling.min(large);
        for run in files.split(|file| !of_level(file)) {
            let mut bytes = 0;
            let fit = run.iter().take_while(|file| {
                bytes += file.log_bytes;
                bytes <= limits.window_bytes_max
            });
            let fit: Vec<&File> = fit.collect();
            let (count, sum) = (fit.len() as u64, fit.iter().map(|file| file.object_bytes).sum::<u64>());
            let window_is_full = fit.len() < run.len() && count >= 2;
            let many = ceiling == smallest && count >= config.lake_small_files_max;
            if count >= fan_in && sum >= ceiling || many || window_is_full {
                return Some(fit.iter().map(|file| file.name).collect());
            }
        }
        if ceiling >= large {
            return None;
        }
        ceiling = ceiling.saturating_mul(fan_in);
    }
}

/// Of each such partition the first extents that are due and lie one behind the other, their timestamps no further apart than that.
fn stretches(
    partitions: &impl Partitions,
    is_of: impl Fn(PartitionId) -> bool,
    span_ms_max: Option<u64>,
    limits: &Limits,
    due: impl Fn(PartitionId, &Extent) -> bool,
) -> Window {
    let mut gather = Gather::new(*limits);
    partitions.visit(&mut |id, partition| {
        if !is_of(id) {
            return;
        }
        let mut rest = partition.extents().skip_while(|extent| !due(id, extent)).peekable();
        let begins_ms = rest.peek().map_or(0, |first| first.max_timestamp);
        let near = |extent: &Extent| {
            let apart_ms = extent.max_timestamp.abs_diff(begins_ms);
            span_ms_max.is_none_or(|most_ms| apart_ms <= most_ms)
        };
        add(
            &mut gather,
            id,
            rest.take_while(|extent| due(id, extent) && near(extent)),
        );
    });
    one_an_item(gather.window())
}

pub(super) fn add(gather: &mut Gather, id: PartitionId, extents: impl Iterator<Item = Extent>) {
    for extent in extents {
        if !gather.add(id, extent) {
            return;
        }
    }
}

/// A file holds one stretch of a partition's offsets: what does not fit into the first item waits for the next file.
pub(super) fn one_an_item(mut window: Window) -> Window {
    window.items.dedup_by_key(|item| item.partition);
    let inputs = window.items.iter().flat_map(|item| &item.inputs);
    window.bytes = inputs.map(|input| u64::from(input.bytes)).sum();
    window
}

pub(super) fn is_lake(extent: &Extent) -> bool {
    matches!(extent.place, Place::Lake { .. })
}

#[cfg(test)]
mod tests;
