//! The configs of the cluster: what must be equal on every process.

use std::collections::BTreeMap;

use super::value::{Effect, Kind, Spec};
use crate::entry;
use crate::limits::MARKS_KEPT_MS;
use crate::outcome::Rejection;

/// Silence is shown by marks, which are kept for two days and lie an eighth of the longest silence apart: a longer one
/// could never be shown.
const PRODUCER_EXPIRATION_MS_MAX: i64 = MARKS_KEPT_MS / 8 * 7;

const fn long(name: &'static str, default: &'static str, low: i64, high: i64, doc: &'static str) -> Spec {
    Spec {
        name,
        default,
        kind: Kind::Long(low, high),
        effect: Effect::Honoured,
        doc,
    }
}

/// Every cluster config, by name.
pub static CLUSTER_CONFIGS: &[Spec] = &[
    long(
        "agent.timeout.ms",
        "150000",
        1_000,
        86_400_000,
        "Silence after which a life is retired.",
    ),
    long(
        "fold.bytes.max",
        "1073741824",
        1 << 10,
        1 << 36,
        "Memory of the fold at which writes stop.",
    ),
    long("groups.max", "100000", 1, 10_000_000, "Most consumer groups."),
    long(
        "inline.hold.ms.max",
        "3600000",
        1_000,
        i64::MAX,
        "How long entries may hold inline bytes before they move out.",
    ),
    long(
        "lake.grace.ms",
        "86400000",
        0,
        MARKS_KEPT_MS,
        "How long lake files stay after nothing names them.",
    ),
    long(
        "offsets.retention.minutes",
        "10080",
        1,
        i32::MAX as i64,
        "Silence after which a group's offsets expire.",
    ),
    long(
        "partitions.max",
        "100000",
        1,
        10_000_000,
        "Most partitions of all topics.",
    ),
    long(
        "producer.id.expiration.ms",
        "86400000",
        1,
        PRODUCER_EXPIRATION_MS_MAX,
        "Silence after which a producer is forgotten.",
    ),
    long(
        "segment.grace.ms",
        "3600000",
        0,
        MARKS_KEPT_MS,
        "How long segments and entries stay after nothing names them.",
    ),
    long(
        "snapshot.entries",
        "10000",
        10,
        1_000_000,
        "Entries after which a new snapshot is due.",
    ),
];

/// The configs of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    overrides: BTreeMap<String, String>,
    agent_timeout_ms: u64,
    segment_grace_ms: u64,
    lake_grace_ms: u64,
    producer_id_expiration_ms: u64,
    offsets_retention_minutes: u64,
    fold_bytes_max: u64,
    inline_hold_ms_max: u64,
    snapshot_entries: u64,
    partitions_max: u64,
    groups_max: u64,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self::of(BTreeMap::new())
    }
}

impl ClusterConfig {
    /// The row of a config; absent when there is none of that name.
    pub fn spec(name: &str) -> Option<&'static Spec> {
        super::find(CLUSTER_CONFIGS, name)
    }

    /// These configs after a change; `self` stays.
    ///
    /// # Errors
    /// [`Rejection::InvalidConfig`] for the first name or value that is not allowed.
    pub fn changed(&self, set: &[entry::Config], unset: &[String]) -> Result<Self, Rejection> {
        super::changed(CLUSTER_CONFIGS, &self.overrides, set, unset).map(Self::of)
    }

    fn of(overrides: BTreeMap<String, String>) -> Self {
        let value = |name: &str| -> u64 {
            let default = Self::spec(name).map_or("", |spec| spec.default);
            overrides.get(name).map_or(default, String::as_str).parse().unwrap_or(0)
        };
        Self {
            agent_timeout_ms: value("agent.timeout.ms"),
            segment_grace_ms: value("segment.grace.ms"),
            lake_grace_ms: value("lake.grace.ms"),
            producer_id_expiration_ms: value("producer.id.expiration.ms"),
            offsets_retention_minutes: value("offsets.retention.minutes"),
            fold_bytes_max: value("fold.bytes.max"),
            inline_hold_ms_max: value("inline.hold.ms.max"),
            snapshot_entries: value("snapshot.entries"),
            partitions_max: value("partitions.max"),
            groups_max: value("groups.max"),
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

    /// Silence after which a life is retired, in milliseconds.
    pub fn agent_timeout_ms(&self) -> u64 {
        self.agent_timeout_ms
    }

    /// How long segments and entries stay after nothing names them, in milliseconds.
    pub fn segment_grace_ms(&self) -> u64 {
        self.segment_grace_ms
    }

    /// How long lake files stay after nothing names them, in milliseconds.
    pub fn lake_grace_ms(&self) -> u64 {
        self.lake_grace_ms
    }

    /// Silence after which a producer is forgotten, in milliseconds.
    pub fn producer_id_expiration_ms(&self) -> u64 {
        self.producer_id_expiration_ms
    }

    /// Silence after which a group's offsets expire, in minutes.
    pub fn offsets_retention_minutes(&self) -> u64 {
        self.offsets_retention_minutes
    }

    /// Memory of the fold at which writes stop, in bytes.
    pub fn fold_bytes_max(&self) -> u64 {
        self.fold_bytes_max
    }

    /// How long entries may hold inline bytes before they move out, in milliseconds.
    pub fn inline_hold_ms_max(&self) -> u64 {
        self.inline_hold_ms_max
    }

    /// Entries after which a new snapshot is due.
    pub fn snapshot_entries(&self) -> u64 {
        self.snapshot_entries
    }

    /// Most partitions of all topics.
    pub fn partitions_max(&self) -> u64 {
        self.partitions_max
    }

    /// Most consumer groups.
    pub fn groups_max(&self) -> u64 {
        self.groups_max
    }
}
