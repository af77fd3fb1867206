//! A process: engine, store and compactor under one tree of tasks that is started, killed, paused and stopped. What
//! outlives its lives is its network: the wrappers through which it reaches ledger and store.

mod seams;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, EngineConfig};
use ledger::FaultyLedger;
use metadata::Role;
use parking_lot::Mutex;
use store::{FaultyObjects, Store};
use world::{Clock, World};

use crate::ground::Ground;
use crate::swarm::Fault;
use seams::Seams;
pub(crate) use seams::{Crash, When};

/// A process. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    node: Arc<Node>,
}

#[derive(Debug)]
struct Node {
    name: String,
    roles: Vec<Role>,
    /// Whether it says where it lives, so that its next life retires this one at once.
    advertises: bool,
    /// Whether a compactor keeps up in it by itself.
    keeps_up: bool,
    ground: Arc<Ground>,
    ledger: FaultyLedger,
    objects: FaultyObjects,
    seams: Seams,
    clock: Clock,
    life: Mutex<Option<Life>>,
}

/// One run of the process.
#[derive(Debug)]
struct Life {
    world: World,
    /// There once it has started.
    engine: Option<Engine>,
    paused: bool,
}

/// What became of a call to a process.
#[derive(Debug)]
pub(crate) enum Called<T> {
    /// It answered.
    Done(T),
    /// It was not there: it certainly did nothing.
    Down,
    /// It died, or did not answer in time.
    Lost,
}

impl Agent {
    pub(crate) fn new(ground: &Arc<Ground>, name: String, roles: Vec<Role>) -> Agent {
        let keeps_up = roles.contains(&Role::Compactor);
        Agent::with(ground, name, roles, keeps_up)
    }

    /// A process whose compactor is run by hand.
    pub(crate) fn by_hand(ground: &Arc<Ground>, name: String, roles: Vec<Role>) -> Agent {
        Agent::with(ground, name, roles, false)
    }

    fn with(ground: &Arc<Ground>, name: String, roles: Vec<Role>, keeps_up: bool) -> Agent {
        let world = ground.world.child(&name);
        let seams = Seams::new(name.clone(), ground.journal.clone());
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
        let node = Node {
            advertises: world.chance.coin(0.5),
            clock: world.clock.skewable(),
            keeps_up,
            name,
            roles,
            ground: Arc::clone(ground),
            ledger,
            objects,
            seams,
            life: Mutex::new(None),
        };
        Agent { node: Arc::new(node) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.node.name
    }

    /// Whether it takes and serves requests of clients.
    pub(crate) fn is_front(&self) -> bool {
        self.node.roles.contains(&Role::Agent)
    }

    /// Starts it, however often that takes.
    pub(crate) async fn start(&self) {
        let node = &self.node;
        let journal = &node.ground.journal;
        loop {
            let world = World {
                clock: node.clock.clone(),
                ..node.ground.world.child(&node.name)
            };
            node.seams.set_tasks(world.tasks.clone());
            *node.life.lock() = Some(Life {
                world: world.clone(),
                engine: None,
                paused: false,
            });
            let started = world.tasks.gated(self.open(&world)).await;
            match started {
                Some(Ok(engine)) => {
                    journal.line(format_args!("{} started", node.name));
                    journal.count("starts");
                    self.run(&world, engine);
                    return;
                }
                Some(Err(error)) => {
                    journal.line(format_args!("{} did not start: {error}", node.name));
                    journal.count("starts failed");
                }
                None => {
                    self.node.seams.arm(None);
                    journal.count("starts killed");
                }
            }
            world.tasks.kill();
            let chance = &node.ground.world.chance;
            let wait = chance.between(Duration::from_millis(10), Duration::from_millis(500));
            node.ground.world.clock.sleep(wait).await;
        }
    }

    async fn open(&self, world: &World) -> Result<Engine, engine::StartError> {
        let node = &self.node;
        let swarm = &node.ground.swarm;
        let objects = Arc::new(node.objects.clone());
        let store = Store::with_objects(objects, swarm.store.clone(), world.clone());
        let config = EngineConfig {
            roles: node.roles.clone(),
            name: node.name.clone(),
            http_address: if node.advertises {
                node.name.clone()
            } else {
                String::new()
            },
            ..swarm.engine.clone()
        };
        Engine::start(world.clone(), config, Arc::new(node.ledger.clone()), store).await
    }

    fn run(&self, world: &World, engine: Engine) {
        if self.node.keeps_up {
            let (engine, config) = (engine.clone(), self.node.ground.swarm.compactor.clone());
            world.tasks.spawn("compactor", compactor::run(engine, config));
        }
        if let Some(life) = &mut *self.node.life.lock() {
            life.engine = Some(engine);
        }
    }

    /// Kills it.
    pub(crate) fn kill(&self) {
        self.note("is killed", "kills");
        if let Some(life) = self.node.life.lock().take() {
            life.world.tasks.kill();
        }
    }

    /// Lets it die at one of its next calls.
    pub(crate) fn crash_at(&self, crash: Crash) {
        self.note(&format!("will crash at {crash:?}"), "crashes armed");
        self.node.seams.arm(Some(crash));
    }

    /// Whether the crash came; from now on none does.
    pub(crate) fn has_crashed(&self) -> bool {
        let crashed = self.node.seams.arm(None);
        if crashed {
            self.note("has crashed", "crashes");
            *self.node.life.lock() = None;
        }
        crashed
    }

    /// Stops running it, as SIGSTOP does.
    pub(crate) fn pause(&self) {
        self.note("is paused", "pauses");
        if let Some(life) = &mut *self.node.life.lock() {
            life.paused = true;
            life.world.tasks.pause();
        }
    }

    /// Runs it again.
    pub(crate) fn resume(&self) {
        if let Some(life) = &mut *self.node.life.lock() {
            life.paused = false;
            life.world.tasks.resume();
        }
    }

    /// Asks it to stop and gives it time for that; then it is gone in any case.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.note("is stopped", "stops");
        let _ = self
            .call(patience * 2, |engine| async move { engine.stop(patience).await })
            .await;
        if let Some(life) = self.node.life.lock().take() {
            life.world.tasks.kill();
        }
    }

    /// Moves its wall clock.
    pub(crate) fn skew(&self, by_ms: i64) {
        self.note(&format!("'s clock jumps by {by_ms} ms"), "clock jumps");
        self.node.clock.skew(by_ms);
    }

    /// Lets these faults of its network happen, and no others.
    pub(crate) fn set_faults(&self, faults: &[Fault]) {
        let node = &self.node;
        node.ground
            .journal
            .line(format_args!("{} suffers {faults:?}", node.name));
        node.ledger.set_faults(node.ground.ledger_faults(faults));
        node.objects.set(node.ground.store_faults(faults));
    }

    /// Calls it as a client does.
    pub(crate) async fn call<T, F, R>(&self, patience: Duration, ask: F) -> Called<T>
    where
        F: FnOnce(Engine) -> R + Send,
        R: Future<Output = T> + Send,
        T: Send,
    {
        let Some((engine, tasks)) = self.engine() else {
            return Called::Down;
        };
        let asked = tasks.gated(async move { ask(engine).await });
        match self.node.ground.world.clock.timeout(patience, asked).await {
            Ok(Some(answer)) => Called::Done(answer),
            Ok(None) | Err(_) => Called::Lost,
        }
    }

    fn engine(&self) -> Option<(Engine, world::Tasks)> {
        let life = self.node.life.lock();
        let life = life.as_ref()?;
        Some((life.engine.clone()?, life.world.tasks.clone()))
    }

    /// Its engine, when it runs: for looks from outside.
    pub(crate) fn running(&self) -> Option<Engine> {
        let life = self.node.life.lock();
        let life = life.as_ref().filter(|life| !life.paused)?;
        life.engine.clone()
    }

    /// What its network has done to its calls.
    pub(crate) fn note_network(&self) {
        let counts = self.node.objects.counts();
        let journal = &self.node.ground.journal;
        for (fate, count) in self.node.ledger.counts() {
            journal.count_by(&format!("ledger fault {fate}"), count);
        }
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
        ];
        for (name, count) in faults {
            journal.count_by(&format!("store fault {name}"), count);
        }
    }

    fn note(&self, what: &str, counter: &str) {
        let journal = &self.node.ground.journal;
        journal.line(format_args!("{} {what}", self.node.name));
        journal.count(counter);
    }
}
