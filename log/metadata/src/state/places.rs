//! What extents hold on to: segments and lake files by reference counts, and entries whose inline bytes are still named.

use std::collections::BTreeMap;

use super::extent::{Packed, Spot};
use super::objects::Objects;

#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    pub(crate) objects: Objects,
    /// How many extents name inline bytes of an entry, by its position.
    inline: BTreeMap<u64, u32>,
    inline_bytes: u64,
    extents: u64,
}

impl Places {
    /// An extent comes. Whether a lake file came with it.
    pub(crate) fn hold(&mut self, extent: &Packed) -> bool {
        self.extents += 1;
        match extent.spot() {
            Spot::Segment { slot, .. } => self.objects.hold(slot),
            Spot::Lake { slot } => {
                let comes = !self.objects.is_held(slot);
                self.objects.hold(slot);
                return comes;
            }
            Spot::Inline { position, .. } => {
                *self.inline.entry(position).or_default() += 1;
                self.inline_bytes += u64::from(extent.bytes);
            }
        }
        false
    }

    /// An extent goes with the entry at `now`. Whether a lake file went with it.
    pub(crate) fn release(&mut self, extent: &Packed, now: u64) -> bool {
        self.extents -= 1;
        match extent.spot() {
            Spot::Segment { slot, .. } => self.objects.release(slot, now),
            Spot::Lake { slot } => {
                self.objects.release(slot, now);
                return !self.objects.is_held(slot);
            }
            Spot::Inline { position, .. } => {
                self.inline_bytes -= u64::from(extent.bytes);
                if let Some(count) = self.inline.get_mut(&position) {
                    *count -= 1;
                    if *count == 0 {
                        self.inline.remove(&position);
                    }
                }
            }
        }
        false
    }

    pub(crate) fn lowest_inline(&self) -> Option<u64> {
        self.inline.first_key_value().map(|(&position, _)| position)
    }

    pub(crate) fn inline_entries(&self) -> usize {
        self.inline.len()
    }

    pub(crate) fn inline_bytes(&self) -> u64 {
        self.inline_bytes
    }

    pub(crate) fn extents(&self) -> u64 {
        self.extents
    }
}
