//! Extents: which offsets lie where. Packed to 40 bytes each, since a fold may hold millions.
//!
//! ```text
//! Packed  first u64 | start u64 | max_timestamp i64 | last_delta u32 | records u32 | bytes u32 | place u32
//!         place < 2^30   slot of the segment's name in the table of objects; start = where the bytes begin in it
//!         place < 2^31   lake: the low 30 bits are the slot of the file's name; start = 0
//!         place >= 2^31  inline: the low 31 bits are the run; start = position of the entry << 16 | proposal
//! ```

use super::objects::Objects;
use crate::entry;
use crate::entry::extent::Place as WirePlace;
use crate::ids::ObjectName;
use crate::limits::POSITION_END;

/// Offsets `first` to `last` of a partition, and where their bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// The first offset.
    pub first: u64,
    /// The last offset less the first.
    pub last_delta: u32,
    /// Records, at most one an offset.
    pub records: u32,
    /// Bytes of the record batches; in a lake file, those of the batches that its rows were made of.
    pub bytes: u32,
    /// Greatest timestamp of a record, milliseconds since 1970.
    pub max_timestamp: i64,
    /// Where the bytes lie.
    pub place: Place,
}

/// Where an extent's bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a ledger entry.
    Inline {
        /// The entry's position.
        position: u64,
        /// Which proposal of the entry.
        proposal: u16,
        /// Which run of the proposal, counted over all its groups.
        run: u32,
    },
    /// In a segment.
    Segment {
        /// The segment's name.
        name: ObjectName,
        /// Where the bytes begin in it.
        start: u64,
    },
    /// In a lake file of the topic, which says itself where the partition's rows are.
    Lake {
        /// The file's name.
        name: ObjectName,
        /// What opens it.
        end: LakeEnd,
    },
}

/// What opens a lake file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LakeEnd {
    /// The file's bytes.
    pub object_bytes: u64,
    /// How many of them, at its end, are read first.
    pub tail_bytes: u32,
    /// CRC-32C of those.
    pub tail_checksum: u32,
}

impl LakeEnd {
    /// Which bytes of the file are its end.
    pub fn range(&self) -> std::ops::Range<u64> {
        self.object_bytes.saturating_sub(u64::from(self.tail_bytes))..self.object_bytes
    }

    /// Whether the end is a part of the file.
    pub(crate) fn can_be(&self) -> bool {
        self.tail_bytes > 0 && u64::from(self.tail_bytes) <= self.object_bytes
    }
}

impl From<LakeEnd> for entry::LakeEnd {
    fn from(from: LakeEnd) -> Self {
        Self {
            object_bytes: from.object_bytes,
            tail_bytes: from.tail_bytes,
            tail_checksum: from.tail_checksum,
        }
    }
}

impl From<&entry::LakeEnd> for LakeEnd {
    fn from(from: &entry::LakeEnd) -> Self {
        Self {
            object_bytes: from.object_bytes,
            tail_bytes: from.tail_bytes,
            tail_checksum: from.tail_checksum,
        }
    }
}

impl Extent {
    /// The last offset.
    pub fn last(&self) -> u64 {
        self.first.saturating_add(u64::from(self.last_delta))
    }
}

impl From<&Extent> for entry::Extent {
    fn from(from: &Extent) -> Self {
        let place = match from.place {
            Place::Inline {
                position,
                proposal,
                run,
            } => WirePlace::Inline(entry::InlinePlace {
                position,
                proposal: u32::from(proposal),
                run,
            }),
            Place::Segment { name, start } => WirePlace::Segment(entry::SegmentPlace {
                name: Some(name.into()),
                start,
            }),
            Place::Lake { name, end } => WirePlace::Lake(entry::LakePlace {
                name: Some(name.into()),
                end: Some(end.into()),
            }),
        };
        Self {
            first: from.first,
            last_delta: from.last_delta,
            records: from.records,
            bytes: from.bytes,
            max_timestamp: from.max_timestamp,
            place: Some(place),
        }
    }
}

impl From<Extent> for entry::Extent {
    fn from(from: Extent) -> Self {
        Self::from(&from)
    }
}

const INLINE: u32 = 1 << 31;
const LAKE: u32 = 1 << 30;

/// An extent as the fold keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) first: u64,
    pub(crate) start: u64,
    pub(crate) max_timestamp: i64,
    pub(crate) last_delta: u32,
    pub(crate) records: u32,
    pub(crate) bytes: u32,
    pub(crate) place: u32,
}

/// A packed place: of a segment, a lake file, or an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    Inline { position: u64, proposal: u16, run: u32 },
    Segment { slot: u32, start: u64 },
    Lake { slot: u32 },
}

impl Spot {
    /// The two fields of [`Packed`]; `None` when a number is too large for them.
    pub(crate) fn pack(self) -> Option<(u32, u64)> {
        match self {
            Self::Inline {
                position,
                proposal,
                run,
            } if position < POSITION_END && run < INLINE => Some((run | INLINE, position << 16 | u64::from(proposal))),
            Self::Segment { slot, start } if slot < LAKE => Some((slot, start)),
            Self::Lake { slot } if slot < LAKE => Some((slot | LAKE, 0)),
            _ => None,
        }
    }
}

impl Packed {
    pub(crate) fn last(&self) -> u64 {
        self.first.saturating_add(u64::from(self.last_delta))
    }

    pub(crate) fn spot(&self) -> Spot {
        if self.place & INLINE != 0 {
            let proposal = (self.start & 0xffff) as u16;
            Spot::Inline {
                position: self.start >> 16,
                proposal,
                run: self.place & !INLINE,
            }
        } else if self.place & LAKE != 0 {
            let slot = self.place & !LAKE;
            Spot::Lake { slot }
        } else {
            Spot::Segment {
                slot: self.place,
                start: self.start,
            }
        }
    }

    pub(crate) fn is_lake(&self) -> bool {
        matches!(self.spot(), Spot::Lake { .. })
    }

    pub(crate) fn unpack(&self, objects: &Objects) -> Extent {
        let place = match self.spot() {
            Spot::Inline {
                position,
                proposal,
                run,
            } => Place::Inline {
                position,
                proposal,
                run,
            },
            Spot::Segment { slot, start } => Place::Segment {
                name: objects.name(slot),
                start,
            },
            Spot::Lake { slot } => Place::Lake {
                name: objects.name(slot),
                end: objects.end(slot).expect("a lake file's slot has its end"),
            },
        };
        Extent {
            first: self.first,
            last_delta: self.last_delta,
            records: self.records,
            bytes: self.bytes,
            max_timestamp: self.max_timestamp,
            place,
        }
    }

    /// Takes `next` in, when it lies right behind in the same segment and the sums fit. Says whether it did.
    ///
    /// Others are never joined: a run of an entry is found by its number, and the next has another; and nothing is ever
    /// put behind what a lake file holds.
    pub(crate) fn join(&mut self, next: &Self) -> bool {
        let behind = self.start.checked_add(u64::from(self.bytes)) == Some(next.start);
        if self.place & (INLINE | LAKE) != 0 || self.place != next.place || !behind {
            return false;
        }
        let last_delta = next
            .last()
            .checked_sub(self.first)
            .and_then(|delta| u32::try_from(delta).ok());
        let sums = (
            last_delta,
            self.records.checked_add(next.records),
            self.bytes.checked_add(next.bytes),
        );
        let (Some(last_delta), Some(records), Some(bytes)) = sums else {
            return false;
        };
        (self.last_delta, self.records, self.bytes) = (last_delta, records, bytes);
        self.max_timestamp = self.max_timestamp.max(next.max_timestamp);
        true
    }
}

/// The extents of a partition in the order of their offsets, each beginning where the one before ends.
///
/// Trims drop them at the front: those are only counted, and the room is given back when half of it is so empty.
/// Room grows by an eighth, not by doubling, since most of the fold's memory is here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extents {
    all: Vec<Packed>,
    dropped: usize,
}

impl From<Vec<Packed>> for Extents {
    fn from(all: Vec<Packed>) -> Self {
        Self { all, dropped: 0 }
    }
}

impl Extents {
    pub(crate) fn as_slice(&self) -> &[Packed] {
        self.all.get(self.dropped..).unwrap_or_default()
    }

    pub(crate) fn push(&mut self, extent: Packed) {
        self.make_room(1);
        self.all.push(extent);
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut Packed> {
        if self.all.len() > self.dropped {
            self.all.last_mut()
        } else {
            None
        }
    }

    /// The index of the extent that holds `offset`, or of the first behind it.
    pub(crate) fn index_of(&self, offset: u64) -> usize {
        self.as_slice().partition_point(|extent| extent.last() < offset)
    }

    pub(crate) fn drop_front(&mut self, count: usize) {
        self.dropped = self.dropped.saturating_add(count).min(self.all.len());
        if self.dropped > 16 && self.dropped > self.all.len() / 2 || self.dropped == self.all.len() {
            self.all.drain(..self.dropped);
            self.dropped = 0;
            self.all.shrink_to(self.all.len() + self.all.len() / 8);
        }
    }

    /// Puts `with` in the place of `count` extents from `at` on; both must lie within.
    pub(crate) fn replace(&mut self, at: usize, count: usize, with: &[Packed]) {
        self.make_room(with.len().saturating_sub(count));
        let from = self.dropped.saturating_add(at).min(self.all.len());
        let to = from.saturating_add(count).min(self.all.len());
        self.all.splice(from..to, with.iter().copied());
    }

    fn make_room(&mut self, count: usize) {
        if self.all.capacity() - self.all.len() < count {
            self.all.reserve_exact(count.max(self.all.len() / 8).max(4));
        }
    }

    /// Bytes of memory that are taken, empty room included.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.all.capacity() * size_of::<Packed>()
    }
}

#[cfg(test)]
mod tests;
