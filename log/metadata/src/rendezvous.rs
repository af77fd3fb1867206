//! Rendezvous: which of the live ones a key belongs to, found by each for itself from what it has folded.
//!
//! It is a format: every process must find the same one. A life's score for a key is the first eight bytes, big-endian, of
//! SHA-256(key, 0x00, incarnation), with the incarnation as its text; the highest score wins.

use sha2::{Digest as _, Sha256};

use crate::ids::Incarnation;
use crate::state::{Life, State};

/// The key under which the sequencer is found.
const SEQUENCER: &[u8] = b"sequencer";

/// The score of a life for a key.
pub fn score(key: &[u8], life: &Incarnation) -> u64 {
    let hash = Sha256::new()
        .chain_update(key)
        .chain_update([0])
        .chain_update(life.to_string())
        .finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first)
}

impl State {
    /// Live agents that others can reach, the one that should put the entries first: the others hand it their proposals.
    /// A hint, never an authority.
    pub fn sequencers(&self) -> Vec<&Life> {
        let reachable = self.incarnations().filter(|life| !life.peer_address().is_empty());
        let mut ranked: Vec<_> = reachable
            .map(|life| (score(SEQUENCER, &life.incarnation()), life))
            .collect();
        // A score may be that of two: then the older comes first.
        ranked.sort_by_key(|(score, life)| (std::cmp::Reverse(*score), life.incarnation()));
        ranked.into_iter().map(|(_, life)| life).collect()
    }
}

#[cfg(test)]
mod tests;
