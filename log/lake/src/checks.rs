//! Checksums of a lake file's rows, block by block: Parquet's own would be optional and are not written, and a decoder that
//! is given damaged pages may return other records, or panic. So a read takes whole blocks, and checks them first.

use std::ops::{Range, RangeInclusive};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;

use crate::LakeError;
use crate::error::{cut, unreadable};

/// Bytes of a block in files that are written. A read of a page takes up to two of them more than the page; the pages of most
/// columns are small, so that blocks as small as this one halve what a fetch reads.
const BLOCK_BYTES: u64 = 4 << 10;

/// Bytes that a block may have in a file that is read.
const BLOCKS: RangeInclusive<u64> = 512..=1 << 20;

/// The checksums of the blocks from a file's begin to where its indexes begin; the last may be shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checks {
    end: u64,
    block_bytes: u64,
    blocks: Vec<u32>,
}

impl Checks {
    /// Of all the bytes that a file has when its last row group is written.
    pub(crate) fn of(rows: &[u8]) -> Self {
        Self {
            end: rows.len() as u64,
            block_bytes: BLOCK_BYTES,
            blocks: rows.chunks(BLOCK_BYTES as usize).map(crc32c::crc32c).collect(),
        }
    }

    /// Where the rows end, bytes of a block, and the checksums as base64.
    pub(crate) fn write(&self) -> (u64, u64, String) {
        let bytes: Vec<u8> = self.blocks.iter().flat_map(|block| block.to_le_bytes()).collect();
        (self.end, self.block_bytes, STANDARD_NO_PAD.encode(bytes))
    }

    /// Reads what `write` wrote.
    pub(crate) fn read(end: u64, block_bytes: u64, blocks: &str) -> Result<Self, LakeError> {
        let bytes = STANDARD_NO_PAD
            .decode(blocks)
            .map_err(|error| unreadable(error.to_string()))?;
        let (blocks, rest) = bytes.as_chunks::<4>();
        if !BLOCKS.contains(&block_bytes) || !rest.is_empty() || blocks.len() as u64 != end.div_ceil(block_bytes) {
            return Err(unreadable("its checksums are not those of its rows"));
        }
        let blocks = blocks.iter().map(|block| u32::from_le_bytes(*block)).collect();
        Ok(Self {
            end,
            block_bytes,
            blocks,
        })
    }

    /// Bytes of memory that they take.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.blocks.len() * size_of::<u32>()
    }

    /// The whole blocks that hold the ranges, each once, neighbours as one.
    pub(crate) fn widen(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        let block = self.block_bytes;
        let widened = ranges.iter().map(|range| {
            let end = range.end.next_multiple_of(block);
            range.start / block * block..end.min(self.end.max(range.end))
        });
        let mut wide: Vec<Range<u64>> = widened.collect();
        wide.sort_unstable_by_key(|range| range.start);
        wide.dedup_by(|next, range| {
            let joins = next.start <= range.end;
            if joins {
                range.end = range.end.max(next.end);
            }
            joins
        });
        wide
    }

    /// Compares everything before the indexes of a whole file.
    pub(crate) fn check_all(&self, file: &Bytes) -> Result<(), LakeError> {
        let rows = 0..self.end;
        let bytes = cut(file, 0, &rows).ok_or_else(|| unreadable("rows lie beyond its end"))?;
        self.check(&rows, &bytes)
    }

    /// Compares the bytes of a range, as `widen` made it, with their checksums.
    pub(crate) fn check(&self, range: &Range<u64>, bytes: &Bytes) -> Result<(), LakeError> {
        let whole = range.start.is_multiple_of(self.block_bytes)
            && (range.end.is_multiple_of(self.block_bytes) || range.end == self.end)
            && range.end - range.start == bytes.len() as u64;
        let first = usize::try_from(range.start / self.block_bytes).unwrap_or(usize::MAX);
        let expected = self.blocks.get(first..).filter(|_| whole).unwrap_or_default();
        let found = bytes.chunks(usize::try_from(self.block_bytes).unwrap_or(usize::MAX));
        if found.len() > expected.len() {
            return Err(unreadable(format!(
                "bytes {} to {} are not whole blocks of it",
                range.start, range.end
            )));
        }
        for (at, (block, expected)) in found.zip(expected).enumerate() {
            if crc32c::crc32c(block) != *expected {
                let start = range.start + at as u64 * self.block_bytes;
                return Err(unreadable(format!("its bytes from {start} on are damaged")));
            }
        }
        Ok(())
    }
}
