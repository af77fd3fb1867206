//! Which offsets a request wants committed: given one by one, by a position, or as a shift.

use metadata::{GROUP_NAME_BYTES_MAX, OFFSET_MAX, OFFSET_METADATA_BYTES_MAX, PartitionId, Rejection, State, entry};

use super::{CommitBody, CommitOffset, GroupOffset};
use crate::http::front::{Front, no_topic};
use crate::http::position::Position;
use crate::http::problem::{Code, Problem};
use crate::http::read;

/// Offsets of one request, at most.
const OFFSETS_MAX: usize = 10_000;

/// What is to be committed.
#[derive(Debug)]
pub(super) struct Plan {
    /// Offset by offset.
    pub(super) commits: Vec<Commit>,
}

/// An offset to be committed.
#[derive(Debug)]
pub(super) struct Commit {
    partition: PartitionId,
    /// As it is shown.
    pub(super) shown: GroupOffset,
}

impl Commit {
    /// As it is proposed.
    pub(super) fn entry(&self) -> entry::OffsetCommit {
        entry::OffsetCommit {
            topic: self.partition.topic,
            partition: self.partition.partition,
            offset: self.shown.offset,
            leader_epoch: -1,
            metadata: self.shown.metadata.clone(),
            forget: false,
        }
    }
}

/// What a request wants committed. It is judged as the fold will judge it, for a dry run is to say the same.
///
/// # Errors
/// `bad_request` for contradictions, for nothing at all and for what lies beyond limits, `topic_not_found`,
/// `partition_not_found`, and `group_not_found` for a reset of what a group has committed that is not there.
pub(super) async fn plan(front: &Front, group: &str, body: CommitBody) -> Result<Plan, Problem> {
    front.engine().read(|state| may_commit(state, group))?;
    if body.topics.as_ref().is_some_and(Vec::is_empty) {
        return Err(Problem::bad_request("topics names none"));
    }
    let commits: Vec<Commit> = match (body.offsets, body.to, body.shift_by) {
        (Some(offsets), None, None) if body.topics.is_none() => {
            check_count(offsets.len())?;
            offsets
                .into_iter()
                .map(|offset| given(front, offset))
                .collect::<Result<_, _>>()?
        }
        (None, Some(to), None) => {
            let position: Position = to
                .parse()
                .map_err(|error| Problem::bad_request(format!("to: {error}")))?;
            let partitions = partitions(front, group, body.topics)?;
            let ids: Vec<PartitionId> = partitions.iter().map(|(id, _)| *id).collect();
            let offsets = read::offsets(front, &ids, position).await?;
            let commit = |((id, topic), offset)| commit(front, id, topic, offset, String::new());
            partitions
                .into_iter()
                .zip(offsets)
                .map(commit)
                .collect::<Result<_, _>>()?
        }
        (None, None, Some(by)) => shifted(front, group, by, body.topics.as_deref())?,
        _ => {
            return Err(Problem::bad_request(
                "either offsets, or to, or shift_by; topics goes with the latter two",
            ));
        }
    };
    if commits.is_empty() {
        return Err(Problem::bad_request("there is nothing to commit"));
    }
    Ok(Plan { commits })
}

/// Whether offsets may be committed for a group.
fn may_commit(state: &State, group: &str) -> Result<(), Rejection> {
    if group.is_empty() || group.len() > GROUP_NAME_BYTES_MAX {
        return Err(Rejection::InvalidGroup);
    }
    let limit = state.cluster_config().groups_max();
    if state.group(group).is_none() && state.groups().len() as u64 >= limit {
        return Err(Rejection::TooManyGroups { limit });
    }
    Ok(())
}

/// What the group has committed.
fn committed<'s>(
    state: &'s State,
    group: &str,
) -> Result<impl Iterator<Item = (&'s PartitionId, &'s metadata::Committed)>, Problem> {
    let found = state.group(group).map(|group| group.offsets().iter());
    found.ok_or_else(super::no_group)
}

fn check_count(count: usize) -> Result<(), Problem> {
    let text = || format!("one request commits at most {OFFSETS_MAX} offsets");
    if count > OFFSETS_MAX {
        Err(Problem::bad_request(text()))
    } else {
        Ok(())
    }
}

fn given(front: &Front, offset: CommitOffset) -> Result<Commit, Problem> {
    let CommitOffset {
        topic,
        partition,
        offset,
        metadata,
    } = offset;
    let number = front
        .engine()
        .read(|state| state.topic_by_name(&topic).map(metadata::Topic::number));
    let id = PartitionId {
        topic: number.ok_or_else(|| no_topic(&topic))?,
        partition,
    };
    commit(front, id, topic, offset, metadata)
}

fn commit(front: &Front, id: PartitionId, topic: String, offset: u64, metadata: String) -> Result<Commit, Problem> {
    if offset > OFFSET_MAX {
        return Err(Rejection::InvalidOffset.into());
    }
    if metadata.len() > OFFSET_METADATA_BYTES_MAX {
        let limit_bytes = OFFSET_METADATA_BYTES_MAX as u32;
        return Err(Rejection::MetadataTooLarge { limit_bytes }.into());
    }
    let end = front
        .engine()
        .read(|state| state.partition(id).map(|partition| partition.high_watermark()));
    let none = || {
        let text = format!("{topic} has no partition {}", id.partition);
        Problem::new(Code::PartitionNotFound, text)
            .with("topic", topic.as_str())
            .with("partition", id.partition)
    };
    let lag = end.ok_or_else(none)?.saturating_sub(offset);
    Ok(Commit {
        partition: id,
        shown: GroupOffset {
            topic,
            partition: id.partition,
            offset,
            metadata,
            lag,
        },
    })
}

/// The partitions of the topics named; without them those that the group has committed for.
fn partitions(front: &Front, group: &str, topics: Option<Vec<String>>) -> Result<Vec<(PartitionId, String)>, Problem> {
    let found = front.engine().read(|state| match topics {
        None => {
            let named =
                committed(state, group)?.filter_map(|(&id, _)| Some((id, state.topic(id.topic)?.name().to_owned())));
            Ok::<_, Problem>(named.collect::<Vec<_>>())
        }
        Some(topics) => {
            let mut all = Vec::new();
            for name in topics {
                let topic = state.topic_by_name(&name).ok_or_else(|| no_topic(&name))?;
                all.extend(topic.partition_ids().map(|id| (id, name.clone())));
                check_count(all.len())?;
            }
            Ok(all)
        }
    })?;
    check_count(found.len()).map(|()| found)
}

/// What was committed, moved, and held within what there is.
fn shifted(front: &Front, group: &str, by: i64, topics: Option<&[String]>) -> Result<Vec<Commit>, Problem> {
    let moved = front.engine().read(|state| {
        let shift = |(&id, committed): (&PartitionId, &metadata::Committed)| {
            let (topic, partition) = state.topic(id.topic).zip(state.partition(id))?;
            let wanted = topics.is_none_or(|topics| topics.iter().any(|name| name == topic.name()));
            let offset = committed.offset.saturating_add_signed(by);
            let offset = offset.clamp(partition.log_start(), partition.high_watermark());
            wanted.then(|| (id, topic.name().to_owned(), offset, committed.metadata.clone()))
        };
        Ok::<_, Problem>(committed(state, group)?.filter_map(shift).collect::<Vec<_>>())
    })?;
    check_count(moved.len())?;
    moved
        .into_iter()
        .map(|(id, topic, offset, metadata)| commit(front, id, topic, offset, metadata))
        .collect()
}
