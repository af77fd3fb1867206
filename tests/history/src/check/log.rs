//! What is known of one partition: which value lies at which offset, as acknowledgements and reads have it. Its order is
//! the version order; ranks are only ever compared between neighbours, so it has none.

use std::collections::BTreeMap;
use std::ops::Range;

use super::names::NONE;

const PLACES: usize = 64;

/// Offsets that lie together: they are dense nearly everywhere.
#[derive(Debug)]
struct Chunk {
    values: [u32; PLACES],
    /// The lines that first said so.
    lines: [u32; PLACES],
}

/// The known records of a partition.
#[derive(Debug, Default)]
pub(crate) struct Log {
    chunks: BTreeMap<u64, Box<Chunk>>,
}

/// A known record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) offset: u64,
    pub(crate) value: u32,
    /// The line that first said so.
    pub(crate) line: u32,
}

fn split(offset: u64) -> (u64, usize) {
    let places = PLACES as u64;
    (offset / places, (offset % places) as usize)
}

impl Log {
    /// Notes a record. What is known to be at its offset, if that is another value.
    pub(crate) fn put(&mut self, known: Known) -> Option<Known> {
        let (chunk, place) = split(known.offset);
        let chunk = self.chunks.entry(chunk).or_insert_with(|| {
            Box::new(Chunk {
                values: [NONE; PLACES],
                lines: [0; PLACES],
            })
        });
        let value = chunk.values[place];
        if value == NONE {
            (chunk.values[place], chunk.lines[place]) = (known.value, known.line);
        }
        (value != NONE && value != known.value).then_some(Known {
            offset: known.offset,
            value,
            line: chunk.lines[place],
        })
    }

    /// The known records at these offsets, in order.
    pub(crate) fn within(&self, offsets: Range<u64>) -> impl Iterator<Item = Known> {
        let chunks = (!offsets.is_empty()).then(|| self.chunks.range(split(offsets.start).0..=split(offsets.end).0));
        let places = chunks.into_iter().flatten().flat_map(|(number, chunk)| {
            let first = number * PLACES as u64;
            let places = (0..PLACES as u64).zip(chunk.values.iter().zip(&chunk.lines));
            places.map(move |(place, known)| (first + place, known))
        });
        let known = places.filter(move |(offset, (value, _))| **value != NONE && offsets.contains(offset));
        known.map(|(offset, (value, line))| Known {
            offset,
            value: *value,
            line: *line,
        })
    }
}

#[cfg(test)]
mod tests;
