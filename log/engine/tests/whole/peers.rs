//! Agents that follow one of them: what they propose is put by it, and they read nothing from the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::{Engine, EngineConfig, FollowerLink, HostLink, Link, PeerError, Peers, ToFollower, ToHost};
use ledger::{Hash, Tip};
use metadata::Role;
use parking_lot::Mutex;

use crate::common::{Cluster, append, read_all, topic};

/// Who is where. A silent one takes links and says nothing on them.
#[derive(Debug, Default)]
struct Exchange {
    engines: Mutex<BTreeMap<String, Option<Engine>>>,
    /// Links to a silent one, held open.
    silent: Mutex<Vec<HostLink>>,
}

#[derive(Debug)]
struct Wire(Arc<Exchange>);

#[async_trait]
impl Peers for Wire {
    async fn connect(&self, address: &str) -> Result<FollowerLink, PeerError> {
        let engine = self.0.engines.lock().get(address).cloned();
        let engine = engine.ok_or_else(|| PeerError("nobody is there".to_owned()))?;
        let (near, far): (FollowerLink, _) = Link::pair();
        match engine {
            Some(engine) => engine.host(far),
            None => self.0.silent.lock().push(far),
        }
        Ok(near)
    }
}

impl Exchange {
    async fn engine(self: &Arc<Self>, cluster: &Cluster, name: &str) -> Engine {
        let engine = cluster
            .engine_with(EngineConfig {
                roles: vec![Role::Agent],
                name: name.to_owned(),
                peer_address: name.to_owned(),
                peers: Some(Arc::new(Wire(Arc::clone(self)))),
                // Lives beat through the one who is followed, too; here only what is asked for counts.
                beat_interval: Duration::from_hours(1),
                ..EngineConfig::default()
            })
            .await;
        self.engines.lock().insert(name.to_owned(), Some(engine.clone()));
        engine
    }
}

async fn settled(cluster: &Cluster) {
    cluster.world.clock.sleep(Duration::from_secs(1)).await;
}

/// Three agents that know each other: the one that puts the entries, and the others.
async fn three(cluster: &Cluster, exchange: &Arc<Exchange>) -> (Engine, Vec<Engine>) {
    let mut engines = Vec::new();
    for name in ["a", "b", "c"] {
        engines.push(exchange.engine(cluster, name).await);
    }
    settled(cluster).await;
    let name = engines[0].read(|state| state.sequencers()[0].name().to_owned());
    let at = engines.iter().position(|engine| engine.config().name == name);
    let host = engines.remove(at.expect("one of them"));
    (host, engines)
}

#[tokio::test(start_paused = true)]
async fn one_puts_the_entries_of_all_and_the_others_ask_the_ledger_nothing() {
    let (cluster, exchange) = (Cluster::new(1), Arc::new(Exchange::default()));
    let (host, others) = three(&cluster, &exchange).await;
    assert_eq!((host.health().follows, host.health().followers), (None, 2));
    for other in &others {
        assert_eq!(other.health().follows, host.incarnation(Role::Agent));
    }
    let orders = topic(&others[0], "orders", 2, &[]).await;
    let before = cluster.ledger.calls();
    let position = host.seen().position;
    for round in 0..10 {
        for (partition, other) in (0..).zip(&others) {
            let at = append(other, orders, partition, &["x"]).await.unwrap();
            assert_eq!(at, round);
        }
    }
    let entries = host.seen().position - position;
    let calls = cluster.ledger.calls() - before;
    assert_eq!(entries, 20, "one by one");
    assert!(
        calls <= 2 * entries + 4,
        "{calls} calls for {entries} entries: an append and a watch for each, by one of the three"
    );
    assert_eq!(read_all(&others[1], orders, 0, 0).await.len(), 10);
    // A look is one read for all who want it, by the one who puts the entries.
    let before = cluster.ledger.calls();
    let (first, second) = tokio::join!(others[0].look(), others[1].look());
    assert_eq!(first.unwrap(), second.unwrap());
    let looked = cluster.ledger.calls() - before;
    assert!(looked <= 4, "{looked} calls: a read and the base, once or twice");
}

#[tokio::test(start_paused = true)]
async fn what_comes_together_goes_into_one_entry() {
    let (cluster, exchange) = (Cluster::new(2), Arc::new(Exchange::default()));
    let (host, others) = three(&cluster, &exchange).await;
    let orders = topic(&host, "orders", 1, &[]).await;
    settled(&cluster).await;
    let position = host.seen().position;
    let many = (0..40).map(|at| {
        let engine = [&host, &others[0], &others[1]][at % 3].clone();
        async move { append(&engine, orders, 0, &["x"]).await.unwrap() }
    });
    let mut offsets = futures::future::join_all(many).await;
    offsets.sort_unstable();
    assert_eq!(offsets, (0..40).collect::<Vec<u64>>());
    let entries = host.seen().position - position;
    assert!(entries <= 6, "{entries} entries for 40 appends of three agents");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_gone_or_silent_is_left_and_nothing_is_lost() {
    for silent in [false, true] {
        let (cluster, exchange) = (Cluster::new(3), Arc::new(Exchange::default()));
        let (host, others) = three(&cluster, &exchange).await;
        let orders = topic(&others[0], "orders", 1, &[]).await;
        assert_eq!(append(&others[0], orders, 0, &["before"]).await, Ok(0));
        {
            let mut engines = exchange.engines.lock();
            match silent {
                true => engines.insert(host.config().name.clone(), None),
                false => engines.remove(&host.config().name),
            };
        }
        host.world().tasks.kill();
        let began = cluster.world.clock.now();
        let both = futures::future::join_all(others.iter().map(|other| append(other, orders, 0, &["after"]))).await;
        let mut offsets: Vec<u64> = both.into_iter().map(Result::unwrap).collect();
        offsets.sort_unstable();
        assert_eq!(offsets, [1, 2]);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(8), "silent: {silent}, took {took:?}");
        settled(&cluster).await;
        let next = others[0].read(|state| state.sequencers()[1].name().to_owned());
        for other in &others {
            let expect = (other.config().name != next).then_some(next.clone());
            let follows = other.health().follows;
            let name = other
                .read(|state| follows.and_then(|life| state.incarnation(&life).map(|life| life.name().to_owned())));
            assert_eq!(name, expect, "the next in the ranking is followed by the others");
        }
        assert_eq!(append(&others[1], orders, 0, &["x"]).await, Ok(3));
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_comes_late_reads_what_is_there_and_follows() {
    let (cluster, exchange) = (Cluster::new(4), Arc::new(Exchange::default()));
    let (host, others) = three(&cluster, &exchange).await;
    let orders = topic(&host, "orders", 1, &[]).await;
    for at in 0..50 {
        assert_eq!(append(&others[0], orders, 0, &["x"]).await, Ok(at));
    }
    let late = exchange.engine(&cluster, "d").await;
    settled(&cluster).await;
    assert_eq!(append(&late, orders, 0, &["late"]).await, Ok(50));
    let first = late.read(|state| state.sequencers()[0].incarnation());
    let follows = late.health().follows;
    assert!(follows == Some(first) || late.incarnation(Role::Agent) == Some(first));
    for engine in others.iter().chain([&host, &late]) {
        engine.look().await.unwrap();
        assert_eq!(read_all(engine, orders, 0, 48).await.len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_stops_ends_its_life_through_the_one_it_follows() {
    let (cluster, exchange) = (Cluster::new(5), Arc::new(Exchange::default()));
    let (host, others) = three(&cluster, &exchange).await;
    others[0].stop(Duration::from_secs(5)).await;
    host.look().await.unwrap();
    assert_eq!(host.read(|state| state.incarnations().len()), 2);
    settled(&cluster).await;
    assert_eq!(host.health().followers, 1);
    // The one who puts the entries goes, too: the last one puts its own.
    exchange.engines.lock().remove(&host.config().name);
    host.stop(Duration::from_secs(5)).await;
    let orders = topic(&others[1], "orders", 1, &[]).await;
    assert_eq!(append(&others[1], orders, 0, &["x"]).await, Ok(0));
    assert_eq!(others[1].health().follows, None);
}

/// A follower that slept over a lost end is ahead of its host, or at its position with another entry.
#[tokio::test(start_paused = true)]
async fn a_look_says_nothing_to_one_on_another_branch() {
    let (cluster, exchange) = (Cluster::new(6), Arc::new(Exchange::default()));
    let host = exchange.engine(&cluster, "a").await;
    settled(&cluster).await;
    for ahead in [0, 3] {
        let (mut near, far): (FollowerLink, _) = Link::pair();
        host.host(far);
        let tip = Tip::new(1, host.seen().position + ahead, Hash([9; 32]));
        let cluster_id = host.cluster();
        let follow = ToHost::Follow {
            cluster: cluster_id,
            tip,
        };
        for message in [follow, ToHost::Look(1)] {
            near.out.send(message).await.expect("the host listens");
        }
        settled(&cluster).await;
        let mut heard = Vec::new();
        while let Ok(message) = near.heard.try_recv() {
            heard.push(message);
        }
        assert!(
            !heard.is_empty(),
            "it is told that the host is there, or that it is behind"
        );
        let looked = |message: &ToFollower| matches!(message, ToFollower::Looked { .. });
        assert!(!heard.iter().any(looked), "{ahead} ahead: {heard:?}");
    }
}
