//! What has to hold in model `sequence`, and what has to be reachable.

use stateright::Property;

use super::{Answer, Proposal, Sequence};

pub(super) fn rules() -> Vec<Property<Sequence>> {
    vec![
        Property::<Sequence>::always("INV-1: an acknowledged record is at its offset", |model, state| {
            let records = model.fold(&state.log).records;
            let at = |(record, answer): (u8, &Answer)| match answer {
                Answer::At(offset) => records.get(usize::from(*offset)) == Some(&record),
                _ => true,
            };
            model.first.holds((0..).zip(&state.answers).all(at))
        }),
        Property::<Sequence>::always("INV-3: no record is in the log twice", |model, state| {
            let mut records = model.fold(&state.log).records;
            let count = records.len();
            records.sort_unstable();
            records.dedup();
            model.first.holds(records.len() == count)
        }),
        Property::<Sequence>::always(
            "INV-4: the order of the log is the order of the calls",
            |model, state| model.first.holds(model.fold(&state.log).records.is_sorted()),
        ),
        Property::<Sequence>::always(
            "INV-5: what was definitely refused is not in the log",
            |model, state| {
                let records = model.fold(&state.log).records;
                let never = (0..)
                    .zip(&state.answers)
                    .filter(|(_, answer)| **answer == Answer::Never);
                model
                    .first
                    .holds(never.into_iter().all(|(record, _)| !records.contains(&record)))
            },
        ),
        Property::<Sequence>::always("INV-9: life, lane and sequence name one content", |model, state| {
            model.first.holds(state.names_are_unique())
        }),
        Property::<Sequence>::always(
            "rule 4: no record is taken into a life that can never write it",
            |model, state| model.first.holds(!state.stuck),
        ),
        Property::<Sequence>::always(
            "rule 4: nobody waits for a sequence that has gone by",
            |model, state| model.first.holds(!model.waits_in_vain(state)),
        ),
    ]
}

pub(super) fn reached() -> Vec<Property<Sequence>> {
    vec![
        Property::<Sequence>::sometimes("a proposal lands twice and is taken once", |model, state| {
            let appends = state
                .log
                .iter()
                .filter(|entry| matches!(entry, Proposal::Append { .. }))
                .count();
            model.fold(&state.log).records.len() == 1 && appends == 2
        }),
        Property::<Sequence>::sometimes("a record whose fate was unknown is in the log", |model, state| {
            let records = model.fold(&state.log).records;
            records
                .iter()
                .any(|record| state.answers[usize::from(*record)] == Answer::Unknown)
        }),
        Property::<Sequence>::sometimes("a record is definitely refused", |_, state| {
            state.answers.contains(&Answer::Never)
        }),
        Property::<Sequence>::sometimes("a second life writes behind a first", |model, state| {
            let of = |wanted| move |entry: &Proposal| matches!(entry, Proposal::Append { life, .. } if *life == wanted);
            let records = model.fold(&state.log).records;
            records.len() == 2 && state.log.iter().any(of(0)) && state.log.iter().any(of(1))
        }),
        Property::<Sequence>::sometimes("both lanes are in one log", |model, state| {
            let lane =
                |wanted| move |entry: &Proposal| matches!(entry, Proposal::Append { lane, .. } if *lane == wanted);
            model.fold(&state.log).records.len() == 2 && [0, 1].iter().all(|of| state.log.iter().any(lane(*of)))
        }),
        Property::<Sequence>::sometimes(
            "a life outlives a loss, and the fold waits for what is lost",
            |model, state| state.lost && model.gap(state).is_some(),
        ),
    ]
}
