//! Deciding: from the folded state, the limits and the time it is, what is to be done. Pure: nothing here reads, writes
//! or waits.

pub mod clean;
pub mod expiry;
pub mod grace;
pub mod lake;
pub mod merge;
pub mod move_out;
pub mod retention;
pub mod snapshot;
pub mod swap;
pub mod tables;

#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeSet;

use metadata::{Extent, Partition, PartitionId, State};

use crate::CompactorConfig;

/// Extents of one partition, one behind the other, that become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The partition.
    pub partition: PartitionId,
    /// In the order of their offsets; never empty.
    pub inputs: Vec<Extent>,
}

/// What is rewritten at once, into one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// By topic and partition, and by offset in it.
    pub items: Vec<Item>,
    /// Bytes of all inputs.
    pub bytes: u64,
}

impl Window {
    /// Whether there is nothing to rewrite.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many extents are replaced.
    pub fn inputs(&self) -> usize {
        self.items.iter().map(|item| item.inputs.len()).sum()
    }
}

/// What bounds a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of records.
    pub window_bytes_max: u64,
    /// Extents.
    pub window_extents_max: usize,
    /// Bytes of one proposal of a swap.
    pub proposal_bytes_max: usize,
}

impl Limits {
    /// The config's, where a proposal may have `proposal_bytes_max` bytes.
    pub fn new(config: &CompactorConfig, proposal_bytes_max: usize) -> Limits {
        Limits {
            window_bytes_max: config.window_bytes_max,
            window_extents_max: config.window_extents_max,
            proposal_bytes_max: config.proposal_bytes_max.min(proposal_bytes_max),
        }
    }
}

/// Extents that are left where they are because they could not be read, by partition and first offset.
pub type Spared = BTreeSet<(PartitionId, u64)>;

/// All partitions, one at a time. A state lies still while it is looked at; a running process gives way between two
/// partitions, so that planning over millions of extents holds nobody up. A plan made of partitions seen at different
/// times is as good as any: what it replaces is compared when it is applied.
pub trait Partitions {
    /// Calls `visit` with each partition, by topic name and index.
    fn visit(&self, visit: &mut dyn FnMut(PartitionId, Partition<'_>));
}

impl Partitions for State {
    fn visit(&self, visit: &mut dyn FnMut(PartitionId, Partition<'_>)) {
        for topic in self.topics() {
            for (id, partition) in self.partitions(topic.number()) {
                visit(id, partition);
            }
        }
    }
}

/// Gathers inputs into items: one item goes on while the next input lies right behind and limits allow.
#[derive(Debug)]
pub(crate) struct Gather {
    limits: Limits,
    window: Window,
    inputs: usize,
    /// Bytes of the last item's swap, and of its records.
    swap_bytes: usize,
    item_bytes: u64,
}

impl Gather {
    pub(crate) fn new(limits: Limits) -> Gather {
        Gather {
            limits,
            window: Window::default(),
            inputs: 0,
            swap_bytes: 0,
            item_bytes: 0,
        }
    }

    /// Takes one more extent; the extents of a partition come in order. False when the window is full.
    pub(crate) fn add(&mut self, partition: PartitionId, extent: Extent) -> bool {
        let bytes = u64::from(extent.bytes);
        let over = self.window.bytes + bytes > self.limits.window_bytes_max;
        if self.inputs >= self.limits.window_extents_max || over && self.inputs > 0 {
            return false;
        }
        self.inputs += 1;
        self.window.bytes += bytes;
        let swap_bytes = swap::extent_bytes(&extent);
        match self.window.items.last_mut() {
            Some(item)
                if item.partition == partition
                    && follows(item, &extent)
                    && self.swap_bytes + swap_bytes <= self.limits.proposal_bytes_max
                    && self.item_bytes + bytes <= u64::from(u32::MAX) =>
            {
                item.inputs.push(extent);
                self.swap_bytes += swap_bytes;
                self.item_bytes += bytes;
            }
            _ => {
                self.window.items.push(Item {
                    partition,
                    inputs: vec![extent],
                });
                self.swap_bytes = swap::HEAD_BYTES + swap_bytes;
                self.item_bytes = bytes;
            }
        }
        true
    }

    pub(crate) fn window(mut self) -> Window {
        self.window
            .items
            .sort_by_key(|item| (item.partition, item.inputs.first().map(|input| input.first)));
        self.window
    }
}

/// Whether an extent lies right behind an item, and both fit into one extent: its offsets are counted in 32 bits.
fn follows(item: &Item, extent: &Extent) -> bool {
    let (Some(first), Some(last)) = (item.inputs.first(), item.inputs.last()) else {
        return false;
    };
    last.last().checked_add(1) == Some(extent.first) && extent.last() - first.first <= u64::from(u32::MAX)
}
