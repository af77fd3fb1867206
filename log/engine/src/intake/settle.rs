//! What the fold decided reaches those who wait for it.

use metadata::{Fate, Incarnation, Lane, Outcome, Role, Verdict};
use world::Instant;

use super::Intake;
use crate::jobs::{Decided, Sent, Waiting};
use crate::{AppendError, Seen};

impl Intake {
    /// Answers whoever waits for the proposal of this outcome, if it is one of this process.
    pub(crate) fn settle(&mut self, outcome: Outcome, seen: Seen, now: Instant) {
        let Fate::Taken(verdicts) = outcome.fate else { return };
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

    /// The fold was replaced by a snapshot: what was in flight is answered as unknown, and stays in flight unless the
    /// snapshot has taken its sequence.
    pub(crate) fn reloaded(&mut self, next: impl Fn(&Incarnation, Lane) -> Option<u64>) {
        let unknown = AppendError::Unknown("the agent fell behind and reloaded".to_owned());
        for mut sent in std::mem::take(&mut self.sent) {
            sent.fail(&unknown);
            let taken = match self.lives.incarnation(sent.role) {
                Some(incarnation) => next(&incarnation, sent.lane).is_some_and(|next| next > sent.sequence),
                None => true,
            };
            if taken {
                self.finish(sent);
            } else {
                self.sent.push_back(sent);
            }
        }
    }

    /// Roles whose life cannot go on: in some lane the fold waits for a sequence whose content this process no longer
    /// has, for it saw that taken by an entry that the ledger has lost since. Whatever such a life proposed there would
    /// leave a gap for ever.
    ///
    /// Another life may begin at once, though this one was not retired: what it had under way stands in entries of an
    /// era that is over, and those have no effect.
    pub(crate) fn torn(&self, next: impl Fn(&Incarnation, Lane) -> Option<u64>) -> Vec<Role> {
        let is_torn = |role: Role, incarnation: Incarnation, lane: Lane| {
            let mut of_lane = self.sent.iter().filter(|sent| sent.role == role && sent.lane == lane);
            let first = of_lane.next().map(|sent| sent.sequence);
            let first = first.or(self.lives.upcoming_sequence(role, lane));
            next(&incarnation, lane) < first
        };
        let live = self
            .lives
            .roles()
            .filter_map(|role| Some((role, self.lives.incarnation(role)?)));
        live.filter(|(role, incarnation)| Lane::ALL.into_iter().any(|lane| is_torn(*role, *incarnation, lane)))
            .map(|(role, _)| role)
            .collect()
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
    fn take_sent(&mut self, incarnation: Option<Incarnation>, lane: u32, sequence: u64) -> Option<Sent> {
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
