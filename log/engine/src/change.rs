//! Changes other than appends: topics, offsets of groups, trims and the cluster's config.

use std::collections::BTreeMap;
use std::sync::Arc;

use metadata::entry::{self, proposal::Kind};
use metadata::{Applied, Change, Incarnation, Lane, PartitionId, Rejection, Role, TopicId, TopicNumber, Verdict};
use tokio::sync::oneshot;

use crate::ChangeError;
use crate::jobs::ChangeJob;
use crate::shared::Shared;

/// A topic to be created.
#[derive(Clone, Debug, Default)]
pub struct CreateTopicRequest {
    /// Its name.
    pub name: String,
    /// Its partitions, at least one.
    pub partitions: u32,
    /// Configs that differ from their defaults.
    pub configs: BTreeMap<String, String>,
    /// The offset at which every partition begins.
    pub first_offset: u64,
}

/// What a commit of offsets rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitBasis {
    /// Whatever the group's last change is; tried again when it has changed meanwhile.
    Latest,
    /// Just this change (none: no such group); refused when the group has changed since.
    Exactly(Option<Change>),
}

/// How often a commit on the latest change is tried while others change the group.
const COMMIT_TRIES: u32 = 16;

/// Proposes one change in the control lane of a life and waits for its verdicts.
pub(crate) async fn propose(
    shared: &Arc<Shared>,
    role: Role,
    kind: Kind,
    flush: Option<(Incarnation, u64)>,
    principal: &str,
) -> Result<Vec<Verdict>, ChangeError> {
    let job = ChangeJob {
        role,
        kind,
        named_by: flush.map(|(named_by, _)| named_by),
        flush: flush.map(|(_, flush)| flush),
        principal: principal.to_owned(),
        reply: None,
    };
    submit(shared, job).await
}

/// Proposes a change that names an object of a life whose name holds no flush number. A number here would be judged
/// against those of the life's other objects, which have nothing to do with it.
pub(crate) async fn propose_named(
    shared: &Arc<Shared>,
    role: Role,
    kind: Kind,
    named_by: Incarnation,
) -> Result<Vec<Verdict>, ChangeError> {
    let job = ChangeJob {
        role,
        kind,
        named_by: Some(named_by),
        flush: None,
        principal: String::new(),
        reply: None,
    };
    submit(shared, job).await
}

async fn submit(shared: &Arc<Shared>, mut job: ChangeJob) -> Result<Vec<Verdict>, ChangeError> {
    let (reply, answer) = oneshot::channel();
    job.reply = Some(reply);
    let bytes = job_bytes(&job);
    let entry_max = shared.ledger.entry_bytes_max();
    if bytes > entry_max / 2 {
        return Err(ChangeError::Unavailable(format!(
            "the change needs {bytes} bytes of an entry, which holds {entry_max}"
        )));
    }
    shared.intake.lock().change(job);
    shared.wake.notify_one();
    match shared.world.clock.timeout(shared.config.change_deadline, answer).await {
        Ok(Ok(verdicts)) => verdicts,
        Ok(Err(_)) => Err(ChangeError::Unknown("the process ended before it was known".to_owned())),
        Err(elapsed) => Err(ChangeError::Unknown(elapsed.to_string())),
    }
}

fn job_bytes(job: &ChangeJob) -> usize {
    let proposal = entry::Proposal {
        principal: job.principal.clone(),
        kind: Some(job.kind.clone()),
        ..Default::default()
    };
    // What is filled in later: the incarnation, the numbers.
    entry::proposal_bytes(&proposal) + 96
}

/// Proposes a change that has one verdict.
pub(crate) async fn propose_one(shared: &Arc<Shared>, kind: Kind, principal: &str) -> Result<Applied, ChangeError> {
    let role = shared.config.roles.first().copied().unwrap_or(Role::Agent);
    let verdicts = propose(shared, role, kind, None, principal).await?;
    match verdicts.into_iter().next() {
        Some(Verdict::Applied(applied)) => Ok(applied),
        Some(Verdict::Rejected(rejection)) => Err(ChangeError::Rejected(rejection)),
        None => Err(ChangeError::Unknown("the change had no verdict".to_owned())),
    }
}

pub(crate) async fn create_topic(
    shared: &Arc<Shared>,
    request: CreateTopicRequest,
    principal: &str,
) -> Result<(TopicNumber, TopicId), ChangeError> {
    let kind = Kind::CreateTopic(entry::CreateTopic {
        name: request.name,
        id: shared.world.chance.bytes::<16>().to_vec().into(),
        partitions: request.partitions,
        configs: configs(request.configs),
        first_offset: request.first_offset,
    });
    match propose_one(shared, kind, principal).await? {
        Applied::Topic { number, id } => Ok((number, id)),
        _ => Err(ChangeError::Unknown(
            "a topic's creation was answered as something else".to_owned(),
        )),
    }
}

/// Configs as they stand in proposals.
pub(crate) fn configs(configs: BTreeMap<String, String>) -> Vec<entry::Config> {
    configs
        .into_iter()
        .map(|(name, value)| entry::Config { name, value })
        .collect()
}

pub(crate) async fn delete_records(
    shared: &Arc<Shared>,
    before: &[(PartitionId, u64)],
    principal: &str,
) -> Result<Vec<Result<u64, Rejection>>, ChangeError> {
    let partitions = before.iter().map(|(id, before)| entry::PartitionTrim {
        topic: id.topic,
        partition: id.partition,
        before: *before,
        seen_start: None,
        lake_before: None,
    });
    let kind = Kind::Trim(entry::Trim {
        partitions: partitions.collect(),
    });
    let role = shared.config.roles.first().copied().unwrap_or(Role::Agent);
    let verdicts = propose(shared, role, kind, None, principal).await?;
    let trimmed = verdicts
        .into_iter()
        .zip(before)
        .map(|(verdict, (_, before))| match verdict {
            Verdict::Applied(Applied::Trimmed { log_start }) => Ok(log_start),
            Verdict::Applied(_) => Ok(*before),
            Verdict::Rejected(rejection) => Err(rejection),
        });
    Ok(trimmed.collect())
}

pub(crate) async fn commit_offsets(
    shared: &Arc<Shared>,
    group: &str,
    basis: CommitBasis,
    offsets: &[entry::OffsetCommit],
    principal: &str,
) -> Result<Change, ChangeError> {
    let mut tries = 0;
    loop {
        let seen = match basis {
            CommitBasis::Exactly(seen) => seen,
            CommitBasis::Latest => shared
                .view
                .read(|state| state.group(group).map(metadata::Group::changed)),
        };
        let kind = Kind::CommitOffsets(entry::CommitOffsets {
            group: group.to_owned(),
            seen: seen.map(entry::Change::from),
            timestamp: shared.world.clock.wall_ms(),
            offsets: offsets.to_vec(),
        });
        tries += 1;
        match propose_one(shared, kind, principal).await {
            Ok(Applied::Committed(change)) => return Ok(change),
            Ok(_) => {
                return Err(ChangeError::Unknown(
                    "a commit was answered as something else".to_owned(),
                ));
            }
            // By now this process has folded what the group's last change was, for it has folded the refusal.
            Err(ChangeError::Rejected(Rejection::GroupChanged { .. }))
                if basis == CommitBasis::Latest && tries < COMMIT_TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

/// Fresh flush numbers for a life's objects in the control lane.
pub(crate) fn next_flush(shared: &Shared, role: Role) -> Option<(Incarnation, u64)> {
    shared.intake.lock().lives.next_flush(role, Lane::Control)
}
