//! What waits to be written: groups on their way to a lane, and proposals on their way into the ledger.
//!
//! Everything here is synchronous and stands behind one mutex, so that the order of calls is the order of the log. A
//! proposal gets its sequence when it is put into an entry for the first time; from then on it is in `sent` and is
//! proposed again, the same content, until the fold has taken it or its life is over.

mod compose;
mod guests;
mod handed;
pub(crate) mod held;
pub(crate) mod mistakes;
mod settle;

use std::collections::VecDeque;

use metadata::{Incarnation, Lane, Role};
use seeded::Bug;

use crate::append::router::{Router, Wish};
use crate::jobs::{AppendJob, ChangeJob, Flushed, Sent};
use crate::lives::Lives;
use crate::{AppendError, ChangeError};

pub(crate) use compose::group_bytes;
pub(crate) use guests::Guests;

/// Groups that wait for one lane.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) jobs: VecDeque<AppendJob>,
    /// Bytes of batches.
    pub(crate) bytes: usize,
    /// Bytes that name them in an entry, at most.
    pub(crate) named_bytes: usize,
}

impl Queue {
    fn push(&mut self, job: AppendJob) {
        self.bytes += job.bytes;
        self.named_bytes += group_bytes(&job.group);
        self.jobs.push_back(job);
    }

    fn pop(&mut self) -> Option<AppendJob> {
        let job = self.jobs.pop_front()?;
        self.bytes -= job.bytes;
        self.named_bytes -= group_bytes(&job.group);
        Some(job)
    }

    /// Takes everything.
    pub(crate) fn take(&mut self) -> Vec<AppendJob> {
        std::mem::take(self).jobs.into()
    }
}

/// Whether writes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// The process stops: nothing new but what ends its lives.
    Draining,
    /// It has stopped.
    Closed,
    /// The fold has met a halt.
    Halted,
    /// The ledger refused an entry for want of space; writes are refused until it takes one.
    Full,
}

/// All that waits.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) door: Door,
    pub(crate) lives: Lives,
    router: Router<AppendJob>,
    inline: Queue,
    /// Groups for the next objects.
    pub(crate) object: Queue,
    /// Changes without a sequence, in the order of the calls.
    control: VecDeque<ChangeJob>,
    /// Flushes that are durable and without a sequence, in the order in which they were sealed.
    flushed: VecDeque<Flushed>,
    sent: VecDeque<Sent>,
    /// What other agents handed over to be put here.
    pub(crate) guests: Guests,
    held: held::Held,
}

impl Intake {
    pub(crate) fn new(lives: Lives) -> Intake {
        Intake {
            door: Door::Open,
            lives,
            router: Router::default(),
            inline: Queue::default(),
            object: Queue::default(),
            control: VecDeque::new(),
            flushed: VecDeque::new(),
            sent: VecDeque::new(),
            guests: Guests::default(),
            held: held::Held::default(),
        }
    }

    /// Takes a group. It is answered through its own channel, also when it is refused here.
    pub(crate) fn submit(&mut self, mut job: AppendJob, wish: Wish) {
        let refusal = self
            .refusal()
            .or((!self.lives.is_led(Role::Agent)).then_some(AppendError::NotAnAgent));
        if let Some(refusal) = refusal {
            job.answer(Err(refusal));
            return;
        }
        if let Some((lane, job)) = self.router.submit(job.partitions.clone(), wish, job) {
            self.enqueue(lane, job);
        }
    }

    /// Takes a change; answered through its own channel.
    pub(crate) fn change(&mut self, mut job: ChangeJob) {
        match self.refusal() {
            // A process that stops still has to say what ends its lives.
            Some(refusal) if self.door != Door::Draining => job.answer(Err(refusal.into())),
            _ => self.control.push_back(job),
        }
    }

    /// Why nothing new is taken, if so.
    pub(crate) fn refusal(&self) -> Option<AppendError> {
        match self.door {
            Door::Open => None,
            Door::Draining | Door::Closed => Some(AppendError::Draining),
            Door::Halted => Some(AppendError::Halted),
            Door::Full => Some(AppendError::StorageFull),
        }
    }

    /// Bytes that wait for the inline lane.
    pub(crate) fn inline_bytes(&self) -> usize {
        self.inline.bytes
    }

    /// Takes a flush whose object is durable. While the ledger is halted it is refused: nothing of it was proposed.
    pub(crate) fn flushed(&mut self, flushed: Flushed) {
        if self.door == Door::Halted {
            for job in flushed.groups {
                self.refuse(Lane::Object, job, &AppendError::Halted);
            }
        } else {
            self.flushed.push_back(flushed);
        }
    }

    /// Whether something waits to go into an entry that this process puts.
    pub(crate) fn has_work(&self) -> bool {
        !self.guests.is_empty() || self.lives.asks() || self.has_own_work()
    }

    /// Whether something of this process waits for its way into the ledger.
    pub(crate) fn has_own_work(&self) -> bool {
        let waiting = self.sent.iter().any(|sent| sent.handed.is_none()) || !self.flushed.is_empty();
        waiting || !self.control.is_empty() || !self.inline.jobs.is_empty()
    }

    /// Whether nothing at all is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        // The router counts groups from their call to their end, also while their object is being put.
        self.router.is_idle() && self.sent.is_empty() && self.control.is_empty()
    }

    /// A group is over before it had a sequence: definitely nothing of it happened.
    pub(crate) fn refuse(&mut self, lane: Lane, mut job: AppendJob, error: &AppendError) {
        job.answer(Err(error.clone()));
        if seeded::is(Bug::PermitLeaked) {
            job.permit.leak();
        }
        self.over(lane, &job);
    }

    /// Refuses all that has no sequence yet.
    pub(crate) fn refuse_waiting(&mut self, error: &AppendError) {
        self.refuse_groups(error);
        for mut job in std::mem::take(&mut self.control) {
            job.answer(Err(error.clone().into()));
        }
    }

    fn refuse_groups(&mut self, error: &AppendError) {
        for mut job in self.router.drain_parked() {
            job.answer(Err(error.clone()));
        }
        for job in self.inline.take() {
            self.refuse(Lane::Inline, job, error);
        }
        for job in self.object.take() {
            self.refuse(Lane::Object, job, error);
        }
        for flushed in std::mem::take(&mut self.flushed) {
            for job in flushed.groups {
                self.refuse(Lane::Object, job, error);
            }
        }
    }

    /// The group no longer stands in the way of a change of lane.
    fn over(&mut self, lane: Lane, job: &AppendJob) {
        for (lane, job) in self.router.release(&job.partitions, lane) {
            self.enqueue(lane, job);
        }
    }

    fn enqueue(&mut self, lane: Lane, job: AppendJob) {
        match lane {
            Lane::Inline => self.inline.push(job),
            Lane::Object | Lane::Control => self.object.push(job),
        }
    }

    /// A life is over: what it had sent will never be taken from now on, and what names its objects never can be. When
    /// no other life follows, what waits for one is refused.
    pub(crate) fn bury(&mut self, role: Role, sent: &AppendError) {
        for mut gone in std::mem::take(&mut self.sent) {
            if gone.role == role {
                gone.fail(sent);
                self.finish(gone);
            } else {
                self.sent.push_back(gone);
            }
        }
        if role == Role::Agent && !self.lives.is_led(role) {
            self.refuse_groups(&AppendError::Draining);
        }
    }

    /// Refuses a change that names objects of a life that is over, or waits for a life that will not come.
    fn refuse_stale(&self, job: &mut ChangeJob, live: Option<Incarnation>) -> bool {
        let why = if !self.lives.is_led(job.role) {
            "this process does not lead such a life"
        } else if job.named_by.is_some_and(|named_by| Some(named_by) != live) {
            "the life that named the objects is over"
        } else {
            return false;
        };
        job.answer(Err(ChangeError::Unavailable(why.to_owned())));
        true
    }
}

impl Intake {
    /// Takes the groups of the next object: up to `bytes_max` bytes of batches (one group in any case), and no more
    /// than `named_bytes_max` bytes of an entry can name. Groups for which nobody waits any more are left out.
    pub(crate) fn take_flush(&mut self, bytes_max: usize, named_bytes_max: usize) -> Vec<AppendJob> {
        let (mut groups, mut bytes, mut named) = (Vec::new(), 0, 0);
        while let Some(next) = self.object.jobs.front() {
            let (next_bytes, next_named) = (next.bytes, group_bytes(&next.group));
            let full = bytes >= bytes_max || named + next_named > named_bytes_max;
            if full && !groups.is_empty() {
                break;
            }
            let Some(job) = self.object.pop() else { break };
            if job.is_abandoned() {
                self.over(Lane::Object, &job);
                continue;
            }
            (bytes, named) = (bytes + next_bytes, named + next_named);
            groups.push(job);
        }
        groups
    }

    /// Lets lives that were silent for `interval` say that they go on. One that does takes along those that will have to before
    /// long, so that they are one entry.
    pub(crate) fn beat(&mut self, now: world::Instant, interval: std::time::Duration) {
        let silent_for = |silence| {
            let silent = self.lives.silent_since();
            silent.filter(move |(_, heard)| *heard + silence <= now)
        };
        let due = silent_for(interval).next().is_some();
        let silent: Vec<Role> = silent_for(interval / 2).filter(|_| due).map(|(role, _)| role).collect();
        for role in silent {
            // Counted as heard already, or an unreachable ledger would gather beats.
            self.lives.heard(role, now);
            if !matches!(self.door, Door::Open | Door::Draining) {
                continue;
            }
            let kind = metadata::entry::proposal::Kind::Beat(metadata::entry::Beat {});
            self.control.push_back(ChangeJob {
                role,
                kind,
                named_by: None,
                flush: None,
                principal: String::new(),
                reply: None,
            });
        }
    }
}

#[cfg(test)]
mod tests;
