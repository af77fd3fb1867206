//! What a seed draws before anything happens: the kind of ledger, the processes, limits, and which faults there are at
//! all.
//!
//! A run in which everything fails at once explores little: some faults hide others. So each run has a random subset
//! of them, and within the run they come and go.

mod fault;
mod layout;
mod limits;

use std::time::Duration;

use compactor::CompactorConfig;
use engine::EngineConfig;
use ledger::Looks;
use store::StoreOptions;
use world::Chance;

pub(crate) use fault::{Fault, Scope};
pub(crate) use layout::{Duties, Process};

/// How long clients send, whatever else happens.
const DURATION: Duration = Duration::from_secs(60);

/// What a seed is.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    /// The faults there are.
    pub(crate) faults: Vec<Fault>,
    /// Whether the ledger judges in its statement, as a database does, or can only put where nothing is.
    pub(crate) looks: Looks,
    /// Most bytes of an entry.
    pub(crate) entry_bytes_max: usize,
    /// The processes.
    pub(crate) processes: Vec<Process>,
    /// Whether agents speak to each other, and one puts the entries of all.
    pub(crate) linked: bool,
    /// Clients send for this long at least.
    pub(crate) duration: Duration,
    /// A client waits up to this long between two operations.
    pub(crate) think_max: Duration,
    /// `agent.timeout.ms`.
    pub(crate) agent_timeout: Duration,
    /// `segment.grace.ms`.
    pub(crate) grace: Duration,
    /// `snapshot.entries`.
    pub(crate) snapshot_entries: u64,
    /// How long a write that arrives late may take.
    pub(crate) late_max: Duration,
    /// Limits of every engine.
    pub(crate) engine: EngineConfig,
    /// Limits of every store.
    pub(crate) store: StoreOptions,
    /// How eager compactors are.
    pub(crate) compactor: CompactorConfig,
    /// Whether tables of topics that retention trims keep their records for longer.
    pub(crate) longer_tables: bool,
}

impl Swarm {
    pub(crate) fn draw(chance: &Chance) -> Swarm {
        let ms = |low, high| chance.between(Duration::from_millis(low), Duration::from_millis(high));
        Swarm {
            faults: fault::draw(chance),
            looks: if chance.coin(0.5) {
                Looks::InStatement
            } else {
                Looks::AfterPut
            },
            entry_bytes_max: pick(chance, &[24 << 10, 64 << 10, 1 << 20]),
            processes: layout::draw(chance),
            linked: chance.coin(0.75),
            duration: DURATION,
            think_max: ms(600, 2_400),
            agent_timeout: ms(2_000, 5_000),
            grace: ms(500, 4_000),
            snapshot_entries: pick(chance, &[10, 40, 200]),
            late_max: ms(1_000, 15_000),
            engine: limits::engine(chance),
            store: limits::store(chance),
            compactor: limits::compactor(chance),
            longer_tables: chance.coin(0.25),
        }
    }

    /// A compactor to which everything is due. All of a run publish tables, or none does.
    pub(crate) fn eager(&self) -> CompactorConfig {
        CompactorConfig {
            tables: self.compactor.tables,
            ..CompactorConfig::eager()
        }
    }

    /// `lake.grace.ms`.
    pub(crate) fn lake_grace(&self) -> Duration {
        self.grace * 2
    }

    /// A run in which nothing fails and nothing is left to chance but delays.
    pub(crate) fn calm(chance: &Chance) -> Swarm {
        Swarm {
            faults: Vec::new(),
            ..Swarm::draw(chance)
        }
    }

    /// Whether there is such a fault in this run.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// Whether what was written stays written: the ledger loses no end, and the power does not fail.
    pub(crate) fn is_plain(&self) -> bool {
        let undone = [Fault::PowerLost, Fault::EndLost, Fault::EndLostInSleep, Fault::Restored];
        !undone.into_iter().any(|fault| self.has(fault))
    }

    /// The faults of one scope.
    pub(crate) fn of(&self, scopes: &[Scope]) -> Vec<Fault> {
        let chosen = self.faults.iter().copied();
        chosen.filter(|fault| scopes.contains(&fault.scope())).collect()
    }
}

fn pick<T: Copy>(chance: &Chance, choices: &[T]) -> T {
    let bound = u64::try_from(choices.len()).expect("a handful");
    choices[usize::try_from(chance.below(bound)).expect("below a handful")]
}
