//! Reads a lake file as a stranger would, before anything names it: opened from its bytes, every column of every row decoded,
//! and the records' hash compared with that of the batches it was made of.

use bytes::Bytes;
use parquet::arrow::ProjectionMask;

use crate::error::{cut, unreadable};
use crate::file::LakeFile;
use crate::reading::Decoding;
use crate::row::Hasher;
use crate::writer::hex;
use crate::{LakeError, Part, Written};

impl LakeFile {
    /// Decodes every row of the file, of which `bytes` are all, and compares the records' hashes with those that its footer
    /// has of the batches it was made of.
    ///
    /// # Errors
    /// `Format` when they differ, `Parquet` when it is not readable.
    pub fn verify(&self, bytes: &Bytes) -> Result<(), LakeError> {
        // Bloom filters are of no column's rows, and whoever believes a damaged one does not find a key.
        self.checks().check_all(bytes)?;
        let mut parts = self.footer().parts.iter();
        parts.try_for_each(|part| verify_part(self, bytes, part))
    }
}

impl Written {
    /// Verifies that what was read back holds the records that the file was made of.
    ///
    /// # Errors
    /// `Format` when it does not, `Parquet` when it is not readable.
    pub fn verify(&self, read_back: &Bytes) -> Result<(), LakeError> {
        let length = read_back.len() as u64;
        let start = length.checked_sub(self.tail_bytes);
        let tail = start.and_then(|start| cut(read_back, 0, &(start..length)));
        let tail = tail.ok_or_else(|| unreadable("its end is longer than all of it"))?;
        let file = LakeFile::open(&tail, length, self.tail_checksum)?;
        if file.footer() != &self.footer {
            return Err(unreadable("it does not cover what it was made of"));
        }
        file.verify(read_back)
    }
}

fn verify_part(file: &LakeFile, bytes: &Bytes, part: &Part) -> Result<(), LakeError> {
    let mut hasher = Hasher::default();
    for group in part.groups.clone() {
        // All of them: of typed columns it is shown that they can be decoded.
        let mut rows = Decoding::new(file, group, i64::MIN, None, ProjectionMask::all(), hasher)?;
        while let Some(ranges) = rows.step()? {
            let given: Option<Vec<Bytes>> = ranges.iter().map(|range| cut(bytes, 0, range)).collect();
            rows.give(ranges, given.ok_or_else(|| unreadable("rows lie beyond its end"))?)?;
        }
        hasher = rows.sink;
    }
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
