//! The shapes of the agent's answers, as far as tables need them. `-o json` prints the answers themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One topic.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Topic {
    /// Its name.
    pub(crate) name: String,
    /// Its id, in Kafka's text form.
    pub(crate) id: String,
    /// Its partitions, in order.
    pub(crate) partitions: Vec<Partition>,
    /// Its settings by Kafka's names.
    #[serde(default)]
    pub(crate) config: BTreeMap<String, Setting>,
}

/// One partition.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Partition {
    /// Its number.
    pub(crate) partition: u32,
    /// The first offset that is kept.
    pub(crate) log_start: u64,
    /// The offset behind the last record.
    pub(crate) high_watermark: u64,
    /// Records kept.
    #[serde(default)]
    pub(crate) records: u64,
    /// Bytes kept.
    #[serde(default)]
    pub(crate) bytes: u64,
    /// Where the agent that is best asked for it serves HTTP.
    #[serde(default)]
    pub(crate) preferred_agent: Option<String>,
}

/// One setting.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Setting {
    /// Its value; absent when nothing is set and nothing applies.
    pub(crate) value: Option<String>,
    /// Where the value is from: `default` or `topic`.
    #[serde(default)]
    pub(crate) source: String,
    /// Whether this version heeds it: `honoured` or `none`.
    #[serde(default)]
    pub(crate) effect: String,
}

/// A page of topics.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TopicPage {
    /// The topics, by name.
    pub(crate) topics: Vec<TopicLine>,
    /// Where the next page begins.
    pub(crate) next_page_token: Option<String>,
}

/// One topic in a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TopicLine {
    /// Its name.
    pub(crate) name: String,
    /// Its id.
    pub(crate) id: String,
    /// How many partitions it has.
    pub(crate) partitions: u32,
}

/// What an append came to.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AppendAnswer {
    /// Where the records lie, one item a partition.
    pub(crate) acks: Vec<Ack>,
}

/// A contiguous run of records that was appended.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ack {
    /// The partition.
    pub(crate) partition: u32,
    /// The offset of the first record.
    pub(crate) base_offset: u64,
    /// How many records.
    pub(crate) count: u64,
}

/// Offsets of a topic's partitions.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OffsetsAnswer {
    /// One item a partition.
    pub(crate) offsets: Vec<PartitionOffset>,
}

/// An offset of one partition.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PartitionOffset {
    /// The partition.
    pub(crate) partition: u32,
    /// The offset.
    pub(crate) offset: u64,
}

/// What a group has committed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GroupOffsets {
    /// One item a partition.
    pub(crate) offsets: Vec<Committed>,
    /// The group's last change, for conditions.
    #[serde(default)]
    pub(crate) change: Option<String>,
}

/// A committed offset.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Committed {
    /// The topic.
    pub(crate) topic: String,
    /// The partition.
    pub(crate) partition: u32,
    /// The next offset to be read.
    pub(crate) offset: u64,
    /// Records behind the end.
    #[serde(default)]
    pub(crate) lag: Option<u64>,
    /// What the committer added.
    #[serde(default)]
    pub(crate) metadata: String,
}
