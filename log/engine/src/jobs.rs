//! What waits for an outcome: appends and other changes, before and after they got a sequence.

use metadata::entry::{self, proposal::Kind};
use metadata::{Incarnation, Lane, PartitionId, Role, Verdict};
use records::Batch;
use tokio::sync::oneshot;
use world::Instant;

use crate::memory::Permit;
use crate::{AppendError, ChangeError, Seen};

/// What a request asks to be appended whole or not at all.
#[derive(Debug)]
pub struct AppendGroup {
    /// Record batches, by partition.
    pub runs: Vec<AppendRun>,
    /// The HTTP producer's sequence, where there is one; all runs are then of one topic.
    pub request: Option<entry::RequestSequence>,
}

/// Verified record batches of one partition, one behind the other.
#[derive(Debug)]
pub struct AppendRun {
    /// Where to.
    pub partition: PartitionId,
    /// At least one; with `producer` exactly one.
    pub batches: Vec<Batch>,
    /// The idempotent Kafka producer whose batch it is.
    pub producer: Option<entry::ProducerBatch>,
    /// The group is refused unless this is the partition's next offset.
    pub expected_offset: Option<u64>,
}

/// A group on its way, with the one who waits for it.
#[derive(Debug)]
pub(crate) struct AppendJob {
    /// The group as it stands in the proposal; its runs' `start` or `inline` are filled in when it is sealed.
    pub(crate) group: entry::Group,
    /// The batches of each run of the group.
    pub(crate) payload: Vec<Vec<Batch>>,
    /// The (distinct) partitions of the group.
    pub(crate) partitions: Vec<PartitionId>,
    /// Bytes of all batches.
    pub(crate) bytes: usize,
    /// Memory held until the group is over.
    pub(crate) permit: Permit,
    /// Who waits; gone once answered.
    pub(crate) reply: Option<oneshot::Sender<Result<Decided, AppendError>>>,
}

/// A verdict and where it was learnt.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) verdict: Verdict,
    pub(crate) seen: Seen,
}

impl AppendJob {
    /// Answers whoever waits, once.
    pub(crate) fn answer(&mut self, answer: Result<Decided, AppendError>) {
        if let Some(reply) = self.reply.take() {
            // Whoever waited may have gone.
            let _ = reply.send(answer);
        }
    }

    /// Whether nobody waits for it any more, so that it need not be sealed.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

/// A change in the control lane, with the one who waits for it.
#[derive(Debug)]
pub(crate) struct ChangeJob {
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    /// The life that named the objects in it; refused when that life is over.
    pub(crate) named_by: Option<Incarnation>,
    /// The newest flush of these objects, where they have numbers that the fold watches.
    pub(crate) flush: Option<u64>,
    pub(crate) principal: String,
    pub(crate) reply: Option<oneshot::Sender<Result<Vec<Verdict>, ChangeError>>>,
}

impl ChangeJob {
    pub(crate) fn answer(&mut self, answer: Result<Vec<Verdict>, ChangeError>) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer);
        }
    }
}

/// A proposal of the object lane whose object is durable, ready for its sequence.
#[derive(Debug)]
pub(crate) struct Flushed {
    pub(crate) incarnation: Incarnation,
    pub(crate) flush: u64,
    pub(crate) attempt: u16,
    pub(crate) groups: Vec<AppendJob>,
}

/// Who waits for a proposal that has its sequence.
#[derive(Debug)]
pub(crate) enum Waiting {
    Change(Box<ChangeJob>),
    Append(Vec<AppendJob>),
}

/// A proposal that has its sequence, and so one content for ever: it is proposed until the fold has taken it or its
/// life is over.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) role: Role,
    pub(crate) lane: Lane,
    pub(crate) sequence: u64,
    pub(crate) proposal: entry::Proposal,
    /// Bytes to which it encodes, with what frames it in a body.
    pub(crate) bytes: usize,
    /// Whether it may stand in the ledger already: it was in an append whose outcome is unknown.
    pub(crate) exposed: bool,
    /// When it was handed to the agent that puts the entries; none while it is to be put here.
    pub(crate) handed: Option<Instant>,
    pub(crate) waiting: Waiting,
}

impl Sent {
    /// Answers everybody who waits for it with a failure.
    pub(crate) fn fail(&mut self, error: &AppendError) {
        match &mut self.waiting {
            Waiting::Change(job) => job.answer(Err(error.clone().into())),
            Waiting::Append(jobs) => jobs.iter_mut().for_each(|job| job.answer(Err(error.clone()))),
        }
    }
}
