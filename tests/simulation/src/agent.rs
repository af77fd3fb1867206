//! A process: engine, store and compactor under one tree of tasks that is started, killed, paused and stopped. What
//! outlives its runs is its network.

mod calls;
mod doing;
mod network;
mod seams;

use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use engine::{Engine, EngineConfig};
use metadata::Role;
use parking_lot::Mutex;
use world::{Clock, World};

use crate::courier::Posted;
use crate::ground::{Flag, Ground};
use crate::phase::{Phase, Strike};
use crate::swarm::{Duties, Fault, Process};
use network::Network;
pub(crate) use seams::{Crash, When};

/// A process. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    node: Arc<Node>,
}

#[derive(Debug)]
struct Node {
    name: String,
    process: Process,
    /// Whether it says where it lives, so that its next life retires this one at once.
    advertises: bool,
    ground: Arc<Ground>,
    network: Network,
    clock: Clock,
    life: Mutex<Option<Life>>,
    /// Runs so far.
    runs: Mutex<u64>,
    /// What has befallen it so far.
    blows: Mutex<u64>,
    /// Whether somebody is about to start it.
    starting: Flag,
    /// What its network suffers by itself, and what is laid upon it.
    suffers: Mutex<(Vec<Fault>, Vec<Fault>)>,
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
    pub(crate) fn new(ground: &Arc<Ground>, name: String, process: Process) -> Agent {
        let world = ground.world.child(&name);
        let network = Network::new(ground, &name, &world);
        let node = Arc::new(Node {
            advertises: world.chance.coin(0.5),
            clock: world.clock.skewable(),
            name,
            process,
            ground: Arc::clone(ground),
            network,
            life: Mutex::new(None),
            runs: Mutex::new(0),
            blows: Mutex::new(0),
            starting: Flag::default(),
            suffers: Mutex::default(),
        });
        let weak: Weak<Node> = Arc::downgrade(&node);
        let doing = move || weak.upgrade().map(|node| node.phases()).unwrap_or_default();
        node.network.seams.set_doing(Arc::new(doing));
        Agent { node }
    }

    pub(crate) fn name(&self) -> &str {
        &self.node.name
    }

    /// Where it stands.
    pub(crate) fn zone(&self) -> &'static str {
        self.node.process.zone
    }

    /// Whether it takes and serves requests of clients.
    pub(crate) fn is_front(&self) -> bool {
        self.node.process.roles.contains(&Role::Agent)
    }

    /// Starts it, however often that takes, unless it runs or somebody else is at it.
    pub(crate) async fn start(&self) {
        let node = &self.node;
        if node.starting.is_up() {
            return;
        }
        node.starting.set(true);
        let (clock, chance) = (&node.ground.world.clock, &node.ground.world.chance);
        loop {
            while node.ground.curfew.is_up() {
                clock.sleep(Duration::from_millis(50)).await;
            }
            if self.is_up() || self.try_start().await {
                break;
            }
            let wait = chance.between(Duration::from_millis(10), Duration::from_millis(500));
            clock.sleep(wait).await;
        }
        node.starting.set(false);
    }

    /// Whether there is a run of it that has not died.
    fn is_up(&self) -> bool {
        self.node.life.lock().is_some() && !self.node.network.seams.has_crashed()
    }

    /// Starts it once. Whether it runs.
    async fn try_start(&self) -> bool {
        let node = &self.node;
        let journal = &node.ground.journal;
        let world = World {
            clock: node.clock.clone(),
            ..node.ground.world.child(&node.name)
        };
        node.network.seams.set_tasks(world.tasks.clone());
        node.network.finish(&node.ground);
        *node.runs.lock() += 1;
        *node.life.lock() = Some(Life {
            world: world.clone(),
            engine: None,
            paused: false,
        });
        match world.tasks.gated(self.open(&world)).await {
            Some(Ok(engine)) => {
                journal.line(format_args!("{} started", node.name));
                journal.count("starts");
                self.run(&world, engine);
                return true;
            }
            Some(Err(error)) => {
                journal.line(format_args!("{} did not start: {error}", node.name));
                journal.count("starts failed");
            }
            None => {
                node.network.seams.disarm();
                journal.count("starts killed");
            }
        }
        world.tasks.kill();
        node.ground.wires.set_engine(&node.name, None);
        *node.life.lock() = None;
        false
    }

    async fn open(&self, world: &World) -> Result<Engine, engine::StartError> {
        let node = &self.node;
        let store = node.network.store(&node.ground, world);
        let address = if node.advertises { node.name.as_str() } else { "" };
        let config = EngineConfig {
            roles: node.process.roles.clone(),
            name: node.name.clone(),
            zone: node.process.zone.to_owned(),
            http_address: address.to_owned(),
            peer_address: node.name.clone(),
            peers: node.ground.swarm.linked.then(|| node.ground.wires.of(&node.name)),
            ..node.ground.swarm.engine.clone()
        };
        let ledger = Posted {
            inner: node.network.ledger(),
            ground: Arc::clone(&node.ground),
        };
        Engine::start(world.clone(), config, Arc::new(ledger), store).await
    }

    fn run(&self, world: &World, engine: Engine) {
        let duties = self.node.process.duties;
        if duties != Duties::NONE {
            let config = duties.config(&self.node.ground.swarm.compactor);
            world.tasks.spawn("compactor", compactor::run(engine.clone(), config));
        }
        self.node.ground.wires.set_engine(&self.node.name, Some(engine.clone()));
        if let Some(life) = &mut *self.node.life.lock() {
            life.engine = Some(engine);
        }
    }

    /// Kills it.
    pub(crate) fn kill(&self, strike: Strike) {
        self.note("is killed", "kills");
        self.struck(strike);
        self.end_life();
    }

    fn end_life(&self) {
        if let Some(life) = self.node.life.lock().take() {
            life.world.tasks.kill();
        }
        self.node.ground.wires.set_engine(&self.node.name, None);
    }

    /// Lets it die at one of its next calls.
    pub(crate) fn crash_at(&self, crash: Crash) {
        self.note(&format!("will crash at {crash:?}"), "crashes armed");
        self.node.network.seams.arm(crash);
    }

    /// If it has died at one of its calls it is started again; a death that is still to come stays to come. Whether it had.
    pub(crate) async fn come_back(&self) -> bool {
        let died = self.node.network.seams.has_crashed();
        if died {
            self.end_crash().await;
        }
        died
    }

    /// From now on it dies at no call. If it did, it is started again.
    pub(crate) async fn end_crash(&self) {
        let crashed = self.node.network.seams.disarm();
        if crashed {
            self.note("has crashed", "crashes");
            *self.node.life.lock() = None;
            self.start().await;
        }
    }

    /// How many points of a kind its calls have passed.
    pub(crate) fn passed(&self, when: When) -> u64 {
        self.node.network.seams.passed(when)
    }

    /// Stops running it, as SIGSTOP does.
    pub(crate) fn pause(&self) {
        self.note("is paused", "pauses");
        self.struck(Strike::Pause);
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
        self.struck(Strike::Restart);
        let _ = self
            .call(patience * 2, |engine| async move { engine.stop(patience).await })
            .await;
        self.end_life();
    }

    /// Moves its wall clock.
    pub(crate) fn skew(&self, by_ms: i64) {
        self.note(&format!("'s clock jumps by {by_ms} ms"), "clock jumps");
        self.struck(Strike::ClockJump);
        self.node.clock.skew(by_ms);
    }

    /// Lets these faults of its network happen, beside those that are laid upon it.
    pub(crate) fn suffer(&self, faults: &[Fault]) {
        for fault in faults {
            Strike::of_window(*fault)
                .into_iter()
                .for_each(|strike| self.struck(strike));
        }
        self.node.suffers.lock().0 = faults.to_vec();
        self.set_faults();
    }

    /// Lays these faults upon its network, and no others.
    pub(crate) fn impose(&self, faults: &[Fault]) {
        self.node.suffers.lock().1 = faults.to_vec();
        self.set_faults();
    }

    /// Nothing of its own is wrong with its network any more.
    pub(crate) fn spare(&self) {
        self.suffer(&[]);
    }

    fn set_faults(&self) {
        let node = &self.node;
        let faults: Vec<Fault> = {
            let suffers = node.suffers.lock();
            suffers.0.iter().chain(&suffers.1).copied().collect()
        };
        node.ground
            .journal
            .line(format_args!("{} suffers {faults:?}", node.name));
        node.network.set_faults(&node.ground, &faults);
        node.ground.wires.set_faults(&node.name, &faults);
    }

    /// Something strikes it now.
    pub(crate) fn struck(&self, strike: Strike) {
        self.node.network.seams.struck(strike);
    }

    /// Waits until it is doing this, for so long at most. Whether it is.
    pub(crate) async fn reach(&self, phase: Phase, patience: Duration) -> bool {
        let (node, clock) = (&self.node, &self.node.ground.world.clock);
        let deadline = clock.now() + patience;
        while !node.phases().contains(&phase) {
            if clock.now() >= deadline || node.ground.quiet.is_up() {
                return false;
            }
            // Health shows no change by itself.
            let _ = clock
                .timeout(Duration::from_millis(20), node.network.calls.next())
                .await;
        }
        true
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

    /// Its engine, also while it is paused, and which of its runs that is.
    pub(crate) fn alive(&self) -> Option<(Engine, u64)> {
        let (engine, _) = self.engine()?;
        Some((engine, *self.node.runs.lock()))
    }

    /// When it runs, does not stand still and is not about to die: its run, and what has befallen it so far. As long as
    /// that does not change nothing befalls it.
    pub(crate) fn steady(&self) -> Option<(u64, u64)> {
        let armed = self.node.network.seams.is_armed();
        let (_, run) = self.running().and_then(|_| self.alive()).filter(|_| !armed)?;
        Some((run, *self.node.blows.lock()))
    }

    /// Reads that its network has damaged so far.
    pub(crate) fn damaged_reads(&self) -> u64 {
        self.node.network.damaged_reads()
    }

    /// What its network has done to its calls.
    pub(crate) fn note_network(&self) {
        self.node.network.note(&self.node.ground);
    }

    fn note(&self, what: &str, counter: &str) {
        let journal = &self.node.ground.journal;
        journal.line(format_args!("{} {what}", self.node.name));
        journal.count(counter);
        *self.node.blows.lock() += 1;
    }
}
