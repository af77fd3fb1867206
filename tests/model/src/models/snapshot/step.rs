//! The upkeep, the sweeper and the reader of model `snapshot`.

use super::{Base, INLINE, Reader, Snapshot, State, Step, Sweeper, UPKEEPS, Upkeep};
use crate::mutation::Mutation;

impl Snapshot {
    pub(super) fn upkeep_steps(&self, state: &State, steps: &mut Vec<Step>) {
        let room = state.end < self.entries;
        if room {
            steps.push(Step::Grow);
            if state.moved.is_none() {
                steps.push(Step::MoveOut);
            }
        }
        for at in 0..UPKEEPS {
            match state.upkeeps[at] {
                Upkeep::Idle => {
                    if at < self.writers && room && !state.stored(state.end) {
                        steps.push(Step::Write(at));
                    }
                    steps.push(Step::Look(at));
                }
                Upkeep::Written(_) if room => steps.push(Step::Tell(at)),
                Upkeep::Written(_) => {}
                Upkeep::Looked(_) => steps.push(Step::ReadBase(at)),
                Upkeep::Chosen { .. } => steps.push(Step::MoveBase(at)),
            }
        }
        let needed = matches!(state.reader, Reader::Planned { end, .. } if state.moved.is_none_or(|moved| end < moved));
        // The grace: not while a reader that planned before the bytes were moved may still want them.
        if state.deleted < state.base.position && !(state.deleted == INLINE && needed) {
            steps.push(Step::DeleteEntry);
        }
    }

    pub(super) fn upkeep(&self, state: &mut State, step: Step) -> Option<()> {
        match step {
            Step::Write(at) => {
                state.store |= 1 << state.end;
                state.upkeeps[at] = Upkeep::Written(state.end);
            }
            Step::Tell(at) => {
                let Upkeep::Written(position) = state.upkeeps[at] else {
                    return None;
                };
                state.end += 1;
                if state.told.last().is_none_or(|(_, newest)| *newest < position) {
                    state.told.push((state.end, position));
                }
                state.upkeeps[at] = Upkeep::Idle;
            }
            Step::Look(at) => state.upkeeps[at] = Upkeep::Looked(state.end),
            Step::ReadBase(at) => {
                let Upkeep::Looked(folded) = state.upkeeps[at] else {
                    return None;
                };
                let old = state.base;
                let new = self.plan(state, folded, old).filter(|new| state.stored(new.snapshot));
                state.upkeeps[at] = new.map_or(Upkeep::Idle, |new| Upkeep::Chosen { old, new });
            }
            Step::MoveBase(at) => {
                let Upkeep::Chosen { old, new } = state.upkeeps[at] else {
                    return None;
                };
                if state.base == old {
                    state.base = new;
                }
                state.upkeeps[at] = Upkeep::Idle;
            }
            _ => return None,
        }
        Some(())
    }

    /// Where the base should go, for one who has folded so much.
    fn plan(&self, state: &State, folded: u8, old: Base) -> Option<Base> {
        let known = state.known(folded);
        let (newest, older) = known.split_last()?;
        let second = *older.last()?;
        let lowest = if state.names_inline(second) { INLINE } else { u8::MAX };
        let bound = if self.is(Mutation::BasePassesInline) {
            second
        } else {
            second.min(lowest)
        };
        if *newest < old.snapshot && !self.is(Mutation::BaseNamesOlder) {
            return None;
        }
        let target = older
            .iter()
            .rev()
            .find(|taken| **taken <= bound && **taken > old.position);
        let new = match target {
            Some(taken) => Base {
                position: *taken,
                snapshot: *newest,
            },
            None if *newest > old.position => Base {
                snapshot: *newest,
                ..old
            },
            None => return None,
        };
        (new != old).then_some(new)
    }

    pub(super) fn sweep_steps(&self, state: &State, steps: &mut Vec<Step>) {
        match state.sweeper {
            Sweeper::Idle => steps.push(Step::SweepBase),
            Sweeper::Based(_) => steps.push(Step::List),
            Sweeper::Listed(base, listed) => {
                steps.push(Step::Rest);
                let listed = (1..16).filter(|position| listed & (1 << position) != 0);
                let garbage = listed.filter(|position| {
                    let other = *position != base.snapshot && self.is(Mutation::UnnamedSnapshotSwept);
                    *position < base.snapshot || other
                });
                steps.extend(garbage.map(Step::Delete));
            }
        }
    }

    pub(super) fn reader_steps(&self, state: &State, steps: &mut Vec<Step>) {
        match state.reader {
            Reader::Down => steps.push(Step::Start),
            Reader::Starting(_) => steps.push(Step::Load),
            Reader::Folding(folded) => {
                if folded < state.base.position {
                    // It slept: the base moved past it.
                    steps.push(Step::Start);
                } else if folded < state.end {
                    steps.push(Step::FoldNext);
                }
                // A fold may be served that has reached the end.
                let reached = folded == state.end || self.is(Mutation::ServedWhileCatchingUp);
                if reached && state.names_inline(folded) {
                    steps.push(Step::Plan);
                }
            }
            Reader::Planned { .. } => steps.push(Step::Read),
            Reader::Failed => {}
        }
    }

    pub(super) fn reader(&self, state: &mut State, step: Step) -> Option<()> {
        state.reader = match (step, state.reader) {
            (Step::Start, _) => Reader::Starting(state.base),
            (Step::Load, Reader::Starting(base)) if state.stored(base.snapshot) => Reader::Folding(base.snapshot),
            // Swept meanwhile: the base names another by now.
            (Step::Load, Reader::Starting(_)) => Reader::Starting(state.base),
            (Step::FoldNext, Reader::Folding(folded)) => Reader::Folding(folded + 1),
            (Step::Plan, Reader::Folding(folded)) => Reader::Planned { folded, end: state.end },
            (Step::Read, Reader::Planned { folded, .. }) if state.deleted <= INLINE => Reader::Folding(folded),
            (Step::Read, Reader::Planned { .. }) => Reader::Failed,
            _ => return None,
        };
        Some(())
    }
}

impl State {
    /// Positions of the snapshots that are known after so many entries, the newest last.
    pub(super) fn known(&self, folded: u8) -> Vec<u8> {
        self.told
            .iter()
            .filter(|(told, _)| *told <= folded)
            .map(|(_, position)| *position)
            .collect()
    }
}
