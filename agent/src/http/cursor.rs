//! The cursor: where a reader of many partitions is. All of a reader's state, carried by the reader, as base64url of
//!
//! ```text
//!  0        1            17       18..          ..         ..       ..                 end - 4
//!  +--------+------------+--------+-------------+----------+--------+------------------+----------+
//!  | version| topic id   | flags  | era,        | first    | count, | next offset of   | CRC-32C  |
//!  | = 1    | 16 bytes   | 1 byte | position,   | partition| turn   | each, `count`    | of all   |
//!  |        |            |        | varints     | varint   | varints| varints          | before   |
//!  +--------+------------+--------+-------------+----------+--------+------------------+----------+
//! ```
//!
//! Flag 1: the range is closed, partitions that come later do not belong to it. The checksum finds a cursor that was
//! cut or mistyped; it is no seal, and nothing here is trusted. Knows no log: whether the topic is still the same one
//! and the offsets still there is for the caller to find.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::Seen;
use metadata::TopicId;

/// Partitions that one cursor follows, at most.
pub(crate) const PARTITIONS_MAX: usize = 256;

const VERSION: u8 = 1;
const CLOSED: u8 = 1;
/// A cursor of the most partitions with the longest offsets is shorter.
const TEXT_BYTES_MAX: usize = 4096;

/// Where a reader is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The topic, by id: a name may come to mean another.
    pub(crate) topic: TopicId,
    /// What the agent that made it had folded.
    pub(crate) seen: Seen,
    /// The first partition followed.
    pub(crate) first: u32,
    /// Whether partitions that come later stay out.
    pub(crate) closed: bool,
    /// Index in `next` of the partition whose turn to be first it is, so that a busy one does not starve the others.
    pub(crate) turn: u32,
    /// The next offset of each partition from `first` on.
    pub(crate) next: Vec<u64>,
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: {0}")]
pub(crate) struct BadCursor(pub(crate) &'static str);

impl Cursor {
    /// As the reader carries it.
    pub(crate) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(40 + self.next.len() * 5);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.topic.0);
        bytes.push(if self.closed { CLOSED } else { 0 });
        for number in [
            self.seen.era,
            self.seen.position,
            self.first.into(),
            self.next.len() as u64,
            self.turn.into(),
        ] {
            put_varint(&mut bytes, number);
        }
        for &offset in &self.next {
            put_varint(&mut bytes, offset);
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::encode`] wrote.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn decode(text: &str) -> Result<Cursor, BadCursor> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(BadCursor("too long"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor("not base64url"))?;
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or(BadCursor("too short"))?;
        if crc32c::crc32c(body).to_be_bytes() != *sum {
            return Err(BadCursor("damaged or cut"));
        }
        let (&version, rest) = body.split_first().ok_or(BadCursor("too short"))?;
        if version != VERSION {
            return Err(BadCursor("of an unknown version"));
        }
        decode_body(rest)
    }
}

fn decode_body(bytes: &[u8]) -> Result<Cursor, BadCursor> {
    let (topic, rest) = bytes.split_first_chunk::<16>().ok_or(BadCursor("too short"))?;
    let (&flags, mut rest) = rest.split_first().ok_or(BadCursor("too short"))?;
    let mut number = || take_varint(&mut rest).ok_or(BadCursor("too short"));
    let narrow = |wide: u64| u32::try_from(wide).map_err(|_| BadCursor("a number is too large"));
    let seen = Seen {
        era: number()?,
        position: number()?,
    };
    let first = narrow(number()?)?;
    let count = number()?;
    let turn = narrow(number()?)?;
    if count == 0 || count > PARTITIONS_MAX as u64 || u64::from(turn) >= count || u64::from(first) + count > 1 << 32 {
        return Err(BadCursor("its partitions make no sense"));
    }
    let next = (0..count).map(|_| number()).collect::<Result<Vec<u64>, BadCursor>>()?;
    if !rest.is_empty() || flags > CLOSED {
        return Err(BadCursor("too long"));
    }
    Ok(Cursor {
        topic: TopicId(*topic),
        seen,
        first,
        closed: flags == CLOSED,
        turn,
        next,
    })
}

/// Seven bits a byte, the lowest first.
fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number as u8 & 0x7f) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part.checked_shl(shift)? >> shift != part {
            return None;
        }
        number |= part << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests;
