//! What has to hold in model `remains`, and what has to be reachable.

use stateright::Property;

use super::{Entry, OBJECTS, Object, Remains, State};

fn any(bits: u8, holds: impl Fn(Object) -> bool) -> bool {
    OBJECTS
        .into_iter()
        .any(|object| bits & object.bit() != 0 && holds(object))
}

impl State {
    fn is_missing(&self, objects: u8) -> bool {
        any(objects, |object| !self.is_there(object))
    }

    fn is_young(&self) -> bool {
        self.loss.is_some_and(|loss| !loss.old)
    }
}

impl Remains {
    pub(super) fn all_properties(&self) -> Vec<Property<Remains>> {
        let mut properties = rules();
        properties.extend(reached());
        properties
    }

    /// Objects that a life from before the loss has named since that was accepted.
    fn named_by_older(&self, state: &State) -> u8 {
        let folded = self.fold(&state.log);
        let Some(began) = folded.new_era else { return 0 };
        let older = |object: &Object| state.born[object.life()].is_some_and(|born| born < began);
        let named = OBJECTS.into_iter().filter(older);
        named.fold(0, |bits, object| bits | object.bit()) & folded.named_since
    }
}

fn rules() -> Vec<Property<Remains>> {
    vec![
        Property::<Remains>::always(
            "INV-7, INV-8: with no loss older than the grace, what is named is there",
            |model, state| {
                let old = state.loss.is_some_and(|loss| loss.old);
                let named = model.fold(&state.log).named;
                model.first.holds(old || !state.is_missing(named))
            },
        ),
        Property::<Remains>::always(
            "INV-7, INV-8: with no loss older than the grace, what can be named is there",
            |model, state| {
                let old = state.loss.is_some_and(|loss| loss.old);
                let mut objects = model.proposable(state, &model.fold(&state.log));
                model.first.holds(old || objects.all(|object| state.is_there(object)))
            },
        ),
        Property::<Remains>::always(
            "INV-7: whatever the loss, what an older life names after it was accepted is there",
            |model, state| model.first.holds(!state.is_missing(model.named_by_older(state))),
        ),
    ]
}

fn reached() -> Vec<Property<Remains>> {
    vec![
        Property::<Remains>::sometimes("what a dead life left is swept", |model, state| {
            !model.fold(&state.log).lives[0].live() && !state.is_there(OBJECTS[0])
        }),
        Property::<Remains>::sometimes("a life that a lost entry had ended writes on", |model, state| {
            let revived = state.is_young() && state.loss.is_some_and(|loss| loss.revived);
            revived && model.fold(&state.log).named & OBJECTS[1].bit() != 0
        }),
        Property::<Remains>::sometimes("a life begins where another entry stood for the sweeper", |_, state| {
            let known = state.sweeper.lost.as_ref().map_or(0, Vec::len);
            state.is_young() && state.born[1].is_some_and(|born| usize::from(born) < known && !state.ahead[1])
        }),
        Property::<Remains>::sometimes(
            "what was garbage by a flush that is lost is deleted after the loss was accepted",
            |model, state| {
                let doomed = any(state.sweeper.doomed, |object| object == OBJECTS[0]);
                let flushed = state.log.contains(&Entry::Flush(OBJECTS[1]));
                state.is_young() && state.ahead[0] && doomed && !flushed && model.fold(&state.log).new_era.is_some()
            },
        ),
        Property::<Remains>::sometimes(
            "a loss older than the grace revives a life whose objects are gone",
            |_, state| state.loss.is_some_and(|loss| loss.old && loss.revived) && !state.is_there(OBJECTS[0]),
        ),
        Property::<Remains>::sometimes("writing goes on in a new era, and is swept", |model, state| {
            let folded = model.fold(&state.log);
            folded.named_since & OBJECTS[2].bit() != 0
                && folded.new_era < state.born[1]
                && state.there == OBJECTS[2].bit()
        }),
    ]
}
