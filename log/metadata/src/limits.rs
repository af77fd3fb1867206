//! Limits that the fold itself keeps. They are judged, so they are part of the format: another number would make
//! another state of the same entries.

/// How many entries back a register's nonce is remembered, and how far back what it saw may lie.
pub const NONCE_ENTRIES: u64 = 1 << 20;
/// Most lives at once.
pub const LIVES_MAX: u32 = 10_000;
/// Longest text of a register, in bytes.
pub const REGISTER_TEXT_BYTES_MAX: usize = 255;
/// Longest name of a zone, in bytes: that of a label in Kubernetes. Processes keep it, the fold knows only the limit above.
pub const ZONE_BYTES_MAX: usize = 63;
/// Most runs of one group.
pub const RUNS_PER_GROUP_MAX: u32 = 8192;
/// The greatest offset: what Kafka can express.
pub const OFFSET_MAX: u64 = i64::MAX as u64;
/// Positions below this fit beside a proposal's index in an extent.
pub const POSITION_END: u64 = 1 << 48;
/// Batches remembered of a producer in a partition, as Kafka remembers them.
pub const PRODUCER_BATCHES: usize = 5;
/// Requests remembered of an HTTP producer in a topic.
pub const PRODUCER_REQUESTS: usize = 5;
/// Longest name of an HTTP producer, in bytes.
pub const REQUEST_PRODUCER_BYTES_MAX: usize = 255;
/// Most producer ids taken at once.
pub const PRODUCER_IDS_MAX: u32 = 1_000_000;
/// Longest name of a consumer group, in bytes.
pub const GROUP_NAME_BYTES_MAX: usize = 255;
/// Longest metadata of a committed offset, in bytes, as Kafka's `offset.metadata.max.bytes`.
pub const OFFSET_METADATA_BYTES_MAX: usize = 4096;
/// Longest topic name, in bytes.
pub const TOPIC_NAME_BYTES_MAX: usize = 249;
/// Longest value of a config, in bytes.
pub const CONFIG_VALUE_BYTES_MAX: usize = 1024;
/// Longest list of typed columns, in bytes.
pub const LAKE_COLUMNS_BYTES_MAX: usize = 16 << 10;
/// Most typed columns of a topic.
pub const LAKE_COLUMNS_MAX: usize = 256;
/// Longest name of a typed column, in bytes.
pub const LAKE_COLUMN_NAME_BYTES_MAX: usize = 128;
/// Ids of deleted topics that are remembered. An id is sixteen random bytes: it comes back only by being copied.
pub const DELETED_TOPICS_REMEMBERED: usize = 1 << 16;
/// Most objects that describe one topic as a table.
pub const PUBLISHED_OBJECTS_MAX: usize = 1024;
/// Snapshots that are remembered.
pub const SNAPSHOTS_KEPT: usize = 4;
/// Marks are kept for so long, in milliseconds of the store's time; no grace may be longer.
pub const MARKS_KEPT_MS: i64 = 2 * 24 * 3_600_000;
/// Most marks kept.
pub const MARKS_MAX: usize = 16_384;
/// How far a mark's date may lie before the newest mark's, in milliseconds: clocks of one store differ a little.
pub const MARK_DATE_FALL_MS: i64 = 60_000;
