//! The witness: an object outside the ledger that remembers its latest entry, so that a ledger that lost its end is
//! seen even when no process that was ahead is alive. The store it lies in stands behind a trait of two calls.
//!
//! ```text
//! byte 0        4         8         24    32         40     72    76
//!      | "TLWI" | version | cluster | era | position | hash | crc |
//! ```
//!
//! Numbers are big-endian, the version is 1 (four bytes), `crc` is the CRC-32C over all bytes before it.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use parking_lot::Mutex;

use crate::chain::Tip;
use crate::error::{Happened, LedgerError};
use crate::ids::{ClusterId, Hash};

const MAGIC: [u8; 4] = *b"TLWI";
const VERSION: u32 = 1;
const BYTES: usize = 76;

/// One state of the witness object, opaque: an `ETag`, a counter, a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// A call to the witness's store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("witness: {reason}")]
pub struct WitnessError {
    /// Whether the witness may have been replaced.
    pub happened: Happened,
    /// What the store said.
    pub reason: String,
}

impl From<WitnessError> for LedgerError {
    fn from(error: WitnessError) -> LedgerError {
        match error.happened {
            Happened::No => LedgerError::unavailable(error.to_string()),
            Happened::Maybe => LedgerError::unknown(error.to_string()),
        }
    }
}

/// Where the witness of each cluster lies. The cluster is named in each call, because it is known only once its ledger
/// is open.
#[async_trait]
pub trait WitnessStore: Debug + Send + Sync {
    /// The witness as it is now, past every cache; none when there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn read(&self, cluster: ClusterId) -> Result<Option<(Bytes, Version)>, WitnessError>;

    /// Replaces the witness if it is still in the version expected (none: if there is none yet); false when it is not.
    ///
    /// # Errors
    /// Saying whether it may have been replaced.
    async fn replace(&self, cluster: ClusterId, expected: Option<Version>, bytes: Bytes) -> Result<bool, WitnessError>;
}

/// The witness of one cluster at a time, in memory: for tests and simulation. Every clone of an `Arc` of it shares it.
#[derive(Debug, Default)]
pub struct MemoryWitness {
    state: Mutex<(u64, Option<Bytes>)>,
}

impl MemoryWitness {
    /// One that has not been written yet.
    pub fn new() -> MemoryWitness {
        MemoryWitness::default()
    }
}

#[async_trait]
impl WitnessStore for MemoryWitness {
    async fn read(&self, _cluster: ClusterId) -> Result<Option<(Bytes, Version)>, WitnessError> {
        let (version, bytes) = &*self.state.lock();
        Ok(bytes.clone().map(|bytes| (bytes, Version(version.to_string()))))
    }

    async fn replace(&self, _: ClusterId, expected: Option<Version>, bytes: Bytes) -> Result<bool, WitnessError> {
        let (version, stored) = &mut *self.state.lock();
        let current = stored.as_ref().map(|_| Version(version.to_string()));
        if current != expected {
            return Ok(false);
        }
        *version += 1;
        *stored = Some(bytes);
        Ok(true)
    }
}

/// The bytes of a witness that says: this cluster's ledger has this entry.
pub(crate) fn encode(cluster: ClusterId, tip: &Tip) -> Bytes {
    let mut bytes = BytesMut::with_capacity(BYTES);
    bytes.put_slice(&MAGIC);
    bytes.put_u32(VERSION);
    bytes.put_slice(&cluster.0);
    bytes.put_u64(tip.era);
    bytes.put_u64(tip.position);
    bytes.put_slice(&tip.hash.0);
    let crc = crc32c::crc32c(&bytes);
    bytes.put_u32(crc);
    bytes.freeze()
}

/// What a witness says.
///
/// # Errors
/// [`LedgerError::CorruptWitness`] when it is damaged, is another cluster's, or newer than this software.
pub(crate) fn decode(cluster: ClusterId, bytes: &[u8]) -> Result<Tip, LedgerError> {
    let corrupt = |what: String| LedgerError::CorruptWitness { what };
    let Ok(bytes) = <&[u8; BYTES]>::try_from(bytes) else {
        return Err(corrupt(format!("{} bytes instead of {BYTES}", bytes.len())));
    };
    if crc32c::crc32c(&bytes[..72]).to_be_bytes() != bytes[72..] {
        return Err(corrupt("checksum does not match".to_owned()));
    }
    if bytes[..4] != MAGIC || bytes[4..8] != VERSION.to_be_bytes() {
        return Err(corrupt("its format is not known".to_owned()));
    }
    if bytes[8..24] != cluster.0 {
        return Err(corrupt("it belongs to another cluster".to_owned()));
    }
    let (era, position) = (field(bytes, 24), field(bytes, 32));
    let (era, position) = (u64::from_be_bytes(era), u64::from_be_bytes(position));
    Ok(Tip::new(era, position, Hash(field(bytes, 40))))
}

fn field<const N: usize>(bytes: &[u8; BYTES], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

#[cfg(test)]
mod tests;
