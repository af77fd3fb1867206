//! What outlives the runs of a process: the wrappers through which it reaches ledger and store.

use std::sync::Arc;

use ledger::FaultyLedger;
use store::{FaultyObjects, Store};
use world::World;

use super::calls::{Calls, CountedLedger, CountedObjects};
use super::seams::Seams;
use crate::ground::Ground;
use crate::swarm::Fault;

/// Second tries that a store has before it has earned any.
const RETRIES_FIRST: u64 = 10;

/// The network of one process.
#[derive(Debug)]
pub(super) struct Network {
    ledger: FaultyLedger,
    objects: FaultyObjects,
    pub(super) seams: Seams,
    pub(super) calls: Calls,
}

impl Network {
    pub(super) fn new(ground: &Ground, name: &str, world: &World) -> Network {
        let seams = Seams::new(name.to_owned(), ground.journal.clone());
        let ledger = FaultyLedger::new(
            Arc::clone(&ground.ledger) as Arc<dyn ledger::Backend>,
            ground.ledger_faults(&[]),
            world.child("ledger"),
        );
        let objects = FaultyObjects::new(
            Arc::clone(&ground.objects) as Arc<dyn store::Objects>,
            world.child("store"),
            ground.store_faults(&[]),
        );
        seams.listen(&ledger, &objects);
        Network {
            ledger,
            objects,
            seams,
            calls: Calls::default(),
        }
    }

    /// The ledger as the process reaches it.
    pub(super) fn ledger(&self) -> Arc<dyn ledger::Backend> {
        Arc::new(CountedLedger {
            inner: Arc::new(self.ledger.clone()),
            calls: self.calls.clone(),
        })
    }

    /// The store as a run of the process reaches it.
    pub(super) fn store(&self, ground: &Ground, world: &World) -> Store {
        let objects = CountedObjects {
            inner: self.objects.clone(),
            calls: self.calls.clone(),
            seams: self.seams.clone(),
        };
        Store::with_objects(Arc::new(objects), ground.swarm.store.clone(), world.clone())
    }

    /// Lets these faults happen, and no others.
    pub(super) fn set_faults(&self, ground: &Ground, faults: &[Fault]) {
        self.ledger.set_faults(ground.ledger_faults(faults));
        self.objects.set(ground.store_faults(faults));
    }

    /// Reads that were damaged so far.
    pub(super) fn damaged_reads(&self) -> u64 {
        let counts = self.objects.counts();
        counts.truncated + counts.flipped
    }

    /// A run of the process is over: it has asked its store no more often than its options allow. Each put earns a part
    /// of a hedge, each request a part of a second try, and a few of both are given at first.
    pub(super) fn finish(&self, ground: &Ground) {
        let (asked, options) = (self.calls.finish(), &ground.swarm.store);
        let hedges = asked.puts * u64::from(options.hedges_per_hundred) / 100 + 1;
        let retries = (asked.puts + asked.gets) * u64::from(options.retries_per_hundred) / 100 + RETRIES_FIRST;
        ground.journal.check(
            "hedges and second tries are rationed",
            asked.puts_again <= hedges + retries,
            || format!("{asked:?}, of which {hedges} hedges and {retries} second tries are allowed"),
        );
    }

    /// What was done to the calls.
    pub(super) fn note(&self, ground: &Ground) {
        self.finish(ground);
        let (counts, journal) = (self.objects.counts(), &ground.journal);
        for (fate, count) in self.ledger.counts() {
            journal.count_by(&format!("ledger fault {fate}"), count);
        }
        journal.count_by("ledger calls", self.ledger.calls());
        for (op, calls) in &counts.calls {
            journal.count_by(&format!("store call {}", op.name()), *calls);
        }
        let faults = [
            ("refused", counts.refused),
            ("unanswered", counts.unanswered),
            ("hung", counts.hung),
            ("conflict", counts.conflicts),
            ("truncated", counts.truncated),
            ("flipped", counts.flipped),
            ("full", counts.full),
        ];
        for (name, count) in faults {
            journal.count_by(&format!("store fault {name}"), count);
        }
    }
}
