//! Which objects are merged: many small ones of about one size into one of the next, so that objects become fewer, and
//! with them the extents of each partition, whose pieces then lie side by side.
//!
//! An object's size is that of its small extents: large ones stay where they are. Sizes are levels, each `fan_in` times
//! the one before. Objects of a level and below are merged when together they reach the next level. So what comes out
//! is of a higher level than anything that went in, and a byte is rewritten about once a level, not once a merge.
//!
//! An object of which less than half is still named is copied forward too: nothing that is left in it, of however quiet
//! a partition, may hold back the space of the others.

use std::collections::{BTreeMap, BTreeSet};

use metadata::{ObjectName, Place};

use super::{Gather, Limits, Partitions, Spared, Window};
use crate::CompactorConfig;

/// Bytes of an object that frame what is in it, at most, whatever that is: header, tail, and who made it. (What the
/// index says of a batch is always less than the batch.)
const FRAME_BYTES: u64 = 96;

/// Bytes of objects as a listing showed them.
pub type Listed = BTreeMap<ObjectName, u64>;

/// What is known of one object.
#[derive(Clone, Copy, Debug, Default)]
struct Survey {
    /// Bytes of extents that may be merged.
    small_bytes: u64,
    /// Bytes of all extents.
    named_bytes: u64,
    /// The most extents that lie behind one of its own in a partition: about how long ago it was written.
    behind: usize,
    /// One of its extents cannot be read.
    spared: bool,
}

/// What was chosen, and which of its extents are taken.
struct Chosen {
    objects: BTreeSet<ObjectName>,
    bytes_below: u64,
}

/// The window of the merge that is due; empty when none is.
pub fn plan(
    partitions: &impl Partitions,
    config: &CompactorConfig,
    limits: &Limits,
    spared: &Spared,
    listed: &Listed,
) -> Window {
    let surveys = survey(partitions, config, spared);
    let mut oldest: Vec<(ObjectName, Survey)> = surveys.into_iter().collect();
    oldest.sort_by_key(|(name, survey)| (std::cmp::Reverse(survey.behind), *name));
    let chosen = full_level(&oldest, config, limits).or_else(|| forgotten(&oldest, limits, listed));
    match chosen {
        Some(chosen) => gather(partitions, &chosen, limits, spared),
        None => Window::default(),
    }
}

fn survey(partitions: &impl Partitions, config: &CompactorConfig, spared: &Spared) -> BTreeMap<ObjectName, Survey> {
    let mut surveys: BTreeMap<ObjectName, Survey> = BTreeMap::new();
    partitions.visit(&mut |id, partition| {
        for (behind, extent) in partition.extents().rev().enumerate() {
            let Place::Segment { name, .. } = extent.place else {
                continue;
            };
            let survey = surveys.entry(name).or_default();
            survey.named_bytes += u64::from(extent.bytes);
            survey.behind = survey.behind.max(behind);
            if spared.contains(&(id, extent.first)) {
                survey.spared = true;
            } else if extent.bytes < config.extent_bytes_large {
                survey.small_bytes += u64::from(extent.bytes);
            }
        }
    });
    surveys
}

/// The lowest level at which there is enough to merge.
fn full_level(oldest: &[(ObjectName, Survey)], config: &CompactorConfig, limits: &Limits) -> Option<Chosen> {
    let large = config.object_bytes_large.min(limits.window_bytes_max / 2);
    let mut level = 0;
    while level == 0 || floor(level, config) < large {
        let ceiling = floor(level + 1, config).min(large);
        let of_level = |survey: &Survey| survey.small_bytes > 0 && survey.small_bytes < ceiling;
        let candidates = oldest.iter().filter(|(_, survey)| of_level(survey));
        let (mut count, mut bytes) = (0_u64, 0_u64);
        for (_, survey) in candidates.clone() {
            (count, bytes) = (count + 1, bytes + survey.small_bytes);
        }
        let many = level == 0 && count >= config.small_objects_max;
        let full = count >= config.fan_in && bytes >= ceiling;
        let more_than_a_window = count >= 2 && bytes >= limits.window_bytes_max;
        if many || full || more_than_a_window {
            let sizes = candidates.map(|(name, survey)| (*name, survey.small_bytes));
            let bytes_below = u64::from(config.extent_bytes_large);
            return Some(choose(sizes, limits, bytes_below));
        }
        level += 1;
    }
    None
}

/// The least size of a level: nothing, then `level_bytes`, then `fan_in` times as much each.
fn floor(level: u32, config: &CompactorConfig) -> u64 {
    match level.checked_sub(1) {
        None => 0,
        Some(steps) => config
            .level_bytes
            .max(1)
            .saturating_mul(config.fan_in.max(2).saturating_pow(steps)),
    }
}

/// Objects that are mostly garbage: what is still named of them is less than what goes. What frames an object does not
/// go: it would frame the next one too, and an object of one small batch would be copied for ever.
fn forgotten(oldest: &[(ObjectName, Survey)], limits: &Limits, listed: &Listed) -> Option<Chosen> {
    let mostly_garbage = |name: &ObjectName, survey: &Survey| {
        let bytes = listed.get(name).copied().unwrap_or(0);
        let worth = survey.named_bytes.saturating_mul(2).saturating_add(FRAME_BYTES) < bytes;
        !survey.spared && survey.named_bytes <= limits.window_bytes_max && worth
    };
    let garbage = oldest.iter().filter(|(name, survey)| mostly_garbage(name, survey));
    let chosen = choose(
        garbage.map(|(name, survey)| (*name, survey.named_bytes)),
        limits,
        u64::MAX,
    );
    (!chosen.objects.is_empty()).then_some(chosen)
}

/// The oldest that fit into a window, the first in any case.
fn choose(sizes: impl Iterator<Item = (ObjectName, u64)>, limits: &Limits, bytes_below: u64) -> Chosen {
    let (mut objects, mut bytes) = (BTreeSet::new(), 0);
    for (name, more) in sizes {
        bytes += more;
        if bytes > limits.window_bytes_max && !objects.is_empty() {
            break;
        }
        objects.insert(name);
    }
    Chosen { objects, bytes_below }
}

fn gather(partitions: &impl Partitions, chosen: &Chosen, limits: &Limits, spared: &Spared) -> Window {
    let mut gather = Gather::new(*limits);
    partitions.visit(&mut |id, partition| {
        for extent in partition.extents() {
            let Place::Segment { name, .. } = extent.place else {
                continue;
            };
            let wanted = u64::from(extent.bytes) < chosen.bytes_below && chosen.objects.contains(&name);
            if wanted && !spared.contains(&(id, extent.first)) && !gather.add(id, extent) {
                return;
            }
        }
    });
    gather.window()
}

#[cfg(test)]
mod tests;
