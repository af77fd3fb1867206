//! Models `loss` and `witness`: a ledger that loses its end, as a restored backup or a failover does, under agents that were ahead of
//! the loss, behind it, asleep in the middle of a call, or not running at all.
//!
//! ```text
//!  position   0  1  2  3  4           Lose(2): 2 and beyond are gone, and may be written anew
//!  before     G  a  a  b              an agent at tip 3 is ahead, one at tip 1 is behind
//!  after      G  a  .  .  a'          a' was put over the hole: its hash fits nothing once 2 and 3 are filled
//!
//!  agent      Down -Start-> Started -CheckWitness-> Idle -Read, Append, Refresh, Snapshot-> Idle
//!             Idle -Append-> Putting -Look-> Idle              over puts: the predecessor, before it is acknowledged
//!             Lost -Survey-> Surveyed -Halt-> Lost             until the ledger is of a newer era: then Down, and anew
//!  witness    the latest entry somebody told it of, replaced by compare-and-set
//!  operator   Accept: once a halt is folded, a new era begins
//! ```
//!
//! Model `loss` has the puts that come late, over both kinds of table, and agents that never stop; model `witness` has the
//! witness, snapshots and restarts, over one. An entry carries its era and the hash of the one before, and two puts are never the same bytes: what was lost does not
//! come back by a copy that arrives late, and hide the hole before it. Left out: the base (it stays at genesis, model `base` moves
//! it), what entries say, sweeping (none over a loss), and a second loss but in the deep scope.

mod agent;
mod chain;
mod properties;
mod repair;

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::{Backend, Scope};
use chain::{Entry, Tip, Walk};

const POSITIONS: usize = 7;
const AGENTS: usize = 2;

#[derive(Debug)]
pub(crate) struct Loss {
    backend: Backend,
    positions: u8,
    /// Whether there is a witness, and snapshots from which agents start; else there are puts that come late.
    witness: bool,
    /// Whether agents stop after the loss, too, and either of them takes snapshots.
    deep: bool,
    mutation: Option<Mutation>,
    first: First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Down,
    Started,
    Idle,
    /// Its entry was put after its tip; the look at the predecessor is to come.
    Putting,
    /// It has read the witness, and then seen that its own chain holds what that says.
    Refreshing(Option<Tip>),
    Verified(Option<Tip>),
    /// It knows an entry that the ledger does not have.
    Lost(Tip),
    /// It has found the ledger's end, and will put a halt there.
    Surveyed {
        lost: Tip,
        end: Tip,
    },
    /// It met an entry that it can neither take nor pass.
    Stuck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Agent {
    tip: Tip,
    halted: bool,
    /// How often it has put after this tip and not been told that it counts.
    tries: u8,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Broken {
    AtNoEnd,
    StartedBeyond,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    table: [Option<Entry>; POSITIONS],
    agents: [Agent; AGENTS],
    witness: Option<Tip>,
    /// Where each was folded to, and whether that was halted.
    snapshots: Vec<(Tip, bool)>,
    /// A put that was given up and is still on its way.
    late: Option<(u8, Entry)>,
    loss: Option<Aftermath>,
    broken: Option<Broken>,
}

/// What has to hold after a loss.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Aftermath {
    /// Hashes that the ledger had and lost.
    lost: Vec<u32>,
    /// Entries that were put and acknowledged since.
    acknowledged: Vec<Tip>,
    /// What the witness said, if that is lost.
    evidence: Option<Tip>,
    /// Nobody ran then.
    all_down: bool,
    era: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Lose(u8),
    /// The late put arrives.
    Late,
    Accept,
    Do(usize, Act),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// From genesis, or from a snapshot.
    Start(Option<usize>),
    CheckWitness,
    Read,
    Append,
    Look,
    GiveUp,
    Snapshot,
    ReadWitness,
    Verify,
    Replace,
    Survey,
    Halt,
    Stop,
}

impl Loss {
    /// The chain alone.
    pub(crate) fn chain(backend: Backend, scope: Scope, mutation: Option<Mutation>) -> Loss {
        Loss {
            backend,
            positions: scope.pick(4, 5),
            witness: false,
            deep: scope == Scope::Deep,
            mutation,
            first: First::default(),
        }
    }

    /// What is outside the ledger: the witness and snapshots.
    pub(crate) fn witness(scope: Scope, mutation: Option<Mutation>) -> Loss {
        Loss {
            backend: Backend::Sql,
            positions: scope.pick(4, 5),
            witness: true,
            deep: scope == Scope::Deep,
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}

impl State {
    fn entry(&self, position: u8) -> Option<&Entry> {
        self.table.get(usize::from(position))?.as_ref()
    }

    fn holds(&self, tip: &Tip) -> bool {
        self.entry(tip.position).is_some_and(|entry| entry.hash == tip.hash)
    }

    /// What the witness knew when the ledger lost it, and the ledger does not have again.
    fn evidence(&self) -> Option<Tip> {
        self.loss.as_ref()?.evidence.filter(|said| !self.holds(said))
    }

    /// The ledger loses what lies at `to` and beyond.
    fn lose(&mut self, to: u8) {
        let era = self.agents.iter().map(|agent| agent.tip.era).max().unwrap_or(1);
        let lost: Vec<u32> = self.table[usize::from(to)..]
            .iter()
            .flatten()
            .map(|entry| entry.hash)
            .collect();
        self.table[usize::from(to)..].fill(None);
        self.loss = Some(Aftermath {
            evidence: self.witness.filter(|said| lost.contains(&said.hash)),
            lost,
            acknowledged: Vec::new(),
            all_down: self.agents.iter().all(|agent| agent.phase == Phase::Down),
            era,
        });
    }
}

impl Model for Loss {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let genesis = Entry::genesis();
        let tip = Tip {
            era: 1,
            position: 0,
            hash: genesis.hash,
        };
        let mut table = [None; POSITIONS];
        table[0] = Some(genesis);
        vec![State {
            table,
            agents: [Agent {
                tip,
                halted: false,
                tries: 0,
                phase: Phase::Idle,
            }; AGENTS],
            witness: None,
            snapshots: Vec::new(),
            late: None,
            loss: None,
            broken: None,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.broken.is_some() {
            return;
        }
        if state.loss.is_none() {
            let end = state.table.iter().rposition(Option::is_some).unwrap_or(0);
            steps.extend((1..=u8::try_from(end).unwrap_or(0)).map(Step::Lose));
        }
        if state.late.is_some() {
            steps.push(Step::Late);
        }
        if self.walk(state).halted {
            steps.push(Step::Accept);
        }
        for at in 0..AGENTS {
            self.acts(state, at, &mut |act| steps.push(Step::Do(at, act)));
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Lose(to) => state.lose(to),
            Step::Late => {
                let (position, entry) = state.late.take()?;
                self.arrive(&mut state, position, entry);
            }
            Step::Accept => self.accept(&mut state),
            Step::Do(at, act) => self.act(&mut state, at, act),
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Loss>> {
        self.all_properties()
    }
}

impl Loss {
    /// The ledger as one reads it who starts at genesis.
    fn walk(&self, state: &State) -> Walk {
        self.walk_from(state, Entry::genesis().tip(0), false)
    }
}
