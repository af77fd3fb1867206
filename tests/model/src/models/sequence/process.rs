//! The process of model `sequence`.

use super::{AHEAD, Answer, Job, LIVES, Proposal, Sequence, Standing, State, Step};
use crate::mutation::Mutation;

impl Sequence {
    pub(super) fn process_steps(&self, state: &State, steps: &mut Vec<Step>) {
        // One that is ahead of the log has seen the loss: it begins anew.
        if state.folded > state.log.len() {
            steps.push(Step::Reload);
            return;
        }
        let fit =
            state.standing == Standing::Live && (self.gap(state).is_none() || self.is(Mutation::LifeOutlivesLoss));
        if fit && state.answers.len() < usize::from(self.records) {
            steps.extend((0..2).filter(|lane| self.may_take(state, *lane)).map(Step::Submit));
        }
        if state.folded < state.log.len() {
            steps.extend([Step::Fold, Step::Reload]);
        }
        let at_end = state.folded == state.log.len();
        if at_end && self.gap(state).is_some() && !self.is(Mutation::LifeOutlivesLoss) {
            steps.push(Step::Leave);
        }
    }

    /// A partition changes its lane only with nothing in flight in the other one.
    fn may_take(&self, state: &State, lane: u8) -> bool {
        let unanswered = |job: &&Job| state.answers[usize::from(job.record)] == Answer::None;
        let held = |job: &&Job| !self.is(Mutation::UnknownFreesLane) || unanswered(job);
        state.flight.iter().filter(held).all(|job| job.lane == lane)
    }

    /// A lane of whose sequences the fold waits for one that is not in flight: nothing of it can ever be taken.
    pub(super) fn gap(&self, state: &State) -> Option<u8> {
        let prefix = state.log.get(..state.folded)?;
        let folded = self.fold(prefix);
        let life = usize::from(state.life);
        if !folded.live[life] || state.standing != Standing::Live {
            return None;
        }
        (0..2).find(|lane| {
            let at = usize::from(*lane);
            let mut waited = folded.next[life][at]..state.next[at];
            waited.any(|sequence| {
                !state
                    .flight
                    .iter()
                    .any(|job| (job.lane, job.sequence) == (*lane, sequence))
            })
        })
    }

    /// Whether something is in flight whose turn is over by what the process has folded.
    pub(super) fn waits_in_vain(&self, state: &State) -> bool {
        let Some(prefix) = state.log.get(..state.folded) else {
            return false;
        };
        let next = self.fold(prefix).next[usize::from(state.life)];
        state
            .flight
            .iter()
            .any(|job| job.sequence < next[usize::from(job.lane)])
    }

    /// The proposal that ends the process's life, by one who has folded everything.
    pub(super) fn retirement(&self, state: &State) -> Option<Proposal> {
        let folded = self.fold(&state.log);
        let life = usize::from(state.life);
        folded.live[life].then_some(Proposal::Retire {
            life: state.life,
            seen: folded.next[life],
        })
    }

    /// Folds the next entry and answers those whom it concerns.
    pub(super) fn fold_next(&self, state: &mut State) {
        let entry = state.log[state.folded];
        state.folded += 1;
        let folded = self.fold(&state.log[..state.folded]);
        if let (
            Proposal::Append {
                life, lane, sequence, ..
            },
            Some(offset),
        ) = (entry, folded.taken)
            && life == state.life
        {
            state.settle(lane, sequence, offset);
        }
        self.learn(state, Answer::Never);
    }

    /// Begins at a snapshot of the end: outcomes in between are not learnt.
    pub(super) fn reload(&self, state: &mut State) {
        state.folded = state.log.len();
        let folded = self.fold(&state.log);
        let unknown = if self.is(Mutation::ReloadIsDefinite) {
            Answer::Never
        } else {
            Answer::Unknown
        };
        state.answer_flight(unknown);
        let life = usize::from(state.life);
        if self.is(Mutation::ReloadForgets) {
            state.flight.clear();
            state.next = folded.next[life];
        }
        if self.is(Mutation::NewLifeBeside) && folded.live[life] && !state.flight.is_empty() {
            state.over();
        } else {
            let next = folded.next[life];
            state.flight.retain(|job| job.sequence >= next[usize::from(job.lane)]);
        }
        self.learn(state, unknown);
    }

    /// Compares the process's life with the fold: it may have begun, or be over.
    fn learn(&self, state: &mut State, buried: Answer) {
        let folded = self.fold(&state.log[..state.folded]);
        let live = folded.live[usize::from(state.life)];
        match state.standing {
            Standing::Live if !live => {
                state.answer_flight(buried);
                state.over();
            }
            Standing::Asking if live => state.standing = Standing::Live,
            _ => {}
        }
    }
}

impl State {
    pub(super) fn send(&mut self, proposal: Proposal) {
        if let Err(at) = self.sent.binary_search(&proposal) {
            self.sent.insert(at, proposal);
        }
    }

    pub(super) fn submit(&mut self, lane: u8) {
        let record = u8::try_from(self.answers.len()).unwrap_or(u8::MAX);
        let sequence = self.next[usize::from(lane)];
        self.next[usize::from(lane)] += 1;
        self.flight.push(Job { lane, sequence, record });
        self.answers.push(Answer::None);
        self.send(Proposal::Append {
            life: self.life,
            lane,
            sequence,
            record,
        });
    }

    /// What was taken is over; whoever still waits for it is answered.
    fn settle(&mut self, lane: u8, sequence: u8, offset: u8) {
        let Some(at) = self
            .flight
            .iter()
            .position(|job| (job.lane, job.sequence) == (lane, sequence))
        else {
            return;
        };
        let record = self.flight.remove(at).record;
        let answer = &mut self.answers[usize::from(record)];
        if *answer == Answer::None {
            *answer = Answer::At(offset);
        }
    }

    fn answer_flight(&mut self, with: Answer) {
        for job in &self.flight {
            let answer = &mut self.answers[usize::from(job.record)];
            if *answer == Answer::None {
                *answer = with;
            }
        }
    }

    /// The life is over: nothing of it is in flight, and another is asked for.
    fn over(&mut self) {
        self.flight.clear();
        self.next = [0; 2];
        if usize::from(self.life) + 1 < LIVES {
            self.life += 1;
            self.standing = Standing::Asking;
            self.send(Proposal::Register { life: self.life });
        } else {
            self.standing = Standing::Ended;
        }
    }

    /// Another life begins beside the one it leaves: nothing of that can land any more, for what is on its way bears an era
    /// that is over, and it is not proposed again.
    pub(super) fn leave(&mut self) {
        self.answer_flight(Answer::Unknown);
        let left = self.life;
        self.sent
            .retain(|sent| !matches!(sent, Proposal::Append { life, .. } if *life == left));
        self.over();
    }

    /// The log loses its end, and an operator accepts that. What was said before is excused; what is on its way is void,
    /// but for what the process itself will propose again.
    pub(super) fn lose(&mut self, to: usize) {
        self.log.truncate(to);
        self.lost = true;
        if self.folded > to {
            self.folded = AHEAD;
        }
        for answer in &mut self.answers {
            if *answer != Answer::None {
                *answer = Answer::Excused;
            }
        }
        let (life, flight, asking) = (self.life, &self.flight, self.standing == Standing::Asking);
        self.sent.retain(|sent| match *sent {
            Proposal::Append {
                life: of,
                lane,
                sequence,
                ..
            } => of == life && flight.iter().any(|job| (job.lane, job.sequence) == (lane, sequence)),
            Proposal::Register { life: of } => asking && of == life,
            Proposal::Retire { .. } => false,
        });
    }

    pub(super) fn names_are_unique(&self) -> bool {
        let mut named: Vec<_> = self.sent.iter().chain(&self.log).copied().collect();
        named.sort_unstable();
        named.dedup();
        let name = |proposal: &Proposal| match *proposal {
            Proposal::Append {
                life, lane, sequence, ..
            } => Some((life, lane, sequence)),
            _ => None,
        };
        let names: Vec<_> = named.iter().filter_map(name).collect();
        names.is_sorted_by(|one, other| one < other)
    }
}
