//! Model `sequence`: one process whose proposals reach the log late, twice, or by another's hand. It folds, or reloads
//! from a snapshot and learns no outcomes; it is retired, retires itself, and lives again; once the log loses its end.
//!
//! ```text
//!  Submit -> [flight: lane, sequence, record] -> sent: whatever was shown to anybody may land at any time, and again
//!                                                 |
//!  log:  Append{life, lane, sequence, record}  <--+  fold: next of its lane -> taken   before it -> dropped
//!        Retire{life, seen}   Register{life}            beyond it, or of a life that is over -> void
//!
//!  the process:  Live -(its retirement folded)-> Asking -(its register folded)-> Live
//!                  |  reload: the unanswered are answered as unknown and stay in flight until taken or dead
//!                  `- after a loss the fold may wait for what will never come again: then it leaves this life
//! ```
//!
//! Records are numbered in the order of the calls, all for one partition. Left out: groups, entries of several
//! proposals, positions and their races (model `base`). A log that lost its end is accepted at once: what was on its way
//! bears the old era and is void, so that only what the process itself proposes again can still land.

mod fold;
mod process;
mod properties;

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::Scope;

const LIVES: usize = 3;
/// How far a process has folded that was ahead of a loss: its last entry is not the log's.
const AHEAD: usize = 99;

#[derive(Debug)]
pub(crate) struct Sequence {
    records: u8,
    entries: usize,
    mutation: Option<Mutation>,
    first: First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Proposal {
    Append {
        life: u8,
        lane: u8,
        sequence: u8,
        record: u8,
    },
    /// Names what was seen: the next sequence of each lane.
    Retire {
        life: u8,
        seen: [u8; 2],
    },
    Register {
        life: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    None,
    Unknown,
    /// It is in the log at this offset.
    At(u8),
    /// It is not in the log and never will be.
    Never,
    /// An answer from before the loss.
    Excused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Job {
    lane: u8,
    sequence: u8,
    record: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Standing {
    Live,
    /// Its register is on its way.
    Asking,
    /// There will be no other life.
    Ended,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    log: Vec<Proposal>,
    /// What may land; sorted.
    sent: Vec<Proposal>,
    folded: usize,
    life: u8,
    standing: Standing,
    /// By lane, the sequence that the next job gets.
    next: [u8; 2],
    flight: Vec<Job>,
    /// By record, in the order of the calls.
    answers: Vec<Answer>,
    lost: bool,
    /// A record was taken into a life that can never write it.
    stuck: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A record is handed over, and takes this lane.
    Submit(u8),
    /// Something that was sent lands at the end of the log.
    Land(Proposal),
    /// The process folds the next entry.
    Fold,
    /// It begins at a snapshot of the end.
    Reload,
    /// Another process proposes to retire its life, as it sees it.
    Retire,
    /// At the end of the log it leaves its life, of which the fold waits for what will not come, for another.
    Leave,
    /// The log keeps only so many entries.
    Lose(usize),
}

impl Sequence {
    pub(crate) fn new(scope: Scope, mutation: Option<Mutation>) -> Sequence {
        Sequence {
            records: scope.pick(3, 4),
            entries: usize::from(scope.pick(4, 5)),
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}

impl Model for Sequence {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            log: Vec::new(),
            sent: Vec::new(),
            folded: 0,
            life: 0,
            standing: Standing::Live,
            next: [0; 2],
            flight: Vec::new(),
            answers: Vec::new(),
            lost: false,
            stuck: false,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        self.process_steps(state, steps);
        if state.log.len() < self.entries {
            steps.extend(state.sent.iter().copied().map(Step::Land));
        }
        if let Some(retire) = self.retirement(state)
            && !state.sent.contains(&retire)
        {
            steps.push(Step::Retire);
        }
        if !state.lost {
            steps.extend((0..state.log.len()).map(Step::Lose));
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Submit(lane) => {
                state.stuck = self.gap(last).is_some();
                state.submit(lane);
            }
            Step::Land(proposal) => state.log.push(proposal),
            Step::Fold => self.fold_next(&mut state),
            Step::Reload => self.reload(&mut state),
            Step::Retire => state.send(self.retirement(last)?),
            Step::Leave => state.leave(),
            Step::Lose(to) => state.lose(to),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Sequence>> {
        let mut properties = properties::rules();
        properties.extend(properties::reached());
        properties
    }
}
