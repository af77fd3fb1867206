//! The configs of a topic, read once so that nobody parses them again.

mod table;

pub use table::TOPIC_CONFIGS;

use std::collections::BTreeMap;

use super::value::Spec;
use crate::columns::Declared;
use crate::entry;
use crate::outcome::Rejection;

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

/// When a topic is compacted by key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyCompaction {
    /// Of the lake files' bytes, the part that was not compacted yet at which it begins; 0 to 1.
    pub dirty_ratio: f64,
    /// Records younger than this are left alone, in milliseconds.
    pub lag_ms_min: u64,
    /// Records as old as this are due however few there are, in milliseconds.
    pub lag_ms_max: u64,
    /// How long tombstones stay, in milliseconds.
    pub tombstones_ms: u64,
}

/// How long a topic's table keeps its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LakeRetention {
    /// As long as the log does.
    AsLog,
    /// So many milliseconds, which are no fewer than the log's.
    Ms(u64),
    /// For ever, or until they are deleted.
    Forever,
}

/// Whose clock a record's timestamp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
}

/// The configs of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicConfig {
    overrides: BTreeMap<String, String>,
    compaction: Option<KeyCompaction>,
    retention_ms: Option<u64>,
    retention_bytes: Option<u64>,
    lake_retention: LakeRetention,
    max_message_bytes: u32,
    lane: LanePolicy,
    http_public: bool,
    lake_max_delay_ms: u64,
    columns: Vec<Declared>,
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
    /// [`Rejection::InvalidConfig`] for the first name or value that is not allowed, and for values that do not go together.
    pub fn changed(&self, set: &[entry::Config], unset: &[String]) -> Result<Self, Rejection> {
        let changed = Self::of(super::changed(TOPIC_CONFIGS, &self.overrides, set, unset)?);
        changed.check_lake_retention()?;
        match (changed.value("lake.mode"), changed.columns.is_empty()) {
            (Some("json"), true) => Err(super::invalid(
                "lake.mode",
                "json needs lake.columns, which says what to read",
            )),
            (Some("raw"), false) => Err(super::invalid(
                "lake.columns",
                "lake.mode is raw: set it to json as well",
            )),
            _ => Ok(changed),
        }
    }

    /// Whether the table keeps no less than the log.
    fn check_lake_retention(&self) -> Result<(), Rejection> {
        let wrong = |why| Err(super::invalid("lake.retention.ms", why));
        let compacts = self.compaction.is_some();
        match (self.lake_retention, self.retention_ms) {
            (LakeRetention::AsLog, _) => Ok(()),
            _ if compacts => {
                wrong("the table of a topic that is compacted by key has what its log has: only -2 is supported")
            }
            (LakeRetention::Ms(_), None) => wrong("shorter than retention.ms, which is -1"),
            (LakeRetention::Ms(lake), Some(log)) if lake < log => wrong("shorter than retention.ms"),
            _ => Ok(()),
        }
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
        let policy = value("cleanup.policy");
        let deletes = policy.contains("delete");
        let number = |name: &str| value(name).parse().unwrap_or(u64::MAX);
        let compaction = policy.contains("compact").then(|| KeyCompaction {
            dirty_ratio: value("min.cleanable.dirty.ratio").parse().unwrap_or(1.0),
            lag_ms_min: number("min.compaction.lag.ms"),
            lag_ms_max: number("max.compaction.lag.ms"),
            tombstones_ms: number("delete.retention.ms"),
        });
        Self {
            compaction,
            retention_ms: value("retention.ms").parse().ok().filter(|_| deletes),
            retention_bytes: value("retention.bytes").parse().ok().filter(|_| deletes),
            lake_retention: match value("lake.retention.ms").parse::<i64>() {
                Ok(-2) | Err(_) => LakeRetention::AsLog,
                Ok(ms) => u64::try_from(ms).map_or(LakeRetention::Forever, LakeRetention::Ms),
            },
            max_message_bytes: value("max.message.bytes").parse().unwrap_or(0),
            http_public: value("http.public") == "true",
            lake_max_delay_ms: number("lake.max.delay.ms"),
            columns: Declared::list(value("lake.columns")).unwrap_or_default(),
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

    /// When the topic is compacted by key; `None` where it is not.
    pub fn key_compaction(&self) -> Option<KeyCompaction> {
        self.compaction
    }

    /// How long records are kept, in milliseconds; `None` for ever, as where `cleanup.policy` does not delete.
    pub fn retention_ms(&self) -> Option<u64> {
        self.retention_ms
    }

    /// Bytes that a partition keeps; `None` for all, as where `cleanup.policy` does not delete.
    pub fn retention_bytes(&self) -> Option<u64> {
        self.retention_bytes
    }

    /// How long the topic's table keeps records.
    pub fn lake_retention(&self) -> LakeRetention {
        self.lake_retention
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

    /// The typed columns that its table is to have.
    pub fn lake_columns(&self) -> &[Declared] {
        &self.columns
    }

    /// Whether shared caches may keep what is read over HTTP.
    pub fn http_public(&self) -> bool {
        self.http_public
    }
}
