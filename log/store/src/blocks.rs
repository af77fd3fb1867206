//! Arithmetic of aligned blocks: which of them a range touches, which neighbours go into one request, and how a range
//! is put together again. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// The numbers of the blocks that a range touches; none for an empty range.
pub(crate) fn touched(range: &Range<u64>, block_bytes: u64) -> Range<u64> {
    if range.is_empty() {
        return 0..0;
    }
    range.start / block_bytes..(range.end - 1) / block_bytes + 1
}

/// How many bytes of each block the ranges need, from its begin: a cached block that is shorter does not serve.
pub(crate) fn needed(ranges: &[Range<u64>], block_bytes: u64) -> BTreeMap<u64, u64> {
    let mut needed = BTreeMap::new();
    for range in ranges {
        for block in touched(range, block_bytes) {
            let end = (range.end - block * block_bytes).min(block_bytes);
            let most = needed.entry(block).or_insert(0);
            *most = end.max(*most);
        }
    }
    needed
}

/// Groups block numbers, which rise, into runs of neighbours of at most `run_blocks_max`.
pub(crate) fn runs(blocks: &[u64], run_blocks_max: u64) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for &block in blocks {
        match runs.last_mut() {
            Some(run) if run.end == block && run.end - run.start < run_blocks_max => run.end += 1,
            _ => runs.push(block..block + 1),
        }
    }
    runs
}

/// Cuts bytes that begin at a block's begin into blocks, each with memory of its own: a slice would keep all of what
/// it was cut from in memory for as long as one block is cached.
pub(crate) fn cut(bytes: &Bytes, block_bytes: u64) -> Vec<Bytes> {
    let size = usize::try_from(block_bytes).unwrap_or(usize::MAX);
    if !bytes.is_empty() && bytes.len() <= size && bytes.is_unique() {
        return vec![bytes.clone()];
    }
    bytes.chunks(size).map(Bytes::copy_from_slice).collect()
}

/// Cuts the parts of an object into blocks, each with memory of its own.
pub(crate) fn cut_parts(parts: &[Bytes], block_bytes: u64) -> Vec<Bytes> {
    let size = usize::try_from(block_bytes).unwrap_or(usize::MAX);
    let mut left: usize = parts.iter().map(Bytes::len).sum();
    let mut blocks = Vec::new();
    let mut block = BytesMut::with_capacity(left.min(size));
    for part in parts {
        let mut rest = part.as_ref();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(size - block.len()));
            block.extend_from_slice(now);
            left -= now.len();
            rest = later;
            if block.len() == size {
                let full = std::mem::replace(&mut block, BytesMut::with_capacity(left.min(size)));
                blocks.push(full.freeze());
            }
        }
    }
    if !block.is_empty() {
        blocks.push(block.freeze());
    }
    blocks
}

/// The bytes of a range from its blocks: a slice where one block holds it, else a copy. On failure, where the bytes
/// ended, from the object's begin.
pub(crate) fn assemble(range: &Range<u64>, blocks: &BTreeMap<u64, Bytes>, block_bytes: u64) -> Result<Bytes, u64> {
    let mut pieces = Vec::new();
    for block in touched(range, block_bytes) {
        let begin = block * block_bytes;
        let bytes = blocks.get(&block).ok_or(begin)?;
        let from = range.start.saturating_sub(begin);
        let to = (range.end - begin).min(block_bytes);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length < to {
            return Err(begin + length);
        }
        // Both are at most the length of a slice.
        let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
        pieces.push(bytes.slice(from..to));
    }
    if let [piece] = pieces.as_slice() {
        return Ok(piece.clone());
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests;
