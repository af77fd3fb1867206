//! The witness, the halt and the new era of model `loss`.

use super::chain::Kind;
use super::{Loss, Phase, State};
use crate::mutation::Mutation;

impl Loss {
    /// Compares the ledger with the witness, before anything is written. What it says of an era that is over was accepted.
    pub(super) fn check_witness(&self, state: &mut State, at: usize) {
        let era = state.agents[at].tip.era;
        let lost = state.witness.filter(|said| !state.holds(said) && said.era >= era);
        state.agents[at].phase = match lost {
            Some(said) if !self.is(Mutation::NoWitnessAtStart) => Phase::Lost(said),
            _ => Phase::Idle,
        };
    }

    /// Whether the agent may make the witness say its tip: only if its own chain holds what that says now.
    pub(super) fn verify(&self, state: &mut State, at: usize) {
        let agent = state.agents[at];
        let Phase::Refreshing(said) = agent.phase else { return };
        let tip = agent.tip;
        state.agents[at].phase = match said {
            _ if self.is(Mutation::WitnessBlind) => Phase::Verified(said),
            _ if !state.holds(&tip) => Phase::Lost(tip),
            Some(said) if said == tip || (said.era, said.position) > (tip.era, tip.position) => Phase::Idle,
            Some(said) if said.era == tip.era && !state.holds(&said) => Phase::Lost(said),
            _ => Phase::Verified(said),
        };
    }

    pub(super) fn replace(&self, state: &mut State, at: usize) {
        let agent = &mut state.agents[at];
        let Phase::Verified(said) = agent.phase else { return };
        agent.phase = Phase::Idle;
        if state.witness == said || self.is(Mutation::WitnessWithoutIfMatch) {
            state.witness = Some(agent.tip);
        }
    }

    /// Looks once more, and then for the end of the ledger, where the halt is to stand.
    pub(super) fn survey(&self, state: &mut State, at: usize) {
        let Phase::Lost(lost) = state.agents[at].phase else {
            return;
        };
        let walk = self.walk(state);
        if walk.leads_to(&lost) {
            state.agents[at].phase = Phase::Idle;
            return;
        }
        let blind = self.is(Mutation::HaltNamesNoEra);
        state.agents[at].phase = if walk.stuck {
            Phase::Stuck
        } else if walk.tip.era > lost.era && !blind {
            // An operator has accepted this loss: begin anew.
            Phase::Down
        } else if walk.halted {
            Phase::Lost(lost)
        } else {
            Phase::Surveyed { lost, end: walk.tip }
        };
    }

    pub(super) fn halt(&self, state: &mut State, at: usize) {
        let Phase::Surveyed { lost, end } = state.agents[at].phase else {
            return;
        };
        state.agents[at].phase = Phase::Lost(lost);
        let entry = end.next(end.era, Kind::Halt(lost.era));
        self.arrive(state, end.position + 1, entry);
    }

    /// The operator's word: an era above every one that was ever spoken of. The witness says so, too.
    pub(super) fn accept(&self, state: &mut State) {
        let walk = self.walk(state);
        let position = walk.tip.position + 1;
        if position >= self.positions {
            return;
        }
        let era = walk.era_max.max(state.witness.map_or(0, |said| said.era)) + 1;
        let entry = walk.tip.next(era, Kind::NewEra);
        state.table[usize::from(position)] = Some(entry);
        if self.witness {
            state.witness = Some(entry.tip(position));
        }
    }
}
