//! From an item that was rewritten to the proposals that say so.

use metadata::entry::{self, PartitionSwap, Swap};
use metadata::{Extent, Place};

use super::Item;

/// Bytes of a swap of one partition but for its inputs, at most: the partition, what frames it, and the output.
pub const HEAD_BYTES: usize = 24 + 96;

/// Bytes of what a swap says of compaction by key, at most.
pub const CLEANING_BYTES: usize = 2 + 11 + 2 + 11 + 11;

/// The extent that takes the place of an item's inputs when its bytes lie at `place`; none when the sums do not fit.
pub fn output(inputs: &[Extent], place: Place) -> Option<Extent> {
    let (first, last) = (inputs.first()?, inputs.last()?);
    let sum = |field: fn(&Extent) -> u32| {
        let mut all = inputs.iter().map(field);
        all.try_fold(0_u32, u32::checked_add)
    };
    Some(Extent {
        first: first.first,
        last_delta: u32::try_from(last.last().checked_sub(first.first)?).ok()?,
        records: sum(|extent| extent.records)?,
        bytes: sum(|extent| extent.bytes)?,
        max_timestamp: inputs.iter().map(|extent| extent.max_timestamp).max()?,
        place,
    })
}

/// The swap of one item, of which no record was left out.
pub fn partition_swap(item: &Item, output: Extent) -> PartitionSwap {
    PartitionSwap {
        topic: item.partition.topic,
        partition: item.partition.partition,
        inputs: item.inputs.iter().map(entry::Extent::from).collect(),
        outputs: vec![output.into()],
        cleaning: None,
    }
}

/// What an output holds when these many records, and bytes of their batches, were left out.
pub fn without(output: Extent, records: u64, bytes: u64) -> Extent {
    let less = |all: u32, gone: u64| u32::try_from(u64::from(all).saturating_sub(gone)).unwrap_or(0);
    let records = less(output.records, records);
    // An estimate never says that there are records without bytes, nor bytes without records.
    let bytes = match records {
        0 => 0,
        _ => less(output.bytes, bytes).max(1),
    };
    Extent {
        records,
        bytes,
        ..output
    }
}

/// Cuts swaps into proposals of at most `bytes_max` bytes each; one that is larger goes alone.
pub fn cut(swaps: Vec<PartitionSwap>, bytes_max: usize) -> Vec<Swap> {
    let mut cut: Vec<Swap> = Vec::new();
    let mut bytes = 0;
    for swap in swaps {
        let more = swap_bytes(&swap);
        match cut.last_mut() {
            Some(last) if bytes + more <= bytes_max => {
                last.partitions.push(swap);
                bytes += more;
            }
            _ => {
                cut.push(Swap { partitions: vec![swap] });
                bytes = more;
            }
        }
    }
    cut
}

/// An upper bound of the bytes of a swap in a proposal.
pub fn swap_bytes(swap: &PartitionSwap) -> usize {
    HEAD_BYTES + swap.inputs.iter().map(wire_bytes).sum::<usize>()
}

/// An upper bound of the bytes of an input in a proposal.
pub fn extent_bytes(extent: &Extent) -> usize {
    let place = match extent.place {
        Place::Inline {
            position,
            proposal,
            run,
        } => varint(position) + varint(u64::from(proposal)) + varint(u64::from(run)),
        Place::Segment { name, start } => name_bytes(name.flush) + varint(start),
        Place::Lake { name, end } => name_bytes(name.flush) + end_bytes(end.object_bytes, end.tail_bytes),
    };
    let times = varint(zigzag(extent.max_timestamp));
    let counts = [extent.last_delta, extent.records, extent.bytes];
    let counts: usize = counts.iter().map(|count| varint(u64::from(*count))).sum();
    FRAME_BYTES + varint(extent.first) + counts + times + FRAME_BYTES + place
}

fn wire_bytes(extent: &entry::Extent) -> usize {
    let place = match &extent.place {
        Some(entry::extent::Place::Inline(at)) => {
            varint(at.position) + varint(u64::from(at.proposal)) + varint(u64::from(at.run))
        }
        Some(entry::extent::Place::Segment(at)) => {
            name_bytes(at.name.as_ref().map_or(0, |name| name.flush)) + varint(at.start)
        }
        Some(entry::extent::Place::Lake(at)) => {
            let end = at.end.unwrap_or_default();
            name_bytes(at.name.as_ref().map_or(0, |name| name.flush)) + end_bytes(end.object_bytes, end.tail_bytes)
        }
        None => 0,
    };
    let times = varint(zigzag(extent.max_timestamp));
    let counts = [extent.last_delta, extent.records, extent.bytes];
    let counts: usize = counts.iter().map(|count| varint(u64::from(*count))).sum();
    FRAME_BYTES + varint(extent.first) + counts + times + FRAME_BYTES + place
}

/// A tag and a length around a message.
const FRAME_BYTES: usize = 2;

/// An object's name: two fixed numbers of nine bytes with their tags, an index, an attempt, two frames.
fn name_bytes(flush: u64) -> usize {
    9 + 9 + 4 + 3 + FRAME_BYTES + FRAME_BYTES + varint(flush)
}

/// What opens a lake file: two numbers, and a checksum of four bytes with its tag.
fn end_bytes(object_bytes: u64, tail_bytes: u32) -> usize {
    FRAME_BYTES + varint(object_bytes) + varint(u64::from(tail_bytes)) + 5
}

/// Bytes of a number with its tag.
fn varint(number: u64) -> usize {
    let bits = 64 - number.leading_zeros() as usize;
    1 + bits.div_ceil(7).max(1)
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests;
