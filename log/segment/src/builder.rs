//! Puts a segment together. Payloads are never copied: the parts of what is built are the very buffers that were added,
//! with a header before and a footer behind.

use bytes::{Bytes, BytesMut};

use crate::format::{HEADER, HEADER_BYTES, TAIL_BYTES, Tail};
use crate::{SegmentId, varint};

/// Names one add until the segment is built: its place in [`Built::placed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Added(pub usize);

/// Why something was not added or built; the builder is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An add has at least one batch.
    #[error("no batches to add")]
    NoBatches,
    /// A batch has at least one byte and one record.
    #[error("batch of {bytes} bytes and {records} records")]
    EmptyBatch {
        /// Bytes of the batch.
        bytes: usize,
        /// Its records.
        records: u32,
    },
    /// A number that the index holds in 32 bits would not fit.
    #[error("{0} of the segment would not fit 32 bits")]
    TooLarge(&'static str),
}

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
    batches: u32,
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
            batches: 0,
            payload_bytes: 0,
        }
    }

    /// Adds batches of one partition with the number of records of each; they will lie together and in this order.
    ///
    /// # Errors
    /// `NoBatches`, `EmptyBatch`, `TooLarge`: then nothing was added.
    pub fn add(
        &mut self,
        topic: u32,
        partition: u32,
        batches: impl IntoIterator<Item = (Bytes, u32)>,
    ) -> Result<Added, BuildError> {
        let batches: Vec<_> = batches.into_iter().collect();
        for (bytes, records) in &batches {
            if bytes.is_empty() || *records == 0 {
                return Err(BuildError::EmptyBatch {
                    bytes: bytes.len(),
                    records: *records,
                });
            }
            u32::try_from(bytes.len()).map_err(|_| BuildError::TooLarge("a batch"))?;
        }
        let count = u32::try_from(batches.len()).map_err(|_| BuildError::TooLarge("the number of batches"))?;
        if count == 0 {
            return Err(BuildError::NoBatches);
        }
        self.batches = self
            .batches
            .checked_add(count)
            .ok_or(BuildError::TooLarge("the number of batches"))?;
        let add = Add {
            topic,
            partition,
            batches,
        };
        self.payload_bytes += add.bytes();
        self.adds.push(add);
        Ok(Added(self.adds.len() - 1))
    }

    /// Bytes of all batches added so far.
    #[must_use]
    pub fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// Whether nothing was added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.adds.is_empty()
    }

    /// Makes the segment. One without runs is a segment too.
    ///
    /// # Errors
    /// `TooLarge`, if the index does not fit 4 GiB.
    pub fn build(self) -> Result<Built, BuildError> {
        let mut order: Vec<usize> = (0..self.adds.len()).collect();
        // A stable sort: within a partition the order of adding is kept.
        order.sort_by_key(|&at| self.adds[at].key());
        let footer = self.footer(&order)?;
        let bytes = HEADER_BYTES + self.payload_bytes + footer.len() as u64;
        let placed = self.placed(&order);
        let mut parts = Vec::with_capacity(self.batches as usize + 2);
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
        Ok(Built {
            id: self.id,
            parts,
            bytes,
            placed,
        })
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

    fn footer(&self, order: &[usize]) -> Result<Bytes, BuildError> {
        let mut footer = BytesMut::new();
        self.id.write(&mut footer);
        let runs: Vec<&[usize]> = order
            .chunk_by(|&a, &b| self.adds[a].key() == self.adds[b].key())
            .collect();
        // There are no more runs than batches, whose number was checked.
        varint::write(&mut footer, runs.len() as u32);
        let mut before = None;
        for run in runs {
            before = Some(self.write_run(&mut footer, run, before));
        }
        let index_bytes = u32::try_from(footer.len()).map_err(|_| BuildError::TooLarge("the index"))?;
        let index_checksum = crc32c::crc32c(&footer);
        let object_bytes = HEADER_BYTES + self.payload_bytes + u64::from(index_bytes) + TAIL_BYTES;
        Tail {
            object_bytes,
            index_bytes,
            index_checksum,
        }
        .write(&mut footer);
        Ok(footer.freeze())
    }

    /// Writes one run's part of the index; gives its key, which the next run's is relative to.
    fn write_run(&self, footer: &mut BytesMut, run: &[usize], before: Option<(u32, u32)>) -> (u32, u32) {
        let (topic, partition) = self.adds[run[0]].key();
        let (topic_before, partition_before) = before.unzip();
        varint::write(footer, topic - topic_before.unwrap_or(0));
        let same_topic = topic_before == Some(topic);
        varint::write(
            footer,
            if same_topic {
                partition - partition_before.unwrap_or(0) - 1
            } else {
                partition
            },
        );
        let batches = || run.iter().flat_map(|&at| &self.adds[at].batches);
        let checksum = batches().fold(0, |checksum, (bytes, _)| crc32c::crc32c_append(checksum, bytes));
        footer.extend_from_slice(&checksum.to_be_bytes());
        varint::write(footer, batches().count() as u32);
        for (bytes, records) in batches() {
            varint::write(footer, bytes.len() as u32);
            varint::write(footer, *records);
        }
        (topic, partition)
    }
}

#[cfg(test)]
mod tests;
