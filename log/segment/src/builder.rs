//! Puts a segment together. Payloads are never copied: the parts of what is built are the very buffers that were added,
//! with a header before and a footer behind.

use bytes::{Bytes, BytesMut};

use crate::format::{HEADER, HEADER_BYTES, TAIL_BYTES, Tail};
use crate::{SegmentId, varint};

/// Names one add until the segment is built: its place in [`Built::placed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Added(pub usize);

/// What one add brought.
#[derive(Debug)]
struct Add {
    topic: u32,
    partition: u32,
    batches: Vec<(Bytes, u32)>,
}

impl Add {
    fn key(&self) -> (u32, u32) {
        (self.topic, self.partition)
    }

    fn bytes(&self) -> u64 {
        self.batches.iter().map(|(bytes, _)| bytes.len() as u64).sum()
    }
}

/// Gathers batches and makes them a segment.
#[derive(Debug)]
pub struct SegmentBuilder {
    id: SegmentId,
    adds: Vec<Add>,
    parts: usize,
    payload_bytes: u64,
}

/// A segment, ready to be put.
#[derive(Debug, Clone)]
pub struct Built {
    /// Which segment it is.
    pub id: SegmentId,
    /// The object in pieces: header, the payloads as they were added, footer.
    pub parts: Vec<Bytes>,
    /// Bytes of the object.
    pub bytes: u64,
    /// For each add, in the order of adding, where in the object its first byte lies.
    pub placed: Vec<u64>,
}

impl SegmentBuilder {
    /// An empty segment to come.
    #[must_use]
    pub fn new(id: SegmentId) -> Self {
        Self {
            id,
            adds: Vec::new(),
            parts: 2,
            payload_bytes: 0,
        }
    }

    /// Adds batches of one partition with the number of records of each; they will lie together and in this order. A batch
    /// without bytes takes no place and is left out.
    pub fn add(&mut self, topic: u32, partition: u32, batches: impl IntoIterator<Item = (Bytes, u32)>) -> Added {
        let batches: Vec<_> = batches.into_iter().filter(|(bytes, _)| !bytes.is_empty()).collect();
        self.parts += batches.len();
        let add = Add {
            topic,
            partition,
            batches,
        };
        self.payload_bytes += add.bytes();
        self.adds.push(add);
        Added(self.adds.len() - 1)
    }

    /// Bytes of all batches added so far.
    #[must_use]
    pub fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// Whether no bytes were added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payload_bytes == 0
    }

    /// Makes the segment. One without runs is a segment too.
    #[must_use]
    pub fn build(self) -> Built {
        let mut order: Vec<usize> = (0..self.adds.len()).collect();
        // A stable sort: within a partition the order of adding is kept.
        order.sort_by_key(|&at| self.adds[at].key());
        let footer = self.footer(&order);
        let bytes = HEADER_BYTES + self.payload_bytes + footer.len() as u64;
        let placed = self.placed(&order);
        let mut parts = Vec::with_capacity(self.parts);
        parts.push(Bytes::from_static(&HEADER));
        let mut adds = self.adds;
        for at in order {
            parts.extend(
                std::mem::take(&mut adds[at].batches)
                    .into_iter()
                    .map(|(bytes, _)| bytes),
            );
        }
        parts.push(footer);
        Built {
            id: self.id,
            parts,
            bytes,
            placed,
        }
    }

    fn placed(&self, order: &[usize]) -> Vec<u64> {
        let mut placed = vec![0; self.adds.len()];
        let mut start = HEADER_BYTES;
        for &at in order {
            placed[at] = start;
            start += self.adds[at].bytes();
        }
        placed
    }

    fn footer(&self, order: &[usize]) -> Bytes {
        let mut footer = BytesMut::new();
        self.id.write(&mut footer);
        let runs: Vec<&[usize]> = order
            .chunk_by(|&a, &b| self.adds[a].key() == self.adds[b].key())
            .filter(|run| run.iter().any(|&at| !self.adds[at].batches.is_empty()))
            .collect();
        varint::write(&mut footer, runs.len() as u64);
        let mut before = None;
        for run in runs {
            before = Some(self.write_run(&mut footer, run, before));
        }
        let index_bytes = footer.len() as u64;
        let index_checksum = crc32c::crc32c(&footer);
        let object_bytes = HEADER_BYTES + self.payload_bytes + index_bytes + TAIL_BYTES;
        Tail {
            object_bytes,
            index_bytes,
            index_checksum,
        }
        .write(&mut footer);
        footer.freeze()
    }

    /// Writes one run's part of the index; gives its key, which the next run's is relative to.
    fn write_run(&self, footer: &mut BytesMut, run: &[usize], before: Option<(u32, u32)>) -> (u32, u32) {
        let (topic, partition) = self.adds[run[0]].key();
        let (topic_delta, partition_delta) = match before {
            None => (topic, partition),
            Some((topic_before, partition_before)) if topic_before == topic => (0, partition - partition_before - 1),
            Some((topic_before, _)) => (topic - topic_before, partition),
        };
        varint::write(footer, u64::from(topic_delta));
        varint::write(footer, u64::from(partition_delta));
        let batches = || run.iter().flat_map(|&at| &self.adds[at].batches);
        let checksum = batches().fold(0, |checksum, (bytes, _)| crc32c::crc32c_append(checksum, bytes));
        footer.extend_from_slice(&checksum.to_be_bytes());
        varint::write(footer, batches().count() as u64);
        for (bytes, records) in batches() {
            varint::write(footer, bytes.len() as u64);
            varint::write(footer, u64::from(*records));
        }
        (topic, partition)
    }
}

#[cfg(test)]
mod tests;
