//! The folded state: what every process knows after the same entries. Knows nothing of where entries come from.

pub(crate) mod extent;
pub(crate) mod group;
pub(crate) mod life;
pub(crate) mod marks;
pub(crate) mod objects;
pub(crate) mod partition;
pub(crate) mod places;
pub(crate) mod producer;
pub(crate) mod request;
pub(crate) mod table;
pub(crate) mod topic;

pub use extent::{Extent, LakeEnd, Place};
pub use group::{Committed, Group};
pub use life::Life;
pub use marks::{MarkAt, SnapshotRef};
pub use objects::ObjectStatus;
pub use partition::{Cleaned, Partition, Tombstones};
pub use producer::ProducerView;
pub use request::RequestProducerView;
pub use table::{Describing, Published, Told};
pub use topic::Topic;

use group::Groups;
use life::Lives;
use marks::Marks;
use places::Places;
use seeded::Bug;
use topic::Topics;

use crate::config::ClusterConfig;
use crate::entry::Role;
use crate::ids::{Incarnation, Lane, ObjectName, PartitionId, TopicId, TopicNumber};

/// The state after the entry at [`State::position`]. A clone copies all of it.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) cluster: [u8; 16],
    pub(crate) era: u64,
    pub(crate) position: u64,
    pub(crate) entry_hash: [u8; 32],
    pub(crate) halted: bool,
    /// Position of the halt, 0 while there is none.
    pub(crate) halted_at: u64,
    /// The eras after the first, in order.
    pub(crate) eras: Vec<EraBegun>,
    pub(crate) feature_level: u32,
    pub(crate) lives: Lives,
    pub(crate) topics: Topics,
    pub(crate) places: Places,
    pub(crate) groups: Groups,
    pub(crate) next_producer_id: u64,
    pub(crate) config: ClusterConfig,
    pub(crate) snapshots: Vec<SnapshotRef>,
    pub(crate) marks: Marks,
    pub(crate) counts: Counts,
    /// Room that judging an append uses again; holds nothing between proposals.
    pub(crate) scratch: crate::fold::Scratch,
}

/// An era that began when an operator accepted a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EraBegun {
    /// The era.
    pub era: u64,
    /// From this position on, what was seen in an earlier era may have been lost.
    pub lost_from: u64,
}

/// What is counted as it changes, so that memory is known at any time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) partitions: u64,
    pub(crate) producers: u64,
    /// Weight of all HTTP producers with their names, in bytes.
    pub(crate) requests: u64,
    /// Typed columns.
    pub(crate) columns: u64,
}

impl State {
    /// The state after the genesis entry, at position 0.
    pub fn genesis(cluster: [u8; 16], era: u64, entry_hash: [u8; 32]) -> Self {
        Self {
            cluster,
            era,
            position: 0,
            entry_hash,
            halted: false,
            halted_at: 0,
            eras: Vec::new(),
            feature_level: 1,
            lives: Lives::new(),
            topics: Topics::new(),
            places: Places::default(),
            groups: Groups::default(),
            next_producer_id: 0,
            config: ClusterConfig::default(),
            snapshots: Vec::new(),
            marks: Marks::default(),
            counts: Counts::default(),
            scratch: crate::fold::Scratch::default(),
        }
    }

    /// The cluster's id.
    pub fn cluster(&self) -> [u8; 16] {
        self.cluster
    }

    /// The era, which is Kafka's leader epoch.
    pub fn era(&self) -> u64 {
        self.era
    }

    /// Position of the last entry that was applied.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Hash of that entry.
    pub fn entry_hash(&self) -> [u8; 32] {
        self.entry_hash
    }

    /// Whether the ledger lost its end and no operator has accepted the loss.
    pub fn halted(&self) -> bool {
        self.halted
    }

    /// The last position that readers may say they have seen: while the log is halted, the one before the halt, whose place
    /// is one of those that are lost.
    pub fn seen_position(&self) -> u64 {
        match self.halted {
            true => self.halted_at.saturating_sub(1),
            false => self.position,
        }
    }

    /// The eras after the first, in order.
    pub fn eras(&self) -> &[EraBegun] {
        &self.eras
    }

    /// The level of features that proposals may use.
    pub fn feature_level(&self) -> u32 {
        self.feature_level
    }

    /// A topic by number.
    pub fn topic(&self, number: TopicNumber) -> Option<&Topic> {
        self.topics.get(number)
    }

    /// A topic by name.
    pub fn topic_by_name(&self, name: &str) -> Option<&Topic> {
        self.topics.named(name)
    }

    /// A topic by id.
    pub fn topic_by_id(&self, id: &TopicId) -> Option<&Topic> {
        self.topics.with_id(id)
    }

    /// All topics, by name.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.by_name()
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topics.len()
    }

    /// How many partitions all topics have.
    pub fn partition_count(&self) -> u64 {
        self.counts.partitions
    }

    /// A partition.
    pub fn partition(&self, id: PartitionId) -> Option<Partition<'_>> {
        let state = self.topics.partition(id)?;
        Some(Partition {
            state,
            objects: &self.places.objects,
        })
    }

    /// The partitions of a topic, in order; none when there is no such topic.
    pub fn partitions(&self, topic: TopicNumber) -> impl Iterator<Item = (PartitionId, Partition<'_>)> {
        let objects = &self.places.objects;
        let partitions = self
            .topics
            .get(topic)
            .map(|topic| topic.partitions.as_slice())
            .unwrap_or_default();
        (0..)
            .zip(partitions)
            .map(move |(partition, state)| (PartitionId { topic, partition }, Partition { state, objects }))
    }

    /// What is published of a topic as a table.
    pub fn published(&self, topic: TopicNumber) -> Option<Published> {
        let state = self.topics.get(topic)?.table.published.as_ref()?;
        let objects = &self.places.objects;
        Some(Published {
            objects: state
                .objects
                .iter()
                .map(|&(slot, checksum)| Describing {
                    name: objects.name(slot),
                    checksum,
                })
                .collect(),
            seen: state.seen,
            oldest: state.oldest,
            sequence: state.sequence,
            at: state.at,
        })
    }

    /// The live ones, ordered.
    pub fn incarnations(&self) -> impl ExactSizeIterator<Item = &Life> {
        self.lives.live.values()
    }

    /// A number that rises whenever a life begins or ends, so that what was found out about all need not be found out
    /// again. It counts from when this state was made or read, and is no part of it.
    pub fn lives_changes(&self) -> u64 {
        self.lives.changes
    }

    /// A life that is live.
    pub fn incarnation(&self, incarnation: &Incarnation) -> Option<&Life> {
        self.lives.live.get(incarnation)
    }

    /// The live one whose register bore `nonce`.
    pub fn life_by_nonce(&self, nonce: u64) -> Option<&Life> {
        self.lives.live.values().find(|life| life.incarnation.nonce == nonce)
    }

    /// The sequence that the fold takes next; `None` when the life is not live.
    pub fn next_sequence(&self, incarnation: &Incarnation, lane: Lane) -> Option<u64> {
        self.incarnation(incarnation).map(|life| life.next_sequence(lane))
    }

    /// A consumer group.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// All consumer groups, by name.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.groups.iter()
    }

    /// The next Kafka producer id that will be given.
    pub fn next_producer_id(&self) -> u64 {
        self.next_producer_id
    }

    /// The cluster's configs.
    pub fn cluster_config(&self) -> &ClusterConfig {
        &self.config
    }

    /// The last snapshots that are known, the newest last.
    pub fn snapshots(&self) -> &[SnapshotRef] {
        &self.snapshots
    }

    /// The marks of two days and the newest before them, the newest last; neither positions nor dates fall.
    pub fn marks(&self) -> &[MarkAt] {
        self.marks.as_slice()
    }

    /// What is known of a segment.
    pub fn object(&self, name: &ObjectName) -> ObjectStatus {
        self.places.objects.status(name)
    }

    /// Objects that extents name.
    pub fn objects(&self) -> usize {
        self.places.objects.len()
    }

    /// Whether a segment that a listing showed after this state was folded is garbage for ever and may be deleted.
    ///
    /// - Halted: nothing is.
    /// - Its life's register lies beyond this state: that life is not known yet, so its objects are left alone.
    /// - Something names it: it is not.
    /// - Its life is live: it is only when a **later** flush was taken of the lane that names such objects, Object for
    ///   an agent's and Control for a compactor's. The fold takes no name of an earlier flush after a later one, so
    ///   nothing can name it again. When the life is dead nothing of it is ever taken again.
    /// - It is garbage since some entry ([`Self::garbage_since`]): also a mark that names that position or a later one
    ///   is older than `grace_ms` by the newest mark's date. `grace_ms` is two days at most.
    pub fn sweepable(&self, name: &ObjectName, grace_ms: u64) -> bool {
        let unborn = name.incarnation.position > self.position && !seeded::is(Bug::SweepUnborn);
        if self.halted || unborn || !self.flush_is_over(name) {
            return false;
        }
        let named = matches!(self.object(name), ObjectStatus::Named { .. });
        !named
            && self
                .garbage_since(name)
                .is_none_or(|at| self.marks.older_than(at, grace_ms))
    }

    /// Position of the entry since which nothing names an object, or its life is over, whichever came last. Somebody
    /// may have planned before that entry, and that entry may be lost. None where neither was, for an object of a live
    /// life that nothing ever named.
    pub fn garbage_since(&self, name: &ObjectName) -> Option<u64> {
        let unnamed = match self.object(name) {
            ObjectStatus::Unnamed { at } => Some(at),
            _ => None,
        };
        let dead = self.dead_since(&name.incarnation);
        unnamed.max(dead.filter(|_| !seeded::is(Bug::SweepDeadAtOnce)))
    }

    /// Position of the entry that ended a life; of the one where its register would stand if it never was, or ended
    /// longer ago than any grace. None while it is live, or not known yet.
    pub fn dead_since(&self, life: &Incarnation) -> Option<u64> {
        if life.position > self.position || self.incarnation(life).is_some() {
            return None;
        }
        Some(self.lives.ended.position(life).unwrap_or(life.position))
    }

    /// Whether a mark of a position at or above this one is older than `grace_ms` by the newest mark's date.
    pub fn is_older(&self, position: u64, grace_ms: u64) -> bool {
        self.marks.older_than(position, grace_ms)
    }

    /// Whether no proposal that is yet to come can name this object, unless it is named now.
    pub(crate) fn flush_is_over(&self, name: &ObjectName) -> bool {
        let Some(life) = self.incarnation(&name.incarnation) else {
            return true;
        };
        let lane = match life.role {
            Role::Agent => Lane::Object,
            Role::Compactor => Lane::Control,
        };
        let same = seeded::is(Bug::SweepTakenFlush);
        life.last_flush(lane)
            .is_some_and(|last| last > name.flush || same && last == name.flush)
    }

    /// The lowest position whose entry holds inline bytes that an extent names.
    pub fn lowest_inline(&self) -> Option<u64> {
        self.places.lowest_inline()
    }

    /// Bytes of all inline extents.
    pub fn inline_bytes(&self) -> u64 {
        self.places.inline_bytes()
    }

    /// How many extents there are.
    pub fn extents(&self) -> u64 {
        self.places.extents()
    }

    /// What the state weighs, in bytes. It is an estimate, but the same on every process, since writes are judged by
    /// it: it counts things, not the memory that an allocator happens to hold for them. The weights are part of the
    /// format.
    pub fn memory_bytes(&self) -> u64 {
        let objects = &self.places.objects;
        self.places.extents() * 46
            + objects.len() as u64 * 48
            + objects.unnamed().len() as u64 * 112
            + self.places.inline_entries() as u64 * 24
            + self.topics.len() as u64 * 512
            + self.counts.partitions * 192
            + self.counts.producers * 160
            + self.counts.requests
            + self.counts.columns * 256
            + self.groups.weight()
            + self.lives.live.len() as u64 * 768
            + self.lives.ended.iter().len() as u64 * 80
            + self.lives.nonces.iter().len() as u64 * 32
            + self.topics.deleted().len() as u64 * 48
            + self.marks.as_slice().len() as u64 * 16
    }

    /// Bytes of memory that extents and the names of objects take in fact, empty room included. For measuring.
    pub fn extent_heap_bytes(&self) -> usize {
        let partitions = self.topics.by_name().flat_map(|topic| &topic.partitions);
        let extents: usize = partitions.map(|partition| partition.extents.heap_bytes()).sum();
        extents + self.places.objects.heap_bytes()
    }
}
