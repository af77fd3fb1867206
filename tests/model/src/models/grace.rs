//! Model `grace`: an object that a swap replaced is deleted only when no reader that began before can still need it. The
//! time that passes is the store's; the fold learns of it through marks.
//!
//! ```text
//!  time      0     1     2     3          a reader that plans at t is done before t + GRACE
//!  log       .  Swap(un-names the object)  .  Mark{folded, date}  .  Mark{folded, date}
//!
//!  sweeper   Fold* -> Note: remembers how far it has folded, then asks the store for the date -> Mark
//!            deletes when a mark that names the swap or later is older than GRACE by a newer mark's date
//!  reader    Plan at the tip -> Read
//! ```
//!
//! Left out: which objects are garbage at all (model `sweep`). The swap stands in for everything that takes the last name
//! of an object: trims, deletions of topics.

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::Scope;

const GRACE: u8 = 2;
const SWEEPERS: usize = 2;
const READERS: usize = 2;
/// By how much the second sweeper's clock is ahead of the store's.
const AHEAD: u8 = 2;

#[derive(Debug)]
pub(crate) struct Grace {
    readers: usize,
    time: u8,
    entries: usize,
    mutation: Option<Mutation>,
    first: First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    /// Any other.
    Other,
    Swap,
    Mark {
        folded: u8,
        date: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sweeper {
    folded: u8,
    /// What it noted for a mark: entries folded, then the date.
    noted: Option<(u8, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reader {
    Idle,
    /// It reads the object, which its plan of this time names.
    Planned(u8),
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    log: Vec<Entry>,
    now: u8,
    there: bool,
    sweepers: [Sweeper; SWEEPERS],
    readers: [Reader; READERS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tick,
    Append(Entry),
    Plan(usize),
    Read(usize),
    Fold(usize),
    Note(usize),
    Mark(usize),
    Delete(usize),
}

impl Grace {
    pub(crate) fn new(scope: Scope, mutation: Option<Mutation>) -> Grace {
        Grace {
            readers: usize::from(scope.pick(1, 2)),
            time: scope.pick(3, 4),
            entries: 3,
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Whether one who has folded this much may delete the object.
    fn may_delete(&self, folded: &[Entry]) -> bool {
        let Some(swapped) = folded.iter().position(|entry| *entry == Entry::Swap) else {
            return false;
        };
        if self.is(Mutation::NoGrace) {
            return true;
        }
        let marks = || {
            folded.iter().filter_map(|entry| match *entry {
                Entry::Mark { folded, date } => Some((usize::from(folded), date)),
                _ => None,
            })
        };
        let newest = marks().map(|(_, date)| date).max().unwrap_or(0);
        // Entries folded, so one more than the swap's position.
        marks().any(|(names, date)| (names > swapped || self.is(Mutation::AnyMarkCounts)) && date + GRACE <= newest)
    }

    fn date(&self, sweeper: usize, now: u8) -> u8 {
        if self.is(Mutation::LocalDate) && sweeper == 1 {
            now + AHEAD
        } else {
            now
        }
    }
}

impl State {
    fn swapped(&self) -> bool {
        self.log.contains(&Entry::Swap)
    }
}

impl Model for Grace {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            log: Vec::new(),
            now: 0,
            there: true,
            sweepers: [Sweeper { folded: 0, noted: None }; SWEEPERS],
            readers: [Reader::Idle; READERS],
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if !state.there {
            // All that is left to see is whether somebody still wants it.
            let reading = (0..READERS).filter(|at| matches!(state.readers[*at], Reader::Planned(_)));
            steps.extend(reading.map(Step::Read));
            return;
        }
        // A read takes less than the grace, or it is given up.
        let in_time = |reader: &Reader| !matches!(reader, Reader::Planned(at) if state.now + 1 >= at + GRACE);
        if state.now < self.time && state.readers.iter().all(in_time) {
            steps.push(Step::Tick);
        }
        let room = state.log.len() < self.entries;
        if room {
            steps.push(Step::Append(Entry::Other));
            if !state.swapped() {
                steps.push(Step::Append(Entry::Swap));
            }
        }
        for (at, reader) in state.readers[..self.readers].iter().enumerate() {
            match reader {
                Reader::Idle if !state.swapped() => steps.push(Step::Plan(at)),
                Reader::Planned(_) => steps.push(Step::Read(at)),
                _ => {}
            }
        }
        for (at, sweeper) in state.sweepers.iter().enumerate() {
            if usize::from(sweeper.folded) < state.log.len() {
                steps.push(Step::Fold(at));
            }
            match sweeper.noted {
                None if room => steps.push(Step::Note(at)),
                None => {}
                Some(_) if room => steps.push(Step::Mark(at)),
                Some(_) => {}
            }
            if self.may_delete(&state.log[..usize::from(sweeper.folded)]) {
                steps.push(Step::Delete(at));
            }
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Tick => state.now += 1,
            Step::Append(entry) => state.log.push(entry),
            Step::Plan(at) => state.readers[at] = Reader::Planned(state.now),
            Step::Read(at) => state.readers[at] = if state.there { Reader::Idle } else { Reader::Failed },
            Step::Fold(at) => state.sweepers[at].folded += 1,
            Step::Note(at) => state.sweepers[at].noted = Some((state.sweepers[at].folded, self.date(at, state.now))),
            Step::Mark(at) => {
                let (folded, date) = state.sweepers[at].noted.take()?;
                // Who asks for the date first and folds then names more than had happened by that date.
                let folded = if self.is(Mutation::DateBeforeFold) {
                    state.sweepers[at].folded
                } else {
                    folded
                };
                state.log.push(Entry::Mark { folded, date });
            }
            Step::Delete(_) => state.there = false,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Grace>> {
        vec![
            Property::<Grace>::always(
                "INV-15, rule 12: who planned before the swap finds the object",
                |model, state| model.first.holds(!state.readers.contains(&Reader::Failed)),
            ),
            Property::<Grace>::sometimes("a replaced object is deleted", |_, state| !state.there),
            Property::<Grace>::sometimes("it is read after the swap by an older plan", |_, state| {
                state.swapped()
                    && state.there
                    && state.readers.iter().any(|reader| matches!(reader, Reader::Planned(_)))
            }),
        ]
    }
}
