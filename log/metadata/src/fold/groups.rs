//! Groups without members: committing offsets and deleting.

use seeded::Bug;

use crate::entry::{CommitOffsets, DeleteGroup, OffsetCommit};
use crate::ids::{Change, PartitionId};
use crate::limits::{GROUP_NAME_BYTES_MAX, OFFSET_MAX, OFFSET_METADATA_BYTES_MAX};
use crate::outcome::{Applied, Rejection};
use crate::state::State;
use crate::state::group::{Committed, Group};

impl State {
    /// Commits all offsets or none, if the group has not changed since the proposer saw it. Any offset that Kafka can
    /// express may be committed, also one that the partition does not have yet.
    pub(super) fn commit_offsets(&mut self, change: Change, commit: &CommitOffsets) -> Result<Applied, Rejection> {
        let name = &commit.group;
        if name.is_empty() || name.len() > GROUP_NAME_BYTES_MAX {
            return Err(Rejection::InvalidGroup);
        }
        self.check_group(name, commit.seen)?;
        let grows = commit.offsets.is_empty() || commit.offsets.iter().any(|offset| !offset.forget);
        if grows {
            self.refuse_growth()?;
        }
        let limit = self.config.groups_max();
        let new = self.groups.get(name).is_none();
        if new && self.groups.len() as u64 >= limit {
            return Err(Rejection::TooManyGroups { limit });
        }
        commit.offsets.iter().try_for_each(|offset| self.check_offset(offset))?;
        if new {
            let (name, offsets) = (name.clone(), Default::default());
            self.groups.insert(Group {
                name,
                changed: change,
                timestamp: commit.timestamp,
                offsets,
            });
        }
        for offset in &commit.offsets {
            let id = PartitionId {
                topic: offset.topic,
                partition: offset.partition,
            };
            let committed = (!offset.forget).then(|| Committed {
                offset: offset.offset,
                leader_epoch: offset.leader_epoch,
                metadata: offset.metadata.clone(),
                timestamp: commit.timestamp,
            });
            self.groups.set(name, id, committed);
        }
        self.groups.touch(name, change, commit.timestamp);
        Ok(Applied::Committed(change))
    }

    fn check_group(&self, name: &str, seen: Option<crate::entry::Change>) -> Result<(), Rejection> {
        let actual = self.groups.get(name).map(|group| group.changed);
        if seen.map(Change::from) == actual || seeded::is(Bug::CommitBlind) {
            Ok(())
        } else {
            Err(Rejection::GroupChanged { actual })
        }
    }

    fn check_offset(&self, offset: &OffsetCommit) -> Result<(), Rejection> {
        let topic = self.topics.get(offset.topic).ok_or(Rejection::UnknownTopic)?;
        if offset.partition >= topic.partition_count() {
            return Err(Rejection::UnknownPartition);
        }
        let empty = offset.offset == 0 && offset.leader_epoch == 0 && offset.metadata.is_empty();
        if offset.forget && !empty {
            return Err(Rejection::Malformed("what is forgotten has no offset"));
        }
        if offset.offset > OFFSET_MAX || offset.leader_epoch < -1 {
            return Err(Rejection::InvalidOffset);
        }
        if offset.metadata.len() > OFFSET_METADATA_BYTES_MAX {
            return Err(Rejection::MetadataTooLarge {
                limit_bytes: OFFSET_METADATA_BYTES_MAX as u32,
            });
        }
        Ok(())
    }

    pub(super) fn delete_group(&mut self, delete: &DeleteGroup) -> Result<Applied, Rejection> {
        self.check_group(&delete.group, delete.seen)?;
        self.groups.remove(&delete.group).ok_or(Rejection::UnknownGroup)?;
        Ok(Applied::Done)
    }
}
