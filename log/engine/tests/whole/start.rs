//! Store and ledger belong together, or nothing starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use engine::{Engine, EngineConfig, ReadError, StartError};
use ledger::Backend as _;
use ledger::memory::MemoryLedger;
use metadata::Role;
use metadata::entry::{self, proposal::Kind};
use store::{MemoryObjects, Op, Store, StoreOptions};
use world::World;

use crate::common::{Cluster, append, read_all, topic};

async fn start(
    world: &World,
    ledger: Arc<dyn ledger::Backend>,
    objects: Arc<dyn store::Objects>,
) -> Result<Engine, StartError> {
    let store = Store::with_objects(objects, StoreOptions::default(), world.clone());
    Engine::start(world.child("engine"), EngineConfig::default(), ledger, store).await
}

#[tokio::test(start_paused = true)]
async fn one_half_of_a_cluster_is_not_begun_anew() {
    let (cluster, another) = (Cluster::new(1), Cluster::new(2));
    for cluster in [&cluster, &another] {
        let engine = cluster.engine().await;
        topic(&engine, "orders", 1, &[]).await;
        engine.stop(Duration::from_secs(1)).await;
    }
    let world = &cluster.world;
    let refused = async |ledger: Arc<dyn ledger::Backend>, objects: Arc<dyn store::Objects>| {
        matches!(start(world, ledger, objects).await, Err(StartError::Mismatch(_)))
    };
    let empty = || Arc::new(MemoryObjects::new(world.clock.clone()));
    let ledger = || Arc::new(cluster.ledger.clone());
    assert!(refused(ledger(), empty()).await, "the store is missing");
    assert!(
        refused(Arc::new(MemoryLedger::sql_like()), cluster.objects.clone()).await,
        "the ledger is missing"
    );
    assert!(refused(ledger(), another.objects.clone()).await, "another's store");
    assert!(start(world, ledger(), cluster.objects.clone()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn many_that_begin_at_once_begin_one_cluster() {
    for seed in 0..20 {
        let cluster = Cluster::new(seed);
        cluster.ledger.set_faults(ledger::Faults::SLOW);
        cluster.objects.set(store::Faults {
            delay: store::Delay::Exponential {
                mean: Duration::from_millis(5),
            },
            ..store::Faults::NONE
        });
        let engines = futures::future::join_all((0..5).map(|_| cluster.engine())).await;
        assert!(engines.iter().all(|engine| engine.cluster() == engines[0].cluster()));
    }
}

/// Who leads no life, and how often a change was asked of the store since.
async fn reader(cluster: &Cluster) -> (Result<Engine, StartError>, Arc<AtomicU32>) {
    let writes = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&writes);
    cluster.objects.set_hook(move |call| {
        let changes = matches!(call.op, Op::Put | Op::Create | Op::Replace | Op::Delete);
        counted.fetch_add(u32::from(changes), Ordering::Relaxed);
        store::Then::Go
    });
    let config = EngineConfig {
        roles: Vec::new(),
        ..EngineConfig::default()
    };
    let store = Store::with_objects(cluster.objects.clone(), StoreOptions::default(), cluster.world.clone());
    let ledger = Arc::new(cluster.ledger.clone());
    let started = Engine::start(cluster.world.child("reader"), config, ledger, store).await;
    (started, writes)
}

#[tokio::test(start_paused = true)]
async fn who_only_reads_begins_no_cluster() {
    let cluster = Cluster::new(1);
    let (started, writes) = reader(&cluster).await;
    assert!(matches!(started, Err(StartError::NotBegun)), "{started:?}");
    assert!(cluster.table.entries().is_empty() && cluster.ledger.base().await.unwrap().is_none());
    // Nor is the other half begun, where a ledger has begun and its store is missing.
    ledger::Ledger::open(
        Arc::new(cluster.table.clone()),
        Arc::new(ledger::MemoryWitness::default()),
        cluster.world.clone(),
    )
    .await
    .unwrap();
    let entries = cluster.table.entries();
    let (started, more) = reader(&cluster).await;
    assert!(matches!(started, Err(StartError::Mismatch(_))), "{started:?}");
    assert_eq!(cluster.table.entries(), entries);
    assert_eq!((writes.load(Ordering::Relaxed), more.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_only_reads_writes_nothing_and_halts_nothing() {
    let cluster = Cluster::new(2);
    let engine = cluster.engine().await;
    let orders = topic(&engine, "orders", 1, &[("tidelog.lane", "inline")]).await;
    for value in ["a", "b", "c"] {
        append(&engine, orders, 0, &[value]).await.unwrap();
    }
    cluster.world.clock.sleep(Duration::from_secs(10)).await;
    engine.stop(Duration::from_secs(1)).await;

    let entries = cluster.table.entries();
    let (started, writes) = reader(&cluster).await;
    let reading = started.unwrap();
    reading.look().await.unwrap();
    assert_eq!(read_all(&reading, orders, 0, 0).await.len(), 3);
    cluster.world.clock.sleep(Duration::from_secs(600)).await;
    reading.look().await.unwrap();
    reading.stop(Duration::from_secs(1)).await;
    assert_eq!(cluster.table.entries(), entries, "no entry");
    assert_eq!(writes.load(Ordering::Relaxed), 0, "no object");

    // The witness tells of the loss; to halt is for those who write.
    cluster.table.lose_end(2);
    let entries = cluster.table.entries();
    let (started, writes) = reader(&cluster).await;
    let reading = started.unwrap();
    for _ in 0..2 {
        assert_eq!(reading.look().await, Err(ReadError::Halted));
        cluster.world.clock.sleep(Duration::from_secs(60)).await;
    }
    reading.stop(Duration::from_secs(1)).await;
    assert_eq!(cluster.table.entries(), entries, "no halt");
    assert_eq!(writes.load(Ordering::Relaxed), 0);
}

/// A start asks again what fails in passing, and does not for ever.
#[tokio::test(start_paused = true)]
async fn a_start_waits_for_a_ledger_that_fails_in_passing() {
    let cluster = Cluster::new(3);
    let engine = cluster.engine().await;
    topic(&engine, "orders", 1, &[]).await;
    engine.stop(Duration::from_secs(1)).await;
    for (failing, starts) in [(6, true), (u32::MAX, false)] {
        let (calls, ledger) = (AtomicU32::new(0), cluster.ledger.clone());
        let refusing = ledger::Faults {
            refused: 1.0,
            ..ledger::Faults::NONE
        };
        // The second read of the start is the first of its tail.
        cluster.ledger.set_hook(Some(Arc::new(move |seam| {
            if seam.call == "read" && seam.moment == ledger::faulty::Moment::Before {
                let call = calls.fetch_add(1, Ordering::Relaxed);
                let fails = (1..failing).contains(&call);
                ledger.set_faults(if fails { refusing } else { ledger::Faults::NONE });
            }
            ledger::faulty::Verdict::Go
        })));
        let started = start(
            &cluster.world,
            Arc::new(cluster.ledger.clone()),
            cluster.objects.clone(),
        )
        .await;
        assert_eq!(started.is_ok(), starts, "{started:?}");
        cluster.ledger.set_hook(None);
        cluster.ledger.set_faults(ledger::Faults::NONE);
    }
}

/// Whom the log does not let live says so, is not ready, and does not fill the ledger with its asking.
#[tokio::test(start_paused = true)]
async fn who_may_not_live_asks_again_after_a_while() {
    let cluster = Cluster::new(4);
    let named = |name: String| EngineConfig {
        name,
        ..EngineConfig::default()
    };
    let store = Store::with_objects(cluster.objects.clone(), StoreOptions::default(), cluster.world.clone());
    let ledger = Arc::new(cluster.ledger.clone());
    let world = cluster.world.child("engine");
    let refused = Engine::start(world, named("n".repeat(256)), ledger, store).await;
    assert!(matches!(refused, Err(StartError::Config(_))), "{refused:?}");
    assert!(cluster.table.entries().is_empty());

    // Software of a later feature level lives, and the log is raised to it.
    let begun = cluster.engine_with(named("n".repeat(255))).await;
    begun.stop(Duration::from_secs(1)).await;
    let mut tip = begun.ledger().describe().await.unwrap().tip;
    let life = entry::Incarnation {
        position: tip.position + 1,
        index: 0,
        nonce: 7,
    };
    let later = entry::FEATURE_LEVEL + 1;
    let register = entry::Register {
        nonce: life.nonce,
        role: Role::Agent.into(),
        feature_min: 1,
        feature_max: later,
        seen: tip.position,
        ..entry::Register::default()
    };
    let raise = entry::FeatureLevel {
        seen: entry::FEATURE_LEVEL,
        level: later,
    };
    for (incarnation, kind) in [
        (None, Kind::Register(register)),
        (Some(life), Kind::FeatureLevel(raise)),
    ] {
        let proposal = entry::Proposal {
            incarnation,
            kind: Some(kind),
            ..entry::Proposal::default()
        };
        let body = metadata::encode_body(&entry::body(vec![proposal]));
        let ledger::Appended::At(next) = begun.ledger().append(&tip, body).await.unwrap() else {
            panic!("nobody else writes");
        };
        tip = next;
    }

    let before = cluster.table.entries().len();
    let refused = cluster.engine_with(named("other".to_owned())).await;
    cluster.world.clock.sleep(Duration::from_secs(600)).await;
    let why = refused.health().refused.unwrap_or_default();
    assert!(why.contains("feature"), "{why}");
    let entries = cluster.table.entries().len() - before;
    assert!((10..=40).contains(&entries), "{entries}");
}
