//! Reads a lake file as a stranger would, before anything names it: opened from its bytes, every row decoded, and the
//! records' hash compared with that of the batches it was made of.

use bytes::Bytes;

use crate::error::{cut, format};
use crate::file::LakeFile;
use crate::footer::Footer;
use crate::reading::Decoding;
use crate::row::Hasher;
use crate::writer::hex;
use crate::{LakeError, Part};

/// Verifies that the bytes of a file, whose end has this length and checksum, hold the records that `footer` was made of.
///
/// # Errors
/// `Format` when they do not, `Parquet` when it is not readable.
pub fn verify(bytes: &Bytes, tail_bytes: u64, tail_checksum: u32, footer: &Footer) -> Result<(), LakeError> {
    let length = bytes.len() as u64;
    let tail = length
        .checked_sub(tail_bytes)
        .and_then(|start| cut(bytes, 0, &(start..length)));
    let tail = tail.ok_or_else(|| format("its end is longer than all of it"))?;
    let file = LakeFile::open(&tail, length, tail_checksum)?;
    if file.footer() != footer {
        return Err(format("it does not cover what it was made of"));
    }
    footer.parts.iter().try_for_each(|part| verify_part(&file, bytes, part))
}

fn verify_part(file: &LakeFile, bytes: &Bytes, part: &Part) -> Result<(), LakeError> {
    let mut hasher = Hasher::default();
    for group in part.groups.clone() {
        let mut rows = Decoding::new(file, group, i64::MIN, None, hasher)?;
        while let Some(ranges) = rows.step()? {
            let given: Option<Vec<Bytes>> = ranges.iter().map(|range| cut(bytes, 0, range)).collect();
            rows.give(ranges, given.ok_or_else(|| format("rows lie beyond its end"))?)?;
        }
        hasher = rows.sink;
    }
    let counted = (hasher.batches, hasher.records);
    let hash = hex(&hasher.finish());
    if counted == (part.batches, part.rows) && hash == part.hash {
        return Ok(());
    }
    Err(format(std::format!(
        "partition {}: {} batches and {} rows of hash {hash} where it was made of {} and {} of hash {}",
        part.partition,
        counted.0,
        counted.1,
        part.batches,
        part.rows,
        part.hash
    )))
}
