//! What becomes of one listed object. Pure.

use metadata::{Incarnation, ObjectName, ObjectStatus, State, Told, Topic, TopicId};
use seeded::Bug;
use store::{Key, SnapshotName};

/// What must be known beside the fold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge {
    /// The base's position, read before the listing.
    pub(crate) base_position: u64,
    /// The snapshot that the base names.
    pub(crate) base_snapshot: Option<SnapshotName>,
    /// This process' life as a compactor.
    pub(crate) own: Option<Incarnation>,
}

/// The judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// To be deleted.
    Garbage {
        /// Nothing ever named it, as far as the fold remembers.
        orphan: bool,
    },
    /// Something names it.
    Named,
    /// Nothing names it, and it is not garbage yet.
    Waits {
        /// The entry after which it waits for the grace: its last name went with it, or its life ended.
        since: Option<u64>,
        /// It waits for a later flush of this process' own life.
        own_flush: bool,
    },
    /// It stays, whoever names it.
    Kept,
    /// This build does not know when it may go.
    Unknown,
}

impl Judge {
    pub(crate) fn judge(&self, state: &State, key: &Key) -> Judgement {
        match key {
            Key::Cluster | Key::Witness => Judgement::Kept,
            Key::LakeData(topic, name) | Key::LakeMetadata(topic, name, _) if told(state, topic, name, key) => {
                Judgement::Waits {
                    // Not for a time to pass: for the snapshot to be told of no more.
                    since: None,
                    own_flush: false,
                }
            }
            Key::LakeData(_, name) if !seeded::is(Bug::LakeGraceOfSegments) => {
                self.named(state, name, state.cluster_config().lake_grace_ms())
            }
            Key::Segment(name) | Key::LakeData(_, name) => {
                self.named(state, name, state.cluster_config().segment_grace_ms())
            }
            Key::LakeMetadata(_, name, _) => self.named(state, name, state.cluster_config().lake_grace_ms()),
            Key::Snapshot(name) => self.snapshot(state, name),
            // No proposal of this build names one. Those of dead lives can never be named; of the others it is not
            // known which flushes are over.
            Key::State(name) if !state.halted() && is_dead(state, name) => Judgement::Garbage { orphan: true },
            Key::State(_) => Judgement::Unknown,
        }
    }

    /// What extents may name: a segment, or a lake file, which another grace protects.
    fn named(&self, state: &State, name: &ObjectName, grace_ms: u64) -> Judgement {
        let status = state.object(name);
        if matches!(status, ObjectStatus::Named { .. }) {
            return Judgement::Named;
        }
        let grace_ms = match seeded::is(Bug::GraceZero) {
            true => 0,
            false => grace_ms,
        };
        if state.sweepable(name, grace_ms) {
            let orphan = status == ObjectStatus::Unknown;
            return Judgement::Garbage { orphan };
        }
        Judgement::Waits {
            since: state.garbage_since(name),
            own_flush: self.own == Some(name.incarnation) && !is_over(state, name),
        }
    }

    /// A snapshot is garbage when the base names a newer one. The one at the base itself is kept with it as long as it
    /// is known: it is what remains if the newer one should be damaged.
    fn snapshot(&self, state: &State, name: &SnapshotName) -> Judgement {
        let Some(newest) = &self.base_snapshot else {
            return Judgement::Kept;
        };
        let older = (name.era, name.position) < (newest.era, newest.position) || seeded::is(Bug::SnapshotSwept);
        let known = state.snapshots().iter().any(|taken| {
            taken.position == name.position
                && taken.incarnation == name.incarnation
                && taken.attempt == name.attempt
                && taken.era == name.era
        });
        if state.halted() || !older || known && name.position >= self.base_position {
            return Judgement::Kept;
        }
        Judgement::Garbage { orphan: !known }
    }
}

/// Whether a snapshot that is published of the topic may tell of a lake object that nothing names any more: it tells of what
/// there was at an earlier position.
fn told(state: &State, topic: &TopicId, name: &ObjectName, key: &Key) -> bool {
    let told = state.topic_by_id(topic).and_then(Topic::told);
    let (ObjectStatus::Unnamed { at }, Some(Told { oldest, newest, .. })) = (state.object(name), told) else {
        return false;
    };
    // What describes the newest snapshot is named; so where that is the only one, nothing else describes one.
    let describes_none = matches!(key, Key::LakeMetadata(..)) && oldest == newest;
    oldest < at && !describes_none && !seeded::is(Bug::ToldSwept)
}

/// Whether the life in a name has been over for the grace.
fn is_dead(state: &State, name: &ObjectName) -> bool {
    let grace_ms = state.cluster_config().segment_grace_ms();
    let since = state.dead_since(&name.incarnation);
    since.is_some_and(|at| state.is_older(at, grace_ms))
}

/// Whether a later flush of the life was taken, of the lane in which a compactor names objects.
fn is_over(state: &State, name: &ObjectName) -> bool {
    let life = state.incarnation(&name.incarnation);
    life.is_none_or(|life| {
        life.last_flush(metadata::Lane::Control)
            .is_some_and(|last| last > name.flush)
    })
}

#[cfg(test)]
mod tests;
