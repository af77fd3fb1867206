//! The base record as an object holds it.
//!
//! ```text
//! byte 0        4         8         24    32         40     72       76
//!      | "TLBA" | version | cluster | era | position | hash | length | snapshot ... | crc |
//! ```
//!
//! Numbers are big-endian, the version is 1 (four bytes), `length` counts the bytes of the snapshot's name, in UTF-8; `crc`
//! is the CRC-32C over all bytes before it.

use bytes::{BufMut, Bytes, BytesMut};

use crate::backend::Base;
use crate::error::LedgerError;
use crate::ids::{ClusterId, Hash};

const MAGIC: [u8; 4] = *b"TLBA";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 76;
const CRC_BYTES: usize = 4;

/// The bytes that say this.
///
/// # Errors
/// [`LedgerError::Refused`] when the snapshot's name is beyond any measure.
pub(super) fn encode(base: &Base) -> Result<Bytes, LedgerError> {
    let length = u32::try_from(base.snapshot.len());
    let length = length.map_err(|_| LedgerError::refused("the name of a snapshot is longer than 4 GiB"))?;
    let mut bytes = BytesMut::with_capacity(HEAD_BYTES + base.snapshot.len() + CRC_BYTES);
    bytes.put_slice(&MAGIC);
    bytes.put_u32(VERSION);
    bytes.put_slice(&base.cluster.0);
    bytes.put_u64(base.era);
    bytes.put_u64(base.position);
    bytes.put_slice(&base.hash.0);
    bytes.put_u32(length);
    bytes.put_slice(base.snapshot.as_bytes());
    let crc = crc32c::crc32c(&bytes);
    bytes.put_u32(crc);
    Ok(bytes.freeze())
}

/// What the bytes say.
///
/// # Errors
/// [`LedgerError::CorruptBase`] when they are damaged, or newer than this software.
pub(super) fn decode(bytes: &[u8]) -> Result<Base, LedgerError> {
    let corrupt = |what: String| LedgerError::CorruptBase { what };
    let Some((said, crc)) = bytes.split_last_chunk::<CRC_BYTES>() else {
        return Err(corrupt(format!("{} bytes are none", bytes.len())));
    };
    if crc32c::crc32c(said).to_be_bytes() != *crc {
        return Err(corrupt("checksum does not match".to_owned()));
    }
    let Some((head, snapshot)) = said.split_first_chunk::<HEAD_BYTES>() else {
        return Err(corrupt(format!("{} bytes are too few", bytes.len())));
    };
    if head[..4] != MAGIC {
        return Err(corrupt("it does not begin as a base does".to_owned()));
    }
    let version = u32::from_be_bytes(field(head, 4));
    if version != VERSION {
        return Err(corrupt(format!(
            "it is written in version {version}, which this software does not know"
        )));
    }
    if usize::try_from(u32::from_be_bytes(field(head, 72))) != Ok(snapshot.len()) {
        return Err(corrupt("its length does not fit".to_owned()));
    }
    let snapshot = std::str::from_utf8(snapshot).map_err(|_| corrupt("the snapshot's name is no text".to_owned()))?;
    Ok(Base {
        cluster: ClusterId(field(head, 8)),
        era: u64::from_be_bytes(field(head, 24)),
        position: u64::from_be_bytes(field(head, 32)),
        hash: Hash(field(head, 40)),
        snapshot: snapshot.to_owned(),
    })
}

fn field<const N: usize>(head: &[u8; HEAD_BYTES], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&head[at..at + N]);
    field
}

#[cfg(test)]
mod tests;
