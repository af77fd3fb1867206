//! What upkeep did, for people, tests and metrics.

use ledger::Base;
use metadata::{Extent, PartitionId, SnapshotRef};

/// What one pass did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Inline bytes that moved out of the ledger's entries.
    pub moved_out: Rewritten,
    /// Objects that were merged.
    pub merged: Rewritten,
    /// Lake files that were compacted by key.
    pub cleaned: Rewritten,
    /// Records that became rows of lake files.
    pub to_lake: Rewritten,
    /// Lake files that were merged.
    pub lakes_merged: Rewritten,
    /// Lake files that were written anew, for a part of them was named no more.
    pub lakes_mended: Rewritten,
    /// Topics that were published anew as tables.
    pub published: u64,
    /// Every extent that is known to be damaged, by partition and offset. They stay where they are.
    pub damaged: Vec<DamagedExtent>,
    /// Partitions whose log start moved.
    pub trimmed: u64,
    /// Producers and groups that were forgotten.
    pub expired: u64,
    /// This process' clock less the store's, in milliseconds, when they differ so much that nothing was trimmed or
    /// expired.
    pub clock_difference_ms: Option<i64>,
    /// How long the oldest inline bytes have waited, in milliseconds, when that is longer than they may.
    pub inline_overdue_ms: Option<i64>,
    /// The snapshot that was taken.
    pub snapshot: Option<SnapshotRef>,
    /// The base that was moved to.
    pub base: Option<Base>,
    /// Entries that were deleted below the base.
    pub entries_deleted: u64,
    /// What the sweep found, if there was one.
    pub swept: Option<Swept>,
    /// What went wrong. It is tried again in the next pass.
    pub failures: Vec<String>,
}

/// What was rewritten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Objects that were written.
    pub objects: u64,
    /// Bytes of record batches in them.
    pub bytes: u64,
    /// Extents that were replaced.
    pub inputs: u64,
    /// Extents that stand in their place.
    pub outputs: u64,
    /// Swaps, each of one partition, that the fold refused since their inputs had changed.
    pub refused: u64,
    /// Extents that could not be read now, or had changed when they were.
    pub skipped: u64,
    /// Records that were left out for their keys.
    pub dropped: u64,
}

impl Rewritten {
    pub(crate) fn add(&mut self, other: &Rewritten) {
        self.objects += other.objects;
        self.bytes += other.bytes;
        self.inputs += other.inputs;
        self.outputs += other.outputs;
        self.refused += other.refused;
        self.skipped += other.skipped;
        self.dropped += other.dropped;
    }
}

/// An extent whose bytes are not what their writer made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedExtent {
    /// Its partition.
    pub partition: PartitionId,
    /// Its offsets and where they should lie.
    pub extent: Extent,
    /// What is wrong.
    pub what: String,
}

/// What a sweep found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects that were deleted.
    pub deleted: u64,
    /// Of the objects that were deleted, those that nothing ever named.
    pub orphans: u64,
    /// Objects that nothing names any more and that wait for their grace or for a later flush.
    pub waiting: u64,
    /// Objects whose names are not ours, or of kinds that this build does not sweep. They are never deleted.
    pub unknown: u64,
    /// Files that killed puts had left staged.
    pub staged: u64,
    /// Whether a mark was proposed and taken.
    pub marked: bool,
}
