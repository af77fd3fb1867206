//! What an agent of model `loss` may do while nothing is lost, as far as it knows.

use super::chain::{Entry, Kind, Tip};
use super::{Act, Agent, Broken, Loss, Phase, State, Stray};
use crate::mutation::Mutation;
use crate::scope::Backend;

/// How often an agent puts in vain after one tip.
const TRIES: u8 = 1;

impl Loss {
    pub(super) fn acts(&self, state: &State, at: usize, can: &mut dyn FnMut(Act)) {
        let agent = &state.agents[at];
        let first = at == 0;
        let room = agent.tip.position + 1 < self.positions;
        match agent.phase {
            Phase::Down => {
                can(Act::Start(None));
                let all = self.is(Mutation::SnapshotBelieved);
                let believed = state
                    .snapshots
                    .iter()
                    .enumerate()
                    .filter(|(_, (taken, _))| all || state.holds(taken));
                believed.for_each(|(at, _)| can(Act::Start(Some(at))));
            }
            Phase::Started => can(Act::CheckWitness),
            Phase::Idle => {
                can(Act::Read);
                // Over two losses the first agent begins: the other way round shows nothing else.
                let begun = first || self.losses == 1 || state.loss.is_some() || state.entry(1).is_some();
                if begun && room && !agent.halted && agent.tries <= TRIES {
                    can(Act::Append);
                }
                if self.witness {
                    can(Act::ReadWitness);
                    if state.loss.is_none() || self.deep {
                        can(Act::Stop);
                    }
                    if state.snapshots.is_empty() && (first || self.deep) {
                        can(Act::Snapshot);
                    }
                } else if self.losses == 1 && room && !agent.halted && agent.tries < TRIES && state.late.is_none() {
                    can(Act::GiveUp);
                }
            }
            Phase::Putting => can(Act::Look),
            Phase::Refreshing(_) => can(Act::Verify),
            Phase::Verified(_) => can(Act::Replace),
            Phase::Lost(_) => can(Act::Survey),
            Phase::Surveyed { end, .. } if end.position + 1 < self.positions => can(Act::Halt),
            Phase::Surveyed { .. } | Phase::Stuck => {}
        }
    }

    pub(super) fn act(&self, state: &mut State, at: usize, act: Act) {
        let tip = state.agents[at].tip;
        let by = u8::try_from(at).unwrap_or(u8::MAX);
        let put = if self.is(Mutation::PutsAlike) {
            0
        } else {
            state.agents[at].tries
        };
        let entry = tip.next(tip.era, Kind::Proposals { by, put });
        match act {
            Act::Start(from) => self.start(state, at, from),
            Act::CheckWitness => self.check_witness(state, at),
            Act::Read => self.read(state, at),
            Act::Append => self.append(state, at, entry),
            Act::Look => match state.holds(&tip) {
                true => state.acknowledge(at, entry),
                false => {
                    state.agents[at].tries += 1;
                    state.agents[at].phase = Phase::Lost(tip);
                }
            },
            Act::GiveUp => {
                state.agents[at].tries += 1;
                state.late = Some((tip.position + 1, entry));
            }
            Act::Snapshot => state.snapshots.push((tip, state.agents[at].halted)),
            Act::ReadWitness => state.agents[at].phase = Phase::Refreshing(state.witness),
            Act::Verify => self.verify(state, at),
            Act::Replace => self.replace(state, at),
            Act::Survey => self.survey(state, at),
            Act::Halt => self.halt(state, at),
            Act::Stop => state.agents[at].phase = Phase::Down,
        }
    }

    /// Loads genesis or a snapshot, and folds on to the end.
    fn start(&self, state: &mut State, at: usize, from: Option<usize>) {
        let (from, halted) = from.map_or((Entry::genesis().tip(0), false), |at| state.snapshots[at]);
        if !state.holds(&from) {
            state.broken = Some(Broken::StartedBeyond);
            return;
        }
        state.agents[at].go_to(from, halted);
        let walk = self.walk_from(state, from, halted);
        let agent = &mut state.agents[at];
        agent.go_to(walk.tip, walk.halted);
        agent.phase = if walk.stuck {
            Phase::Stuck
        } else if self.losses > 1 {
            // There is no witness to look at.
            Phase::Idle
        } else {
            Phase::Started
        };
    }

    /// Reads from its own entry on, and folds.
    fn read(&self, state: &mut State, at: usize) {
        let tip = state.agents[at].tip;
        if !state.holds(&tip) {
            if self.is(Mutation::ReadFromNext) {
                state.broken = state.entry(tip.position + 1).is_none().then_some(Broken::AtNoEnd);
                return;
            }
            state.agents[at].phase = Phase::Lost(tip);
            return;
        }
        let walk = self.walk_from(state, tip, state.agents[at].halted);
        let agent = &mut state.agents[at];
        agent.go_to(walk.tip, walk.halted);
        if walk.stuck {
            agent.phase = Phase::Stuck;
        }
        if self.losses > 1 && !self.walk(state).leads_to(&walk.tip) {
            state.broken = Some(Broken::AtNoEnd);
        }
    }

    fn append(&self, state: &mut State, at: usize, entry: Entry) {
        let tip = state.agents[at].tip;
        let free = state.entry(tip.position + 1).is_none();
        let before = state.holds(&tip);
        match self.backend {
            _ if !free => {}
            Backend::Sql if !before => state.agents[at].phase = Phase::Lost(tip),
            Backend::Sql => {
                state.table[usize::from(tip.position) + 1] = Some(entry);
                state.acknowledge(at, entry);
            }
            Backend::Puts => {
                if self.losses > 1 && state.entry(tip.position).is_none() {
                    state.strays.push(Stray {
                        position: tip.position + 1,
                        hole: state.hole(),
                    });
                }
                state.table[usize::from(tip.position) + 1] = Some(entry);
                state.agents[at].phase = Phase::Putting;
                if self.is(Mutation::NoPredecessorLook) {
                    state.acknowledge(at, entry);
                }
            }
        }
    }

    /// A put arrives that nobody waits for.
    pub(super) fn arrive(&self, state: &mut State, position: u8, entry: Entry) {
        let fits = state
            .entry(position - 1)
            .is_some_and(|before| before.hash == entry.previous);
        if state.entry(position).is_none() && (fits || self.backend == Backend::Puts) {
            state.table[usize::from(position)] = Some(entry);
        }
    }
}

impl Agent {
    fn go_to(&mut self, tip: Tip, halted: bool) {
        if self.tip != tip {
            self.tries = 0;
        }
        (self.tip, self.halted) = (tip, halted);
    }
}

impl State {
    /// The entry counts, and is folded.
    fn acknowledge(&mut self, at: usize, entry: Entry) {
        let position = self.agents[at].tip.position + 1;
        let tip = entry.tip(position);
        self.agents[at].go_to(tip, false);
        self.agents[at].phase = Phase::Idle;
        // What was put before the loss, and lost with it, is excused.
        if let Some(loss) = self.loss.as_mut().filter(|loss| !loss.lost.contains(&entry.hash)) {
            loss.acknowledged.push(tip);
        }
    }
}
