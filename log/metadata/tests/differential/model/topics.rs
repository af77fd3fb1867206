//! Topics in the model.

use std::collections::{BTreeMap, BTreeSet};

use metadata::entry::{AddPartitions, AlterTopic, Config, CreateTopic};
use metadata::{Applied, Change, Rejection, TopicId};

use super::columns::{self, Columns};
use super::{Judged, Model, OFFSET_MAX, Partition, Topic};

/// The few configs that are drawn.
fn topic_value(name: &str, value: &str) -> bool {
    match name {
        "retention.ms" => value.parse::<i64>().is_ok_and(|ms| ms >= -1),
        "tidelog.lane" => matches!(value, "auto" | "inline" | "object"),
        "segment.bytes" => value.parse::<i32>().is_ok_and(|bytes| bytes >= 14),
        "lake.retention.ms" => value.parse::<i64>().is_ok_and(|ms| ms >= -2),
        "lake.mode" => matches!(value, "raw" | "json"),
        "lake.columns" => columns::can_be(value),
        "cleanup.policy" => ["delete", "compact", "compact,delete", "delete,compact"].contains(&value),
        _ => false,
    }
}

pub(super) fn configure(
    config: &BTreeMap<String, String>,
    set: &[Config],
    unset: &[String],
    known: &[&str],
    allowed: fn(&str, &str) -> bool,
) -> Result<BTreeMap<String, String>, Rejection> {
    let invalid = |name: &str| Rejection::InvalidConfig {
        name: name.to_owned(),
        reason: String::new(),
    };
    let (mut config, mut seen) = (config.clone(), BTreeSet::new());
    for name in unset {
        if !known.contains(&name.as_str()) || !seen.insert(name.clone()) {
            return Err(invalid(name));
        }
        config.remove(name);
    }
    for Config { name, value } in set {
        if !known.contains(&name.as_str()) || !seen.insert(name.clone()) || !allowed(name, value) {
            return Err(invalid(name));
        }
        config.insert(name.clone(), value.clone());
    }
    Ok(config)
}

/// A table keeps what its log has, or more; one of a topic that is compacted by key just that.
fn check_lake(config: &BTreeMap<String, String>) -> Result<(), Rejection> {
    let number = |name: &str, or: i64| config.get(name).map_or(or, |value| value.parse::<i64>().unwrap());
    let (log, lake) = (number("retention.ms", 604_800_000), number("lake.retention.ms", -2));
    let is_compacted = config.get("cleanup.policy").is_some_and(|policy| policy != "delete");
    let is_shorter = lake >= 0 && (log < 0 || lake < log);
    if lake != -2 && is_compacted || is_shorter {
        return Err(Rejection::InvalidConfig {
            name: "lake.retention.ms".to_owned(),
            reason: String::new(),
        });
    }
    Ok(())
}

const KNOWN: &[&str] = &[
    "retention.ms",
    "tidelog.lane",
    "segment.bytes",
    "cleanup.policy",
    "lake.retention.ms",
    "lake.mode",
    "lake.columns",
];

impl Model {
    fn partitions(&self) -> u64 {
        self.topics.values().map(|topic| topic.partitions.len() as u64).sum()
    }

    fn check_partitions(&self, more: u32) -> Result<(), Rejection> {
        let limit = self.setting("partitions.max", 100_000);
        if self.partitions() + u64::from(more) > limit {
            Err(Rejection::TooManyPartitions { limit })
        } else {
            Ok(())
        }
    }

    pub(super) fn create_topic(&mut self, created: Change, create: &CreateTopic) -> Judged {
        self.full()?;
        let name = &create.name;
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
        if !name.chars().all(|c| letters.contains(c))
            || name.is_empty()
            || name.len() > 249
            || name == "."
            || name == ".."
        {
            return Err(Rejection::InvalidName(""));
        }
        if self.topics.values().any(|topic| topic.name == *name) {
            return Err(Rejection::TopicExists);
        }
        let id = create.id.to_vec();
        if id.len() != 16 {
            return Err(Rejection::Malformed(""));
        }
        if id == [0; 16] || self.ids.contains(&id) {
            return Err(Rejection::TopicIdTaken);
        }
        if create.partitions == 0 {
            return Err(Rejection::InvalidPartitions);
        }
        self.check_partitions(create.partitions)?;
        let config = configure(&BTreeMap::new(), &create.configs, &[], KNOWN, topic_value)?;
        check_lake(&config)?;
        let columns = Columns::default().under(&config)?;
        if create.first_offset > OFFSET_MAX {
            return Err(Rejection::InvalidOffset);
        }
        let number = self.next_topic;
        self.next_topic += 1;
        self.ids.insert(id.clone());
        let partitions = (0..create.partitions).map(|_| Partition {
            start: create.first_offset,
            end: create.first_offset,
            eras: vec![(self.era, create.first_offset)],
            ..Default::default()
        });
        let partitions = partitions.collect();
        let requests = BTreeMap::new();
        self.topics.insert(
            number,
            Topic {
                name: name.clone(),
                id,
                created,
                config,
                partitions,
                requests,
                lake_changed: 0,
                published: None,
                columns,
            },
        );
        Ok(Applied::Topic {
            number,
            id: TopicId(create.id.as_ref().try_into().unwrap()),
        })
    }

    pub(super) fn alter_topic(&mut self, alter: &AlterTopic) -> Judged {
        let topic = self.topics.get_mut(&alter.topic).ok_or(Rejection::UnknownTopic)?;
        let config = configure(&topic.config, &alter.set, &alter.unset, KNOWN, topic_value)?;
        check_lake(&config)?;
        let columns = topic.columns.under(&config)?;
        if columns.known != topic.columns.known && topic.lake_changed > 0 {
            topic.lake_changed = self.position;
        }
        (topic.config, topic.columns) = (config, columns);
        Ok(Applied::Done)
    }

    pub(super) fn delete_topic(&mut self, number: u32) -> Judged {
        self.topics.remove(&number).ok_or(Rejection::UnknownTopic)?;
        for group in self.groups.values_mut() {
            group.offsets.retain(|partition, _| partition.topic != number);
        }
        Ok(Applied::Done)
    }

    pub(super) fn add_partitions(&mut self, add: &AddPartitions) -> Judged {
        self.full()?;
        let topic = self.topics.get(&add.topic).ok_or(Rejection::UnknownTopic)?;
        let now = topic.partitions.len() as u32;
        if now != add.seen {
            return Err(Rejection::SeenChanged {
                actual: Some(now.into()),
            });
        }
        if add.total <= now {
            return Err(Rejection::InvalidPartitions);
        }
        self.check_partitions(add.total - now)?;
        let era = self.era;
        let topic = self.topics.get_mut(&add.topic).unwrap();
        while topic.partitions.len() < add.total as usize {
            topic.partitions.push(Partition {
                eras: vec![(era, 0)],
                ..Default::default()
            });
        }
        Ok(Applied::Done)
    }
}
