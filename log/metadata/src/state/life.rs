//! Lives of agents and compactors, and the nonces of registers.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

use crate::entry::Role;
use crate::ids::{Incarnation, Lane};
use crate::limits::NONCE_ENTRIES;

/// What the fold has taken of a life in one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LaneState {
    /// The sequence that is taken next.
    pub(crate) next: u64,
    /// Flush number of the newest object that a taken proposal named.
    pub(crate) flush: Option<u64>,
}

/// A life that is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    pub(crate) incarnation: Incarnation,
    pub(crate) node_id: u32,
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) http_address: String,
    pub(crate) kafka_address: String,
    pub(crate) peer_address: String,
    pub(crate) software_version: String,
    pub(crate) feature_min: u32,
    pub(crate) feature_max: u32,
    pub(crate) last_taken: u64,
    pub(crate) lanes: [LaneState; 3],
}

impl Life {
    /// Its name in proposals and objects.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Kafka's node id: rises from 1, never given again.
    pub fn node_id(&self) -> u32 {
        self.node_id
    }

    /// Agent or compactor.
    pub fn role(&self) -> Role {
        self.role
    }

    /// A name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it runs, as it says.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// Where it serves HTTP, host:port; empty where it does not.
    pub fn http_address(&self) -> &str {
        &self.http_address
    }

    /// Where it serves Kafka clients, host:port; empty where it does not.
    pub fn kafka_address(&self) -> &str {
        &self.kafka_address
    }

    /// Where it serves other agents, host:port; empty where it does not.
    pub fn peer_address(&self) -> &str {
        &self.peer_address
    }

    /// The software it runs.
    pub fn software_version(&self) -> &str {
        &self.software_version
    }

    /// The lowest and the highest feature level at which it works.
    pub fn features(&self) -> (u32, u32) {
        (self.feature_min, self.feature_max)
    }

    /// Position of its last taken proposal, its register to begin with.
    pub fn last_taken(&self) -> u64 {
        self.last_taken
    }

    /// The sequence that the fold takes next in a lane.
    pub fn next_sequence(&self, lane: Lane) -> u64 {
        self.lanes[lane as usize].next
    }

    /// Flush number of the newest object that a taken proposal of the lane named.
    pub fn last_flush(&self, lane: Lane) -> Option<u64> {
        self.lanes[lane as usize].flush
    }

    /// What a retire must name: the lanes with a taken proposal, by number, and the next sequence of each.
    pub fn lanes_seen(&self) -> Vec<(Lane, u64)> {
        Lane::ALL
            .into_iter()
            .map(|lane| (lane, self.next_sequence(lane)))
            .filter(|&(_, next)| next > 0)
            .collect()
    }
}

/// The live ones, and what makes new ones.
#[derive(Debug, Clone)]
pub(crate) struct Lives {
    pub(crate) live: BTreeMap<Incarnation, Life>,
    /// Those that ended, as far back as a grace may reach.
    pub(crate) ended: Ended,
    /// The node id of the next life.
    pub(crate) next_node_id: u32,
    pub(crate) nonces: Nonces,
    /// How often lives began or ended since this state was made or read: no part of it.
    pub(crate) changes: u64,
}

impl Lives {
    pub(crate) fn new() -> Self {
        Self {
            live: BTreeMap::new(),
            ended: Ended::default(),
            next_node_id: 1,
            nonces: Nonces::default(),
            changes: 0,
        }
    }

    /// Ends a life with the entry at `position`. Whether it was live.
    pub(crate) fn end(&mut self, life: &Incarnation, position: u64) -> bool {
        let was_live = self.live.remove(life).is_some();
        if was_live {
            self.changes += 1;
            self.ended.insert(position, *life);
        }
        was_live
    }

    /// Ends every life with the entry at `position`.
    pub(crate) fn end_all(&mut self, position: u64) {
        self.changes += 1;
        for life in std::mem::take(&mut self.live).into_keys() {
            self.ended.insert(position, life);
        }
    }
}

/// Lives that ended, until all that they left is older than any grace.
///
/// The entry that ended a life may be lost with the end of a ledger, and whoever has not folded it goes on to name what
/// it had put. So what it left is kept for as long as what was named once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ended {
    order: VecDeque<(u64, Incarnation)>,
    known: HashMap<Incarnation, u64, FxBuildHasher>,
}

impl Ended {
    /// Position of the entry with which a life ended that is still remembered.
    pub(crate) fn position(&self, life: &Incarnation) -> Option<u64> {
        self.known.get(life).copied()
    }

    /// Remembers a life that ended with the entry at `position`, no lower than those before.
    pub(crate) fn insert(&mut self, position: u64, life: Incarnation) {
        self.order.push_back((position, life));
        self.known.insert(life, position);
    }

    /// Forgets what ended at `position` or before.
    pub(crate) fn forget(&mut self, position: u64) {
        while let Some((_, life)) = self.order.pop_front_if(|&mut (at, _)| at <= position) {
            self.known.remove(&life);
        }
    }

    /// Positions and lives, the oldest first.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &(u64, Incarnation)> + Clone {
        self.order.iter()
    }

    /// Whether each is remembered once.
    pub(crate) fn are_distinct(&self) -> bool {
        self.order.len() == self.known.len()
    }
}

/// Nonces of registers that were taken, as far back as a register may reach.
///
/// A copy of a register that saw `s` is dropped for its age beyond `s + 2^20`. The first was taken at `p >= s`, and its
/// nonce is remembered through `p + 2^20`: so at every position where a copy is young enough, its nonce is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nonces {
    order: VecDeque<(u64, u64)>,
    known: HashSet<u64, FxBuildHasher>,
}

impl Nonces {
    pub(crate) fn contains(&self, nonce: u64) -> bool {
        self.known.contains(&nonce)
    }

    /// Remembers a nonce that is not known, of a register at `position`.
    pub(crate) fn insert(&mut self, position: u64, nonce: u64) {
        self.order.push_back((position, nonce));
        self.known.insert(nonce);
    }

    /// Forgets what the entry at `now` need not know.
    pub(crate) fn prune(&mut self, now: u64) {
        while let Some(&(position, nonce)) = self.order.front() {
            if position.saturating_add(NONCE_ENTRIES) >= now {
                return;
            }
            self.order.pop_front();
            self.known.remove(&nonce);
        }
    }

    /// Positions and nonces, the oldest first.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &(u64, u64)> + Clone {
        self.order.iter()
    }

    /// Whether each is remembered once.
    pub(crate) fn are_distinct(&self) -> bool {
        self.order.len() == self.known.len()
    }
}
