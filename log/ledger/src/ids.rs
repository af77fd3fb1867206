//! Positions, eras, hashes and the cluster's id. Plain values that know nothing of entries.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// An entry's place in the order; the genesis entry stands at 0. At most `i64::MAX`, which every backend can hold.
pub type Position = u64;

/// Counts the losses an operator has accepted. A ledger begins in era 1.
pub type Era = u64;

/// SHA-256 over the stored bytes of an entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the genesis entry carries as the hash of the entry before it.
    pub const ZERO: Hash = Hash([0; 32]);

    /// The hash of these stored bytes.
    pub fn of(stored: &[u8]) -> Hash {
        Hash(Sha256::digest(stored).into())
    }

    /// A hash that stands for this one behind another: for an entry that does not carry the hash of the one before it.
    pub fn after(self, before: Hash) -> Hash {
        Hash(
            Sha256::new()
                .chain_update(before.0)
                .chain_update(self.0)
                .finalize()
                .into(),
        )
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0[..8])
    }
}

/// Names a cluster: 16 random bytes, drawn when its ledger began. Shown as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub [u8; 16]);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// A text is not a cluster id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cluster id is 32 lower case hex digits")]
pub struct ClusterIdError;

impl FromStr for ClusterId {
    type Err = ClusterIdError;

    fn from_str(text: &str) -> Result<ClusterId, ClusterIdError> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(ClusterIdError);
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(ClusterId(id))
    }
}

/// Lower case only, so that one id has one text.
fn nibble(digit: u8) -> Result<u8, ClusterIdError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(ClusterIdError),
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests;
