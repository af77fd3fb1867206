//! How inputs of Protocol Buffers are changed: one message of an input by its fields, the frame around it made to fit.

use crate::entries::VOID;
use crate::snapshots::{self, HEAD_BYTES, INDEX_BYTES};
use crate::wire;

/// Changes the bytes of one message as the fuzzer likes.
pub type Change<'a> = &'a mut dyn FnMut(&mut Vec<u8>);

/// An input with one of its messages changed, by a seed; none when it has none.
pub type Mutate = fn(&[u8], u64, Change<'_>) -> Option<Vec<u8>>;

/// libFuzzer's custom mutator over the first `size` of `data`: every other change is made by the fields of a message, the
/// others by the fuzzer itself. How many bytes there are then, at most `max_size`.
pub fn mutate(
    mutate: Mutate,
    by_fuzzer: fn(&mut [u8], usize, usize) -> usize,
    data: &mut [u8],
    (size, max_size): (usize, usize),
    seed: u32,
) -> usize {
    let mut change = |bytes: &mut Vec<u8>| {
        let length = bytes.len();
        bytes.resize(length + 16, 0);
        let room = bytes.len();
        let changed = by_fuzzer(bytes, length, room);
        bytes.truncate(changed);
    };
    let drawn = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let made = mutate(&data[..size], drawn >> 1, &mut change);
    match made.filter(|made| seed.is_multiple_of(2) && made.len() <= max_size) {
        Some(made) => {
            data[..made.len()].copy_from_slice(&made);
            made.len()
        }
        None => by_fuzzer(data, size, max_size),
    }
}

/// An input of the target `entry` with one of its bodies changed; none when it has none.
#[must_use]
pub fn mutate_entries(data: &[u8], seed: u64, change: Change<'_>) -> Option<Vec<u8>> {
    let (&flags, mut rest) = data.split_first()?;
    let mut frames: Vec<(u8, Vec<u8>)> = Vec::new();
    while let Some((&kind, behind)) = rest.split_first() {
        rest = behind;
        let body = if kind < VOID {
            let (length, behind) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
            rest = &behind[length..];
            behind[..length].to_vec()
        } else {
            Vec::new()
        };
        frames.push((kind, body));
    }
    let bodies: Vec<usize> = (0..frames.len()).filter(|at| frames[*at].0 < VOID).collect();
    let chosen = bodies.get(seed as usize % bodies.len().max(1))?;
    let changed = wire::mutate(&frames[*chosen].1, seed >> 8, change)?;
    frames[*chosen].1 = changed;
    let mut out = vec![flags];
    for (kind, body) in frames {
        out.push(kind);
        if kind < VOID {
            out.extend(u16::try_from(body.len()).ok()?.to_be_bytes());
            out.extend(body);
        }
    }
    Some(out)
}

/// An input of the target `snapshot` with one of its sections changed; none when it has none.
#[must_use]
pub fn mutate_snapshot(data: &[u8], seed: u64, change: Change<'_>) -> Option<Vec<u8>> {
    let count = u32::from_be_bytes(*data.get(12..)?.first_chunk()?) as usize;
    let index_bytes = count.checked_mul(INDEX_BYTES)?;
    let index = data.get(HEAD_BYTES..HEAD_BYTES.checked_add(index_bytes)?)?;
    let mut content = &data[HEAD_BYTES + index_bytes..];
    let mut out = data[..HEAD_BYTES + index_bytes].to_vec();
    let chosen = seed as usize % count.max(1);
    let mut sections = Vec::new();
    for (at, row) in index.chunks_exact(INDEX_BYTES).enumerate() {
        let length = usize::try_from(u64::from_be_bytes(*row.get(4..)?.first_chunk()?)).ok()?;
        let (section, behind) = content.split_at_checked(length)?;
        content = behind;
        let section = if at == chosen {
            wire::mutate(section, seed >> 8, change)?
        } else {
            section.to_vec()
        };
        let place = HEAD_BYTES + at * INDEX_BYTES + 4;
        out[place..place + 8].copy_from_slice(&(section.len() as u64).to_be_bytes());
        sections.push(section);
    }
    out.extend(sections.concat());
    Some(snapshots::sealed(&out))
}

#[cfg(test)]
mod tests;
