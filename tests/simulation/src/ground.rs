//! What all parts of a run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ledger::MemoryLedger;
use parking_lot::Mutex;
use store::{Delay, MemoryObjects};
use world::World;

use crate::agent::Agent;
use crate::audit::Audit;
use crate::history::History;
use crate::journal::Journal;
use crate::swarm::{Fault, Swarm};
use crate::watch::{WatchedLedger, WatchedObjects};

/// The ground of one run.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) swarm: Swarm,
    /// The world of the run itself: whatever outlives processes.
    pub(crate) world: World,
    pub(crate) journal: Journal,
    pub(crate) audit: Audit,
    pub(crate) ledger: Arc<WatchedLedger>,
    pub(crate) objects: Arc<WatchedObjects>,
    pub(crate) history: Mutex<History>,
    quiet: AtomicBool,
}

impl Ground {
    pub(crate) fn new(world: World, journal: Journal) -> Ground {
        let swarm = Swarm::draw(&world.chance.fork("swarm"));
        let table = MemoryLedger::new(swarm.looks).with_entry_bytes_max(swarm.entry_bytes_max);
        let place = Arc::new(MemoryObjects::new(world.clock.clone()));
        let audit = Audit::new(
            table.clone(),
            Arc::clone(&place),
            world.child("auditor"),
            journal.clone(),
        );
        Ground {
            objects: Arc::new(WatchedObjects::new(place, audit.clone())),
            ledger: Arc::new(WatchedLedger {
                table,
                audit: audit.clone(),
            }),
            swarm,
            world,
            journal,
            audit,
            history: Mutex::default(),
            quiet: AtomicBool::new(false),
        }
    }

    /// Whether faults have ended and clients come to an end.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet.load(Ordering::Relaxed)
    }

    /// From now on nothing fails, and nothing new is begun.
    pub(crate) fn calm_down(&self) {
        self.quiet.store(true, Ordering::Relaxed);
    }

    /// How a ledger behaves with these faults.
    pub(crate) fn ledger_faults(&self, faults: &[Fault]) -> ledger::Faults {
        let likely = |fault: Fault, likely: f64| if faults.contains(&fault) { likely } else { 0.0 };
        let slowest = if faults.contains(&Fault::LedgerSlow) { 900 } else { 4 };
        ledger::Faults {
            delay: (Duration::from_micros(100), Duration::from_millis(slowest)),
            refused: likely(Fault::LedgerRefused, 0.3),
            lost: likely(Fault::LedgerLost, 0.15),
            unanswered: likely(Fault::LedgerUnanswered, 0.15),
            late: likely(Fault::LedgerLate, 0.15),
            duplicated: likely(Fault::LedgerDuplicated, 0.25),
            late_max: self.swarm.late_max,
            timeout: Duration::from_millis(700),
        }
    }

    /// How a store behaves with these faults.
    pub(crate) fn store_faults(&self, faults: &[Fault]) -> store::Faults {
        let likely = |fault: Fault, likely: f64| if faults.contains(&fault) { likely } else { 0.0 };
        let calm = Delay::Exponential {
            mean: Duration::from_millis(8),
        };
        let slow = Delay::HeavyTail {
            shortest: Duration::from_millis(40),
            longest: Duration::from_secs(8),
        };
        let storm = faults.contains(&Fault::StoreStorm);
        store::Faults {
            delay: if faults.contains(&Fault::StoreSlow) { slow } else { calm },
            refused: if storm { 1.0 } else { likely(Fault::StoreRefused, 0.25) },
            unanswered: likely(Fault::StoreUnanswered, 0.15),
            hung: likely(Fault::StoreHung, 0.1),
            conflict: likely(Fault::StoreConflict, 0.4),
            truncated: likely(Fault::StoreTruncated, 0.1),
            flipped: likely(Fault::StoreFlipped, 0.1),
            ..store::Faults::NONE
        }
    }
}

/// Everything with the processes on it.
#[derive(Clone, Debug)]
pub(crate) struct Yard {
    pub(crate) ground: Arc<Ground>,
    pub(crate) agents: Arc<Vec<Agent>>,
}

impl Yard {
    /// Processes that take and serve requests.
    pub(crate) fn fronts(&self) -> impl Iterator<Item = &Agent> {
        self.agents.iter().filter(|agent| agent.is_front())
    }

    /// Any of the processes that take and serve requests.
    pub(crate) fn any_front(&self, chance: &world::Chance) -> Agent {
        let fronts: Vec<&Agent> = self.fronts().collect();
        let bound = u64::try_from(fronts.len()).expect("a handful");
        let chosen = usize::try_from(chance.below(bound)).expect("below a handful");
        fronts[chosen].clone()
    }
}
