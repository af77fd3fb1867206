//! Topics, and the table of them by number, name and id.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::partition::PartitionState;
use super::request::{RequestProducer, RequestProducerView};
use super::table::{TableState, Told};
use crate::columns::LakeColumns;
use crate::config::TopicConfig;
use crate::ids::{Change, PartitionId, TopicId, TopicNumber};
use crate::limits::DELETED_TOPICS_REMEMBERED;

/// A topic.
#[derive(Debug, Clone)]
pub struct Topic {
    pub(crate) number: TopicNumber,
    pub(crate) name: String,
    pub(crate) id: TopicId,
    pub(crate) created_at: Change,
    pub(crate) config: TopicConfig,
    pub(crate) partitions: Vec<PartitionState>,
    pub(crate) requests: BTreeMap<Bytes, RequestProducer>,
    pub(crate) table: TableState,
}

impl Topic {
    /// The number the fold gave it.
    pub fn number(&self) -> TopicNumber {
        self.number
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Kafka's topic id.
    pub fn id(&self) -> TopicId {
        self.id
    }

    /// The change that created it.
    pub fn created_at(&self) -> Change {
        self.created_at
    }

    /// Its configs.
    pub fn config(&self) -> &TopicConfig {
        &self.config
    }

    /// The typed columns of its table, with their field ids.
    pub fn lake_columns(&self) -> &Arc<LakeColumns> {
        &self.table.columns
    }

    /// Position of the entry with which its lake files, or the columns of its table, last became others; 0 before there was a
    /// lake file. What is published of it
    /// ([`State::published`](crate::State::published)) tells of all when that saw this position or a later one.
    pub fn lake_changed(&self) -> u64 {
        self.table.changed
    }

    /// Of which states tells what is published of it.
    pub fn told(&self) -> Option<Told> {
        let published = self.table.published.as_ref()?;
        Some(Told {
            oldest: published.oldest,
            newest: published.seen,
            at: published.at,
        })
    }

    /// How many partitions it has.
    pub fn partition_count(&self) -> u32 {
        // No more can be made than a number of 32 bits counts.
        u32::try_from(self.partitions.len()).unwrap_or(u32::MAX)
    }

    /// The names of its partitions.
    pub fn partition_ids(&self) -> impl ExactSizeIterator<Item = PartitionId> + use<> {
        let topic = self.number;
        (0..self.partition_count()).map(move |partition| PartitionId { topic, partition })
    }

    /// The HTTP producers that are remembered, by name.
    pub fn request_producers(&self) -> impl ExactSizeIterator<Item = RequestProducerView> + '_ {
        self.requests.iter().map(|(producer, known)| RequestProducerView {
            producer: producer.clone(),
            epoch: known.epoch,
            last_sequence: known.last,
            last_position: known.position,
        })
    }
}

/// Every topic.
#[derive(Debug, Clone)]
pub(crate) struct Topics {
    by_number: HashMap<TopicNumber, Topic, FxBuildHasher>,
    by_name: BTreeMap<String, TopicNumber>,
    by_id: BTreeMap<TopicId, TopicNumber>,
    /// The number of the next topic.
    pub(crate) next: TopicNumber,
    deleted: VecDeque<TopicId>,
    deleted_set: BTreeSet<TopicId>,
}

impl Topics {
    pub(crate) fn new() -> Self {
        Self {
            by_number: HashMap::default(),
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
            next: 1,
            deleted: VecDeque::new(),
            deleted_set: BTreeSet::new(),
        }
    }

    pub(crate) fn get(&self, number: TopicNumber) -> Option<&Topic> {
        self.by_number.get(&number)
    }

    pub(crate) fn get_mut(&mut self, number: TopicNumber) -> Option<&mut Topic> {
        self.by_number.get_mut(&number)
    }

    pub(crate) fn partition(&self, id: PartitionId) -> Option<&PartitionState> {
        self.get(id.topic)?.partitions.get(id.partition as usize)
    }

    pub(crate) fn partition_mut(&mut self, id: PartitionId) -> Option<&mut PartitionState> {
        self.get_mut(id.topic)?.partitions.get_mut(id.partition as usize)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Topic> {
        self.get(*self.by_name.get(name)?)
    }

    pub(crate) fn with_id(&self, id: &TopicId) -> Option<&Topic> {
        self.get(*self.by_id.get(id)?)
    }

    /// Whether a topic bears the id, or one that was deleted did.
    pub(crate) fn knows_id(&self, id: &TopicId) -> bool {
        self.by_id.contains_key(id) || self.deleted_set.contains(id)
    }

    /// In the order of names.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = &Topic> {
        self.by_name.values().filter_map(|&number| self.get(number))
    }

    /// In the order of numbers.
    pub(crate) fn numbers(&self) -> Vec<TopicNumber> {
        let mut numbers: Vec<_> = self.by_name.values().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(crate) fn insert(&mut self, topic: Topic) {
        self.by_name.insert(topic.name.clone(), topic.number);
        self.by_id.insert(topic.id, topic.number);
        self.by_number.insert(topic.number, topic);
    }

    pub(crate) fn remove(&mut self, number: TopicNumber) -> Option<Topic> {
        let topic = self.by_number.remove(&number)?;
        self.by_name.remove(&topic.name);
        self.by_id.remove(&topic.id);
        self.remember_deleted(topic.id);
        Some(topic)
    }

    pub(crate) fn remember_deleted(&mut self, id: TopicId) {
        self.deleted.push_back(id);
        self.deleted_set.insert(id);
        if self.deleted.len() > DELETED_TOPICS_REMEMBERED
            && let Some(oldest) = self.deleted.pop_front()
        {
            self.deleted_set.remove(&oldest);
        }
    }

    /// The ids of deleted topics, the oldest first.
    pub(crate) fn deleted(&self) -> impl ExactSizeIterator<Item = &TopicId> {
        self.deleted.iter()
    }
}
