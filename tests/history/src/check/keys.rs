//! Topics and partitions: their numbers, what a topic is like, and how far its records may be gone.

use super::names::Names;
use crate::operation::TopicLike;

/// A topic or a partition of one.
#[derive(Clone, Copy, Debug)]
struct Key {
    topic: u32,
    is_partition: bool,
}

#[derive(Clone, Debug, Default)]
struct Topic {
    partitions: Vec<u32>,
    retained: bool,
    holes: bool,
    compacted: bool,
    /// When somebody first asked for it to be deleted.
    deleted: Option<u64>,
}

/// How far the records of a partition may be gone.
#[derive(Clone, Debug, Default)]
struct Floor {
    /// When records were asked to be deleted, and before which offset.
    asked: Vec<(u64, u64)>,
    /// The highest log start that anyone was told.
    told: u64,
}

/// All keys of a history.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    names: Names,
    keys: Vec<Key>,
    floors: Vec<Floor>,
    topic_names: Names,
    topics: Vec<Topic>,
}

impl Keys {
    /// The number of a topic's or a partition's name.
    pub(crate) fn number(&mut self, name: &str) -> Result<u32, String> {
        let number = self.names.number(name);
        if (number as usize) < self.keys.len() {
            return Ok(number);
        }
        let (topic, partition) = name
            .rsplit_once('/')
            .map_or((name, None), |(topic, partition)| (topic, Some(partition)));
        if topic.is_empty() || partition.is_some_and(|partition| partition.parse::<u32>().is_err()) {
            return Err(format!("{name:?} is neither a topic nor a partition"));
        }
        let key = Key {
            topic: self.topic(topic),
            is_partition: partition.is_some(),
        };
        if key.is_partition {
            self.topics[key.topic as usize].partitions.push(number);
        }
        self.keys.push(key);
        self.floors.push(Floor::default());
        Ok(number)
    }

    /// The number of a partition's name.
    pub(crate) fn partition(&mut self, name: &str) -> Result<u32, String> {
        let number = self.number(name)?;
        if self.is_partition(number) {
            return Ok(number);
        }
        Err(format!("{name:?} is no partition"))
    }

    fn topic(&mut self, name: &str) -> u32 {
        let number = self.topic_names.number(name);
        self.topics.resize_with(self.topic_names.len(), Topic::default);
        number
    }

    /// Somebody says what a topic is like.
    pub(crate) fn like(&mut self, like: &TopicLike) {
        let topic = self.topic(&like.topic) as usize;
        let topic = &mut self.topics[topic];
        topic.retained |= like.retained;
        topic.holes |= like.holes | like.compacted;
        topic.compacted |= like.compacted;
    }

    /// Somebody asked for a topic to be deleted.
    pub(crate) fn delete(&mut self, topic: &str, invoked: u64) {
        let topic = self.topic(topic) as usize;
        let deleted = &mut self.topics[topic].deleted;
        *deleted = Some(deleted.unwrap_or(invoked).min(invoked));
    }

    /// Somebody asked for records to be deleted.
    pub(crate) fn trim(&mut self, key: u32, invoked: u64, before: u64) {
        self.floors[key as usize].asked.push((invoked, before));
    }

    /// Somebody was told where a partition begins.
    pub(crate) fn told(&mut self, key: u32, log_start: u64) {
        let told = &mut self.floors[key as usize].told;
        *told = log_start.max(*told);
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn name(&self, key: u32) -> &str {
        self.names.text(key)
    }

    pub(crate) fn is_partition(&self, key: u32) -> bool {
        self.keys[key as usize].is_partition
    }

    /// Whether records that were sent to `target` may lie in `partition`.
    pub(crate) fn fits(&self, target: u32, partition: u32) -> bool {
        let topic = |key: u32| self.keys[key as usize].topic;
        target == partition || !self.is_partition(target) && topic(target) == topic(partition)
    }

    /// The partitions among which records that were sent to `target` lie.
    pub(crate) fn partitions(&self, target: u32) -> impl Iterator<Item = u32> {
        let topic = self.topic_of(target).partitions.iter().copied();
        topic.filter(move |key| self.fits(target, *key))
    }

    fn topic_of(&self, key: u32) -> &Topic {
        &self.topics[self.keys[key as usize].topic as usize]
    }

    pub(crate) fn has_holes(&self, key: u32) -> bool {
        self.topic_of(key).holes
    }

    pub(crate) fn is_compacted(&self, key: u32) -> bool {
        self.topic_of(key).compacted
    }

    pub(crate) fn is_deleted(&self, key: u32) -> bool {
        self.topic_of(key).deleted.is_some()
    }

    pub(crate) fn is_retained(&self, key: u32) -> bool {
        self.topic_of(key).retained
    }

    /// All lines are there: what was asked for is put in the order of time, each with the highest offset so far.
    pub(crate) fn end(&mut self) {
        for floor in &mut self.floors {
            floor.asked.sort_unstable();
            let mut most = 0;
            for (_, before) in &mut floor.asked {
                most = most.max(*before);
                *before = most;
            }
        }
    }

    /// The offset below which all that was asked for until `when` may have been deleted. Only after the end.
    pub(crate) fn asked(&self, key: u32, when: u64) -> u64 {
        let asked = &self.floors[key as usize].asked;
        let until = asked.partition_point(|(invoked, _)| *invoked <= when);
        until.checked_sub(1).map_or(0, |last| asked[last].1)
    }

    /// The offset below which records may be gone by `when`. Only after the end.
    pub(crate) fn floor(&self, key: u32, when: u64) -> u64 {
        let topic = self.topic_of(key);
        if topic.deleted.is_some_and(|deleted| deleted <= when) {
            return u64::MAX;
        }
        // Nobody knows when a log start moved that moves by itself.
        let told = if topic.retained {
            self.floors[key as usize].told
        } else {
            0
        };
        self.asked(key, when).max(told)
    }
}
