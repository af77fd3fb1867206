//! The configs of a topic: Kafka's list, and Tidelog's own.

use std::collections::BTreeMap;

use super::value::{Effect, Kind, Spec};
use crate::entry;
use crate::outcome::Rejection;

const NONE: Effect = Effect::WithoutEffect;
const DONE: Effect = Effect::Honoured;
const FOREVER: &str = "9223372036854775807";

const fn spec(name: &'static str, default: &'static str, kind: Kind, effect: Effect, doc: &'static str) -> Spec {
    Spec {
        name,
        default,
        kind,
        effect,
        doc,
    }
}

/// Every topic config, by name. Defaults and ranges are those of Apache Kafka 4 (`TopicConfig`, `LogConfig`) except
/// where `Kind::Only` says why not.
pub static TOPIC_CONFIGS: &[Spec] = &[
    spec(
        "cleanup.policy",
        "delete",
        Kind::Only("delete", "compaction by key is not there yet"),
        DONE,
        "What becomes of old records.",
    ),
    spec(
        "compression.gzip.level",
        "-1",
        Kind::Int(-1, 9),
        NONE,
        "Level of a recompression that never happens.",
    ),
    spec(
        "compression.lz4.level",
        "9",
        Kind::Int(1, 17),
        NONE,
        "Level of a recompression that never happens.",
    ),
    spec(
        "compression.type",
        "producer",
        Kind::Only("producer", "batches are kept as they were sent"),
        DONE,
        "How batches are compressed.",
    ),
    spec(
        "compression.zstd.level",
        "3",
        Kind::Int(-131_072, 22),
        NONE,
        "Level of a recompression that never happens.",
    ),
    spec(
        "delete.retention.ms",
        "86400000",
        Kind::Long(0, i64::MAX),
        NONE,
        "How long compaction keeps tombstones.",
    ),
    spec(
        "file.delete.delay.ms",
        "60000",
        Kind::Long(0, i64::MAX),
        NONE,
        "There are no files to delete late.",
    ),
    spec(
        "flush.messages",
        FOREVER,
        Kind::Long(1, i64::MAX),
        NONE,
        "Every record is durable when acknowledged.",
    ),
    spec(
        "flush.ms",
        FOREVER,
        Kind::Long(0, i64::MAX),
        NONE,
        "Every record is durable when acknowledged.",
    ),
    spec(
        "follower.replication.throttled.replicas",
        "",
        Kind::Text,
        NONE,
        "There are no replicas.",
    ),
    spec(
        "http.public",
        "false",
        Kind::Bool,
        DONE,
        "Whether shared caches may keep what is read over HTTP.",
    ),
    spec(
        "index.interval.bytes",
        "4096",
        Kind::Int(0, i32::MAX),
        NONE,
        "There are no index files.",
    ),
    spec(
        "lake.max.delay.ms",
        "300000",
        Kind::Long(1_000, i64::MAX),
        DONE,
        "How long records wait before they become rows of a lake file; sooner when many have gathered.",
    ),
    spec(
        "leader.replication.throttled.replicas",
        "",
        Kind::Text,
        NONE,
        "There are no replicas.",
    ),
    spec(
        "local.retention.bytes",
        "-2",
        Kind::Long(-2, i64::MAX),
        NONE,
        "There are no local files.",
    ),
    spec(
        "local.retention.ms",
        "-2",
        Kind::Long(-2, i64::MAX),
        NONE,
        "There are no local files.",
    ),
    spec(
        "max.compaction.lag.ms",
        FOREVER,
        Kind::Long(1, i64::MAX),
        NONE,
        "Longest wait for compaction by key.",
    ),
    spec(
        "max.message.bytes",
        "1048588",
        Kind::Int(0, i32::MAX),
        DONE,
        "Largest record batch, in bytes.",
    ),
    spec(
        "message.timestamp.after.max.ms",
        FOREVER,
        Kind::Only(FOREVER, "timestamps are taken as they are sent"),
        DONE,
        "How far ahead of the clock a timestamp may lie.",
    ),
    spec(
        "message.timestamp.before.max.ms",
        FOREVER,
        Kind::Only(FOREVER, "timestamps are taken as they are sent"),
        DONE,
        "How far behind the clock a timestamp may lie.",
    ),
    spec(
        "message.timestamp.type",
        "CreateTime",
        Kind::Only("CreateTime", "batches keep the bytes and the checksum of their writer"),
        DONE,
        "Whose clock a record's timestamp is.",
    ),
    spec(
        "min.cleanable.dirty.ratio",
        "0.5",
        Kind::Double(0.0, 1.0),
        NONE,
        "When compaction by key begins.",
    ),
    spec(
        "min.compaction.lag.ms",
        "0",
        Kind::Long(0, i64::MAX),
        NONE,
        "Shortest wait for compaction by key.",
    ),
    spec(
        "min.insync.replicas",
        "1",
        Kind::Int(1, i32::MAX),
        NONE,
        "The store replicates.",
    ),
    spec("preallocate", "false", Kind::Bool, NONE, "There are no files."),
    spec(
        "remote.log.copy.disable",
        "false",
        Kind::Only("false", "there is no second tier"),
        NONE,
        "There is no second tier.",
    ),
    spec(
        "remote.log.delete.on.disable",
        "false",
        Kind::Only("false", "there is no second tier"),
        NONE,
        "There is no second tier.",
    ),
    spec(
        "remote.storage.enable",
        "false",
        Kind::Only("false", "every record lies on object storage anyway"),
        NONE,
        "There is no second tier.",
    ),
    spec(
        "retention.bytes",
        "-1",
        Kind::Long(-1, i64::MAX),
        DONE,
        "Bytes a partition keeps, -1 for all.",
    ),
    spec(
        "retention.ms",
        "604800000",
        Kind::Long(-1, i64::MAX),
        DONE,
        "How long records are kept, -1 for ever.",
    ),
    spec(
        "segment.bytes",
        "1073741824",
        Kind::Int(14, i32::MAX),
        NONE,
        "Segments hold many partitions.",
    ),
    spec(
        "segment.index.bytes",
        "10485760",
        Kind::Int(4, i32::MAX),
        NONE,
        "There are no index files.",
    ),
    spec(
        "segment.jitter.ms",
        "0",
        Kind::Long(0, i64::MAX),
        NONE,
        "Segments hold many partitions.",
    ),
    spec(
        "segment.ms",
        "604800000",
        Kind::Long(1, i64::MAX),
        NONE,
        "Segments hold many partitions.",
    ),
    spec(
        "tidelog.lane",
        "auto",
        Kind::Choice(&["auto", "inline", "object"]),
        DONE,
        "Whether batches travel in ledger entries, in segments, or as it is cheaper.",
    ),
    spec(
        "unclean.leader.election.enable",
        "false",
        Kind::Bool,
        NONE,
        "There are no replicas to elect.",
    ),
];

/// Which way batches of a topic go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LanePolicy {
    /// As it is cheaper.
    #[default]
    Auto,
    /// In ledger entries where they fit.
    Inline,
    /// In segments.
    Object,
}

/// Whose clock a record's timestamp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
}

/// The configs of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicConfig {
    overrides: BTreeMap<String, String>,
    retention_ms: Option<u64>,
    retention_bytes: Option<u64>,
    max_message_bytes: u32,
    lane: LanePolicy,
    http_public: bool,
    lake_max_delay_ms: u64,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self::of(BTreeMap::new())
    }
}

impl TopicConfig {
    /// The row of a config; absent when there is none of that name.
    pub fn spec(name: &str) -> Option<&'static Spec> {
        super::find(TOPIC_CONFIGS, name)
    }

    /// These configs after a change; `self` stays.
    ///
    /// # Errors
    /// [`Rejection::InvalidConfig`] for the first name or value that is not allowed.
    pub fn changed(&self, set: &[entry::Config], unset: &[String]) -> Result<Self, Rejection> {
        super::changed(TOPIC_CONFIGS, &self.overrides, set, unset).map(Self::of)
    }

    /// Reads what has been validated; anything else would count as unset.
    fn of(overrides: BTreeMap<String, String>) -> Self {
        let value = |name: &str| {
            let default = Self::spec(name).map_or("", |spec| spec.default);
            overrides.get(name).map_or(default, String::as_str)
        };
        let lane = match value("tidelog.lane") {
            "inline" => LanePolicy::Inline,
            "object" => LanePolicy::Object,
            _ => LanePolicy::Auto,
        };
        Self {
            retention_ms: value("retention.ms").parse().ok(),
            retention_bytes: value("retention.bytes").parse().ok(),
            max_message_bytes: value("max.message.bytes").parse().unwrap_or(0),
            http_public: value("http.public") == "true",
            lake_max_delay_ms: value("lake.max.delay.ms").parse().unwrap_or(u64::MAX),
            lane,
            overrides,
        }
    }

    /// What was set, by name.
    pub fn overrides(&self) -> &BTreeMap<String, String> {
        &self.overrides
    }

    /// The value in force; absent when there is no such config.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.overrides
            .get(name)
            .map(String::as_str)
            .or_else(|| Self::spec(name).map(|spec| spec.default))
    }

    /// How long records are kept, in milliseconds; `None` for ever.
    pub fn retention_ms(&self) -> Option<u64> {
        self.retention_ms
    }

    /// Bytes that a partition keeps; `None` for all.
    pub fn retention_bytes(&self) -> Option<u64> {
        self.retention_bytes
    }

    /// Largest record batch, in bytes.
    pub fn max_message_bytes(&self) -> u32 {
        self.max_message_bytes
    }

    /// Whose clock a record's timestamp is.
    pub fn message_timestamp_type(&self) -> TimestampType {
        TimestampType::CreateTime
    }

    /// Which way batches go.
    pub fn lane(&self) -> LanePolicy {
        self.lane
    }

    /// How long records wait before they become rows of a lake file, in milliseconds.
    pub fn lake_max_delay_ms(&self) -> u64 {
        self.lake_max_delay_ms
    }

    /// Whether shared caches may keep what is read over HTTP.
    pub fn http_public(&self) -> bool {
        self.http_public
    }
}
