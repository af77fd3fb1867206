//! When a snapshot is due, and when the base may have somewhere to go.

use metadata::State;

/// What is known of the time since the newest snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// How long it is known here that the newest snapshot is the newest, in milliseconds.
    pub age_ms: u64,
    /// About how many bytes of records went through entries since then.
    pub bytes: u64,
}

/// When one is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// After so many bytes.
    pub bytes: u64,
    /// After so long, in milliseconds, and `entries_min`.
    pub age_ms: u64,
    /// Fewer entries than this are never worth one.
    pub entries_min: u64,
}

/// Whether a snapshot is due. Never when nothing came after the newest one but the entry that told of it.
pub fn is_due(state: &State, since: &Since, policy: &Policy) -> bool {
    let taken_at = state.snapshots().last().map_or(0, |newest| newest.taken_at);
    let entries = state.position().saturating_sub(taken_at);
    if entries < policy.entries_min.max(1) {
        return false;
    }
    entries >= state.cluster_config().snapshot_entries() || since.bytes >= policy.bytes || since.age_ms >= policy.age_ms
}

#[cfg(test)]
mod tests;
