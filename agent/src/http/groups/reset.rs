//! Which offsets a request wants committed: given one by one, by a position, or as a shift.

use metadata::{PartitionId, entry};

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

/// What a request wants committed.
///
/// # Errors
/// `bad_request` for contradictions, `topic_not_found`, `partition_not_found`.
pub(super) async fn plan(front: &Front, group: &str, body: CommitBody) -> Result<Plan, Problem> {
    let commits = match (body.offsets, body.to, body.shift_by) {
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
    Ok(Plan { commits })
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
            let committed = state.group(group).into_iter().flat_map(|group| group.offsets().keys());
            let named = committed.filter_map(|&id| Some((id, state.topic(id.topic)?.name().to_owned())));
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
        let offsets = state.group(group).into_iter().flat_map(|group| group.offsets());
        let shift = |(&id, committed): (&PartitionId, &metadata::Committed)| {
            let (topic, partition) = state.topic(id.topic).zip(state.partition(id))?;
            let wanted = topics.is_none_or(|topics| topics.iter().any(|name| name == topic.name()));
            let offset = committed.offset.saturating_add_signed(by);
            let offset = offset.clamp(partition.log_start(), partition.high_watermark());
            wanted.then(|| (id, topic.name().to_owned(), offset, committed.metadata.clone()))
        };
        offsets.filter_map(shift).collect::<Vec<_>>()
    });
    check_count(moved.len())?;
    moved
        .into_iter()
        .map(|(id, topic, offset, metadata)| commit(front, id, topic, offset, metadata))
        .collect()
}
