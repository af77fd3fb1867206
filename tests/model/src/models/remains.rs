//! Model `remains`: what lives left, over a ledger that loses its end. The entry by which something became garbage may be among
//! those that are lost; whoever has folded it deletes by it as late as it likes, for no position of the ledger fences a delete.
//!
//! ```text
//!  log      Register(0)  Flush(a)  Retire(0)  Mark  ...       Lose(2): the retirement is gone, and life 0 knows of none
//!           Register(0)  Flush(a)  Flush(b)  Register(1)      it writes on, and others begin where lost entries stood
//!           ...  Halt  NewEra  Register(1)  Flush(d)          until the loss is told and accepted
//!
//!  agent    has put its objects; proposes them at the end of the ledger, unless it had written what is lost
//!  sweeper  Fold -> Judge: what it calls garbage is doomed -> Delete, one by one
//!           sleeps between any two of these, over the loss and its acceptance, too
//! ```
//!
//! The ledger checks predecessors, so whoever appends has folded all before it; what comes late is left to model `loss`. Who had
//! written what is lost begins another life once that is accepted (model `sequence`). A loss may take what is older than the grace, too:
//! then what was named before is not promised, and only the lives that such a loss revives must not name anything once it is
//! accepted. Left out: which flush may be proposed when, and that objects arrive late (model `sweep`), readers (model `grace`).

mod judge;
mod properties;

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::Scope;

const LIVES: usize = 2;
/// Two flushes of life 0, and one of life 1.
const OBJECTS: [Object; 3] = [Object(0), Object(1), Object(2)];
/// In ticks.
const GRACE: u8 = 1;

#[derive(Debug)]
pub(crate) struct Remains {
    entries: usize,
    time: u8,
    /// Whether the second life is retired, too.
    deep: bool,
    mutation: Option<Mutation>,
    first: First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Object(u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    Register(u8),
    Retire(u8),
    /// A proposal that names an object.
    Flush(Object),
    /// A swap or a trim takes its last name.
    Unname(Object),
    /// How many entries were folded, and the store's date then.
    Mark {
        folded: u8,
        date: u8,
    },
    Halt,
    NewEra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sweeper {
    folded: u8,
    /// What it had folded, if some of that is lost.
    lost: Option<Vec<Entry>>,
    /// What it has judged to be garbage, as bits: deletes that are under way.
    doomed: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Loss {
    /// It took an entry older than the grace.
    old: bool,
    /// It took the entry that ended life 0.
    revived: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    log: Vec<Entry>,
    now: u8,
    /// How many entries are older than the grace, until the loss.
    old: u8,
    /// Objects that are there, as bits.
    there: u8,
    /// The positions in the names of the lives.
    born: [Option<u8>; LIVES],
    /// Who had written something that is lost.
    ahead: [bool; LIVES],
    sweeper: Sweeper,
    loss: Option<Loss>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tick,
    Append(Entry),
    Lose(u8),
    Fold,
    Judge,
    Delete(Object),
}

impl Object {
    fn bit(self) -> u8 {
        1 << self.0
    }

    fn life(self) -> usize {
        usize::from(self.0 / 2)
    }

    fn flush(self) -> u8 {
        self.0 % 2
    }
}

impl Remains {
    pub(crate) fn new(scope: Scope, mutation: Option<Mutation>) -> Remains {
        Remains {
            entries: usize::from(scope.pick(6, 7)),
            time: scope.pick(1, 2),
            deep: scope == Scope::Deep,
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// What may stand next in the log, each put by somebody who has folded it whole.
    fn appends(&self, state: &State) -> Vec<Entry> {
        let folded = self.fold(&state.log);
        if folded.halted {
            return vec![Entry::NewEra];
        }
        let mut entries: Vec<Entry> = self.proposable(state, &folded).map(Entry::Flush).collect();
        if state.born[1].is_none() {
            entries.push(Entry::Register(1));
        }
        let retired = (0..).zip(&folded.lives[..if self.deep { LIVES } else { 1 }]);
        entries.extend(
            retired
                .filter(|(_, life)| life.live())
                .map(|(life, _)| Entry::Retire(life)),
        );
        if folded.named & OBJECTS[0].bit() != 0 {
            entries.push(Entry::Unname(OBJECTS[0]));
        }
        let mark = Entry::Mark {
            folded: length(&state.log),
            date: state.now,
        };
        // Two in a row with one date say no more than one.
        let again = matches!(state.log.last(), Some(Entry::Mark { date, .. }) if *date == state.now);
        if !again {
            entries.push(mark);
        }
        // Somebody was ahead, or the witness.
        if state.loss.is_some() && folded.new_era.is_none() {
            entries.push(Entry::Halt);
        }
        entries
    }
}

impl State {
    fn is_there(&self, object: Object) -> bool {
        self.there & object.bit() != 0
    }

    fn append(&mut self, entry: Entry) {
        if let Entry::Register(life) = entry {
            self.born[usize::from(life)] = Some(length(&self.log));
            self.there |= OBJECTS[2].bit();
        }
        self.log.push(entry);
    }

    fn lose(&mut self, to: u8) {
        let lost = self.log.split_off(usize::from(to));
        for entry in &lost {
            match entry {
                Entry::Register(life) => self.ahead[usize::from(*life)] = true,
                Entry::Flush(object) => self.ahead[object.life()] = true,
                _ => {}
            }
        }
        if self.sweeper.folded > to {
            let mut known = self.log.clone();
            known.extend(&lost);
            known.truncate(usize::from(self.sweeper.folded));
            self.sweeper.lost = Some(known);
            self.sweeper.folded = 0;
        }
        self.loss = Some(Loss {
            old: to < self.old,
            revived: lost.contains(&Entry::Retire(0)),
        });
        self.old = 0;
    }
}

fn length(log: &[Entry]) -> u8 {
    u8::try_from(log.len()).unwrap_or(u8::MAX)
}

impl Model for Remains {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            log: vec![Entry::Register(0)],
            now: 0,
            old: 0,
            there: OBJECTS[..2].iter().fold(0, |bits, object| bits | object.bit()),
            born: [Some(0), None],
            ahead: [false; LIVES],
            sweeper: Sweeper {
                folded: 1,
                lost: None,
                doomed: 0,
            },
            loss: None,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.now < self.time {
            steps.push(Step::Tick);
        }
        if state.log.len() < self.entries {
            steps.extend(self.appends(state).into_iter().map(Step::Append));
        }
        if state.loss.is_none() {
            steps.extend((1..length(&state.log)).map(Step::Lose));
        }
        steps.push(Step::Fold);
        steps.push(Step::Judge);
        let doomed = OBJECTS
            .into_iter()
            .filter(|object| state.sweeper.doomed & object.bit() != 0);
        steps.extend(doomed.map(Step::Delete));
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Tick => {
                state.now += 1;
                if state.loss.is_none() {
                    state.old = length(&state.log);
                }
            }
            Step::Append(entry) => state.append(entry),
            Step::Lose(to) => state.lose(to),
            Step::Fold => self.follow(&mut state),
            Step::Judge => {
                let garbage = self.garbage(last);
                state.sweeper.doomed |= garbage & state.there;
            }
            Step::Delete(object) => {
                state.there &= !object.bit();
                state.sweeper.doomed &= !object.bit();
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Remains>> {
        self.all_properties()
    }
}
