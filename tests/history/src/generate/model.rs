//! The log as it would be: partitions, what lies in them, and what groups have committed.

use std::collections::BTreeMap;

use world::Chance;

use crate::operation::{Marks, TopicLike};

/// No record.
const NONE: u64 = u64::MAX;

/// One partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) topic: usize,
    pub(super) key: String,
    pub(super) log_start: u64,
    /// Values by offset.
    records: Vec<u64>,
    /// What an answer may still say that rests on nothing.
    pub(super) older: Marks,
}

/// One topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) like: TopicLike,
    pub(super) is_gone: bool,
    /// Whether it comes and goes.
    pub(super) is_passing: bool,
}

/// Everything.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) topics: Vec<Topic>,
    pub(super) partitions: Vec<Partition>,
    /// Offsets by group and partition, each with the number of the commit that it is from.
    pub(super) committed: BTreeMap<(String, usize), (u64, u64)>,
    values: u64,
}

pub(super) fn name(value: u64) -> String {
    format!("v{value}")
}

impl Partition {
    pub(super) fn end(&self) -> u64 {
        self.records.len() as u64
    }

    pub(super) fn marks(&self) -> Marks {
        Marks {
            log_start: self.log_start,
            high_watermark: self.end(),
            last_stable: Some(self.end()),
        }
    }

    /// The records from an offset on, so many at most.
    pub(super) fn read(&self, from: u64, most: u64) -> impl Iterator<Item = (u64, u64)> {
        let from = from.max(self.log_start);
        let index = usize::try_from(from).expect("it is in memory");
        let records = self.records.get(index..).unwrap_or_default().iter().copied();
        let known = (from..).zip(records).filter(|(_, value)| *value != NONE);
        known.take(usize::try_from(most).unwrap_or(usize::MAX))
    }
}

impl Model {
    pub(super) fn new() -> Model {
        let mut model = Model {
            topics: Vec::new(),
            partitions: Vec::new(),
            committed: BTreeMap::new(),
            values: 0,
        };
        for (name, partitions, retained, holes, compacted) in [
            ("plain", 3, false, false, false),
            ("trimmed", 2, false, false, false),
            ("retained", 1, true, false, false),
            ("holes", 1, false, true, false),
            ("compacted", 1, false, false, true),
        ] {
            let like = TopicLike {
                topic: name.to_owned(),
                retained,
                holes,
                compacted,
            };
            model.create(like, partitions, false);
        }
        model
    }

    pub(super) fn likes(&self) -> impl Iterator<Item = &TopicLike> {
        self.topics.iter().map(|topic| &topic.like)
    }

    pub(super) fn create(&mut self, like: TopicLike, partitions: u32, is_passing: bool) {
        let topic = self.topics.len();
        for partition in 0..partitions {
            self.partitions.push(Partition {
                topic,
                key: format!("{}/{partition}", like.topic),
                log_start: 0,
                records: Vec::new(),
                older: Marks {
                    log_start: 0,
                    high_watermark: 0,
                    last_stable: Some(0),
                },
            });
        }
        self.topics.push(Topic {
            like,
            is_gone: false,
            is_passing,
        });
    }

    /// Gives a new value its number.
    pub(super) fn value(&mut self) -> u64 {
        self.values += 1;
        self.values
    }

    pub(super) fn is_gone(&self, partition: usize) -> bool {
        self.topics[self.partitions[partition].topic].is_gone
    }

    pub(super) fn like(&self, partition: usize) -> &TopicLike {
        &self.topics[self.partitions[partition].topic].like
    }

    /// The partitions that are not gone.
    pub(super) fn alive(&self) -> Vec<usize> {
        (0..self.partitions.len())
            .filter(|partition| !self.is_gone(*partition))
            .collect()
    }

    /// Appends records one behind the other. The offset of the first.
    pub(super) fn append(&mut self, partition: usize, values: &[u64], chance: &Chance) -> u64 {
        let has_holes = self.like(partition).holes;
        let records = &mut self.partitions[partition].records;
        let base = records.len() as u64;
        records.extend(values);
        if has_holes && chance.coin(0.3) {
            records.push(NONE);
        }
        base
    }

    /// What happens by itself: logs that are retained get shorter, those that are compacted thinner.
    pub(super) fn keep_up(&mut self, chance: &Chance) {
        for partition in &mut self.partitions {
            let like = &self.topics[partition.topic].like;
            partition.older = partition.marks();
            let length = partition.end() - partition.log_start;
            if like.retained && length > 0 {
                partition.log_start += chance.below(length / 3 + 1);
            }
            if like.compacted && length > 1 {
                for _ in 0..5 {
                    // The last record stays.
                    let offset = partition.log_start + chance.below(length - 1);
                    partition.records[usize::try_from(offset).expect("it is in memory")] = NONE;
                }
            }
        }
    }
}
