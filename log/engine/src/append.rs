//! Appending: from a request's group to its verdict.

mod object;
pub(crate) mod router;
mod seal;
mod tokens;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use metadata::entry;
use metadata::{Applied, Lane, LanePolicy, PartitionId, RunAck, Verdict};
use tokio::sync::oneshot;

use crate::intake::group_bytes;
use crate::jobs::{AppendGroup, AppendJob, AppendRun, Decided};
use crate::memory::Permit;
use crate::shared::Shared;
use crate::{AppendError, Seen};

pub(crate) use object::run as run_object_lane;
use router::Wish;
pub(crate) use tokens::Tokens;

/// Whether an HTTP producer's request had been taken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It was new.
    No,
    /// It repeats one of the producer's last five, whose acks these are.
    Yes,
    /// It repeats an older one, whose acks are forgotten.
    TooOld,
}

/// A group that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendDone {
    /// Where each run is, in the order of the group.
    pub acks: Vec<RunAck>,
    /// Whether it was there before.
    pub replayed: Replay,
    /// The entry that says so, or a later one.
    pub seen: Seen,
    /// The high watermark of each of the partitions; a hint, for others append too.
    pub high_watermarks: Vec<(PartitionId, u64)>,
}

/// Hands a group over, in the order of the calls, and gives a future of what becomes of it.
pub(crate) fn append(
    shared: &Arc<Shared>,
    permit: Permit,
    group: AppendGroup,
) -> impl Future<Output = Result<AppendDone, AppendError>> + Send + 'static + use<> {
    let (reply, answer) = oneshot::channel();
    let submitted = admit(shared, permit, group, reply).map(|(job, wish)| {
        shared.intake.lock().submit(job, wish);
        shared.wake.notify_one();
        shared.object_wake.notify_one();
    });
    let shared = Arc::clone(shared);
    async move {
        submitted?;
        let decided = match shared.world.clock.timeout(shared.config.append_deadline, answer).await {
            Ok(Ok(decided)) => decided?,
            Ok(Err(_)) => return Err(AppendError::Unknown("the agent ended before it was known".to_owned())),
            Err(elapsed) => return Err(AppendError::Unknown(elapsed.to_string())),
        };
        Ok(done(&shared, decided))
    }
}

/// Checks what no fold has to judge, and makes a job of it.
fn admit(
    shared: &Shared,
    permit: Permit,
    group: AppendGroup,
    reply: oneshot::Sender<Result<Decided, AppendError>>,
) -> Result<(AppendJob, Wish), AppendError> {
    check_sizes(shared, &group)?;
    let partitions: BTreeSet<PartitionId> = group.runs.iter().map(|run| run.partition).collect();
    let bytes = group
        .runs
        .iter()
        .flat_map(|run| &run.batches)
        .map(|batch| batch.bytes().len())
        .sum();
    let wish = wish(shared, &partitions, bytes);
    let runs = group.runs.iter().map(entry_run).collect::<Result<Vec<_>, _>>()?;
    let payload = group.runs.into_iter().map(|run| run.batches).collect();
    let group = entry::Group {
        runs,
        request: group.request,
    };
    let needed = group_bytes(&group);
    let entry_max = shared.ledger.entry_bytes_max();
    if needed > entry_max / 2 {
        return Err(AppendError::TooLarge(format!(
            "the group needs {needed} bytes of an entry, which holds {entry_max}"
        )));
    }
    let job = AppendJob {
        group,
        payload,
        partitions: partitions.into_iter().collect(),
        bytes,
        permit,
        reply: Some(reply),
    };
    Ok((job, wish))
}

/// Every batch must be as small as its topic asks; a topic that is not known here is the fold's to judge.
fn check_sizes(shared: &Shared, group: &AppendGroup) -> Result<(), AppendError> {
    shared.view.read(|state| {
        for run in &group.runs {
            let Some(topic) = state.topic(run.partition.topic) else {
                continue;
            };
            let bytes_max = topic.config().max_message_bytes();
            let largest = run.batches.iter().map(|batch| batch.bytes().len()).max().unwrap_or(0);
            if u32::try_from(largest).unwrap_or(u32::MAX) > bytes_max {
                let text = format!(
                    "a batch of {largest} bytes; max.message.bytes of {} is {bytes_max}",
                    topic.name()
                );
                return Err(AppendError::TooLarge(text));
            }
        }
        Ok(())
    })
}

fn wish(shared: &Shared, partitions: &BTreeSet<PartitionId>, bytes: usize) -> Wish {
    let policies: Vec<LanePolicy> = shared.view.read(|state| {
        let policy = |id: &PartitionId| state.topic(id.topic).map(|topic| topic.config().lane());
        partitions.iter().filter_map(policy).collect()
    });
    let asks = |wanted: LanePolicy| policies.contains(&wanted);
    let fits = bytes <= shared.ledger.entry_bytes_max() / 2;
    if asks(LanePolicy::Object) || !fits {
        return Wish {
            lane: Lane::Object,
            firm: true,
        };
    }
    if asks(LanePolicy::Inline) {
        return Wish {
            lane: Lane::Inline,
            firm: true,
        };
    }
    let room = shared.intake.lock().inline_bytes() + bytes <= shared.config.inline_queue_bytes_max;
    let small = bytes <= shared.inline_bytes_max();
    Wish {
        lane: if small && room { Lane::Inline } else { Lane::Object },
        firm: false,
    }
}

fn entry_run(run: &AppendRun) -> Result<entry::Run, AppendError> {
    let too_large = || AppendError::TooLarge("more records or bytes in one run than 32 bits count".to_owned());
    let mut records = 0_u32;
    let mut bytes = 0_u32;
    let mut max_timestamp = i64::MIN;
    for batch in &run.batches {
        records = records.checked_add(batch.records()).ok_or_else(too_large)?;
        let length = u32::try_from(batch.bytes().len()).map_err(|_| too_large())?;
        bytes = bytes.checked_add(length).ok_or_else(too_large)?;
        max_timestamp = max_timestamp.max(batch.header().max_timestamp);
    }
    Ok(entry::Run {
        topic: run.partition.topic,
        partition: run.partition.partition,
        records,
        bytes,
        max_timestamp,
        start: 0,
        inline: Bytes::new(),
        producer: run.producer,
        expected_offset: run.expected_offset,
    })
}

fn done(shared: &Shared, decided: Decided) -> AppendDone {
    let (acks, replayed) = match decided.verdict {
        Verdict::Applied(Applied::Append(acks)) => (acks, Replay::No),
        Verdict::Applied(Applied::RequestDuplicate { acks }) => (acks, Replay::Yes),
        _ => (Vec::new(), Replay::TooOld),
    };
    let partitions: BTreeSet<PartitionId> = acks.iter().map(|ack| ack.partition).collect();
    let high_watermarks = shared.view.read(|state| {
        let end = |id: PartitionId| Some((id, state.partition(id)?.high_watermark()));
        partitions.into_iter().filter_map(end).collect()
    });
    AppendDone {
        acks,
        replayed,
        seen: decided.seen,
        high_watermarks,
    }
}
