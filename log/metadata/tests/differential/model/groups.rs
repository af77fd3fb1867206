//! Consumer groups and expiry in the model.

use std::collections::BTreeMap;

use metadata::entry::{CommitOffsets, DeleteGroup, Expire};
use metadata::{Applied, Change, Committed, PartitionId, Rejection};

use super::{Group, Judged, Model, OFFSET_MAX};

impl Model {
    fn seen_group(&self, name: &str, seen: Option<metadata::entry::Change>) -> Result<(), Rejection> {
        let actual = self.groups.get(name).map(|group| group.changed);
        let seen = seen.map(|seen| Change {
            position: seen.position,
            index: seen.index,
        });
        if actual != seen {
            Err(Rejection::GroupChanged { actual })
        } else {
            Ok(())
        }
    }

    pub(super) fn commit(&mut self, change: Change, commit: &CommitOffsets) -> Judged {
        if commit.group.is_empty() || commit.group.len() > 255 {
            return Err(Rejection::InvalidGroup);
        }
        self.seen_group(&commit.group, commit.seen)?;
        let only_forgets = !commit.offsets.is_empty() && commit.offsets.iter().all(|offset| offset.forget);
        if !only_forgets {
            self.full()?;
        }
        let limit = self.setting("groups.max", 100_000);
        if !self.groups.contains_key(&commit.group) && self.groups.len() as u64 >= limit {
            return Err(Rejection::TooManyGroups { limit });
        }
        for offset in &commit.offsets {
            self.partition(offset.topic, offset.partition)?;
            let says_something = offset.offset != 0 || offset.leader_epoch != 0 || !offset.metadata.is_empty();
            if offset.forget && says_something {
                return Err(Rejection::Malformed(""));
            }
            if offset.offset > OFFSET_MAX || offset.leader_epoch < -1 {
                return Err(Rejection::InvalidOffset);
            }
            if offset.metadata.len() > 4096 {
                return Err(Rejection::MetadataTooLarge { limit_bytes: 4096 });
            }
        }
        let fresh = Group {
            changed: change,
            timestamp: 0,
            offsets: BTreeMap::new(),
        };
        let group = self.groups.entry(commit.group.clone()).or_insert(fresh);
        (group.changed, group.timestamp) = (change, commit.timestamp);
        for offset in &commit.offsets {
            let id = PartitionId {
                topic: offset.topic,
                partition: offset.partition,
            };
            group.offsets.remove(&id);
            if !offset.forget {
                group.offsets.insert(
                    id,
                    Committed {
                        offset: offset.offset,
                        leader_epoch: offset.leader_epoch,
                        metadata: offset.metadata.clone(),
                        timestamp: commit.timestamp,
                    },
                );
            }
        }
        Ok(Applied::Committed(change))
    }

    pub(super) fn delete_group(&mut self, delete: &DeleteGroup) -> Judged {
        self.seen_group(&delete.group, delete.seen)?;
        self.groups
            .remove(&delete.group)
            .map(|_| Applied::Done)
            .ok_or(Rejection::UnknownGroup)
    }

    pub(super) fn expire(&mut self, expire: &Expire) -> Vec<Judged> {
        let mut judged = Vec::new();
        for seen in &expire.producers {
            judged.push(self.partition_mut(seen.topic, seen.partition).and_then(|partition| {
                let actual = partition.producers.get(&seen.id).map(|known| known.position);
                if actual != Some(seen.seen) {
                    return Err(Rejection::SeenChanged { actual });
                }
                partition.producers.remove(&seen.id);
                Ok(Applied::Done)
            }));
        }
        for seen in &expire.request_producers {
            judged.push(
                self.topics
                    .get_mut(&seen.topic)
                    .ok_or(Rejection::UnknownTopic)
                    .and_then(|topic| {
                        let actual = topic.requests.get(seen.producer.as_ref()).map(|known| known.position);
                        if actual != Some(seen.seen) {
                            return Err(Rejection::SeenChanged { actual });
                        }
                        topic.requests.remove(seen.producer.as_ref());
                        Ok(Applied::Done)
                    }),
            );
        }
        for seen in &expire.groups {
            let known = self.groups.contains_key(&seen.group);
            let fits = if known {
                self.seen_group(&seen.group, seen.seen)
            } else {
                Err(Rejection::UnknownGroup)
            };
            judged.push(fits.map(|()| {
                self.groups.remove(&seen.group);
                Applied::Done
            }));
        }
        judged
    }
}
