//! The envelope: what this room writes around a body it never reads.
//!
//! ```text
//! byte  0        4  5  6   8       16       24         32              64       68    72
//!       | "TLEE" |ve|ki| 0 |  era  | posit. | named era | previous hash | length | crc | body ...
//! ```
//!
//! Numbers are big-endian. `ve` is the format version, 1. `ki` is the kind: 0 genesis, 1 proposals, 2 halt, 3 new era.
//! `named era` is the era that a halt tells of, and 0 in every other kind. `previous hash` is the SHA-256 over the
//! stored bytes of the entry before, header included; zeros at genesis. Where the entry before does not carry the hash
//! of the one before it, it is the SHA-256 over that hash and the one of its bytes. `length` counts the bytes of the
//! body, which ends the entry. `crc` is the CRC-32C over all bytes but its own four. The body of the genesis entry is
//! the cluster's id (16 bytes); those of a halt and of a new era are a text for people.
//!
//! Nothing is encoded again to compute a hash: it is taken over the bytes as they are stored.

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::LedgerError;
use crate::ids::{Era, Hash, Position};

/// Bytes before the body.
pub const HEADER_BYTES: usize = 72;

const MAGIC: [u8; 4] = *b"TLEE";
const VERSION: u8 = 1;
const CRC_AT: usize = 68;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first entry of a ledger.
    Genesis,
    /// Proposals for the fold.
    Proposals,
    /// A lost end was seen.
    Halt {
        /// The era in which the lost entry was known.
        era: Era,
    },
    /// An operator accepted a loss.
    NewEra,
}

impl Kind {
    fn code(self) -> (u8, Era) {
        match self {
            Kind::Genesis => (0, 0),
            Kind::Proposals => (1, 0),
            Kind::Halt { era } => (2, era),
            Kind::NewEra => (3, 0),
        }
    }

    fn from_code(code: u8, named: Era) -> Result<Kind, String> {
        match (code, named) {
            (0, 0) => Ok(Kind::Genesis),
            (1, 0) => Ok(Kind::Proposals),
            (2, era) => Ok(Kind::Halt { era }),
            (3, 0) => Ok(Kind::NewEra),
            (0..=3, _) => Err(format!("kind {code} names era {named}")),
            _ => Err(format!("kind {code} is not known")),
        }
    }
}

/// An entry, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What it is.
    pub kind: Kind,
    /// The era its writer was in; the one it begins for [`Kind::NewEra`].
    pub era: Era,
    /// Where it was put.
    pub position: Position,
    /// The hash of the entry before, as its writer knew it.
    pub previous: Hash,
    /// What it carries: a slice of the stored bytes, not a copy.
    pub body: Bytes,
}

impl Envelope {
    /// The bytes to store, and their hash. The body must be shorter than 4 GiB; every backend's limit is far below.
    pub fn seal(&self) -> (Bytes, Hash) {
        let length = u32::try_from(self.body.len()).expect("the backend's limit on entries lies below 4 GiB");
        let (code, named) = self.kind.code();
        let mut bytes = BytesMut::with_capacity(HEADER_BYTES + self.body.len());
        bytes.put_slice(&MAGIC);
        bytes.put_u8(VERSION);
        bytes.put_u8(code);
        bytes.put_u16(0);
        bytes.put_u64(self.era);
        bytes.put_u64(self.position);
        bytes.put_u64(named);
        bytes.put_slice(&self.previous.0);
        bytes.put_u32(length);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes), &self.body);
        bytes.put_u32(crc);
        bytes.put_slice(&self.body);
        let bytes = bytes.freeze();
        let hash = Hash::of(&bytes);
        (bytes, hash)
    }

    /// Opens the stored bytes of the entry at `position`. Every flipped bit is found.
    ///
    /// # Errors
    /// [`LedgerError::Corrupt`] naming the position and what does not hold; [`LedgerError::Unsupported`] for a format
    /// version that this software does not know.
    pub fn open(position: Position, stored: &Bytes) -> Result<Envelope, LedgerError> {
        let corrupt = |what: String| LedgerError::Corrupt { position, what };
        let Some((header, body)) = stored.split_first_chunk::<HEADER_BYTES>() else {
            let bytes = stored.len();
            return Err(corrupt(format!("{bytes} bytes are fewer than a header has")));
        };
        if header[..4] != MAGIC {
            return Err(corrupt("it does not begin as an entry does".to_owned()));
        }
        let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..CRC_AT]), body);
        if crc.to_be_bytes() != header[CRC_AT..] {
            return Err(corrupt("checksum does not match".to_owned()));
        }
        if header[4] != VERSION {
            let version = header[4];
            return Err(LedgerError::Unsupported { position, version });
        }
        let length = u32::from_be_bytes(field(header, 64));
        if usize::try_from(length) != Ok(body.len()) || header[6..8] != [0, 0] {
            return Err(corrupt("header does not describe its body".to_owned()));
        }
        let stands_at = u64::from_be_bytes(field(header, 16));
        if stands_at != position {
            return Err(corrupt(format!("it was written for position {stands_at}")));
        }
        Ok(Envelope {
            kind: Kind::from_code(header[5], u64::from_be_bytes(field(header, 24))).map_err(corrupt)?,
            era: u64::from_be_bytes(field(header, 8)),
            position,
            previous: Hash(field(header, 32)),
            body: stored.slice(HEADER_BYTES..),
        })
    }
}

/// The position that an entry says it stands at, of bytes that may be damaged.
pub(crate) fn position(stored: &[u8]) -> Option<Position> {
    let header = stored.first_chunk::<HEADER_BYTES>()?;
    Some(u64::from_be_bytes(field(header, 16)))
}

/// The field of `N` bytes at a fixed place of the header.
fn field<const N: usize>(header: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&header[at..at + N]);
    field
}

#[cfg(test)]
mod tests;
