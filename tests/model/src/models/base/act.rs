//! What each may do in model `base`, and what comes of it.

use super::{Act, Agent, Base, Broken, Entry, POSITIONS, Phase, State, Step};
use crate::mutation::Mutation;
use crate::scope::Backend;

impl Base {
    /// What happens beside the agents.
    pub(super) fn world_steps(&self, state: &State, steps: &mut Vec<Step>) {
        let end = state.end();
        if end < self.positions {
            steps.push(Step::Grow);
        }
        // Behind the newest entry at least, as behind the second newest snapshot.
        steps.extend((state.base + 1..end.saturating_sub(1)).map(Step::Move));
        let due = !self.looks_at_clocks() || state.day;
        let mut standing = (0..state.base).filter(|position| state.entry(*position).writer != 0);
        let may = |position: &u8| due && (self.is(Mutation::NoPredecessorLock) || !state.is_locked(*position));
        if self.is(Mutation::DeleteAnyOrder) {
            steps.extend(standing.filter(may).map(Step::Delete));
        } else {
            steps.extend(standing.next().filter(may).map(Step::Delete));
        }
        if self.looks_at_clocks() && !state.day {
            steps.push(Step::Day);
        }
        if state.late.is_some() {
            steps.push(Step::Late);
        }
    }

    fn looks_at_clocks(&self) -> bool {
        self.is(Mutation::LookSkippedByClock)
    }

    pub(super) fn acts(&self, state: &State, at: usize, agent: &Agent, steps: &mut Vec<Step>) {
        let mut can = |act| steps.push(Step::Do(at, act));
        if self.looks_at_clocks() && agent.old {
            can(Act::StepBack);
        }
        match agent.phase {
            Phase::Idle => {
                can(Act::Read);
                if agent.tip + 1 < self.positions {
                    match self.backend {
                        Backend::Sql => can(Act::Begin),
                        Backend::Puts => can(Act::Arrive),
                    }
                    if self.backend == Backend::Puts && state.late.is_none() {
                        can(Act::GiveUp);
                    }
                }
            }
            Phase::Look { base, before } => {
                if !base {
                    can(Act::LookAtBase);
                }
                if before.is_none() {
                    can(Act::LookBefore);
                }
                if self.looks_at_clocks() && !agent.old {
                    can(Act::Skip);
                }
            }
            Phase::Begun => can(Act::Lock),
            Phase::Locked => can(Act::Insert),
            Phase::Read { .. } => can(Act::Judge),
            Phase::Doubt { .. } => can(Act::FindBase),
            Phase::Reload => can(Act::Load),
        }
    }

    pub(super) fn act(&self, state: &mut State, at: usize, act: Act) {
        let agent = state.agents[at];
        let me = u8::try_from(at + 1).unwrap_or(u8::MAX);
        let entry = Entry {
            writer: me,
            before: agent.writer,
        };
        let position = agent.tip + 1;
        match act {
            // Another entry has the position: it has to read on.
            Act::Arrive if state.entry(position).writer != 0 => {}
            Act::Arrive => {
                state.store(position, entry);
                state.agents[at].phase = Phase::Look {
                    base: false,
                    before: None,
                };
                if self.is(Mutation::NoLookAfterPut) {
                    state.acknowledge(at, me);
                }
            }
            Act::GiveUp => state.late = Some((position, entry)),
            Act::LookAtBase | Act::LookBefore => look(state, at, me, act),
            Act::Skip => state.acknowledge(at, me),
            Act::StepBack => state.agents[at].old = false,
            Act::Begin | Act::Lock | Act::Insert => self.statement(state, at, me, act),
            Act::Read => {
                let from = if self.has_genesis() || agent.tip > 0 {
                    agent.tip
                } else {
                    1
                };
                let (raw, count) = state.from(from);
                state.agents[at].phase = Phase::Read { raw, count };
            }
            Act::Judge => self.judge(state, at),
            Act::FindBase => self.find_base(state, at),
            Act::Load => {
                let base = state.base;
                let writer = state.counts(base);
                state.agents[at] = Agent {
                    tip: base,
                    writer,
                    old: false,
                    phase: Phase::Idle,
                };
            }
        }
    }

    /// A statement that reads the base as of its begin, locks the predecessor, and then writes.
    fn statement(&self, state: &mut State, at: usize, me: u8, act: Act) {
        let agent = state.agents[at];
        let first = agent.tip == 0 && !self.has_genesis();
        let before = first || state.entry(agent.tip).writer == agent.writer;
        let unlocked = self.is(Mutation::NoPredecessorLock);
        match act {
            Act::Begin if state.base > agent.tip => state.agents[at].phase = Phase::Reload,
            // Without a lock the predecessor is seen as of the begin, too.
            Act::Begin if unlocked && !before => state.doubt(at),
            Act::Begin => state.agents[at].phase = Phase::Begun,
            Act::Lock if unlocked || before => state.agents[at].phase = Phase::Locked,
            Act::Lock => state.doubt(at),
            _ if state.entry(agent.tip + 1).writer != 0 => state.agents[at].phase = Phase::Idle,
            _ => {
                state.store(
                    agent.tip + 1,
                    Entry {
                        writer: me,
                        before: agent.writer,
                    },
                );
                state.acknowledge(at, me);
            }
        }
    }

    /// Judges what was read, after a look at the base.
    fn judge(&self, state: &mut State, at: usize) {
        let agent = state.agents[at];
        let Phase::Read { raw, count } = agent.phase else {
            return;
        };
        let raw = &raw[..usize::from(count)];
        let owned = self.has_genesis() || agent.tip > 0;
        let own = !owned || raw.first().is_some_and(|first| first.writer == agent.writer);
        let last = agent.tip + count.saturating_sub(u8::from(owned));
        let beyond = match self.mutation {
            Some(Mutation::NoLookAfterRead) => false,
            // Nothing was read, so there is nothing to compare.
            Some(Mutation::BaseAgainstLastRead) => count > 0 && state.base > last,
            Some(Mutation::ChainBeforeBase) => own && state.base > agent.tip,
            _ => state.base > agent.tip,
        };
        state.agents[at].old = false;
        if beyond {
            state.agents[at].phase = Phase::Reload;
        } else if !own {
            state.doubt(at);
        } else {
            state.fold(at, &raw[usize::from(owned)..]);
        }
    }

    /// The base after an entry that was missing: beyond, it was deleted; else it is lost. Who judges a read wrongly reads
    /// again as wrongly.
    fn find_base(&self, state: &mut State, at: usize) {
        let agent = &mut state.agents[at];
        let blind = matches!(
            self.mutation,
            Some(Mutation::NoLookAfterRead | Mutation::BaseAgainstLastRead | Mutation::ChainBeforeBase)
        );
        let there = agent.phase == Phase::Doubt { there: true };
        if state.base > agent.tip && !blind {
            agent.phase = Phase::Reload;
        } else if there {
            agent.phase = Phase::Idle;
        } else {
            state.broken = Some(Broken::HaltedForNothing);
        }
    }
}

/// The two looks after a put. Both are needed before it is acknowledged; the base decides alone when it is beyond.
fn look(state: &mut State, at: usize, me: u8, act: Act) {
    let agent = state.agents[at];
    let Phase::Look { mut base, mut before } = agent.phase else {
        return;
    };
    if act == Act::LookAtBase {
        state.agents[at].old = false;
        if state.base > agent.tip {
            state.agents[at].phase = Phase::Reload;
            return;
        }
        base = true;
    } else {
        before = Some(state.entry(agent.tip).writer == agent.writer);
    }
    state.agents[at].phase = Phase::Look { base, before };
    match (base, before) {
        (true, Some(true)) => state.acknowledge(at, me),
        // Once more, the entry before the base: it may have been deleted between the two looks.
        (true, Some(false)) => state.doubt(at),
        _ => {}
    }
}

impl Agent {
    /// Whether it has read something that does not count, and not yet judged it.
    pub(super) fn holds_false(&self, counted: &[u8; POSITIONS]) -> bool {
        let Phase::Read { raw, count } = self.phase else {
            return false;
        };
        let read = raw
            .iter()
            .zip(&counted[usize::from(self.tip)..])
            .take(usize::from(count));
        read.into_iter().any(|(entry, counted)| entry.writer != *counted)
    }
}

impl State {
    fn is_locked(&self, position: u8) -> bool {
        self.agents
            .iter()
            .any(|agent| agent.phase == Phase::Locked && agent.tip == position)
    }

    /// Entries from a position on, without gaps.
    fn from(&self, from: u8) -> ([Entry; POSITIONS], u8) {
        let mut raw = [Entry::default(); POSITIONS];
        let mut count = 0;
        for (to, entry) in raw.iter_mut().zip(&self.table[usize::from(from)..]) {
            if entry.writer == 0 {
                break;
            }
            *to = *entry;
            count += 1;
        }
        (raw, count)
    }

    fn acknowledge(&mut self, at: usize, me: u8) {
        let agent = &mut self.agents[at];
        let position = agent.tip + 1;
        (agent.tip, agent.writer, agent.phase) = (position, me, Phase::Idle);
        if self.counts(position) != me {
            self.broken = Some(Broken::AcknowledgedInVain);
        }
    }

    /// Looks for the tip's own entry once more; the base comes after it.
    fn doubt(&mut self, at: usize) {
        let agent = self.agents[at];
        let there = self.entry(agent.tip).writer == agent.writer;
        self.agents[at].phase = Phase::Doubt { there };
    }

    fn fold(&mut self, at: usize, entries: &[Entry]) {
        for entry in entries {
            let agent = &mut self.agents[at];
            if entry.before != agent.writer {
                self.broken = Some(Broken::HaltedForNothing);
                return;
            }
            (agent.tip, agent.writer) = (agent.tip + 1, entry.writer);
            let tip = agent.tip;
            if self.counts(tip) != entry.writer {
                self.broken = Some(Broken::FoldedFalse);
                return;
            }
        }
        self.agents[at].phase = Phase::Idle;
    }
}
