//! Topics: creating, altering, deleting, adding partitions.

use crate::columns::LakeColumns;
use crate::config::{TopicConfig, invalid};
use crate::entry::{AddPartitions, AlterTopic, CreateTopic};
use crate::ids::{Change, TopicId, TopicNumber};
use crate::limits::{OFFSET_MAX, TOPIC_NAME_BYTES_MAX};
use crate::outcome::{Applied, Rejection};
use crate::state::State;
use crate::state::partition::PartitionState;
use crate::state::table::TableState;
use crate::state::topic::Topic;

/// Kafka's rules of topic names: 1 to 249 of `[a-zA-Z0-9._-]`, and neither `.` nor `..`.
///
/// # Errors
/// The rule that the name breaks.
pub(crate) fn check_topic_name(name: &str) -> Result<(), Rejection> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let broken = match name {
        "" => "it is empty",
        "." | ".." => "it is . or ..",
        _ if name.len() > TOPIC_NAME_BYTES_MAX => "it is longer than 249 characters",
        _ if !name.bytes().all(fine) => "it has other characters than a-z, A-Z, 0-9, dot, underscore and hyphen",
        _ => return Ok(()),
    };
    Err(Rejection::InvalidName(broken))
}

/// The columns that a table has with this config.
fn columns(table: &TableState, config: &TopicConfig) -> Result<LakeColumns, Rejection> {
    let changed = table.columns.changed(config.lake_columns());
    changed.map_err(|reason| invalid("lake.columns", reason))
}

impl State {
    pub(super) fn create_topic(&mut self, change: Change, create: &CreateTopic) -> Result<Applied, Rejection> {
        self.refuse_growth()?;
        check_topic_name(&create.name)?;
        if self.topics.named(&create.name).is_some() {
            return Err(Rejection::TopicExists);
        }
        let id = <[u8; 16]>::try_from(create.id.as_ref()).map_err(|_| Rejection::Malformed("an id has 16 bytes"))?;
        // Kafka says "no id" with all zeros, and its metadata log has one of zeros and a one.
        if id.iter().all(|&byte| byte == 0) || self.topics.knows_id(&TopicId(id)) {
            return Err(Rejection::TopicIdTaken);
        }
        let partitions = create.partitions as usize;
        if partitions == 0 {
            return Err(Rejection::InvalidPartitions);
        }
        self.room_for_partitions(create.partitions)?;
        let config = TopicConfig::default().changed(&create.configs, &[])?;
        let mut table = TableState::default();
        table.take_columns(columns(&table, &config)?, self.position);
        if create.first_offset > OFFSET_MAX {
            return Err(Rejection::InvalidOffset);
        }
        let number = self.topics.next;
        self.topics.next = number.checked_add(1).ok_or(Rejection::TooManyPartitions {
            limit: u64::from(u32::MAX),
        })?;
        self.counts.partitions += u64::from(create.partitions);
        self.counts.columns += table.columns.columns().len() as u64;
        self.topics.insert(Topic {
            number,
            name: create.name.clone(),
            id: TopicId(id),
            created_at: change,
            config,
            partitions: vec![PartitionState::new(create.first_offset, self.era); partitions],
            requests: std::collections::BTreeMap::new(),
            table,
        });
        Ok(Applied::Topic {
            number,
            id: TopicId(id),
        })
    }

    fn room_for_partitions(&self, more: u32) -> Result<(), Rejection> {
        let limit = self.config.partitions_max();
        let fits = self.counts.partitions.saturating_add(u64::from(more)) <= limit;
        if fits {
            Ok(())
        } else {
            Err(Rejection::TooManyPartitions { limit })
        }
    }

    pub(super) fn alter_topic(&mut self, alter: &AlterTopic) -> Result<Applied, Rejection> {
        let topic = self.topics.get_mut(alter.topic).ok_or(Rejection::UnknownTopic)?;
        let config = topic.config.changed(&alter.set, &alter.unset)?;
        let columns = columns(&topic.table, &config)?;
        topic.config = config;
        self.counts.columns -= topic.table.columns.columns().len() as u64;
        self.counts.columns += columns.columns().len() as u64;
        topic.table.take_columns(columns, self.position);
        Ok(Applied::Done)
    }

    /// A topic goes with its extents, its producers and what groups committed for it. Its number and id are not given
    /// again.
    pub(super) fn delete_topic(&mut self, number: TopicNumber) -> Result<Applied, Rejection> {
        let topic = self.topics.remove(number).ok_or(Rejection::UnknownTopic)?;
        for partition in &topic.partitions {
            self.counts.partitions -= 1;
            self.counts.producers -= partition.producers.len() as u64;
            for extent in partition.extents.as_slice() {
                self.places.release(extent, self.position);
            }
        }
        self.counts.columns -= topic.table.columns.columns().len() as u64;
        let published = topic.table.published.iter();
        for &(slot, _) in published.flat_map(|published| &published.objects) {
            self.places.objects.release(slot, self.position);
        }
        for (name, known) in &topic.requests {
            self.counts.requests -= name.len() as u64 + known.weight();
        }
        self.groups.forget_topic(number);
        Ok(Applied::Done)
    }

    /// New partitions begin at offset 0.
    pub(super) fn add_partitions(&mut self, add: &AddPartitions) -> Result<Applied, Rejection> {
        self.refuse_growth()?;
        let topic = self.topics.get(add.topic).ok_or(Rejection::UnknownTopic)?;
        let now = topic.partition_count();
        if add.seen != now {
            return Err(Rejection::SeenChanged {
                actual: Some(u64::from(now)),
            });
        }
        let more = add
            .total
            .checked_sub(now)
            .filter(|&more| more > 0)
            .ok_or(Rejection::InvalidPartitions)?;
        self.room_for_partitions(more)?;
        let new = PartitionState::new(0, self.era);
        if let Some(topic) = self.topics.get_mut(add.topic) {
            topic.partitions.resize(add.total as usize, new);
        }
        self.counts.partitions += u64::from(more);
        Ok(Applied::Done)
    }
}
