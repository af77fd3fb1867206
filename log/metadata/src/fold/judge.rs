//! Whether a proposal is taken, and by whom its parts are judged.

use seeded::Bug;

use crate::entry::proposal::Kind;
use crate::entry::{Body, Proposal, Role};
use crate::ids::{Change, Incarnation, Lane};
use crate::outcome::{Applied, Fate, Outcome, Rejection, Verdict};
use crate::state::State;

/// What every judge may need of a proposal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) change: Change,
    pub(super) incarnation: Incarnation,
    pub(super) role: Role,
    pub(super) lane: Lane,
    pub(super) flush: Option<u64>,
    /// The lane's last flush before this proposal.
    pub(super) flush_floor: Option<u64>,
}

impl From<Result<Applied, Rejection>> for Verdict {
    fn from(result: Result<Applied, Rejection>) -> Self {
        match result {
            Ok(applied) => Self::Applied(applied),
            Err(rejection) => Self::Rejected(rejection),
        }
    }
}

impl State {
    pub(super) fn judge_all(&mut self, body: &Body) -> Vec<Outcome> {
        (0u32..)
            .zip(&body.proposals)
            .map(|(index, proposal)| self.judge_one(index, proposal))
            .collect()
    }

    fn judge_one(&mut self, index: u32, proposal: &Proposal) -> Outcome {
        let incarnation = proposal
            .incarnation
            .as_ref()
            .and_then(|named| Incarnation::try_from(named).ok());
        let change = Change {
            position: self.position,
            index,
        };
        let fate = match (&proposal.kind, &proposal.incarnation) {
            (Some(Kind::Register(register)), None) => self.register(change, register),
            (Some(Kind::Register(_)), Some(_)) | (_, None) => Fate::Void,
            (_, Some(_)) => incarnation.map_or(Fate::Void, |named| self.take(change, named, proposal)),
        };
        Outcome {
            incarnation,
            lane: proposal.lane,
            sequence: proposal.sequence,
            index,
            fate,
        }
    }

    /// Takes a proposal of a live life when it is the next of its lane.
    fn take(&mut self, change: Change, incarnation: Incarnation, proposal: &Proposal) -> Fate {
        let Some(lane) = Lane::from_number(proposal.lane) else {
            return Fate::Void;
        };
        let Some(life) = self.lives.live.get(&incarnation) else {
            return Fate::Void;
        };
        let (role, seen) = (life.role, life.lanes[lane as usize]);
        if proposal.sequence < seen.next {
            return Fate::Dropped;
        }
        let after = seen.next.checked_add(1);
        let follows = proposal.sequence == seen.next || seeded::is(Bug::GapTaken);
        let (Some(after), true) = (after, follows) else {
            return Fate::Void;
        };
        let ask = Ask {
            change,
            incarnation,
            role,
            lane,
            flush: proposal.flush,
            flush_floor: seen.flush,
        };
        let verdicts = match self.refuse_whole(&ask, proposal.kind.as_ref()) {
            Some(rejection) => {
                let parts = proposal.kind.as_ref().map_or(1, parts);
                vec![Verdict::Rejected(rejection); parts]
            }
            None => proposal
                .kind
                .as_ref()
                .map_or_else(Vec::new, |kind| self.judge_kind(&ask, kind)),
        };
        // Counted after the judgement: a retire of oneself names what was taken before it, and the outputs of a swap
        // are measured by the flush before it. A life that retired itself is gone by now.
        if let Some(life) = self.lives.live.get_mut(&incarnation) {
            let lane = &mut life.lanes[lane as usize];
            lane.next = after;
            lane.flush = lane.flush.max(proposal.flush);
            life.last_taken = change.position;
        }
        Fate::Taken(verdicts)
    }

    /// Why nothing of a proposal can be applied. Its sequence is used up all the same.
    ///
    /// A halted fold rejects every kind, so that whoever asked gets a definite answer: the sequence is used up, and the
    /// same content can never take effect later. What ends the halt is no proposal but an entry of its own kind, a new
    /// era. Lives stay what they were, since rejected proposals are heard too; nobody is retired while halted.
    fn refuse_whole(&self, ask: &Ask, kind: Option<&Kind>) -> Option<Rejection> {
        let Some(kind) = kind else {
            return Some(Rejection::Malformed("no kind"));
        };
        if self.halted && !seeded::is(Bug::HaltedAppends) {
            return Some(Rejection::Halted);
        }
        let append = matches!(kind, Kind::Append(_));
        if append != (ask.lane != Lane::Control) {
            return Some(Rejection::WrongLane);
        }
        // Whose objects are garbage is told by one lane alone: Object of agents, Control of compactors. So an agent
        // may not name objects in Control, nor a compactor in Object.
        let wrong_role = match kind {
            Kind::Append(_) => ask.role != Role::Agent,
            Kind::Swap(_) | Kind::Publish(_) => ask.role != Role::Compactor,
            _ => false,
        };
        if wrong_role {
            return Some(Rejection::WrongRole);
        }
        // Without a number, or with one lower than was taken before, an object that a sweep already calls garbage for
        // ever could be named.
        let names_objects = ask.lane == Lane::Object || matches!(kind, Kind::Swap(_) | Kind::Publish(_));
        let missing = names_objects && ask.flush.is_none();
        if missing || ask.flush.is_some() && ask.flush < ask.flush_floor {
            return Some(Rejection::FlushFell {
                last: ask.flush_floor,
                got: ask.flush,
            });
        }
        None
    }

    fn judge_kind(&mut self, ask: &Ask, kind: &Kind) -> Vec<Verdict> {
        let one = |verdict: Result<Applied, Rejection>| vec![verdict.into()];
        match kind {
            // A register of a life that is there never comes here.
            Kind::Register(_) => one(Err(Rejection::Malformed("a register has no incarnation"))),
            Kind::Beat(_) => one(Ok(Applied::Done)),
            Kind::Retire(retire) => one(self.retire(retire)),
            Kind::CreateTopic(create) => one(self.create_topic(ask.change, create)),
            Kind::AlterTopic(alter) => one(self.alter_topic(alter)),
            Kind::DeleteTopic(delete) => one(self.delete_topic(delete.topic)),
            Kind::AddPartitions(add) => one(self.add_partitions(add)),
            Kind::Append(append) => self.append(ask, append),
            Kind::ProducerIds(ids) => one(self.take_producer_ids(ids.count)),
            Kind::CommitOffsets(commit) => one(self.commit_offsets(ask.change, commit)),
            Kind::DeleteGroup(delete) => one(self.delete_group(delete)),
            Kind::Trim(trim) => trim.partitions.iter().map(|trim| self.trim(trim).into()).collect(),
            Kind::Swap(swap) => swap.partitions.iter().map(|swap| self.swap(ask, swap).into()).collect(),
            Kind::SnapshotTaken(taken) => one(self.snapshot_taken(ask, taken)),
            Kind::Mark(mark) => one(self.mark(mark)),
            Kind::Expire(expire) => self.expire(expire),
            Kind::AlterCluster(alter) => one(self.alter_cluster(alter)),
            Kind::FeatureLevel(raise) => one(self.raise_feature_level(raise)),
            Kind::Publish(publish) => one(self.publish(ask, publish)),
        }
    }

    /// Whether things that make the fold grow are refused.
    pub(super) fn refuse_growth(&self) -> Result<(), Rejection> {
        let limit_bytes = self.config.fold_bytes_max();
        if self.memory_bytes() < limit_bytes {
            Ok(())
        } else {
            Err(Rejection::FoldFull { limit_bytes })
        }
    }
}

/// How many parts of a proposal are judged alone.
fn parts(kind: &Kind) -> usize {
    match kind {
        Kind::Append(append) => append.groups.len(),
        Kind::Trim(trim) => trim.partitions.len(),
        Kind::Swap(swap) => swap.partitions.len(),
        Kind::Expire(expire) => expire.producers.len() + expire.request_producers.len() + expire.groups.len(),
        _ => 1,
    }
}
