//! What a cluster costs in which nobody does anything: calls of the ledger and the store in an hour of virtual time, by all of
//! its processes together, each as `tidelog agent` runs it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use compactor::CompactorConfig;
use engine::{Engine, EngineConfig, FollowerLink, Link, PeerError, Peers};
use ledger::faulty::{Moment, Verdict};
use ledger::{Faults, FaultyLedger};
use metadata::Role;

use crate::common::{Cluster, append, topic};

const HOUR: Duration = Duration::from_hours(1);

/// Who is where.
#[derive(Debug, Default)]
struct Wire(Mutex<BTreeMap<String, Engine>>);

#[async_trait]
impl Peers for Wire {
    async fn connect(&self, address: &str) -> Result<FollowerLink, PeerError> {
        let engine = self.0.lock().unwrap().get(address).cloned();
        let engine = engine.ok_or_else(|| PeerError("nobody is there".to_owned()))?;
        let (near, far): (FollowerLink, _) = Link::pair();
        engine.host(far);
        Ok(near)
    }
}

/// Calls by their names.
type Calls = BTreeMap<String, u64>;

struct Measured {
    cluster: Cluster,
    ledger: FaultyLedger,
    calls: Arc<Mutex<Calls>>,
    wire: Arc<Wire>,
    engines: Vec<Engine>,
}

impl Measured {
    /// So many linked processes that begin one after the other, and a topic with a record, an hour ago.
    async fn new(processes: u64) -> Measured {
        let cluster = Cluster::new(processes);
        let ledger = FaultyLedger::new(cluster.ledger.clone(), Faults::SLOW, cluster.world.child("ledger"));
        let mut measured = Measured {
            ledger,
            cluster,
            calls: Arc::default(),
            wire: Arc::default(),
            engines: Vec::new(),
        };
        measured.count_calls();
        for number in 0..processes {
            measured.begin(number).await;
            // No two of them beat at the same time.
            measured.cluster.sleep(7).await;
        }
        let orders = topic(&measured.engines[0], "orders", 1, &[]).await;
        append(&measured.engines[0], orders, 0, &["x"]).await;
        measured.cluster.world.clock.sleep(HOUR).await;
        measured
    }

    fn count_calls(&self) {
        let calls = Arc::clone(&self.calls);
        self.ledger.set_hook(Some(Arc::new(move |seam| {
            if seam.moment == Moment::Before {
                *calls.lock().unwrap().entry(seam.call.to_owned()).or_default() += 1;
            }
            Verdict::Go
        })));
    }

    async fn begin(&mut self, number: u64) {
        let world = self.cluster.world.child(&format!("process {number}"));
        let config = EngineConfig {
            roles: vec![Role::Agent, Role::Compactor],
            peer_address: number.to_string(),
            peers: Some(self.wire.clone()),
            ..EngineConfig::default()
        };
        let store = self.cluster.store(&world);
        let ledger = Arc::new(self.ledger.clone());
        let engine = Engine::start(world.clone(), config, ledger, store).await.unwrap();
        self.wire.0.lock().unwrap().insert(number.to_string(), engine.clone());
        let upkeep = compactor::run(engine.clone(), CompactorConfig::default());
        world.tasks.spawn("upkeep", upkeep);
        self.engines.push(engine);
    }

    fn so_far(&self) -> Calls {
        let mut calls = self.calls.lock().unwrap().clone();
        for (op, count) in self.cluster.objects.counts().calls {
            calls.insert(format!("{op:?}"), count);
        }
        calls
    }

    /// What is called in an hour.
    async fn hour(&self) -> Calls {
        let before = self.so_far();
        self.cluster.world.clock.sleep(HOUR).await;
        let mut calls = self.so_far();
        for (call, count) in &mut calls {
            *count -= before.get(call).copied().unwrap_or_default();
        }
        calls.retain(|_, count| *count > 0);
        calls
    }
}

fn of(calls: &Calls, names: &[&str]) -> u64 {
    names.iter().filter_map(|name| calls.get(*name)).sum()
}

/// Entries written, reads of the ledger and requests to the store in an idle hour of so many processes.
async fn cost(processes: u64) -> [u64; 3] {
    let measured = Measured::new(processes).await;
    let calls = measured.hour().await;
    let follow = measured
        .engines
        .iter()
        .filter(|engine| engine.health().follows.is_some());
    assert_eq!(follow.count() as u64, processes - 1, "one alone waits at the ledger");
    let (writes, reads) = (
        ["append", "create_base", "advance_base", "delete_below"],
        ["read", "base"],
    );
    let all: u64 = calls.values().sum();
    let cost = [of(&calls, &writes), of(&calls, &reads)];
    [cost[0], cost[1], all - cost[0] - cost[1] - of(&calls, &["watch"])]
}

/// The figures stand in docs/performance.md.
#[tokio::test(start_paused = true)]
async fn an_idle_hour_costs_many_agents_hardly_more_than_one() {
    let one = cost(1).await;
    let [writes, reads, objects] = one;
    assert!(writes <= 75 && reads <= 600 && objects <= 200, "one: {one:?}");
    for processes in [4, 16] {
        let many = cost(processes).await;
        let others = processes - 1;
        assert!(many[0] <= writes, "entries of {processes}: {many:?}, of one: {one:?}");
        // Looks and lists before each sweep, three an hour by all but the first.
        assert!(
            many[1] <= reads + 10 * others,
            "reads of {processes}: {many:?}, of one: {one:?}"
        );
        assert!(
            many[2] <= objects + 7 * others,
            "requests of {processes}: {many:?}, of one: {one:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_append_does_not_wait_for_beats_that_are_held() {
    let measured = Measured::new(4).await;
    let clock = &measured.cluster.world.clock;
    let orders = measured.engines[0].read(|state| state.topic_by_name("orders").unwrap().number());
    let mut longest = Duration::ZERO;
    for round in 0..40 {
        // Long enough for beats to come, and to be held when it ends in some rounds.
        measured.cluster.sleep(49 + round % 16).await;
        let began = clock.now();
        append(&measured.engines[round as usize % 4], orders, 0, &["x"]).await;
        longest = longest.max(began.elapsed());
    }
    assert!(longest < Duration::from_millis(100), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn who_falls_silent_is_retired_whoever_it_is() {
    for host in [false, true] {
        let mut measured = Measured::new(4).await;
        let is_it = |engine: &Engine| engine.health().follows.is_none() == host;
        let at = measured.engines.iter().position(is_it).unwrap();
        let gone = measured.engines.remove(at);
        let lives = [Role::Agent, Role::Compactor].map(|role| gone.incarnation(role).unwrap());
        measured.wire.0.lock().unwrap().remove(&gone.config().peer_address);
        gone.world().tasks.kill();
        let others = &measured.engines;
        let live = |engine: &Engine| engine.read(|state| state.incarnations().map(|life| life.incarnation()).collect());
        let timeout = Duration::from_millis(others[0].read(|state| state.cluster_config().agent_timeout_ms()));
        // Watched at four moments of the timeout, since the last sign of life or since another one watches.
        measured.cluster.world.clock.sleep(timeout + timeout / 2).await;
        for other in others {
            let live: Vec<metadata::Incarnation> = live(other);
            assert_eq!(live.len(), 6, "the others live");
            assert!(lives.iter().all(|life| !live.contains(life)), "host: {host}");
        }
    }
}
