//! The index of a segment, opened from the end of its object: which runs there are, and where their batches lie.

use std::ops::Range;

use bytes::Buf;

use crate::format::{
    HEADER_BYTES, IDENTITY_BYTES, INDEX_BATCH_BYTES_MIN, INDEX_RUN_BYTES_MIN, TAIL_BYTES, TAIL_CHECKED_BYTES,
    TAIL_MAGIC, Tail, VERSION,
};
use crate::{SegmentError, SegmentId, varint};

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    id: SegmentId,
    object_bytes: u64,
    /// Where the runs end and the index begins.
    runs_end: u64,
    /// Sorted by (topic, partition), and so by start.
    runs: Vec<Run>,
    /// Of each batch, where it starts; rising.
    starts: Vec<u64>,
    /// Of each batch, its records.
    records: Vec<u32>,
}

/// The batches of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The topic's number.
    pub topic: u32,
    /// The partition.
    pub partition: u32,
    /// Its first byte in the object.
    pub start: u64,
    /// Its bytes.
    pub bytes: u64,
    /// CRC-32C of its bytes.
    pub checksum: u32,
}

impl Run {
    /// Where the run lies in the object.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.start..self.start + self.bytes
    }

    /// Checks the bytes of the whole run.
    ///
    /// # Errors
    /// `Run`.
    pub fn verify(&self, run: &[u8]) -> Result<(), SegmentError> {
        if run.len() as u64 == self.bytes && crc32c::crc32c(run) == self.checksum {
            Ok(())
        } else {
            Err(SegmentError::Run {
                topic: self.topic,
                partition: self.partition,
            })
        }
    }
}

/// One batch of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedBatch {
    /// Its first byte in the object.
    pub start: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Its records.
    pub records: u32,
}

impl PlacedBatch {
    /// Where the batch lies in the object.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.start..self.start + self.bytes
    }
}

/// The batch that holds a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The batch.
    pub batch: PlacedBatch,
    /// Records of the stretch that lie before the batch.
    pub records_before: u64,
}

impl Index {
    /// Opens a segment from the last bytes of its object, which has `object_bytes` in all. [`crate::OPEN_BYTES`] or the
    /// whole object, whichever is less, is a good first read.
    ///
    /// # Errors
    /// `NeedMore` if `tail` does not reach back to the index: call again with that many bytes. Otherwise any but `Run`.
    pub fn open(tail: &[u8], object_bytes: u64) -> Result<Self, SegmentError> {
        let expected = HEADER_BYTES + IDENTITY_BYTES as u64 + 1 + TAIL_BYTES;
        if object_bytes < expected || object_bytes < tail.len() as u64 {
            return Err(SegmentError::Length {
                object_bytes,
                expected: expected.max(tail.len() as u64),
            });
        }
        let (before, last) = tail
            .split_last_chunk()
            .ok_or(SegmentError::NeedMore { bytes: TAIL_BYTES })?;
        let tail = read_tail(last, object_bytes)?;
        // The object has the bytes of header and tail: that was asked first.
        let room = object_bytes - TAIL_BYTES - HEADER_BYTES;
        let runs_bytes = room
            .checked_sub(tail.index_bytes)
            .ok_or(SegmentError::Index("longer than the object"))?;
        let index = (before.len() as u64)
            .checked_sub(tail.index_bytes)
            .and_then(|start| before.get(usize::try_from(start).ok()?..))
            .ok_or(SegmentError::NeedMore {
                bytes: tail.index_bytes + TAIL_BYTES,
            })?;
        if crc32c::crc32c(index) != tail.index_checksum {
            return Err(SegmentError::Checksum { part: "index" });
        }
        Self::read(index, object_bytes, HEADER_BYTES + runs_bytes)
    }

    fn read(bytes: &[u8], object_bytes: u64, runs_end: u64) -> Result<Self, SegmentError> {
        let (id, mut from) = bytes.split_first_chunk().ok_or(SegmentError::Index("cut short"))?;
        let runs = count(varint::read_u64(&mut from)?, from.len() / INDEX_RUN_BYTES_MIN)?;
        // As many as the bytes can hold beside the runs: at most 12 bytes in memory for two in the index.
        let batches = (from.len() - runs * (INDEX_RUN_BYTES_MIN - INDEX_BATCH_BYTES_MIN)) / INDEX_BATCH_BYTES_MIN;
        let mut index = Self {
            id: SegmentId::read(id),
            object_bytes,
            runs_end,
            runs: Vec::with_capacity(runs),
            starts: Vec::with_capacity(batches),
            records: Vec::with_capacity(batches),
        };
        let mut start = HEADER_BYTES;
        for _ in 0..runs {
            start = index.read_run(&mut from, start)?;
        }
        if start != runs_end || !from.is_empty() {
            return Err(SegmentError::Index("runs do not fill the object"));
        }
        index.starts.shrink_to_fit();
        index.records.shrink_to_fit();
        Ok(index)
    }

    /// Reads one run that begins at `start`; gives where it ends.
    fn read_run(&mut self, from: &mut &[u8], start: u64) -> Result<u64, SegmentError> {
        let (topic, partition) = read_key(from, self.runs.last())?;
        let (checksum, rest) = from.split_first_chunk().ok_or(SegmentError::Index("cut short"))?;
        *from = rest;
        let batches = count(varint::read_u64(from)?, from.len() / INDEX_BATCH_BYTES_MIN)?;
        if batches == 0 {
            return Err(SegmentError::Index("empty run"));
        }
        let mut end = start;
        for _ in 0..batches {
            let (bytes, records) = (varint::read_u64(from)?, varint::read_u32(from)?);
            if bytes == 0 {
                return Err(SegmentError::Index("empty batch"));
            }
            self.starts.push(end);
            self.records.push(records);
            end = end
                .checked_add(bytes)
                .ok_or(SegmentError::Index("number out of range"))?;
        }
        let checksum = u32::from_be_bytes(*checksum);
        self.runs.push(Run {
            topic,
            partition,
            start,
            bytes: end - start,
            checksum,
        });
        Ok(end)
    }

    /// Which segment it is.
    #[must_use]
    pub fn id(&self) -> &SegmentId {
        &self.id
    }

    /// Bytes of the object.
    #[must_use]
    pub fn object_bytes(&self) -> u64 {
        self.object_bytes
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&self.runs[..]) + size_of_val(&self.starts[..]) + size_of_val(&self.records[..])
    }

    /// All runs, sorted by (topic, partition), and so by place.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The run of a partition, if the segment has one.
    #[must_use]
    pub fn run(&self, topic: u32, partition: u32) -> Option<&Run> {
        let at = self
            .runs
            .binary_search_by_key(&(topic, partition), |run| (run.topic, run.partition))
            .ok()?;
        self.runs.get(at)
    }

    /// The batches that make up the bytes `stretch` of the object: at least one, or none at all if these are not whole
    /// batches of one run.
    pub fn batches_in(&self, stretch: Range<u64>) -> impl Iterator<Item = PlacedBatch> + '_ {
        self.batch_numbers(&stretch).unwrap_or(0..0).map(|at| self.batch(at))
    }

    /// The batch that holds record `nth`, counted from 0, of the stretch of `bytes` from `start` on. None if it has fewer
    /// records, or is not whole batches of one run.
    #[must_use]
    pub fn locate(&self, start: u64, bytes: u64, nth: u64) -> Option<Located> {
        let mut records_before = 0;
        for batch in self.batches_in(start..start.saturating_add(bytes)) {
            let records_behind = records_before + u64::from(batch.records);
            if nth < records_behind {
                return Some(Located { batch, records_before });
            }
            records_before = records_behind;
        }
        None
    }

    fn batch_numbers(&self, stretch: &Range<u64>) -> Option<Range<usize>> {
        let first = self.starts.binary_search(&stretch.start).ok()?;
        let behind = if stretch.end == self.runs_end {
            self.starts.len()
        } else {
            self.starts.binary_search(&stretch.end).ok()?
        };
        let begun = self.runs.partition_point(|run| run.start <= stretch.start);
        let run = self.runs[..begun].last()?;
        (first < behind && stretch.end <= run.range().end).then_some(first..behind)
    }

    fn batch(&self, at: usize) -> PlacedBatch {
        let start = self.starts[at];
        let end = self.starts.get(at + 1).copied().unwrap_or(self.runs_end);
        PlacedBatch {
            start,
            bytes: end - start,
            records: self.records[at],
        }
    }
}

/// A number of things that is claimed: no more than the bytes that follow can hold, so neither is what is allocated.
fn count(claimed: u64, max: usize) -> Result<usize, SegmentError> {
    usize::try_from(claimed)
        .ok()
        .filter(|count| *count <= max)
        .ok_or(SegmentError::Index("count out of range"))
}

/// Reads the key of a run, which must be above that of the run before.
fn read_key(from: &mut &[u8], before: Option<&Run>) -> Result<(u32, u32), SegmentError> {
    let (topic, partition) = (varint::read_u32(from)?, varint::read_u32(from)?);
    let Some(before) = before else {
        return Ok((topic, partition));
    };
    let out_of_range = SegmentError::Index("topic or partition out of range");
    let key = if topic == 0 {
        before
            .partition
            .checked_add(1)
            .and_then(|next| next.checked_add(partition))
            .map(|next| (before.topic, next))
    } else {
        before.topic.checked_add(topic).map(|topic| (topic, partition))
    };
    key.ok_or(out_of_range)
}

fn read_tail(bytes: &[u8; TAIL_BYTES as usize], object_bytes: u64) -> Result<Tail, SegmentError> {
    let mut from = &bytes[..];
    let tail = Tail {
        object_bytes: from.get_u64(),
        index_bytes: from.get_u64(),
        index_checksum: from.get_u32(),
    };
    let (version, checksum) = (from.get_u16(), from.get_u32());
    if from != TAIL_MAGIC {
        return Err(SegmentError::Magic { part: "tail" });
    }
    if checksum != crc32c::crc32c(&bytes[..TAIL_CHECKED_BYTES]) {
        return Err(SegmentError::Checksum { part: "tail" });
    }
    if version != VERSION {
        return Err(SegmentError::Version(version));
    }
    if tail.object_bytes != object_bytes {
        return Err(SegmentError::Length {
            object_bytes,
            expected: tail.object_bytes,
        });
    }
    Ok(tail)
}

#[cfg(test)]
mod tests;
