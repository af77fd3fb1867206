//! Checks every byte of a segment, as an audit or a test does.

use crate::format::HEADER;
use crate::{Index, SegmentError};

/// Checks a whole object: header, index, tail and the checksum of each run. Any single flipped bit is found.
///
/// # Errors
/// Any of [`SegmentError`]; `NeedMore` if what follows the header was cut out.
pub fn verify_whole(object: &[u8]) -> Result<Index, SegmentError> {
    let index = Index::open(object, object.len() as u64)?;
    if !object.starts_with(&HEADER) {
        return Err(SegmentError::Magic { part: "header" });
    }
    for run in index.runs() {
        // The index has been checked: runs lie one after another inside the object, which is in memory.
        let range = run.range();
        run.verify(&object[range.start as usize..range.end as usize])?;
    }
    Ok(index)
}

#[cfg(test)]
mod tests;
