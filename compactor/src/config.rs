//! The limits and intervals of upkeep, each with a unit in its name or type. What must be equal on all processes
//! (grace, expirations, entries between snapshots) is not here: it is cluster config in the ledger.

use std::time::Duration;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// How one compactor works.
#[derive(Clone, Debug)]
pub struct CompactorConfig {
    /// Bytes of records that are rewritten at once, and so about the memory that takes. A single larger extent is left
    /// where it is.
    pub window_bytes_max: u64,
    /// Extents that are rewritten at once.
    pub window_extents_max: usize,
    /// Bytes of one proposal; half of what the ledger's entries hold bounds it too.
    pub proposal_bytes_max: usize,
    /// Inputs read at the same time.
    pub reads_at_once: usize,
    /// A put, with its hedges, that takes longer than this has failed.
    pub put_deadline: Duration,

    /// Inline bytes move out when their entry is this old.
    pub move_out_after: Duration,
    /// When all entries together hold more inline bytes than this they move out at once.
    pub inline_bytes_max: u64,

    /// So many objects of about one size are merged into one. Also the step between two sizes.
    pub fan_in: u64,
    /// Objects with fewer bytes to merge than this are the smallest size.
    pub level_bytes: u64,
    /// So many objects of the smallest size are merged whatever they hold.
    pub small_objects_max: u64,
    /// Extents of this size or more are never merged.
    pub extent_bytes_large: u32,
    /// Objects with this many bytes or more are never merged. At most half of the window, or they would be again.
    pub object_bytes_large: u64,

    /// A topic whose records in no lake file have so many bytes gets one, of up to twice as many.
    pub lake_bytes: u64,
    /// A topic of more partitions has several such files at a time, each of so many neighbours.
    pub lake_partitions_max: u32,
    /// Lake files of fewer bytes than this are the smallest size.
    pub lake_level_bytes: u64,
    /// So many files of the smallest size are merged whatever they hold. Fewer than of segments: a reader opens each, and they
    /// stay for as long as the records do.
    pub lake_small_files_max: u64,
    /// Lake files of this many bytes or more are never merged.
    pub lake_bytes_large: u64,
    /// Bytes of record batches that become rows of one file when lake files are merged, and so about the memory that takes.
    pub lake_window_bytes_max: u64,
    /// Keys that are compacted at once, and so the memory that takes: about 60 bytes for each.
    pub clean_keys_max: usize,
    /// zstd's level for rows that are new, which are rewritten when their files are merged, and for those that were; 0 for none.
    pub lake_zstd_level_new: i32,
    /// See [`lake_zstd_level_new`](Self::lake_zstd_level_new).
    pub lake_zstd_level_merged: i32,
    /// Records become rows as soon as there are any, whatever the topic's `lake.max.delay.ms`.
    pub lake_at_once: bool,

    /// Topics with lake files are published as tables. To be the same for all compactors of a log: what one has published and none
    /// replaces holds on to files that were replaced since.
    pub tables: bool,

    /// Nothing is trimmed or expired when this process' clock and the store's differ by more.
    pub clock_difference_max: Duration,

    /// A snapshot is due when about this many bytes of records went through entries since the newest.
    pub snapshot_bytes: u64,
    /// A snapshot is due when the newest is this old and `snapshot_entries_min` came after it.
    pub snapshot_age: Duration,
    /// Fewer entries than this since the newest snapshot are not worth one: beats alone come to a few a minute.
    pub snapshot_entries_min: u64,

    /// What killed puts left behind in a folder goes when nobody wrote to it for this long.
    pub staged_after: Duration,
    /// An extent that was found damaged is tried again after this long.
    pub damaged_retry_after: Duration,

    /// How often is looked whether something is due.
    pub tick: Duration,
    /// How often merges are planned while the log changes.
    pub merge_interval: Duration,
    /// How often retention and expiry are planned.
    pub retention_interval: Duration,
    /// How often garbage is looked for.
    pub sweep_interval: Duration,
}

impl Default for CompactorConfig {
    fn default() -> Self {
        CompactorConfig {
            window_bytes_max: 32 * MIB,
            window_extents_max: 65_536,
            proposal_bytes_max: 256 << 10,
            reads_at_once: 8,
            put_deadline: Duration::from_mins(1),
            move_out_after: Duration::from_secs(5),
            inline_bytes_max: 16 * MIB,
            fan_in: 8,
            level_bytes: 4 * KIB,
            small_objects_max: 64,
            extent_bytes_large: 2 << 20,
            object_bytes_large: 16 * MIB,
            lake_bytes: 64 * MIB,
            lake_partitions_max: 64,
            lake_level_bytes: MIB,
            lake_small_files_max: 16,
            lake_bytes_large: 64 * MIB,
            lake_window_bytes_max: 256 * MIB,
            clean_keys_max: 4_000_000,
            lake_zstd_level_new: 1,
            lake_zstd_level_merged: 3,
            lake_at_once: false,
            tables: true,
            clock_difference_max: Duration::from_mins(1),
            snapshot_bytes: 64 * MIB,
            snapshot_age: Duration::from_mins(5),
            snapshot_entries_min: 256,
            staged_after: Duration::from_mins(10),
            damaged_retry_after: Duration::from_mins(10),
            tick: Duration::from_secs(1),
            merge_interval: Duration::from_secs(10),
            retention_interval: Duration::from_secs(30),
            sweep_interval: Duration::from_mins(5),
        }
    }
}

impl CompactorConfig {
    /// Everything that can be done is due: for a run by hand, or before a log is put aside.
    pub fn eager() -> CompactorConfig {
        CompactorConfig {
            move_out_after: Duration::ZERO,
            lake_at_once: true,
            snapshot_age: Duration::ZERO,
            snapshot_entries_min: 1,
            ..CompactorConfig::default()
        }
    }
}
