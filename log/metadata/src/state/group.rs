//! Consumer groups without members: what they committed.

use std::collections::BTreeMap;

use crate::ids::{Change, PartitionId, TopicNumber};

/// An offset that a group committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset the group will read.
    pub offset: u64,
    /// Kafka's leader epoch of the record before, -1 when unknown.
    pub leader_epoch: i32,
    /// What the client noted.
    pub metadata: String,
    /// The committer's wall clock, milliseconds since 1970.
    pub timestamp: i64,
}

impl Committed {
    /// What it counts for in the fold's memory, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        96 + self.metadata.len() as u64
    }
}

/// A consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub(crate) name: String,
    pub(crate) changed: Change,
    pub(crate) timestamp: i64,
    pub(crate) offsets: BTreeMap<PartitionId, Committed>,
}

impl Group {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its last change: what the next commit must name.
    pub fn changed(&self) -> Change {
        self.changed
    }

    /// The last committer's wall clock, milliseconds since 1970.
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// What it committed for a partition.
    pub fn offset(&self, partition: PartitionId) -> Option<&Committed> {
        self.offsets.get(&partition)
    }

    /// What it committed, by topic number and partition.
    pub fn offsets(&self) -> &BTreeMap<PartitionId, Committed> {
        &self.offsets
    }

    /// What it counts for in the fold's memory, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        256 + self.name.len() as u64 + self.offsets.values().map(Committed::weight).sum::<u64>()
    }
}

/// Every group, and what they weigh together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    by_name: BTreeMap<String, Group>,
    weight: u64,
}

impl Groups {
    pub(crate) fn get(&self, name: &str) -> Option<&Group> {
        self.by_name.get(name)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.by_name.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    pub(crate) fn insert(&mut self, group: Group) {
        self.weight += group.weight();
        if let Some(before) = self.by_name.insert(group.name.clone(), group) {
            self.weight -= before.weight();
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Group> {
        let group = self.by_name.remove(name)?;
        self.weight -= group.weight();
        Some(group)
    }

    /// Changes one offset of a group that is there.
    pub(crate) fn set(&mut self, name: &str, partition: PartitionId, offset: Option<Committed>) {
        let Some(group) = self.by_name.get_mut(name) else {
            return;
        };
        self.weight += offset.as_ref().map_or(0, Committed::weight);
        let before = match offset {
            Some(offset) => group.offsets.insert(partition, offset),
            None => group.offsets.remove(&partition),
        };
        self.weight -= before.as_ref().map_or(0, Committed::weight);
    }

    pub(crate) fn touch(&mut self, name: &str, changed: Change, timestamp: i64) {
        if let Some(group) = self.by_name.get_mut(name) {
            (group.changed, group.timestamp) = (changed, timestamp);
        }
    }

    /// Forgets what all groups committed for a topic. Their last change stays: offsets of other topics may go on.
    pub(crate) fn forget_topic(&mut self, topic: TopicNumber) {
        let (low, high) = (
            PartitionId { topic, partition: 0 },
            PartitionId {
                topic,
                partition: u32::MAX,
            },
        );
        for group in self.by_name.values_mut() {
            while let Some((&id, _)) = group.offsets.range(low..=high).next() {
                let gone = group.offsets.remove(&id);
                self.weight -= gone.as_ref().map_or(0, Committed::weight);
            }
        }
    }
}
