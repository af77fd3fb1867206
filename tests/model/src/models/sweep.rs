//! Model `sweep`: which objects are garbage, by their names alone. Two lives seal flushes and put each under several
//! attempts, some of which land late; a flush needs two proposals; a sweeper folds, lists, and deletes, and sleeps
//! between any two of these.
//!
//! ```text
//!  agent    Seal flush f -> Put attempts 0, 1 -> Propose part 0, part 1 (in the order of sealing)
//!                              |                     |
//!  store    (life, f, attempt) there or not          v
//!  log      Flush{life, f, attempt} ...  Register{life}  Retire{life}
//!
//!  sweeper  Fold to T -> List -> for each object listed: Judge at what it has folded by then -> Delete
//!           named: stays.   Not named, and a later flush of its life was taken, or its life is dead: garbage for ever.
//!           Its life registered after T: left alone.
//! ```
//!
//! Left out: sequences (what a life proposes is taken in order, or void: model `sequence`), the grace of readers (model
//! `grace`), snapshots (model `snapshot`), and losses (model `remains`).

mod judge;

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::Scope;

const LIVES: usize = 2;
const FLUSHES: usize = 2;
const ATTEMPTS: usize = 2;

#[derive(Debug)]
pub(crate) struct Sweep {
    /// Whether everything may happen to every flush, and to the second life what may happen to the first.
    deep: bool,
    mutation: Option<Mutation>,
    first: First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    Register(u8),
    Retire(u8),
    /// A proposal of a flush. Its groups are applied and name the object, or they are refused and name nothing.
    Flush {
        object: Object,
        applied: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Object {
    life: u8,
    flush: u8,
    attempt: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Put {
    #[default]
    Not,
    /// On its way; it may land at any time.
    Flying,
    There,
    Deleted,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Flush {
    puts: [Put; ATTEMPTS],
    /// The attempt that its proposals name, once the agent has been told of one.
    durable: Option<u8>,
    proposed: u8,
    /// Its puts were given up: its number stays unused.
    failed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sweeper {
    Idle,
    /// Objects that the listing showed and that are still to be judged, as bits.
    Listed(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    log: Vec<Entry>,
    flushes: [[Flush; FLUSHES]; LIVES],
    folded: u8,
    sweeper: Sweeper,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Register(u8),
    Retire(u8),
    /// A flush is sealed and its first put begins; or a second put of it does.
    Put(Object),
    Arrive(Object),
    /// The agent takes a put of the flush for done.
    Durable(Object),
    GiveUp(u8, u8),
    /// The next proposal of a flush lands, and its groups are applied or refused.
    Propose {
        life: u8,
        flush: u8,
        applied: bool,
    },
    Fold,
    List,
    Judge(Object),
    Rest,
}

impl Sweep {
    pub(crate) fn new(scope: Scope, mutation: Option<Mutation>) -> Sweep {
        Sweep {
            deep: scope == Scope::Deep,
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn flushes(&self, life: usize) -> usize {
        if life == 0 || self.deep { FLUSHES } else { 1 }
    }

    /// Proposals that a flush needs.
    fn parts(&self, life: usize, flush: usize) -> u8 {
        if flush == 0 && (life == 0 || self.deep) { 2 } else { 1 }
    }

    /// Whether everything may happen to a flush: hedges, and that it fails.
    fn is_full(&self, life: usize, flush: usize) -> bool {
        life + flush == 0 || self.deep
    }

    fn agent_steps(&self, state: &State, life: usize, steps: &mut Vec<Step>) {
        let of = u8::try_from(life).unwrap_or(u8::MAX);
        let flushes = &state.flushes[life][..self.flushes(life)];
        for (number, flush) in (0..).zip(flushes) {
            let object = |attempt| Object {
                life: of,
                flush: number,
                attempt,
            };
            let at = usize::from(number);
            let sealed = |flush: &Flush| flush.puts[0] != Put::Not;
            // Sealed one after the other; several may be in flight.
            let begins = at == 0 || sealed(&flushes[at - 1]);
            match flush.puts {
                [Put::Not, _] if begins => steps.push(Step::Put(object(0))),
                [first, Put::Not] if first != Put::Not && flush.is_open() && self.is_full(life, at) => {
                    steps.push(Step::Put(object(1)));
                }
                _ => {}
            }
            for (attempt, put) in (0..).zip(&flush.puts) {
                if *put == Put::Flying {
                    steps.push(Step::Arrive(object(attempt)));
                }
                // An answer comes at once or not at all: the sweeper may have been faster.
                let told = matches!(put, Put::There | Put::Deleted);
                if told && flush.is_open() {
                    steps.push(Step::Durable(object(attempt)));
                }
            }
            if sealed(flush) && flush.is_open() && self.is_full(life, at) {
                steps.push(Step::GiveUp(of, number));
            }
            // In the order of sealing; an agent that proposes as its puts end does not wait.
            let earlier = flushes[..at]
                .iter()
                .zip(0..)
                .all(|(flush, at)| flush.failed || flush.proposed == self.parts(life, at));
            if flush.durable.is_some()
                && flush.proposed < self.parts(life, at)
                && (earlier || self.is(Mutation::FlushFalls))
            {
                steps.push(Step::Propose {
                    life: of,
                    flush: number,
                    applied: true,
                });
                if flush.proposed + 1 < self.parts(life, at) {
                    steps.push(Step::Propose {
                        life: of,
                        flush: number,
                        applied: false,
                    });
                }
            }
        }
    }
}

impl Flush {
    /// Nothing of its puts is decided yet.
    fn is_open(&self) -> bool {
        self.durable.is_none() && !self.failed
    }
}

impl State {
    fn put(&mut self, object: Object) -> &mut Put {
        &mut self.flushes[usize::from(object.life)][usize::from(object.flush)].puts[usize::from(object.attempt)]
    }

    fn is_there(&self, object: Object) -> bool {
        self.flushes[usize::from(object.life)][usize::from(object.flush)].puts[usize::from(object.attempt)]
            == Put::There
    }

    fn flush(&mut self, life: u8, flush: u8) -> &mut Flush {
        &mut self.flushes[usize::from(life)][usize::from(flush)]
    }
}

impl Object {
    fn all() -> impl Iterator<Item = Object> {
        (0..8).map(Object::of_bit)
    }

    fn bit(self) -> u8 {
        1 << (self.life * 4 + self.flush * 2 + self.attempt)
    }

    fn of_bit(bit: u8) -> Object {
        Object {
            life: bit / 4,
            flush: bit / 2 % 2,
            attempt: bit % 2,
        }
    }
}

impl Model for Sweep {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            log: vec![Entry::Register(0)],
            flushes: [[Flush::default(); FLUSHES]; LIVES],
            folded: 1,
            sweeper: Sweeper::Idle,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let fold = self.fold(&state.log);
        for life in 0..LIVES {
            let of = u8::try_from(life).unwrap_or(u8::MAX);
            match fold.lives[life] {
                None => steps.push(Step::Register(of)),
                Some(live) => {
                    if live && (life == 0 || self.deep) {
                        steps.push(Step::Retire(of));
                    }
                    // A life that was retired goes on until it has folded that.
                    self.agent_steps(state, life, steps);
                }
            }
        }
        if usize::from(state.folded) < state.log.len() {
            steps.push(Step::Fold);
        }
        match state.sweeper {
            Sweeper::Idle => steps.push(Step::List),
            Sweeper::Listed(objects) => {
                // One after the other: each is judged for itself, so another order shows nothing else.
                steps.extend(
                    Object::all()
                        .find(|object| objects & object.bit() != 0)
                        .map(Step::Judge),
                );
                steps.push(Step::Rest);
            }
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Register(life) => state.log.push(Entry::Register(life)),
            Step::Retire(life) => state.log.push(Entry::Retire(life)),
            Step::Put(object) => *state.put(object) = Put::Flying,
            Step::Arrive(object) => *state.put(object) = Put::There,
            Step::Durable(object) => state.flush(object.life, object.flush).durable = Some(object.attempt),
            Step::GiveUp(life, flush) => state.flush(life, flush).failed = true,
            Step::Propose { life, flush, applied } => {
                let of = state.flush(life, flush);
                of.proposed += 1;
                let attempt = of.durable?;
                state.log.push(Entry::Flush {
                    object: Object { life, flush, attempt },
                    applied,
                });
            }
            Step::Fold => state.folded += 1,
            Step::List => {
                let there = Object::all().filter(|object| last.is_there(*object));
                let objects = there.fold(0, |bits, object| bits | object.bit());
                state.sweeper = Sweeper::Listed(objects);
            }
            Step::Judge(object) => {
                let Sweeper::Listed(objects) = state.sweeper else {
                    return None;
                };
                state.sweeper = Sweeper::Listed(objects & !object.bit());
                if self.is_garbage(last, object) {
                    *state.put(object) = Put::Deleted;
                }
            }
            Step::Rest => state.sweeper = Sweeper::Idle,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Sweep>> {
        vec![
            Property::<Sweep>::always("INV-7, INV-8: what is named is there", |model, state| {
                let named = model.fold(&state.log).named;
                model
                    .first
                    .holds(named.into_iter().all(|object| state.is_there(object)))
            }),
            Property::<Sweep>::always("rule 14: a flush may need several proposals", |model, state| {
                model.first.holds(!model.fold(&state.log).refused)
            }),
            Property::<Sweep>::sometimes("a loser of a hedge is swept", |model, state| {
                let named = model.fold(&state.log).named;
                let loser = |object: &Object| state.flushes[0][0].puts[usize::from(1 - object.attempt)] == Put::Deleted;
                named
                    .iter()
                    .any(|object| object.life == 0 && object.flush == 0 && loser(object))
            }),
            Property::<Sweep>::sometimes("a put lands after its flush was over, and is swept", |model, state| {
                state.flushes[0][0].failed
                    && state.flushes[0][0].puts[0] == Put::Deleted
                    && model.fold(&state.log).lives[0] == Some(true)
            }),
            Property::<Sweep>::sometimes("what a dead life left is swept", |model, state| {
                let deleted = |flush: &Flush| flush.puts.contains(&Put::Deleted);
                model.fold(&state.log).lives[0] == Some(false) && state.flushes[0].iter().any(deleted)
            }),
            Property::<Sweep>::sometimes(
                "a proposal of a dead life finds its object gone, and is void",
                |model, state| {
                    let folded = model.fold(&state.log);
                    folded.void.into_iter().any(|object| !state.is_there(object))
                },
            ),
            Property::<Sweep>::sometimes(
                "a listing shows an object of a life that is not folded yet",
                |model, state| {
                    let Sweeper::Listed(objects) = state.sweeper else {
                        return false;
                    };
                    let seen = model.fold(&state.log[..usize::from(state.folded)]);
                    seen.lives[1].is_none()
                        && Object::all().any(|object| object.life == 1 && objects & object.bit() != 0)
                },
            ),
        ]
    }
}
