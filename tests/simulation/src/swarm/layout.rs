//! The processes of a run: at least three agents, and compactors beside them or in them, each with all the duties of
//! upkeep or with some.

use std::time::Duration;

use compactor::CompactorConfig;
use metadata::Role;
use world::Chance;

use super::pick;

/// Longer than any run.
const NEVER: Duration = Duration::from_hours(24);

/// A process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    /// The lives it leads.
    pub(crate) roles: Vec<Role>,
    /// What its compactor does; nothing where it leads no such life.
    pub(crate) duties: Duties,
    /// Where it stands.
    pub(crate) zone: &'static str,
}

/// What a compactor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duties {
    /// Moves inline bytes out, merges, takes snapshots and moves the base.
    pub(crate) rewrites: bool,
    /// Deletes what is garbage, and entries below the base.
    pub(crate) sweeps: bool,
    /// Trims and forgets what is too old.
    pub(crate) trims: bool,
}

impl Duties {
    pub(crate) const NONE: Duties = Duties::of(false, false, false);
    pub(crate) const ALL: Duties = Duties::of(true, true, true);

    const fn of(rewrites: bool, sweeps: bool, trims: bool) -> Duties {
        Duties {
            rewrites,
            sweeps,
            trims,
        }
    }

    /// The config of a compactor that has these duties and no others.
    pub(crate) fn config(self, eager: &CompactorConfig) -> CompactorConfig {
        let mut config = eager.clone();
        if !self.rewrites {
            config.move_out_after = NEVER;
            config.inline_bytes_max = u64::MAX;
            config.merge_interval = NEVER;
        }
        if !self.sweeps {
            config.sweep_interval = NEVER;
        }
        if !self.trims {
            config.retention_interval = NEVER;
        }
        config
    }
}

impl Process {
    /// An agent, and no more.
    pub(crate) fn front() -> Process {
        Process {
            roles: vec![Role::Agent],
            duties: Duties::NONE,
            zone: "a",
        }
    }

    /// A process of these roles whose compactor is run by hand.
    pub(crate) fn by_hand(roles: Vec<Role>) -> Process {
        Process {
            roles,
            ..Process::front()
        }
    }
}

fn agent() -> (Vec<Role>, Duties) {
    (vec![Role::Agent], Duties::NONE)
}

fn both(duties: Duties) -> (Vec<Role>, Duties) {
    (vec![Role::Agent, Role::Compactor], duties)
}

fn compactor(duties: Duties) -> (Vec<Role>, Duties) {
    (vec![Role::Compactor], duties)
}

/// The processes of a run. Every zone but one may be lost: no zone has all agents.
pub(super) fn draw(chance: &Chance) -> Vec<Process> {
    let rewriter = Duties::of(true, false, false);
    let sweeper = Duties::of(false, true, false);
    let trimmer = Duties::of(false, false, true);
    let all = Duties::ALL;
    let chosen = match chance.below(6) {
        // One of each, in one process.
        0 => vec![both(all), agent(), agent()],
        // Two of each.
        1 => vec![both(all), both(all), agent()],
        // Every duty in an agent of its own.
        2 => vec![both(rewriter), both(sweeper), both(trimmer)],
        // A compactor and a sweeper with processes of their own.
        3 => vec![
            agent(),
            agent(),
            agent(),
            compactor(rewriter),
            compactor(Duties::of(false, true, true)),
        ],
        // Two compactors and two sweepers, agents apart.
        4 => vec![agent(), agent(), agent(), compactor(all), compactor(all)],
        // Many agents, all of which keep up.
        _ => vec![both(all), both(rewriter), both(sweeper), agent()],
    };
    let zones = pick(chance, &[2, 3]);
    let processes = chosen.into_iter().zip(0..);
    let place = |((roles, duties), number): ((Vec<Role>, Duties), usize)| Process {
        roles,
        duties,
        zone: ["a", "b", "c"][number % zones],
    };
    processes.map(place).collect()
}
