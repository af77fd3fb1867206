//! Engines over a bad ledger and a bad store: whatever was answered is true of what is in the log.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{AppendError, AppendGroup, Engine, EngineConfig, Happened};
use ledger::memory::MemoryLedger;
use metadata::{Role, TopicNumber};
use store::{Delay, Faults};

use crate::common::{Cluster, read_all, run, topic};

/// What a writer was told of each of its values, in the order of its calls.
type Told = Vec<(String, Result<u64, AppendError>)>;

fn submit(
    engine: &Engine,
    topic: TopicNumber,
    value: &str,
) -> impl Future<Output = Result<engine::AppendDone, AppendError>> + use<> {
    let runs = vec![run(topic, 0, &[value])];
    engine.append(engine.reserve(1).unwrap(), AppendGroup { runs, request: None })
}

/// Writes small and large values, some while others are on their way.
async fn write(cluster: &Cluster, engine: &Engine, topic: TopicNumber, name: &str) -> Told {
    let chance = &cluster.world.chance;
    let mut told = Told::new();
    for round in 0..12 {
        let values: Vec<String> = (0..=chance.below(4))
            .map(|number| {
                let large = chance.coin(0.3);
                let filler = "x".repeat(if large { 40_000 } else { 1 });
                format!("{name} {round} {number} {filler}")
            })
            .collect();
        let groups: Vec<_> = values.iter().map(|value| submit(engine, topic, value)).collect();
        let done = futures::future::join_all(groups).await;
        let outcomes = done.into_iter().map(|done| done.map(|done| done.acks[0].base_offset));
        told.extend(values.into_iter().zip(outcomes));
        cluster
            .world
            .clock
            .sleep(chance.between(Duration::ZERO, Duration::from_millis(300)))
            .await;
    }
    told
}

/// Pauses an engine now and then, longer than the others' patience.
async fn disturb(cluster: &Cluster, engines: &[Engine]) {
    let chance = &cluster.world.chance;
    for round in 0..5 {
        cluster
            .world
            .clock
            .sleep(chance.between(Duration::ZERO, Duration::from_secs(20)))
            .await;
        let chosen = &engines[usize::try_from(chance.below(engines.len() as u64)).unwrap()];
        chosen.world().tasks.pause();
        let others = engines.iter().find(|engine| !std::ptr::eq(*engine, chosen)).unwrap();
        cluster
            .world
            .clock
            .sleep(chance.between(Duration::ZERO, Duration::from_secs(120)))
            .await;
        if round % 2 == 0 {
            // Whoever slept finds the base moved past it. Under faults this may fail.
            let _ = others.take_snapshot(Role::Compactor).await;
            let _ = others.take_snapshot(Role::Compactor).await;
            let _ = others.advance_base().await;
            let _ = others.ledger().delete_below_base().await;
        }
        chosen.world().tasks.resume();
    }
}

fn check(seed: u64, told: &Told, there: &[(u64, String)]) {
    let mut offsets = BTreeMap::new();
    for (offset, value) in there {
        assert_eq!(offsets.insert(value.as_str(), *offset), None, "seed {seed}: twice");
    }
    let mut last = None;
    for (value, outcome) in told {
        let found = offsets.get(value.as_str()).copied();
        let what = || format!("seed {seed}: {} is at {found:?}", value.trim_end_matches('x'));
        match outcome {
            Ok(offset) => assert_eq!(found, Some(*offset), "{}", what()),
            Err(error) if error.happened() == Happened::No => assert_eq!(found, None, "{} {error}", what()),
            Err(_) => {}
        }
        // One writer's values lie in the order of its calls.
        assert!(found.is_none() || found > last, "{} behind {last:?}", what());
        last = found.or(last);
    }
}

async fn story(seed: u64, looks: ledger::Looks) {
    let cluster = Cluster::over(seed, MemoryLedger::new(looks).with_entry_bytes_max(64 << 10));
    let config = EngineConfig {
        roles: vec![Role::Agent, Role::Compactor],
        ..EngineConfig::default()
    };
    let engines = [
        cluster.engine_with(config.clone()).await,
        cluster.engine_with(config.clone()).await,
    ];
    let topic = topic(&engines[0], "orders", 1, &[("max.message.bytes", "100000")]).await;
    for engine in &engines {
        engine.look().await.unwrap();
    }
    cluster.ledger.set_faults(ledger::Faults::ROUGH);
    cluster.objects.set(Faults {
        delay: Delay::HeavyTail {
            shortest: Duration::from_millis(5),
            longest: Duration::from_secs(3),
        },
        refused: 0.1,
        unanswered: 0.05,
        hung: 0.02,
        flipped: 0.02,
        truncated: 0.02,
        ..Faults::NONE
    });
    let (one, other, ()) = tokio::join!(
        write(&cluster, &engines[0], topic, "one"),
        write(&cluster, &engines[1], topic, "other"),
        disturb(&cluster, &engines)
    );
    cluster.ledger.set_faults(ledger::Faults::NONE);
    cluster.objects.set(Faults::NONE);
    cluster.world.clock.sleep(Duration::from_mins(3)).await;
    let reader = cluster.engine_with(config).await;
    let there = read_all(&reader, topic, 0, 0).await;
    check(seed, &one, &there);
    check(seed, &other, &there);
    let acked = [&one, &other]
        .into_iter()
        .flatten()
        .filter(|(_, told)| told.is_ok())
        .count();
    assert!(acked > 10, "seed {seed}: {acked} acknowledged");
    for engine in &engines {
        assert_eq!(engine.look().await, reader.look().await, "seed {seed}");
        let state = engine.read(metadata::snapshot::state_hash_of);
        assert_eq!(state, reader.read(metadata::snapshot::state_hash_of), "seed {seed}");
        assert_eq!(engine.health().memory_used_bytes, 0, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_is_true_over_a_database() {
    for seed in 0..4 {
        story(seed, ledger::Looks::InStatement).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_is_true_over_a_store_of_entries() {
    for seed in 100..104 {
        story(seed, ledger::Looks::AfterPut).await;
    }
}
