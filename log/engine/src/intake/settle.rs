//! What the fold decided reaches those who wait for it.

use metadata::{Fate, Incarnation, Lane, Outcome, Role, Verdict};
use seeded::Bug;
use world::Instant;

use super::Intake;
use crate::jobs::{Decided, Sent, Waiting};
use crate::{AppendError, Seen};

impl Intake {
    /// Answers whoever waits for the proposal of this outcome, if it is one of this process.
    pub(crate) fn settle(&mut self, outcome: Outcome, seen: Seen, now: Instant) {
        self.guests.settle(&outcome);
        let mut verdicts = match outcome.fate {
            Fate::Taken(verdicts) => verdicts,
            Fate::Void if seeded::is(Bug::VoidAnswered) => return self.refuse_void(&outcome),
            Fate::Void => return self.hand_again(&outcome),
            Fate::Dropped => return,
        };
        if seeded::is(Bug::AnswersOutOfOrder) {
            verdicts.reverse();
        }
        let Some(mut sent) = self.take_sent(outcome.incarnation, outcome.lane, outcome.sequence) else {
            return;
        };
        self.lives.heard(sent.role, now);
        match &mut sent.waiting {
            Waiting::Change(job) => job.answer(Ok(verdicts)),
            Waiting::Append(jobs) => {
                for (job, verdict) in jobs.iter_mut().zip(verdicts) {
                    job.answer(decided(verdict, seen));
                }
            }
        }
        self.finish(sent);
    }

    /// What was handed over came before its turn: it is handed over again.
    fn hand_again(&mut self, outcome: &Outcome) {
        let Some(role) = outcome.incarnation.and_then(|life| self.lives.role_of(&life)) else {
            return;
        };
        let of_it = |sent: &&mut Sent| {
            sent.role == role && sent.lane.number() == outcome.lane && sent.sequence == outcome.sequence
        };
        if let Some(sent) = self.sent.iter_mut().find(of_it) {
            sent.handed = None;
        }
    }

    /// The fold was replaced by a snapshot: what was in flight is answered as unknown, and stays in flight unless the
    /// snapshot has taken its sequence.
    pub(crate) fn reloaded(&mut self, next: impl Fn(&Incarnation, Lane) -> Option<u64>) {
        let unknown = match seeded::is(Bug::ReloadDenies) {
            true => AppendError::Retired,
            false => AppendError::Unknown("the agent fell behind and reloaded".to_owned()),
        };
        for mut sent in std::mem::take(&mut self.sent) {
            sent.fail(&unknown);
            sent.handed = None;
            let taken = match self.lives.incarnation(sent.role) {
                Some(incarnation) => next(&incarnation, sent.lane).is_some_and(|next| next > sent.sequence),
                None => true,
            };
            if taken {
                self.finish(sent);
            } else if seeded::is(Bug::SequenceReused) {
                self.lives.withdraw(sent.role, sent.lane, sent.sequence);
                self.finish(sent);
            } else {
                self.sent.push_back(sent);
            }
        }
    }

    /// The roles whose lives can write no more. A ledger that lost its end may have lost proposals that were taken and
    /// answered: the fold waits for their sequences again, and nobody will ever propose those. To be asked of a fold that
    /// has reached the end of the ledger; nothing short of a loss leaves a life so.
    pub(crate) fn stuck(&self, next: impl Fn(&Incarnation, Lane) -> Option<u64>) -> Vec<Role> {
        let live = self.lives.silent_since().map(|(role, _)| role);
        let is_stuck = |role: &Role| {
            let Some(incarnation) = self.lives.incarnation(*role) else {
                return false;
            };
            Lane::ALL.into_iter().any(|lane| {
                let of_lane = |sent: &&Sent| sent.role == *role && sent.lane == lane;
                let in_flight = self.sent.iter().filter(of_lane).map(|sent| sent.sequence).min();
                next(&incarnation, lane) < in_flight.or_else(|| self.lives.upcoming(*role, lane))
            })
        };
        live.filter(is_stuck).collect()
    }

    /// The ledger definitely did not take the entry. If no one was ever shown what was sent, it is taken back and
    /// answered as refused; else it stays, for it may stand in the ledger.
    pub(crate) fn withdraw_unexposed(&mut self, error: &AppendError) {
        if self.sent.iter().any(|sent| sent.exposed) {
            return;
        }
        for mut sent in std::mem::take(&mut self.sent) {
            self.lives.withdraw(sent.role, sent.lane, sent.sequence);
            sent.fail(error);
            self.finish(sent);
        }
    }

    /// Answers all that is in flight, of which no more will be learnt here.
    pub(crate) fn give_up(&mut self, error: &AppendError) {
        self.sent.iter_mut().for_each(|sent| sent.fail(error));
    }

    /// Removes a proposal that needs no more proposing.
    pub(super) fn take_sent(&mut self, incarnation: Option<Incarnation>, lane: u32, sequence: u64) -> Option<Sent> {
        let role = self.lives.role_of(&incarnation?)?;
        let is_it = |sent: &Sent| sent.role == role && sent.lane.number() == lane && sent.sequence == sequence;
        // Nearly always the first: entries are folded in the order in which they were sent.
        let place = self.sent.iter().position(is_it)?;
        self.sent.remove(place)
    }

    /// Nothing of the proposal is in flight any more.
    pub(super) fn finish(&mut self, sent: Sent) {
        if let Waiting::Append(jobs) = sent.waiting {
            for job in &jobs {
                self.over(sent.lane, job);
            }
        }
    }
}

fn decided(verdict: Verdict, seen: Seen) -> Result<Decided, AppendError> {
    match verdict {
        Verdict::Applied(_) => Ok(Decided { verdict, seen }),
        Verdict::Rejected(rejection) => Err(AppendError::Rejected(rejection)),
    }
}
