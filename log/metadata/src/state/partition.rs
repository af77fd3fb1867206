//! A partition: its offsets, extents, leader epochs and producers.

use std::collections::BTreeMap;

use super::extent::{Extent, Extents, Packed};
use super::objects::Objects;
use super::producer::{Producer, ProducerView};
use crate::entry;

#[derive(Debug, Clone)]
pub(crate) struct PartitionState {
    pub(crate) log_start: u64,
    /// The next offset.
    pub(crate) end: u64,
    /// Of all extents but those wholly below the log start.
    pub(crate) bytes: u64,
    /// From the log start on. Those before it that lie in lake files may stay for the table.
    pub(crate) extents: Extents,
    /// Eras and the offset at which each began, both rising; never empty.
    pub(crate) epochs: Vec<(u64, u64)>,
    pub(crate) producers: BTreeMap<u64, Producer>,
    pub(crate) cleaned: Cleaned,
}

/// How far a partition has been compacted by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cleaned {
    /// No two records below this offset have one key. What was put there stays true: records never return.
    pub through: u64,
    /// The tombstones that wait for their time.
    pub tombstones: Option<Tombstones>,
}

/// Tombstones below an offset, and since when nothing older of their keys is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstones {
    /// The offset behind the last of them.
    pub before: u64,
    /// Milliseconds since 1970, by the store's clock.
    pub since_ms: i64,
}

impl Cleaned {
    /// Whether it can be true of a partition that ends there: what is not said has one form.
    pub(crate) fn can_be(&self, end: u64) -> bool {
        let below = |tombstones: Tombstones| 0 < tombstones.before && tombstones.before <= self.through;
        self.through <= end && self.tombstones.is_none_or(below)
    }
}

impl From<&entry::Cleaning> for Cleaned {
    fn from(from: &entry::Cleaning) -> Self {
        Self {
            through: from.through,
            tombstones: from.tombstones.map(|tombstones| Tombstones {
                before: tombstones.before,
                since_ms: tombstones.since,
            }),
        }
    }
}

impl From<Cleaned> for entry::Cleaning {
    fn from(from: Cleaned) -> Self {
        Self {
            through: from.through,
            tombstones: from.tombstones.map(|tombstones| entry::Tombstones {
                before: tombstones.before,
                since: tombstones.since_ms,
            }),
        }
    }
}

impl PartitionState {
    pub(crate) fn new(first_offset: u64, era: u64) -> Self {
        Self {
            log_start: first_offset,
            end: first_offset,
            bytes: 0,
            extents: Extents::default(),
            epochs: vec![(era, first_offset)],
            producers: BTreeMap::new(),
            cleaned: Cleaned::default(),
        }
    }

    /// A new era begins at the end. An era without a record is as if it had not been.
    pub(crate) fn begin_era(&mut self, era: u64) {
        if self.epochs.last().is_some_and(|&(_, first)| first == self.end) {
            self.epochs.pop();
        }
        self.epochs.push((era, self.end));
    }

    /// Bytes of an extent, as far as they are the log's: none wholly below its start.
    pub(crate) fn log_bytes(&self, extent: &Packed) -> u64 {
        match extent.last() < self.log_start {
            true => 0,
            false => u64::from(extent.bytes),
        }
    }

    /// The first offset that something still has: where the extents begin, or the log where there are none.
    pub(crate) fn first(&self) -> u64 {
        self.extents
            .as_slice()
            .first()
            .map_or(self.log_start, |extent| extent.first)
    }

    /// Forgets eras of which no offset is left.
    pub(crate) fn trim_epochs(&mut self) {
        let gone = self
            .epochs
            .partition_point(|&(_, first)| first <= self.log_start)
            .saturating_sub(1);
        self.epochs.drain(..gone);
    }
}

/// A partition, as others may see it.
#[derive(Debug, Clone, Copy)]
pub struct Partition<'a> {
    pub(crate) state: &'a PartitionState,
    pub(crate) objects: &'a Objects,
}

impl<'a> Partition<'a> {
    /// The first offset that may be read.
    pub fn log_start(&self) -> u64 {
        self.state.log_start
    }

    /// From which offset on the topic's table has what lies in lake files: the log start or one before it, since extents go
    /// whole, and some may stay for longer.
    pub fn lake_start(&self) -> u64 {
        let first = self.state.extents.as_slice().first().filter(|first| first.is_lake());
        first.map_or(self.state.log_start, |first| first.first)
    }

    /// The next offset.
    pub fn high_watermark(&self) -> u64 {
        self.state.end
    }

    /// Bytes of the log's extents, the first one whole even where the log starts inside it.
    pub fn bytes(&self) -> u64 {
        self.state.bytes
    }

    /// The extents in the order of their offsets, each beginning where the one before ends; the log may start inside
    /// the first, or behind some that lie in lake files and stay for the table. [`Self::log_extents`] has none of these.
    pub fn extents(&self) -> impl DoubleEndedIterator<Item = Extent> + ExactSizeIterator + 'a {
        let objects = self.objects;
        self.state
            .extents
            .as_slice()
            .iter()
            .map(move |extent| extent.unpack(objects))
    }

    /// The extents that hold what may be read, in the order of their offsets; the log may start inside the first.
    pub fn log_extents(&self) -> impl DoubleEndedIterator<Item = Extent> + ExactSizeIterator + 'a {
        self.extents_from(self.state.log_start)
    }

    /// The extents from the one that holds `offset` on; none when it is at or beyond the end. Found by halving.
    pub fn extents_from(&self, offset: u64) -> impl DoubleEndedIterator<Item = Extent> + ExactSizeIterator + 'a {
        let objects = self.objects;
        let at = self.state.extents.index_of(offset);
        let rest = self.state.extents.as_slice().get(at..).unwrap_or_default();
        rest.iter().map(move |extent| extent.unpack(objects))
    }

    /// How many extents there are.
    pub fn extent_count(&self) -> usize {
        self.state.extents.as_slice().len()
    }

    /// How far it has been compacted by key.
    pub fn cleaned(&self) -> Cleaned {
        self.state.cleaned
    }

    /// Kafka's leader epoch now: the era.
    pub fn leader_epoch(&self) -> u64 {
        self.state.epochs.last().map_or(0, |&(era, _)| era)
    }

    /// The leader epoch in which an offset was given; that of the oldest known for an offset before it.
    pub fn leader_epoch_at(&self, offset: u64) -> u64 {
        let behind = self.state.epochs.partition_point(|&(_, first)| first <= offset);
        self.state
            .epochs
            .get(behind.saturating_sub(1))
            .map_or(0, |&(era, _)| era)
    }

    /// Leader epochs and the offset at which each began, both rising.
    pub fn leader_epochs(&self) -> &'a [(u64, u64)] {
        &self.state.epochs
    }

    /// The idempotent Kafka producers that are remembered, by id.
    pub fn producers(&self) -> impl ExactSizeIterator<Item = ProducerView> + 'a {
        self.state.producers.iter().map(|(&id, producer)| ProducerView {
            id,
            epoch: u32::from(producer.epoch),
            next_sequence: producer.next_sequence(),
            last_position: producer.position,
        })
    }
}
