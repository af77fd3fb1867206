//! Rendezvous: which of the live ones a key belongs to, found by each for itself from what it has folded.
//!
//! It is a format: every process must find the same one. A life's score for a key is the first eight bytes, big-endian, of
//! SHA-256(key, 0x00, incarnation), with the incarnation as its text; the highest score wins, and of two that are the same
//! the older life. Keys are `sequencer`, and for a partition `partition/<topic's number>/<partition>`, both numbers in decimal.

use std::cmp::Reverse;

use sha2::{Digest as _, Sha256};

use crate::entry::Role;
use crate::ids::{Incarnation, PartitionId};
use crate::state::{Life, State};

/// The key under which the sequencer is found.
const SEQUENCER: &[u8] = b"sequencer";

/// The score of a life for a key.
pub fn score(key: &[u8], life: &Incarnation) -> u64 {
    score_of_text(key, &life.to_string())
}

fn score_of_text(key: &[u8], life: &str) -> u64 {
    let hash = Sha256::new()
        .chain_update(key)
        .chain_update([0])
        .chain_update(life)
        .finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first)
}

/// Agents among which each partition has its preferred one: the agent that is best asked for it, so that its records lie
/// together in segments and in one cache. Any agent serves any partition.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// Lives, and their names as text.
    lives: Vec<(String, Life)>,
}

impl Candidates {
    /// The one preferred for a partition; none when there is no agent.
    ///
    /// One that comes takes partitions and leaves the others where they are; those of one that goes are spread over the rest.
    pub fn preferred(&self, partition: PartitionId) -> Option<&Life> {
        let key = format!("partition/{}/{}", partition.topic, partition.partition);
        let rank = |(text, life): &&(String, Life)| (score_of_text(key.as_bytes(), text), Reverse(life.incarnation()));
        self.lives.iter().max_by_key(rank).map(|(_, life)| life)
    }
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
        ranked.sort_by_key(|(score, life)| (Reverse(*score), life.incarnation()));
        ranked.into_iter().map(|(_, life)| life).collect()
    }

    /// The agents that a client in a zone is best served by: those of its zone, or all when that has none, as `""` has for
    /// one that says no zone. Only those that tell the address that the client needs.
    pub fn candidates(&self, zone: &str, address: impl Fn(&Life) -> &str) -> Candidates {
        let serving = |life: &&Life| life.role() == Role::Agent && !address(life).is_empty();
        let in_zone = |life: &&Life| !zone.is_empty() && life.zone() == zone;
        let mut lives: Vec<&Life> = self.incarnations().filter(serving).filter(in_zone).collect();
        if lives.is_empty() {
            lives = self.incarnations().filter(serving).collect();
        }
        let named = |life: &Life| (life.incarnation().to_string(), life.clone());
        Candidates {
            lives: lives.into_iter().map(named).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
