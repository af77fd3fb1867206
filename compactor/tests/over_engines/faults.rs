//! Compactors that race, and compactors that are killed: cost, and objects that nothing names, but no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{Cluster, append, config, contents, counts, listed, set, topic, upkeep};
use compactor::{CompactorConfig, Upkeep};
use engine::Engine;
use metadata::{ObjectStatus, Place, Role, State};
use store::{Key, Kind, Moment, Op, SeamCall, Then};

async fn produce(engine: &Engine) {
    let inline = topic(engine, "inline", 2, &[("tidelog.lane", "inline")]).await;
    let object = topic(engine, "object", 2, &[("tidelog.lane", "object")]).await;
    for number in 0..16_u32 {
        append(engine, inline, number % 2, &["a value"]).await;
        append(engine, object, number % 2, &["a value", "another"]).await;
    }
}

/// Segments that nothing names.
async fn orphans(engine: &Engine) -> usize {
    let keys = listed(engine, Kind::Segment).await;
    let unnamed = |key: &Key| match key {
        Key::Segment(name) => engine.read(|state| !matches!(state.object(name), ObjectStatus::Named { .. })),
        _ => false,
    };
    keys.iter().filter(|key| unnamed(key)).count()
}

#[tokio::test(start_paused = true)]
async fn two_at_once_change_cost_only() {
    for seed in 0..8 {
        let cluster = Cluster::new(seed);
        let engine = cluster.engine_of(vec![Role::Agent]).await;
        set(&engine, "segment.grace.ms", "0").await;
        produce(&engine).await;
        let before = contents(&engine).await;
        let one = cluster.engine_of(vec![Role::Compactor]).await;
        let other = cluster.engine_of(vec![Role::Compactor]).await;
        let (config_one, config_other) = (config(), config());
        let (first, second) = tokio::join!(
            compactor::run_once(&one, &config_one),
            compactor::run_once(&other, &config_other)
        );
        assert_eq!(contents(&engine).await, before, "seed {seed}");
        assert_eq!(engine.read(State::inline_bytes), 0, "{first:?} {second:?}");
        let (extents, _) = counts(&engine);
        assert!(extents < 20, "{extents} extents");
        for process in [&one, &other, &one, &other] {
            upkeep(process).await;
        }
        assert_eq!(contents(&engine).await, before, "seed {seed}");
        // The agent's own last flush is not over.
        assert!(orphans(&one).await <= 1, "seed {seed}");
    }
}

/// Kills the compactor at the first call for which `at` holds; then another one finishes the work and sweeps.
async fn killed(at: impl Fn(&SeamCall) -> bool + Send + Sync + 'static, leaves_orphans: bool) {
    let cluster = Cluster::new(3);
    let agent = cluster.engine_of(vec![Role::Agent]).await;
    set(&agent, "segment.grace.ms", "0").await;
    set(&agent, "agent.timeout.ms", "5000").await;
    produce(&agent).await;
    let before = contents(&agent).await;
    let victim = cluster.engine_of(vec![Role::Compactor]).await;
    let hit = Arc::new(AtomicBool::new(false));
    let (tasks, seen) = (victim.world().tasks.clone(), hit.clone());
    cluster.objects.set_hook(move |call| {
        if at(call) && !seen.swap(true, Ordering::SeqCst) {
            tasks.kill();
            return Then::Hang;
        }
        Then::Go
    });
    let pass_config = config();
    let pass = victim
        .world()
        .tasks
        .gated(compactor::run_once(&victim, &pass_config))
        .await;
    assert!(pass.is_none() && hit.load(Ordering::SeqCst), "it was killed");
    cluster.objects.clear_hook();
    assert_eq!(orphans(&agent).await > 0, leaves_orphans);
    assert_eq!(contents(&agent).await, before);
    let next = cluster.engine_of(vec![Role::Compactor]).await;
    // Whoever is silent is retired; the agent beats.
    let topic = topic(&agent, "beats", 1, &[("tidelog.lane", "object")]).await;
    for _ in 0..12 {
        append(&agent, topic, 0, &["beat"]).await;
        upkeep(&next).await;
        cluster.sleep(1).await;
    }
    let before = contents(&agent).await;
    for _ in 0..2 {
        upkeep(&next).await;
    }
    assert!(orphans(&next).await <= 1, "the agent's own last flush is not over");
    assert_eq!(agent.read(State::inline_bytes), 0);
    assert_eq!(contents(&agent).await, before);
}

fn segment_put(call: &SeamCall) -> bool {
    call.op == Op::Put && call.path.contains("/segment/")
}

#[tokio::test(start_paused = true)]
async fn killed_before_its_put() {
    killed(|call| segment_put(call) && call.moment == Moment::Before, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_its_put() {
    killed(|call| segment_put(call) && call.moment == Moment::Applied, true).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_its_swaps() {
    killed(|call| call.op == Op::Date || call.op == Op::List, true).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_deletes() {
    killed(|call| call.op == Op::Delete && call.moment == Moment::Applied, true).await;
}

/// Bytes that are not what was written are found before anything names them.
#[tokio::test(start_paused = true)]
async fn an_object_that_does_not_read_back_is_never_named() {
    let cluster = Cluster::new(5);
    let engine = cluster.engine().await;
    produce(&engine).await;
    let before = contents(&engine).await;
    let mut faults = cluster.objects.faults();
    faults.flipped = 1.0;
    cluster.objects.set(faults);
    let report = compactor::run_once(&engine, &config()).await;
    assert!(!report.failures.is_empty());
    assert_eq!(report.moved_out.inputs + report.merged.inputs, 0, "{report:?}");
    cluster.objects.set(store::Faults::NONE);
    assert_eq!(contents(&engine).await, before);
    upkeep(&engine).await;
    assert_eq!(contents(&engine).await, before);
}

/// Calls fail, hang, come back cut short or with a wrong bit: passes fail, and nothing is lost or changed by it.
#[tokio::test(start_paused = true)]
async fn a_bad_store_costs_time_only() {
    for seed in 0..10 {
        let cluster = Cluster::new(seed);
        let engine = cluster.engine().await;
        set(&engine, "segment.grace.ms", "1000").await;
        produce(&engine).await;
        let before = contents(&engine).await;
        cluster.objects.set(store::Faults {
            refused: 0.1,
            unanswered: 0.1,
            hung: 0.02,
            truncated: 0.05,
            flipped: 0.05,
            ..store::Faults::NONE
        });
        for _ in 0..6 {
            compactor::run_once(&engine, &config()).await;
            cluster.sleep(1).await;
        }
        cluster.objects.set(store::Faults::NONE);
        assert_eq!(contents(&engine).await, before, "seed {seed}");
        // What was found damaged by a bad read is tried again.
        cluster.sleep(2000).await;
        for _ in 0..4 {
            upkeep(&engine).await;
            cluster.sleep(2).await;
        }
        assert_eq!(contents(&engine).await, before, "seed {seed}");
        assert_eq!(engine.read(State::inline_bytes), 0, "seed {seed}");
        assert!(orphans(&engine).await <= 1, "seed {seed}");
    }
}

/// A ledger that lost its end is left as it is: what seems garbage may be what an operator wants back.
#[tokio::test(start_paused = true)]
async fn nothing_is_done_while_halted() {
    let cluster = Cluster::new(6);
    let engine = cluster.engine().await;
    set(&engine, "segment.grace.ms", "0").await;
    produce(&engine).await;
    cluster.ledger.lose_end(3);
    // Told by the next read or write, whatever becomes of it.
    let _ = engine.look().await;
    for _ in 0..60 {
        cluster.sleep(1).await;
    }
    assert!(engine.health().halted, "{:?}", engine.health());
    let (segments, position) = (listed(&engine, Kind::Segment).await, engine.seen());
    let report = compactor::run_once(&engine, &config()).await;
    assert!(!report.failures.is_empty() && report.swept.is_none(), "{report:?}");
    cluster.sleep(5).await;
    assert_eq!(listed(&engine, Kind::Segment).await, segments);
    assert_eq!(engine.seen(), position);
}

/// A topic whose file cannot be put waits for its next turn, and the others become rows, and larger files, meanwhile.
#[tokio::test(start_paused = true)]
async fn a_topic_that_fails_holds_up_no_other() {
    let cluster = Cluster::new(5);
    let engine = cluster.engine().await;
    let mut topics = Vec::new();
    for name in ["a", "b", "c"] {
        topics.push(topic(&engine, name, 1, &[]).await);
    }
    let extents = |topic| {
        let places = |state: &State| -> Vec<bool> {
            let all = state
                .partitions(topic)
                .flat_map(|(_, partition)| partition.extents().collect::<Vec<_>>());
            all.map(|extent| matches!(extent.place, Place::Lake { .. })).collect()
        };
        engine.read(places)
    };
    let is_hung = Arc::new(AtomicBool::new(true));
    let id = engine.read(|state| state.topic(topics[0]).map(|topic| topic.id()));
    let folder: String = id.unwrap().0.iter().map(|byte| format!("{byte:02x}")).collect();
    let hung = is_hung.clone();
    cluster.objects.set_hook(move |call| {
        let is_of = call.op == Op::Put && call.path.contains(&folder);
        match is_of && hung.load(Ordering::SeqCst) {
            true => Then::Hang,
            false => Then::Go,
        }
    });
    let eager = CompactorConfig {
        lake_level_bytes: 20_000,
        lake_bytes_large: 200_000,
        lake_small_files_max: 4,
        ..config()
    };
    let mut upkeep = Upkeep::new(engine.clone(), eager);
    for round in 0..4 {
        for &topic in &topics {
            append(&engine, topic, 0, &["a value"]).await;
        }
        let report = upkeep.once().await;
        assert!(extents(topics[0]).iter().all(|is_lake| !is_lake), "round {round}");
        for &topic in &topics[1..] {
            let lake = extents(topic);
            assert!(
                lake.iter().all(|is_lake| *is_lake),
                "round {round}: {:?}",
                report.failures
            );
        }
        if round == 0 {
            assert!(report.failures.iter().any(|failure| failure.starts_with("to_lake")));
        }
    }
    is_hung.store(false, Ordering::SeqCst);
    cluster.sleep(600).await;
    let before = contents(&engine).await;
    assert_eq!(upkeep.once().await.failures, Vec::<String>::new());
    assert!(extents(topics[0]).iter().all(|is_lake| *is_lake));
    assert_eq!(contents(&engine).await, before);
}
