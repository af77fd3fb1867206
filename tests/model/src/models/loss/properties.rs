//! What has to hold in model `loss`, and what has to be reachable.

use stateright::Property;

use super::{Broken, Loss, Phase, State};
use crate::scope::Backend;

impl State {
    fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    fn any(&self, phase: impl Fn(&Phase) -> bool) -> bool {
        self.agents.iter().any(|agent| phase(&agent.phase))
    }
}

impl Loss {
    pub(super) fn all_properties(&self) -> Vec<Property<Loss>> {
        let mut properties = rules();
        properties.extend(reached());
        if self.witness {
            properties.extend(rules_of_witness());
            properties.extend(reached_with_witness());
        } else if self.backend == Backend::Puts {
            properties.extend(reached_over_puts());
        }
        if self.losses > 1 {
            properties.extend(reached_over_two());
        }
        properties
    }
}

fn rules() -> Vec<Property<Loss>> {
    vec![
        Property::<Loss>::always(
            "INV-29, rule 7: who is ahead of the ledger never takes itself to be at its end",
            |model, state| model.first.holds(!state.is(Broken::AtNoEnd)),
        ),
        Property::<Loss>::always(
            "INV-1, rule 7: nothing is acknowledged in vain after a loss",
            |model, state| {
                let effective = model.walk(state).effective;
                let acknowledged = state.loss.iter().flat_map(|loss| &loss.acknowledged);
                model.first.holds(
                    acknowledged
                        .into_iter()
                        .all(|tip| effective[usize::from(tip.position)] == Some(tip.hash)),
                )
            },
        ),
        Property::<Loss>::always(
            "rule 7: every entry takes its position, so that a halt can be appended",
            |model, state| model.first.holds(!state.any(|phase| *phase == Phase::Stuck)),
        ),
        Property::<Loss>::always("rule 7: one loss halts once", |model, state| {
            let walk = model.walk(state);
            model
                .first
                .holds(walk.accepted + u8::from(walk.halted) <= state.times())
        }),
    ]
}

fn rules_of_witness() -> Vec<Property<Loss>> {
    vec![
        Property::<Loss>::always(
            "INV-29, rule 7: the witness keeps the evidence until the loss is told",
            |model, state| {
                let walk = model.walk(state);
                let told = walk.halted || walk.accepted > 0;
                let needed = state.evidence().is_some() && !told;
                model
                    .first
                    .holds(!needed || state.witness.is_some_and(|said| !state.holds(&said)))
            },
        ),
        Property::<Loss>::always(
            "rule 7: who starts, starts from what the ledger holds",
            |model, state| model.first.holds(!state.is(Broken::StartedBeyond)),
        ),
        Property::<Loss>::always(
            "rule 7: with nobody running and a witness that knows, no offset is given twice",
            |model, state| {
                let guarded = state
                    .loss
                    .iter()
                    .filter(|loss| loss.all_down && state.evidence().is_some());
                let again = guarded.flat_map(|loss| loss.acknowledged.iter().filter(|tip| tip.era <= loss.era));
                model.first.holds(again.into_iter().next().is_none())
            },
        ),
    ]
}

fn reached() -> Vec<Property<Loss>> {
    vec![
        Property::<Loss>::sometimes("one who was ahead sees the loss", |_, state| {
            state.agents.iter().any(|agent| agent.phase == Phase::Lost(agent.tip))
        }),
        Property::<Loss>::sometimes("a halt stands, and writing goes on in a new era", |model, state| {
            let newest = state.loss.iter().flat_map(|loss| &loss.acknowledged).last();
            model.walk(state).accepted == 1 && newest.is_some_and(|tip| tip.era == 2)
        }),
        Property::<Loss>::sometimes("one behind the loss writes before it is seen", |_, state| {
            state
                .loss
                .iter()
                .any(|loss| loss.acknowledged.iter().any(|tip| tip.era == 1))
        }),
        Property::<Loss>::sometimes("a sleeper finds its loss accepted, and begins anew", |model, state| {
            state.any(|phase| matches!(phase, Phase::Lost(lost) if lost.era == 1)) && model.walk(state).accepted == 1
        }),
    ]
}

fn reached_with_witness() -> Vec<Property<Loss>> {
    vec![
        Property::<Loss>::sometimes("only the witness knows of the loss", |_, state| {
            state.agents.iter().any(
                |agent| matches!(agent.phase, Phase::Lost(lost) if Some(lost) == state.witness && lost != agent.tip),
            )
        }),
        Property::<Loss>::sometimes("a snapshot of the lost end is there", |_, state| {
            state.loss.is_some() && state.snapshots.iter().any(|(taken, _)| !state.holds(taken))
        }),
    ]
}

fn reached_over_puts() -> Vec<Property<Loss>> {
    vec![
        Property::<Loss>::sometimes(
            "an entry over a hole is a halt once the chain has grown there",
            |model, state| model.walk(state).misfits > 0,
        ),
        Property::<Loss>::sometimes("a late put of the old era has no effect", |model, state| {
            model.walk(state).void > 0
        }),
    ]
}

fn reached_over_two() -> Vec<Property<Loss>> {
    vec![
        Property::<Loss>::sometimes("entries that do not fit stand behind one another", |model, state| {
            model.walk(state).tip.misfits() == 2
        }),
        Property::<Loss>::sometimes(
            "one whose last entry does not fit finds it in its place, and none before it",
            |_, state| {
                let alone = |at: u8| state.entry(at).is_some() && state.entry(at - 1).is_none();
                let mut agents = state.agents.iter();
                state.times() == 2 && agents.any(|agent| agent.tip.misfits() > 0 && alone(agent.tip.position))
            },
        ),
        Property::<Loss>::sometimes("the second loss is accepted, too", |model, state| {
            state.times() == 2 && model.walk(state).accepted == 2
        }),
    ]
}
