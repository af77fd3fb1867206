//! Model `base`: appends, reads and the base. Agents sleep between any two of their calls while others append, the base
//! moves and the entries below it are deleted; a second sleeper reads what a first one put into a deleted position.
//!
//! ```text
//!  position   0  1  2  3  4        base = 3: entries below may go, the one at the base stays
//!  counted    G  w  w  a  w        who wrote the entry that counts: the first that was ever put there
//!  table      .  .  b  a  w        what stands there now: 0..2 were deleted, b is a sleeper's false entry
//!
//!  agent      tip, and where it is in a call:
//!    Puts     Idle -Arrive-> Look{base, before} -> Idle         put, then both looks, in any order
//!    Sql      Idle -Begin-> Begun -Lock-> Locked -Insert-> Idle the base is read when the statement begins
//!    both     Idle -Read-> Read{raw} -Judge-> Idle              entries from the tip's own on, then the base
//!             Doubt{there} -FindBase-> Idle                     an entry is missing: once more, then the base
//!             Reload -Load-> Idle                               the base lies beyond: begin at it
//! ```
//!
//! Left out: bytes, eras and losses (model `loss`), what entries say (model `sequence`). The writer that is up to date,
//! and the upkeep that moves the base and deletes, take whole steps: what matters is who sleeps beside them.

mod act;

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::{Backend, Scope};

/// Room for positions; the scope says how many are used.
const POSITIONS: usize = 7;
const AGENTS: usize = 2;
/// Who is up to date, and who began the ledger; agents are 1 and up.
const WRITER: u8 = 8;
const GENESIS: u8 = 9;

#[derive(Debug)]
pub(crate) struct Base {
    backend: Backend,
    positions: u8,
    mutation: Option<Mutation>,
    first: First,
}

/// An entry: by whom it was put, and over which predecessor. That names it at its position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    writer: u8,
    before: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// By position; the writer is 0 where nothing stands.
    table: [Entry; POSITIONS],
    /// By position, the writer of the entry that counts; 0 beyond the end.
    counted: [u8; POSITIONS],
    base: u8,
    /// A day has passed since the base moved. Only who looks at clocks cares.
    day: bool,
    agents: [Agent; AGENTS],
    /// A put that was given up and is still on its way: position and entry.
    late: Option<(u8, Entry)>,
    broken: Option<Broken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Agent {
    /// The last entry it has folded: position and writer.
    tip: u8,
    writer: u8,
    /// By its clock, its last look at the base is more than a day old.
    old: bool,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Look { base: bool, before: Option<bool> },
    Begun,
    Locked,
    Read { raw: [Entry; POSITIONS], count: u8 },
    Doubt { there: bool },
    Reload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Broken {
    AcknowledgedInVain,
    FoldedFalse,
    HaltedForNothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The writer that is up to date appends.
    Grow,
    /// The base moves to a position.
    Move(u8),
    /// An entry below the base is deleted.
    Delete(u8),
    /// A day passes.
    Day,
    /// The late put arrives.
    Late,
    /// An agent does something.
    Do(usize, Act),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Its put arrives.
    Arrive,
    /// It gives its put up, which is still on its way.
    GiveUp,
    LookAtBase,
    LookBefore,
    /// It takes its last look at the base for recent enough.
    Skip,
    /// Its clock steps back.
    StepBack,
    Begin,
    Lock,
    Insert,
    Read,
    Judge,
    FindBase,
    Load,
}

impl Base {
    pub(crate) fn new(backend: Backend, scope: Scope, mutation: Option<Mutation>) -> Base {
        Base {
            backend,
            positions: scope.pick(5, 6),
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Whether position 0 holds an entry that began the ledger.
    fn has_genesis(&self) -> bool {
        !self.is(Mutation::NoGenesis)
    }
}

impl State {
    /// The first position at which nothing counts.
    fn end(&self) -> u8 {
        let end = self.counted.iter().position(|writer| *writer == 0);
        u8::try_from(end.unwrap_or(POSITIONS)).unwrap_or(u8::MAX)
    }

    fn entry(&self, position: u8) -> Entry {
        self.table.get(usize::from(position)).copied().unwrap_or_default()
    }

    fn counts(&self, position: u8) -> u8 {
        self.counted.get(usize::from(position)).copied().unwrap_or_default()
    }

    /// Stores an entry; it counts if it is the first of its position.
    fn store(&mut self, position: u8, entry: Entry) {
        let at = usize::from(position);
        self.table[at] = entry;
        if self.counted[at] == 0 {
            self.counted[at] = entry.writer;
        }
    }

    /// Positions at which something stands that does not count.
    fn false_entries(&self) -> impl Iterator<Item = u8> + '_ {
        (0..)
            .zip(self.table.iter().zip(&self.counted))
            .filter_map(|(position, (entry, counted))| {
                (entry.writer != 0 && entry.writer != *counted).then_some(position)
            })
    }

    fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }
}

impl Model for Base {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let mut state = State {
            table: [Entry::default(); POSITIONS],
            counted: [0; POSITIONS],
            base: 0,
            day: false,
            agents: [Agent {
                tip: 0,
                writer: GENESIS,
                old: false,
                phase: Phase::Idle,
            }; AGENTS],
            late: None,
            broken: None,
        };
        state.store(
            0,
            Entry {
                writer: GENESIS,
                before: 0,
            },
        );
        if !self.has_genesis() {
            state.table[0] = Entry::default();
        }
        vec![state]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.broken.is_some() {
            return;
        }
        self.world_steps(state, steps);
        for (at, agent) in state.agents.iter().enumerate() {
            self.acts(state, at, agent, steps);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Grow => {
                let end = state.end();
                let before = state.counts(end - 1);
                state.store(end, Entry { writer: WRITER, before });
            }
            Step::Move(to) => {
                state.base = to;
                state.day = false;
            }
            Step::Delete(position) => state.table[usize::from(position)] = Entry::default(),
            Step::Day => {
                state.day = true;
                state.agents.iter_mut().for_each(|agent| agent.old = true);
            }
            Step::Late => {
                let (position, entry) = state.late.take()?;
                if state.entry(position).writer == 0 {
                    state.store(position, entry);
                }
            }
            Step::Do(at, act) => self.act(&mut state, at, act),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Base>> {
        let mut properties = vec![
            Property::<Base>::always("INV-1, rule 1: what is acknowledged counts", |model, state| {
                model.first.holds(!state.is(Broken::AcknowledgedInVain))
            }),
            Property::<Base>::always("INV-2, rule 1: what is folded counts", |model, state| {
                model.first.holds(!state.is(Broken::FoldedFalse))
            }),
            Property::<Base>::always("rule 7: who only slept never halts", |model, state| {
                model.first.holds(!state.is(Broken::HaltedForNothing))
            }),
            Property::<Base>::sometimes("an agent's append is acknowledged", |_, state| {
                state.agents.iter().any(|agent| agent.writer < WRITER)
            }),
            Property::<Base>::sometimes("a sleeper reloads", |_, state| {
                state.agents.iter().any(|agent| agent.phase == Phase::Reload)
            }),
            Property::<Base>::sometimes("an agent doubts an entry that was deleted", |_, state| {
                state
                    .agents
                    .iter()
                    .any(|agent| agent.phase == Phase::Doubt { there: false })
            }),
        ];
        properties.push(match self.backend {
            Backend::Sql => Property::<Base>::always(
                "rule 1: a statement writes nothing that does not count",
                |model, state| model.first.holds(state.false_entries().next().is_none()),
            ),
            Backend::Puts => Property::<Base>::sometimes("a put lands where an entry was deleted", |_, state| {
                state.false_entries().next().is_some()
            }),
        });
        if self.backend == Backend::Puts {
            properties.push(Property::<Base>::sometimes(
                "a second sleeper reads a first one's false entry",
                |_, state| state.agents.iter().any(|agent| agent.holds_false(&state.counted)),
            ));
        }
        properties
    }
}
