//! Model `swap`: two compactors rewrite overlapping stretches of one partition while records are appended and deleted.
//!
//! ```text
//!  offsets   0    1    2    3                        log start = 1
//!  extents        [1]  [2  3]                        each lies in an object of its own
//!
//!  compactor Idle -Read(from, to)-> Holds{inputs as seen} -Land-> Idle
//!            the fold compares the inputs that reach beyond the log start with what stands there, and then puts the
//!            outputs in their place: one for all inputs, or one for each
//! ```
//!
//! An extent is named by the number of the object it lies in, and objects are never written twice, so that two extents
//! with one number are one. Left out: bytes (the code compares what it wrote with what it read before it proposes), other
//! partitions (each is judged alone), deletion of the replaced (models `sweep` and `grace`).

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::Scope;

const COMPACTORS: usize = 2;

#[derive(Debug)]
pub(crate) struct Swap {
    offsets: u8,
    rewrites: u8,
    mutation: Option<Mutation>,
    first: First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Extent {
    first: u8,
    last: u8,
    object: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Window {
    inputs: Vec<Extent>,
    /// Whether each input becomes an output of its own.
    apart: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    start: u8,
    end: u8,
    extents: Vec<Extent>,
    compactors: [Option<Window>; COMPACTORS],
    /// The number of the next object.
    objects: u8,
    rewrites: u8,
    /// A swap was refused of whose inputs nothing had changed but that some were deleted.
    starved: bool,
    /// A swap was refused since another had been there.
    wasted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Append,
    /// Records before an offset are deleted.
    Trim(u8),
    /// A compactor reads extents from one place to another.
    Read {
        compactor: usize,
        from: usize,
        to: usize,
        apart: bool,
    },
    /// Its swap lands.
    Land(usize),
}

impl Swap {
    pub(crate) fn new(scope: Scope, mutation: Option<Mutation>) -> Swap {
        Swap {
            offsets: scope.pick(4, 5),
            rewrites: scope.pick(3, 4),
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn judge(&self, state: &mut State, window: &Window) {
        let start = state.start;
        let trims_matter = self.is(Mutation::TrimRefusesSwap);
        let kept: Vec<Extent> = window
            .inputs
            .iter()
            .copied()
            .filter(|input| input.last >= start || trims_matter)
            .collect();
        if self.is(Mutation::SwapBlind) {
            let (first, last) = window.range();
            let at = state.extents.partition_point(|extent| extent.last < first);
            state
                .extents
                .retain(|extent| extent.last < first || extent.first > last);
            let outputs = state.write(window);
            state.extents.splice(at..at, outputs);
            return;
        }
        if kept.is_empty() {
            return;
        }
        let at = state.extents.iter().position(|extent| *extent == kept[0]);
        let stands = at.filter(|at| state.extents.get(*at..*at + kept.len()) == Some(&kept[..]));
        let Some(at) = stands else {
            let untouched = window
                .inputs
                .iter()
                .filter(|input| input.last >= start)
                .all(|input| state.extents.contains(input));
            state.starved |= untouched;
            state.wasted |= !untouched;
            return;
        };
        let clipped = |output: &Extent| output.last >= start || self.is(Mutation::SwapUnclipped);
        let outputs = state.write(window);
        state
            .extents
            .splice(at..at + kept.len(), outputs.into_iter().filter(clipped));
    }
}

impl Window {
    /// Its first and its last offset.
    fn range(&self) -> (u8, u8) {
        let (first, last) = (self.inputs.first(), self.inputs.last());
        (first.map_or(0, |input| input.first), last.map_or(0, |input| input.last))
    }
}

impl State {
    /// Extents lie one behind the other, from the log start (or into it) to the end, and nothing lies before.
    fn is_whole(&self) -> bool {
        let mut next = self.start;
        for (at, extent) in self.extents.iter().enumerate() {
            let begins = if at == 0 {
                extent.first <= next && extent.last >= next
            } else {
                extent.first == next
            };
            if !begins {
                return false;
            }
            next = extent.last + 1;
        }
        next == self.end
    }

    /// The outputs of a window, in an object of their own.
    fn write(&mut self, window: &Window) -> Vec<Extent> {
        let object = self.objects;
        self.objects += 1;
        if window.apart {
            return window.inputs.iter().map(|input| Extent { object, ..*input }).collect();
        }
        let (first, last) = window.range();
        vec![Extent { first, last, object }]
    }

    fn trim(&mut self, before: u8) {
        self.start = before;
        self.extents.retain(|extent| extent.last >= before);
    }
}

impl Model for Swap {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            start: 0,
            end: 0,
            extents: Vec::new(),
            compactors: [None, None],
            objects: 0,
            rewrites: 0,
            starved: false,
            wasted: false,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.end < self.offsets {
            steps.push(Step::Append);
        }
        steps.extend((state.start + 1..=state.end).map(Step::Trim));
        for (compactor, window) in state.compactors.iter().enumerate() {
            if window.is_some() {
                steps.push(Step::Land(compactor));
            } else if state.rewrites < self.rewrites {
                for from in 0..state.extents.len() {
                    for to in from + 1..=state.extents.len() {
                        steps.push(Step::Read {
                            compactor,
                            from,
                            to,
                            apart: false,
                        });
                        if to > from + 1 {
                            steps.push(Step::Read {
                                compactor,
                                from,
                                to,
                                apart: true,
                            });
                        }
                    }
                }
            }
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Append => {
                let (at, object) = (state.end, state.objects);
                state.extents.push(Extent {
                    first: at,
                    last: at,
                    object,
                });
                state.end += 1;
                state.objects += 1;
            }
            Step::Trim(before) => state.trim(before),
            Step::Read {
                compactor,
                from,
                to,
                apart,
            } => {
                let inputs = last.extents[from..to].to_vec();
                state.compactors[compactor] = Some(Window { inputs, apart });
                state.rewrites += 1;
            }
            Step::Land(compactor) => {
                let window = state.compactors[compactor].take()?;
                self.judge(&mut state, &window);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Swap>> {
        vec![
            Property::<Swap>::always(
                "INV-11, INV-13, INV-14: every offset from the log start on lies in one extent",
                |model, state| model.first.holds(state.is_whole()),
            ),
            Property::<Swap>::always("rule 13: deleting records starves no compactor", |model, state| {
                model.first.holds(!state.starved)
            }),
            Property::<Swap>::sometimes("extents become one", |_, state| {
                state.extents.iter().any(|extent| extent.last > extent.first)
            }),
            Property::<Swap>::sometimes("the slower of two compactors has worked in vain", |_, state| {
                state.wasted
            }),
            Property::<Swap>::sometimes("a swap whose first inputs were deleted is applied", |_, state| {
                let rewritten = state
                    .extents
                    .iter()
                    .any(|extent| extent.first < state.start && extent.last > state.start);
                rewritten && state.rewrites == 1 && state.compactors.iter().all(Option::is_none)
            }),
        ]
    }
}
