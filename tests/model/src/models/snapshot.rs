//! Model `snapshot`: two processes that take snapshots and move the base, a sweeper, and a reader that starts from what
//! the base names. One entry holds inline bytes, which are moved out some time.
//!
//! ```text
//!  entries   0  1  2  3  4  5        entry 1 holds inline bytes; from entry `moved` on nothing names them there
//!               ^bytes  ^moved
//!  snapshots    put at a position, read back, and known to the fold once an entry tells of it
//!  base      {position, snapshot}    behind the second newest snapshot known, and not beyond what it names inline;
//!                                    names the newest, which was read back
//!
//!  upkeep    Idle -Write-> Written -Tell-> Idle                     another snapshot
//!            Idle -Look-> Looked -ReadBase-> Chosen -Swap-> Idle    compare-and-set of the whole record
//!  sweeper   Idle -ReadBase-> Based -List-> Listed -Delete*-> Idle  older than the one the base names
//!  reader    Down -ReadBase-> Starting -Load-> Folding* -Plan-> Planned -Read-> ...
//! ```
//!
//! Left out: eras and hashes in names (model `loss`), damaged snapshots, and that a fold remembers only the last few.

mod step;

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::Scope;

const UPKEEPS: usize = 2;
/// The entry with inline bytes.
const INLINE: u8 = 1;

#[derive(Debug)]
pub(crate) struct Snapshot {
    /// How many processes take snapshots; all move the base.
    writers: usize,
    entries: u8,
    mutation: Option<Mutation>,
    first: First,
}

/// The base record; snapshot 0 is genesis, which needs no object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Base {
    position: u8,
    snapshot: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Upkeep {
    Idle,
    /// A snapshot of this position was put and read back.
    Written(u8),
    /// So many entries are folded: the snapshots known are those told of.
    Looked(u8),
    /// The move that it wants, with the record it found; the snapshot was read back.
    Chosen {
        old: Base,
        new: Base,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sweeper {
    Idle,
    Based(Base),
    /// Snapshots listed and still to be judged, as bits.
    Listed(Base, u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reader {
    Down,
    Starting(Base),
    /// It has folded up to this entry.
    Folding(u8),
    /// It reads the inline bytes, which its fold names; so many entries there were when it planned.
    Planned {
        folded: u8,
        end: u8,
    },
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The last entry.
    end: u8,
    /// The entry from which on nothing names the inline bytes.
    moved: Option<u8>,
    /// Snapshots in the store, as bits by position.
    store: u16,
    /// Snapshots that were told of: the entry that did, and the position. In order.
    told: Vec<(u8, u8)>,
    base: Base,
    /// Entries below it are deleted.
    deleted: u8,
    upkeeps: [Upkeep; UPKEEPS],
    sweeper: Sweeper,
    reader: Reader,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Grow,
    MoveOut,
    /// Puts a snapshot of the end and reads it back.
    Write(usize),
    /// Proposes it; refused when a newer one is known.
    Tell(usize),
    Look(usize),
    ReadBase(usize),
    MoveBase(usize),
    /// Deletes the lowest entry.
    DeleteEntry,
    SweepBase,
    List,
    Delete(u8),
    Rest,
    Start,
    Load,
    FoldNext,
    Plan,
    Read,
}

impl Snapshot {
    pub(crate) fn new(scope: Scope, mutation: Option<Mutation>) -> Snapshot {
        Snapshot {
            writers: usize::from(scope.pick(1, 2)),
            entries: scope.pick(5, 6),
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}

impl State {
    /// Whether a fold of so many entries names the inline bytes.
    fn names_inline(&self, folded: u8) -> bool {
        folded >= INLINE && self.moved.is_none_or(|moved| folded < moved)
    }

    fn stored(&self, position: u8) -> bool {
        position == 0 || self.store & (1 << position) != 0
    }
}

impl Model for Snapshot {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            end: INLINE,
            moved: None,
            store: 0,
            told: Vec::new(),
            base: Base::default(),
            deleted: 0,
            upkeeps: [Upkeep::Idle; UPKEEPS],
            sweeper: Sweeper::Idle,
            reader: Reader::Down,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        self.upkeep_steps(state, steps);
        self.sweep_steps(state, steps);
        self.reader_steps(state, steps);
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Grow => state.end += 1,
            Step::MoveOut => {
                state.end += 1;
                state.moved = Some(state.end);
            }
            Step::Write(_) | Step::Tell(_) | Step::Look(_) | Step::ReadBase(_) | Step::MoveBase(_) => {
                self.upkeep(&mut state, step)?;
            }
            Step::DeleteEntry => state.deleted += 1,
            Step::SweepBase => state.sweeper = Sweeper::Based(state.base),
            Step::List => {
                let Sweeper::Based(base) = state.sweeper else {
                    return None;
                };
                state.sweeper = Sweeper::Listed(base, state.store);
            }
            Step::Delete(position) => {
                let Sweeper::Listed(base, listed) = state.sweeper else {
                    return None;
                };
                state.store &= !(1 << position);
                state.sweeper = Sweeper::Listed(base, listed & !(1 << position));
            }
            Step::Rest => state.sweeper = Sweeper::Idle,
            Step::Start | Step::Load | Step::FoldNext | Step::Plan | Step::Read => self.reader(&mut state, step)?,
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Snapshot>> {
        vec![
            Property::<Snapshot>::always("rule 12: the snapshot that the base names is there", |model, state| {
                model.first.holds(state.stored(state.base.snapshot))
            }),
            Property::<Snapshot>::always(
                "INV-1, rule 16: inline bytes that the end names are there",
                |model, state| {
                    model
                        .first
                        .holds(state.deleted <= INLINE || !state.names_inline(state.end))
                },
            ),
            Property::<Snapshot>::always(
                "INV-15, rule 10: who serves finds the bytes that it names",
                |model, state| model.first.holds(state.reader != Reader::Failed),
            ),
            Property::<Snapshot>::sometimes("a snapshot is swept", |_, state| {
                state.told.iter().any(|(_, told)| !state.stored(*told))
            }),
            Property::<Snapshot>::sometimes("the entry with the inline bytes is deleted", |_, state| {
                state.deleted > INLINE
            }),
            Property::<Snapshot>::sometimes(
                "a reader finds its snapshot swept, and starts again",
                |_, state| matches!(state.reader, Reader::Starting(base) if !state.stored(base.snapshot)),
            ),
            Property::<Snapshot>::sometimes(
                "a reader catches up from a snapshot that names bytes which are gone",
                |_, state| {
                    let behind = |folded| state.names_inline(folded) && state.deleted > INLINE;
                    matches!(state.reader, Reader::Folding(folded) if behind(folded))
                },
            ),
            Property::<Snapshot>::sometimes("a second mover comes too late", |_, state| {
                let late = |upkeep: &Upkeep| matches!(upkeep, Upkeep::Chosen { old, .. } if *old != state.base);
                state.upkeeps.iter().any(late)
            }),
            Property::<Snapshot>::sometimes("a mover knows an older snapshot than the base names", |_, state| {
                let older = |upkeep: &Upkeep| {
                    matches!(upkeep, Upkeep::Looked(folded)
                    if state.known(*folded).last().is_some_and(|newest| *newest < state.base.snapshot))
                };
                state.upkeeps.iter().any(older)
            }),
        ]
    }
}
