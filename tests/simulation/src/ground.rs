//! What all parts of a run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ledger::{Ledger, MemoryLedger, OpenError};
use parking_lot::Mutex;
use store::{Delay, MemoryObjects, Store};
use world::World;

use crate::agent::Agent;
use crate::audit::Audit;
use crate::courier::Courier;
use crate::history::History;
use crate::journal::Journal;
use crate::swarm::{Fault, Swarm};
use crate::watch::{Power, WatchedLedger, WatchedObjects};
use crate::wires::Wires;

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
    pub(crate) power: Arc<Power>,
    pub(crate) courier: Courier,
    pub(crate) wires: Arc<Wires>,
    pub(crate) history: Arc<Mutex<History>>,
    /// Faults have ended and clients come to an end.
    pub(crate) quiet: Flag,
    /// Nothing new befalls networks and processes, so that it can be said how soon one thing heals.
    pub(crate) truce: Flag,
    /// No process begins.
    pub(crate) curfew: Flag,
}

/// Something that is so or not.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) fn is_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, up: bool) {
        self.0.store(up, Ordering::Relaxed);
    }
}

impl Ground {
    pub(crate) fn new(world: World, journal: Journal, swarm: Swarm) -> Ground {
        let table = MemoryLedger::new(swarm.looks).with_entry_bytes_max(swarm.entry_bytes_max);
        let place = Arc::new(MemoryObjects::new(world.clock.clone()));
        let history = Arc::default();
        let audit = Audit::new(
            table.clone(),
            Arc::clone(&place),
            world.child("auditor"),
            journal.clone(),
            Arc::clone(&history),
        );
        let power = Arc::new(Power::new(world.child("power"), swarm.has(Fault::PowerLost)));
        Ground {
            objects: Arc::new(WatchedObjects::new(place, audit.clone(), Arc::clone(&power))),
            ledger: Arc::new(WatchedLedger {
                table,
                audit: audit.clone(),
                power: Arc::clone(&power),
            }),
            power,
            wires: Arc::new(Wires::new(world.child("wires"), journal.clone())),
            courier: Courier::new(world.chance.fork("courier"), &swarm),
            swarm,
            world,
            journal,
            audit,
            history,
            quiet: Flag::default(),
            truce: Flag::default(),
            curfew: Flag::default(),
        }
    }

    /// The ledger as an operator reaches it, whose network does not fail.
    pub(crate) async fn operators_ledger(&self) -> Result<Ledger, OpenError> {
        let objects = Arc::clone(&self.objects) as Arc<dyn store::Objects>;
        let store = Store::with_objects(objects, self.swarm.store.clone(), self.world.clone());
        let backend = Arc::clone(&self.ledger) as Arc<dyn ledger::Backend>;
        Ledger::open(backend, Arc::new(store), self.world.clone()).await
    }

    /// Whether what was written stays written in this run: the ledger loses no end, and the power does not fail.
    pub(crate) fn is_plain(&self) -> bool {
        self.swarm.is_plain()
    }

    /// How a ledger behaves with these faults.
    pub(crate) fn ledger_faults(&self, faults: &[Fault]) -> ledger::Faults {
        let likely = |fault: Fault, likely: f64| if faults.contains(&fault) { likely } else { 0.0 };
        let slowest = if faults.contains(&Fault::LedgerSlow) { 900 } else { 4 };
        ledger::Faults {
            delay: (Duration::from_micros(100), Duration::from_millis(slowest)),
            refused: likely(Fault::LedgerRefused, 0.3).max(likely(Fault::Throttle, 0.8)),
            lost: likely(Fault::LedgerLost, 0.15).max(likely(Fault::LedgerCut, 1.0)),
            unanswered: likely(Fault::LedgerUnanswered, 0.15).max(likely(Fault::LedgerDeaf, 1.0)),
            late: likely(Fault::LedgerLate, 0.15),
            duplicated: likely(Fault::LedgerDuplicated, 0.25),
            late_max: self.swarm.late_max,
            timeout: Duration::from_millis(700),
            full: faults.contains(&Fault::DiskFull),
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
        let storm = faults.contains(&Fault::StoreStorm) || faults.contains(&Fault::LongStorm);
        store::Faults {
            delay: if faults.contains(&Fault::StoreSlow) { slow } else { calm },
            refused: if storm { 1.0 } else { likely(Fault::StoreRefused, 0.25) },
            unanswered: likely(Fault::StoreUnanswered, 0.15),
            hung: likely(Fault::StoreHung, 0.1).max(likely(Fault::StoreCut, 1.0)),
            conflict: likely(Fault::StoreConflict, 0.4),
            truncated: likely(Fault::StoreTruncated, 0.1),
            flipped: likely(Fault::StoreFlipped, 0.1),
            full: faults.contains(&Fault::DiskFull),
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
    /// The processes of the swarm, none of which runs yet.
    pub(crate) fn new(ground: &Arc<Ground>) -> Yard {
        let processes = ground.swarm.processes.iter().zip(1..);
        let agents =
            processes.map(|(process, number)| Agent::new(ground, format!("process-{number}"), process.clone()));
        Yard {
            agents: Arc::new(agents.collect()),
            ground: Arc::clone(ground),
        }
    }

    /// Processes that take and serve requests.
    pub(crate) fn fronts(&self) -> impl Iterator<Item = &Agent> {
        self.agents.iter().filter(|agent| agent.is_front())
    }

    /// Any of the processes.
    pub(crate) fn any(&self, chance: &world::Chance) -> Agent {
        let bound = u64::try_from(self.agents.len()).expect("a handful");
        self.agents[usize::try_from(chance.below(bound)).expect("below a handful")].clone()
    }

    /// Any of the processes that take and serve requests.
    pub(crate) fn any_front(&self, chance: &world::Chance) -> Agent {
        let fronts: Vec<&Agent> = self.fronts().collect();
        let bound = u64::try_from(fronts.len()).expect("a handful");
        let chosen = usize::try_from(chance.below(bound)).expect("below a handful");
        fronts[chosen].clone()
    }
}
