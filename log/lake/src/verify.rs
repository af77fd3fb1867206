//! Reads a lake file as a stranger would, before anything names it: opened from its bytes, every column of every row decoded,
//! every batch built again as a fetch would, though not compressed, and the records' hash compared with that of the batches it
//! was made of.

use bytes::Bytes;
use parquet::arrow::ProjectionMask;

use crate::error::{cut, unreadable};
use crate::file::LakeFile;
use crate::reading::Decoding;
use crate::rebuild::Rebuilder;
use crate::row::{Hasher, Head, Row, Sink, Whole};
use crate::writer::hex;
use crate::{LakeError, Part, Written};

impl LakeFile {
    /// Decodes every row of the file, of which `bytes` are all, and compares the records' hashes with those that its footer
    /// has of the batches it was made of.
    ///
    /// # Errors
    /// `Format` when they differ, `Parquet` when it is not readable, `Build` and `Whole` when they cannot be batches again.
    pub fn verify(&self, bytes: &Bytes) -> Result<(), LakeError> {
        // Bloom filters are of no column's rows, and whoever believes a damaged one does not find a key.
        self.checks().check_all(bytes)?;
        let mut parts = self.footer().parts.iter();
        parts.try_for_each(|part| verify_part(self, bytes, part))
    }
}

impl Written {
    /// Opens the file that was written, or what was read back of it.
    ///
    /// # Errors
    /// As [`LakeFile::open`].
    pub fn open(&self, bytes: &Bytes) -> Result<LakeFile, LakeError> {
        let length = bytes.len() as u64;
        let start = length.checked_sub(self.tail_bytes);
        let tail = start.and_then(|start| cut(bytes, 0, &(start..length)));
        let tail = tail.ok_or_else(|| unreadable("its end is longer than all of it"))?;
        LakeFile::open(&tail, length, self.tail_checksum)
    }

    /// Verifies that what was read back holds the records that the file was made of.
    ///
    /// # Errors
    /// As [`LakeFile::verify`].
    pub fn verify(&self, read_back: &Bytes) -> Result<(), LakeError> {
        let file = self.open(read_back)?;
        if file.footer() != &self.footer {
            return Err(unreadable("it does not cover what it was made of"));
        }
        file.verify(read_back)
    }
}

/// Hashes what a consumer is told, and builds each batch.
#[derive(Debug)]
struct Consumer {
    hasher: Hasher,
    rebuilder: Rebuilder,
}

impl Sink for Consumer {
    type Error = LakeError;

    fn begin(&mut self, head: &Head) -> Result<(), LakeError> {
        let Ok(()) = self.hasher.begin(head);
        self.rebuilder.begin(head)?;
        drop(self.rebuilder.take());
        Ok(())
    }

    fn record(&mut self, head: &Head, row: &Row<'_>) -> Result<(), LakeError> {
        let Ok(()) = self.hasher.record(head, row);
        self.rebuilder.record(head, row)
    }

    fn whole(&mut self, head: &Head, whole: &Whole<'_>) -> Result<(), LakeError> {
        let Ok(()) = self.hasher.whole(head, whole);
        self.rebuilder.whole(head, whole)
    }
}

fn verify_part(file: &LakeFile, bytes: &Bytes, part: &Part) -> Result<(), LakeError> {
    let mut consumer = Consumer {
        hasher: Hasher::default(),
        rebuilder: Rebuilder::plain(),
    };
    for group in part.groups.clone() {
        // All of them: of typed columns it is shown that they can be decoded.
        let mut rows = Decoding::new(file, group, i64::MIN, None, ProjectionMask::all(), consumer)?;
        while let Some(ranges) = rows.step()? {
            let given: Option<Vec<Bytes>> = ranges.iter().map(|range| cut(bytes, 0, range)).collect();
            rows.give(ranges, given.ok_or_else(|| unreadable("rows lie beyond its end"))?)?;
        }
        consumer = rows.sink;
        // A row group ends between two batches.
        consumer.rebuilder.complete()?;
        drop(consumer.rebuilder.take());
    }
    let hasher = consumer.hasher;
    let counted = (hasher.batches, hasher.records);
    let hash = hex(&hasher.finish());
    if counted == (part.batches, part.rows) && hash == part.hash {
        return Ok(());
    }
    Err(unreadable(format!(
        "partition {}: {} batches and {} rows of hash {hash} where it was made of {} and {} of hash {}",
        part.partition, counted.0, counted.1, part.batches, part.rows, part.hash
    )))
}
