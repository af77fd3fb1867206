//! Which inline bytes leave the ledger's entries: all that are due, the oldest entries first, as a window allows.
//!
//! In the order of the ledger, for the oldest entry is what holds the base back.

use std::collections::BTreeMap;

use metadata::{Extent, Place, State};

use super::{Gather, Limits, Partitions, Spared, Window};

/// Up to which entry inline bytes are due; none when there are none. `old` is the last entry that is old enough, and
/// `inline_bytes_max` what all entries may hold before everything is due.
pub fn due(state: &State, old: Option<u64>, inline_bytes_max: u64) -> Option<u64> {
    let lowest = state.lowest_inline()?;
    let through = if state.inline_bytes() > inline_bytes_max {
        Some(state.position())
    } else {
        old
    };
    through.filter(|through| *through >= lowest)
}

/// Since when inline bytes have waited, in milliseconds of the store's time, when that is longer than they may:
/// told by the marks, the newest of which names an entry from the time it says.
pub fn overdue_ms(state: &State, now_ms: i64) -> Option<i64> {
    let lowest = state.lowest_inline()?;
    let hold_ms = i64::try_from(state.cluster_config().inline_hold_ms_max()).unwrap_or(i64::MAX);
    let marked = state.marks().iter().find(|mark| mark.folded >= lowest)?;
    let waited_ms = now_ms.saturating_sub(marked.date_ms);
    (waited_ms > hold_ms).then_some(waited_ms)
}

/// The window of what entries up to `through` hold.
pub fn plan(partitions: &impl Partitions, through: u64, limits: &Limits, spared: &Spared) -> Window {
    let mut held: BTreeMap<u64, (u64, usize)> = BTreeMap::new();
    partitions.visit(&mut |id, partition| {
        for extent in partition.extents() {
            if let Some(position) = inline_position(&extent).filter(|position| *position <= through)
                && !spared.contains(&(id, extent.first))
            {
                let (bytes, extents) = held.entry(position).or_default();
                *bytes += u64::from(extent.bytes);
                *extents += 1;
            }
        }
    });
    let Some(through) = fitting(&held, limits) else {
        return Window::default();
    };
    let mut gather = Gather::new(*limits);
    partitions.visit(&mut |id, partition| {
        for extent in partition.extents() {
            let taken = inline_position(&extent).is_some_and(|position| position <= through);
            if taken && !spared.contains(&(id, extent.first)) && !gather.add(id, extent) {
                return;
            }
        }
    });
    gather.window()
}

/// The last of the entries that fit into a window, the first in any case.
fn fitting(held: &BTreeMap<u64, (u64, usize)>, limits: &Limits) -> Option<u64> {
    let (mut bytes, mut extents, mut last) = (0, 0, None);
    for (position, (more_bytes, more_extents)) in held {
        bytes += more_bytes;
        extents += more_extents;
        let over = bytes > limits.window_bytes_max || extents > limits.window_extents_max;
        if over && last.is_some() {
            break;
        }
        last = Some(*position);
    }
    last
}

fn inline_position(extent: &Extent) -> Option<u64> {
    match extent.place {
        Place::Inline { position, .. } => Some(position),
        Place::Segment { .. } | Place::Lake { .. } => None,
    }
}

#[cfg(test)]
mod tests;
