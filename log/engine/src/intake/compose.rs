//! Putting the next entry together: what was sent and not yet taken, then what is new, up to the ledger's limit.

use bytes::{Bytes, BytesMut};
use metadata::entry::{self, proposal::Kind};
use metadata::{Lane, Role};
use records::Batch;
use seeded::Bug;

use super::Intake;
use crate::AppendError;
use crate::jobs::{AppendJob, ChangeJob, Flushed, Sent, Waiting};

/// Bytes that frame a proposal in a body: a tag and a length.
const FRAME_BYTES: usize = 8;
/// Bytes of a body, and of a proposal, that are neither groups nor runs; generous.
pub(super) const HEAD_BYTES: usize = 128;
/// Bytes of a run in a proposal but for its inline records, at most: ten numbers of at most ten bytes with their tags,
/// and a producer.
const RUN_BYTES: usize = 112;

/// The proposals of one entry, moved out of the intake while they are appended: registers, then the process's own and
/// those of its guests, either first.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    pub(crate) proposals: Vec<entry::Proposal>,
    registers: usize,
    own: usize,
    guests: usize,
    guests_first: bool,
}

impl Composed {
    /// Whether a register stands in it.
    pub(crate) fn registers(&self) -> bool {
        self.registers > 0
    }
}

/// An upper bound of the bytes that a group needs in an entry, its inline records apart.
pub(crate) fn group_bytes(group: &entry::Group) -> usize {
    let request = group.request.as_ref().map_or(0, |request| request.producer.len() + 32);
    FRAME_BYTES + request + group.runs.len() * RUN_BYTES
}

impl Intake {
    /// The next entry, if there is anything to say: at most `bytes_max` bytes of proposals, by a process that has
    /// folded up to `folded`. To be given back by [`Intake::restore`].
    pub(crate) fn compose(&mut self, bytes_max: usize, folded: u64) -> Option<Composed> {
        let all = bytes_max.saturating_sub(HEAD_BYTES);
        let mut registers = self.lives.registers(folded);
        let registers_bytes = registers.iter().map(entry::proposal_bytes).sum::<usize>();
        let room = all.saturating_sub(registers_bytes);
        self.seal(room);
        // What was sent before a life was to be registered may leave no room for that: it goes in the next entry then.
        if self.to_put().next().is_some_and(|sent| sent.bytes > room) {
            registers.clear();
        }
        let mut composed = Composed {
            registers: registers.len(),
            proposals: registers,
            guests_first: self.guests.take_turn(),
            ..Composed::default()
        };
        let mut left = room;
        if composed.guests_first {
            composed.guests = self.guests.take(&mut composed.proposals, &mut left);
        }
        composed.own = self.take_own(&mut composed.proposals, &mut left, composed.guests == 0);
        if !composed.guests_first {
            composed.guests = self.guests.take(&mut composed.proposals, &mut left);
        }
        (!composed.proposals.is_empty()).then_some(composed)
    }

    /// What was sent and is put into the ledger by this process itself.
    pub(super) fn to_put(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter().filter(|sent| sent.handed.is_none())
    }

    /// Moves own proposals into an entry that has `left` bytes of room; how many. With `any` the first goes in any case:
    /// what does not fit was refused before it got a sequence.
    fn take_own(&mut self, proposals: &mut Vec<entry::Proposal>, left: &mut usize, any: bool) -> usize {
        let mut taken = 0;
        for sent in self.sent.iter_mut().filter(|sent| sent.handed.is_none()) {
            if sent.bytes > *left && !(any && taken == 0) {
                break;
            }
            *left = left.saturating_sub(sent.bytes);
            proposals.push(std::mem::take(&mut sent.proposal));
            taken += 1;
        }
        taken
    }

    /// Puts the proposals of an entry back where they were. `exposed` says that they may stand in the ledger now.
    pub(crate) fn restore(&mut self, composed: Composed, exposed: bool) {
        let mut proposals = composed.proposals.into_iter().skip(composed.registers);
        if composed.guests_first {
            self.guests.restore(proposals.by_ref().take(composed.guests));
        }
        let own = self.sent.iter_mut().filter(|sent| sent.handed.is_none());
        for (sent, proposal) in own.zip(proposals.by_ref().take(composed.own)) {
            sent.proposal = proposal;
            sent.exposed |= exposed;
        }
        if !composed.guests_first {
            self.guests.restore(proposals.take(composed.guests));
        }
    }

    /// Gives sequences to what waits, as long as the next entry has room.
    pub(super) fn seal(&mut self, room: usize) {
        let mut used: usize = self.to_put().map(|sent| sent.bytes).sum();
        // Changes go first, but while records wait they leave half of the entry to them.
        let records_wait = !(self.flushed.is_empty() && self.inline.jobs.is_empty());
        let room_of_changes = if records_wait { room / 2 } else { room };
        while used < room_of_changes {
            let Some(bytes) = self.seal_change(room - used) else {
                break;
            };
            used += bytes;
        }
        while used < room {
            let Some(bytes) = self.seal_flushed(room, used) else {
                break;
            };
            used += bytes;
        }
        if used < room {
            self.seal_inline(room - used);
        }
    }

    fn seal_change(&mut self, room: usize) -> Option<usize> {
        let mut job = self.control.pop_front()?;
        let live = self.lives.incarnation(job.role);
        if self.refuse_stale(&mut job, live) {
            return Some(0);
        }
        let Some((incarnation, sequence)) = live.and_then(|_| self.lives.next_sequence(job.role, Lane::Control)) else {
            // Its life is still to be registered; the others may go on.
            self.control.push_front(job);
            return None;
        };
        let proposal = entry::Proposal {
            incarnation: Some(incarnation.into()),
            lane: Lane::Control.number(),
            sequence,
            flush: job.flush,
            principal: std::mem::take(&mut job.principal),
            kind: Some(std::mem::replace(&mut job.kind, Kind::Beat(entry::Beat {}))),
        };
        let bytes = entry::proposal_bytes(&proposal);
        if bytes > room && !self.sent.is_empty() {
            // It goes first in an entry of its own.
            self.lives.withdraw(job.role, Lane::Control, sequence);
            self.control.push_front(unsealed(job, proposal));
            return None;
        }
        let (role, waiting) = (job.role, Waiting::Change(Box::new(job)));
        self.send(role, Lane::Control, sequence, proposal, bytes, waiting);
        Some(bytes)
    }

    fn seal_flushed(&mut self, room: usize, used: usize) -> Option<usize> {
        let estimate = HEAD_BYTES
            + self
                .flushed
                .front()?
                .groups
                .iter()
                .map(|job| group_bytes(&job.group))
                .sum::<usize>();
        if used > 0 && used + estimate > room {
            return None;
        }
        let flushed = self.flushed.pop_front()?;
        if self.lives.incarnation(Role::Agent) != Some(flushed.incarnation) {
            // Its names are those of a life that is over: it was never proposed and never can be.
            for job in flushed.groups {
                self.refuse(Lane::Object, job, &AppendError::Retired);
            }
            return Some(0);
        }
        let (_, sequence) = self.lives.next_sequence(Role::Agent, Lane::Object)?;
        let Flushed {
            incarnation,
            flush,
            attempt,
            mut groups,
        } = flushed;
        let named = match seeded::is(Bug::FlushAtProposing) {
            true => self.lives.next_flush(Role::Agent, Lane::Object)?.1,
            false => flush,
        };
        // An empty flush has no object: it only says that the ones before it are over.
        let segment = (!groups.is_empty()).then(|| entry::ObjectNumber {
            flush,
            attempt: u32::from(attempt),
        });
        let append = entry::Append {
            segment,
            groups: take_groups(&mut groups),
        };
        let proposal = entry::Proposal {
            incarnation: Some(incarnation.into()),
            lane: Lane::Object.number(),
            sequence,
            flush: Some(named),
            principal: String::new(),
            kind: Some(Kind::Append(append)),
        };
        let bytes = entry::proposal_bytes(&proposal);
        self.send(
            Role::Agent,
            Lane::Object,
            sequence,
            proposal,
            bytes,
            Waiting::Append(groups),
        );
        Some(bytes)
    }

    fn seal_inline(&mut self, room: usize) {
        if self.lives.incarnation(Role::Agent).is_none() {
            return;
        }
        let (mut groups, mut used) = (Vec::new(), HEAD_BYTES);
        while let Some(next) = self.inline.jobs.front() {
            used += next.bytes + group_bytes(&next.group);
            let full = used > room && !(groups.is_empty() && self.sent.is_empty());
            if full {
                break;
            }
            let Some(mut job) = self.inline.pop() else { break };
            if job.is_abandoned() {
                self.over(Lane::Inline, &job);
                continue;
            }
            carry_inline(&mut job);
            groups.push(job);
        }
        if groups.is_empty() {
            return;
        }
        let Some((incarnation, sequence)) = self.lives.next_sequence(Role::Agent, Lane::Inline) else {
            return;
        };
        let append = entry::Append {
            segment: None,
            groups: take_groups(&mut groups),
        };
        let proposal = entry::Proposal {
            incarnation: Some(incarnation.into()),
            lane: Lane::Inline.number(),
            sequence,
            kind: Some(Kind::Append(append)),
            ..Default::default()
        };
        let bytes = entry::proposal_bytes(&proposal);
        self.send(
            Role::Agent,
            Lane::Inline,
            sequence,
            proposal,
            bytes,
            Waiting::Append(groups),
        );
    }

    fn send(
        &mut self,
        role: Role,
        lane: Lane,
        sequence: u64,
        proposal: entry::Proposal,
        bytes: usize,
        waiting: Waiting,
    ) {
        self.sent.push_back(Sent {
            role,
            lane,
            sequence,
            proposal,
            bytes,
            exposed: false,
            handed: None,
            waiting,
        });
    }
}

/// The job as it was before it was sealed.
fn unsealed(mut job: ChangeJob, proposal: entry::Proposal) -> ChangeJob {
    job.principal = proposal.principal;
    if let Some(kind) = proposal.kind {
        job.kind = kind;
    }
    job
}

/// Moves the groups out of their jobs, which go on waiting.
fn take_groups(jobs: &mut [AppendJob]) -> Vec<entry::Group> {
    jobs.iter_mut().map(|job| std::mem::take(&mut job.group)).collect()
}

/// Lets the group's runs carry their batches. One batch is taken as it is; several are laid one behind the other, a
/// copy that saves each of them an extent of its own.
fn carry_inline(job: &mut AppendJob) {
    for (run, batches) in job.group.runs.iter_mut().zip(&mut job.payload) {
        run.inline = match std::mem::take(batches) {
            one if one.len() == 1 => one.into_iter().next().map(Batch::into_bytes).unwrap_or_default(),
            many => concatenated(&many),
        };
    }
}

fn concatenated(batches: &[Batch]) -> Bytes {
    let mut all = BytesMut::with_capacity(batches.iter().map(|batch| batch.bytes().len()).sum());
    batches.iter().for_each(|batch| all.extend_from_slice(batch.bytes()));
    all.freeze()
}
