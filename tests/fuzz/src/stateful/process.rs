//! The two processes, and the ledger and the store that they share. Each has a network of its own, on which faults happen.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, EngineConfig};
use ledger::{FaultyLedger, Looks, MemoryLedger};
use metadata::Role;
use store::{Delay, FaultyObjects, MemoryObjects, Store, StoreOptions};
use world::World;

use super::model::Model;
use parking_lot::Mutex;

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Everything of one history.
pub(super) struct Ground {
    pub(super) world: World,
    pub(super) processes: [Process; 2],
    pub(super) model: Mutex<Model>,
    config: EngineConfig,
    ledger: MemoryLedger,
    objects: Arc<MemoryObjects>,
}

/// A process, alive or not.
pub(super) struct Process {
    pub(super) name: &'static str,
    ledger: FaultyLedger,
    objects: FaultyObjects,
    engine: Mutex<Option<Engine>>,
    paused: Mutex<bool>,
}

impl Ground {
    /// The setting chooses the kind of ledger, how much an entry holds, and how small the limits are.
    pub(super) async fn new(setting: [u8; 2]) -> Ground {
        let world = World::simulated(u64::from(setting[1]));
        let bit = |at: u8| setting[0] >> at & 1 == 1;
        let looks = if bit(0) { Looks::AfterPut } else { Looks::InStatement };
        let entry_bytes_max = if bit(1) { 24 << 10 } else { 1 << 20 };
        let ledger = MemoryLedger::new(looks).with_entry_bytes_max(entry_bytes_max);
        let objects = Arc::new(MemoryObjects::new(world.clock.clone()));
        let config = EngineConfig {
            roles: vec![Role::Agent, Role::Compactor],
            memory_bytes_max: if bit(2) { 1 << 20 } else { 16 << 20 },
            segment_bytes_max: if bit(3) { 8 << 10 } else { 1 << 20 },
            inline_queue_bytes_max: if bit(4) { 2 << 10 } else { 1 << 20 },
            inline_cache_bytes_max: if bit(5) { 0 } else { 1 << 20 },
            linger: Duration::from_millis(if bit(6) { 100 } else { 5 }),
            puts_in_flight_max: if bit(7) { 1 } else { 4 },
            ..EngineConfig::default()
        };
        let process = |name| Process {
            name,
            ledger: FaultyLedger::new(Arc::new(ledger.clone()), ledger::Faults::NONE, world.child("ledger")),
            objects: FaultyObjects::new(objects.clone(), world.child("store"), store::Faults::NONE),
            engine: Mutex::new(None),
            paused: Mutex::new(false),
        };
        let ground = Ground {
            processes: [process("one"), process("other")],
            model: Mutex::new(Model::default()),
            config,
            ledger: ledger.clone(),
            objects: objects.clone(),
            world,
        };
        for process in &ground.processes {
            process.start(&ground).await;
        }
        ground.set_up().await;
        ground
    }

    /// Short intervals, so that they pass within a history.
    async fn set_up(&self) {
        let config = [
            ("agent.timeout.ms", "5000"),
            ("segment.grace.ms", "2000"),
            ("snapshot.entries", "10"),
            ("partitions.max", "32"),
        ];
        let set = config.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let engine = self.processes[0].engine().expect("it was started");
        let altered = engine.alter_cluster(BTreeMap::from(set), Vec::new(), "operator").await;
        altered.expect("nothing fails yet");
    }

    /// A process of its own that has seen nothing yet, for the last look.
    pub(super) async fn reader(&self) -> Engine {
        let world = self.world.child("reader");
        let store = Store::with_objects(self.objects.clone(), StoreOptions::default(), world.clone());
        let config = EngineConfig {
            roles: vec![Role::Agent],
            ..EngineConfig::default()
        };
        let started = Engine::start(world, config, Arc::new(self.ledger.clone()), store).await;
        started.unwrap_or_else(|error| panic!("a new process starts: {error}"))
    }
}

impl Process {
    /// Its engine, when it lives.
    pub(super) fn engine(&self) -> Option<Engine> {
        self.engine.lock().clone()
    }

    /// Starts it, unless it lives. Faults may keep it from starting for a while; then they end for this process.
    pub(super) async fn start(&self, ground: &Ground) {
        if self.engine().is_some() {
            return;
        }
        for healed in [false, true] {
            if healed {
                self.heal();
            }
            let world = ground.world.child(self.name);
            let objects = Arc::new(self.objects.clone());
            let store = Store::with_objects(objects, StoreOptions::default(), world.clone());
            let opening = Engine::start(
                world.clone(),
                ground.config.clone(),
                Arc::new(self.ledger.clone()),
                store,
            );
            match ground.world.clock.timeout(PATIENCE, opening).await {
                Ok(Ok(engine)) => {
                    *self.engine.lock() = Some(engine);
                    return;
                }
                Ok(Err(error)) => assert!(!healed, "{} does not start: {error}", self.name),
                Err(elapsed) => assert!(!healed, "{} does not start: {elapsed}", self.name),
            }
            world.tasks.kill();
        }
    }

    /// Ends it, with a word or without.
    pub(super) async fn end(&self, gently: bool) {
        self.resume();
        let Some(engine) = self.engine.lock().take() else {
            return;
        };
        if gently {
            engine.stop(Duration::from_secs(5)).await;
        }
        engine.world().tasks.kill();
    }

    pub(super) fn pause(&self) {
        if let Some(engine) = self.engine() {
            *self.paused.lock() = true;
            engine.world().tasks.pause();
        }
    }

    fn resume(&self) {
        *self.paused.lock() = false;
        if let Some(engine) = self.engine() {
            engine.world().tasks.resume();
        }
    }

    /// Nothing fails any more.
    pub(super) fn heal(&self) {
        self.resume();
        self.ledger.set_faults(ledger::Faults::NONE);
        self.objects.set(store::Faults::NONE);
    }

    /// From now on calls go wrong as these bits say.
    pub(super) fn suffer(&self, bits: u8) {
        let often = |bit: u8, likely: f64| if bits >> bit & 1 == 1 { likely } else { 0.0 };
        self.ledger.set_faults(ledger::Faults {
            delay: (
                Duration::from_micros(100),
                Duration::from_millis(if bits & 1 == 1 { 400 } else { 5 }),
            ),
            refused: often(1, 0.2),
            lost: often(2, 0.15),
            unanswered: often(3, 0.15),
            late: often(4, 0.15),
            duplicated: often(4, 0.15),
            late_max: Duration::from_secs(10),
            timeout: Duration::from_millis(700),
            full: false,
        });
        self.objects.set(store::Faults {
            delay: Delay::Exponential {
                mean: Duration::from_millis(if bits & 1 == 1 { 100 } else { 5 }),
            },
            refused: often(5, 0.3),
            unanswered: often(6, 0.15),
            hung: often(6, 0.05),
            conflict: often(5, 0.2),
            truncated: often(7, 0.1),
            flipped: often(7, 0.1),
            ..store::Faults::NONE
        });
    }

    /// Calls it as a client does, who waits so long and no longer; none when it was not there, died or did not answer.
    pub(super) async fn call<T, F, R>(&self, ground: &Ground, ask: F) -> Called<T>
    where
        F: FnOnce(Engine) -> R + Send,
        R: Future<Output = T> + Send,
        T: Send,
    {
        let Some(engine) = self.engine() else {
            return Called::Down;
        };
        let tasks = engine.world().tasks.clone();
        let asked = tasks.gated(async move { ask(engine).await });
        // Who waits for a paused process gives up soon.
        let patience = if *self.paused.lock() {
            Duration::from_secs(1)
        } else {
            PATIENCE
        };
        match ground.world.clock.timeout(patience, asked).await {
            Ok(Some(answer)) => Called::Done(answer),
            Ok(None) | Err(_) => Called::Lost,
        }
    }
}

/// What became of a call.
#[derive(Debug)]
pub(super) enum Called<T> {
    /// It was answered.
    Done(T),
    /// Nobody was there: nothing happened.
    Down,
    /// No answer.
    Lost,
}
