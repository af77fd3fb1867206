//! Models `loss`, `misfits` and `witness`: a ledger that loses its end, as a restored backup or a failover does, under agents that were
//! ahead of the loss, behind it, asleep in the middle of a call, or not running at all.
//!
//! ```text
//!  position   0  1  2  3  4           Lose(2): 2 and beyond are gone, and may be written anew
//!  before     G  a  a  b              an agent at tip 3 is ahead, one at tip 1 is behind
//!  after      G  a  .  .  a'          a' was put over the hole: its hash fits nothing once 2 and 3 are filled
//!  again      G  a  .  .  a'          Lose(2) once more, to a backup that holds a' already
//!
//!  agent      Down -Start-> Started -CheckWitness-> Idle -Read, Append, Refresh, Snapshot-> Idle
//!             Idle -Append-> Putting -Look-> Idle              over puts: the predecessor, before it is acknowledged
//!             Lost -Survey-> Surveyed -Halt-> Lost             until the ledger is of a newer era: then Down, and anew
//!  witness    the latest entry somebody told it of, replaced by compare-and-set
//!  operator   Accept: once a halt is folded, a new era begins
//! ```
//!
//! Model `loss` has the puts that come late, over both kinds of table, and agents that never stop; model `misfits` has a second loss,
//! which may leave in their places what was put over the hole of the first; model `witness` has the witness, snapshots and restarts, over
//! one loss and a table that checks predecessors. An entry carries its era and the hash of the one before, and two puts are never the
//! same bytes: what was lost does not come back by a copy that arrives late, and hide the hole before it. Left out: the base (it stays at genesis, model `base` moves
//! it), what entries say, and sweeping (model `remains`).

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
    /// How often the ledger loses its end; more than once without puts that come late.
    losses: u8,
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
    /// What was put over a hole, in the order of their coming.
    strays: Vec<Stray>,
    loss: Option<Aftermath>,
    broken: Option<Broken>,
}

/// An entry that was put where none stood before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stray {
    position: u8,
    /// The lowest position that was empty then.
    hole: u8,
}

/// What has to hold after a loss.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Aftermath {
    /// How often the ledger has lost its end.
    times: u8,
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
    /// What lies there and beyond is gone, but for the first strays: so many.
    Lose(u8, usize),
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
            losses: 1,
            witness: false,
            deep: scope == Scope::Deep,
            mutation,
            first: First::default(),
        }
    }

    /// The chain over two losses, where predecessors are not checked.
    pub(crate) fn misfits(scope: Scope, mutation: Option<Mutation>) -> Loss {
        Loss {
            positions: scope.pick(5, 6),
            losses: 2,
            ..Loss::chain(Backend::Puts, scope, mutation)
        }
    }

    /// What is outside the ledger: the witness and snapshots.
    pub(crate) fn witness(scope: Scope, mutation: Option<Mutation>) -> Loss {
        Loss {
            backend: Backend::Sql,
            positions: scope.pick(4, 5),
            losses: 1,
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

    /// How often the ledger has lost its end.
    fn times(&self) -> u8 {
        self.loss.as_ref().map_or(0, |loss| loss.times)
    }

    /// The lowest position that is empty.
    fn hole(&self) -> u8 {
        (0..)
            .zip(self.table)
            .find(|(_, entry)| entry.is_none())
            .map_or(0, |(at, _)| at)
    }

    /// What the witness knew when the ledger lost it, and the ledger does not have again.
    fn evidence(&self) -> Option<Tip> {
        self.loss.as_ref()?.evidence.filter(|said| !self.holds(said))
    }

    /// The ledger loses what lies at `to` and beyond, but for the first strays.
    fn lose(&mut self, to: u8, strays: usize) {
        let era = self.agents.iter().map(|agent| agent.tip.era).max().unwrap_or(1);
        let strays: Vec<u8> = self.strays.drain(..).take(strays).map(|stray| stray.position).collect();
        let mut lost = Vec::new();
        for (at, entry) in (0..).zip(&mut self.table).skip(usize::from(to)) {
            if !strays.contains(&at) {
                lost.extend(entry.take().map(|entry| entry.hash));
            }
        }
        let (mut times, mut acknowledged) = (1, Vec::new());
        if let Some(before) = self.loss.take() {
            times += before.times;
            acknowledged.extend(before.acknowledged.into_iter().filter(|tip| tip.position < to));
            lost.extend(before.lost);
        }
        self.loss = Some(Aftermath {
            times,
            evidence: self.witness.filter(|said| lost.contains(&said.hash)),
            lost,
            acknowledged,
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
        let tip = genesis.tip(0);
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
            strays: Vec::new(),
            loss: None,
            broken: None,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.broken.is_some() {
            return;
        }
        if state.times() < self.losses {
            let end = state.table.iter().rposition(Option::is_some).unwrap_or(0);
            for to in 1..=u8::try_from(end).unwrap_or(0) {
                steps.push(Step::Lose(to, 0));
                // A backup that holds strays was taken when the ledger had come as far as their holes.
                let held = state.strays.iter().take_while(|stray| stray.hole <= to);
                steps.extend((1..).zip(held).map(|(strays, _)| Step::Lose(to, strays)));
            }
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
            Step::Lose(to, strays) => state.lose(to, strays),
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
