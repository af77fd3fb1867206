//! Ledgers that lose their end, move their base past a sleeper, or fill up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use engine::{AppendError, Engine, EngineConfig, FetchError, ReadError, Seen};
use ledger::memory::MemoryLedger;
use metadata::{Role, TopicNumber};

use crate::common::{Cluster, append, read_all, request, topic};
use crate::moved::{extents, merge};

/// The leader epoch of each batch, by its first offset.
async fn epochs(engine: &Engine, topic: TopicNumber) -> Vec<(u64, i32)> {
    let fetched = engine.fetch(&request(topic, 0, 0)).await.remove(0).result.unwrap();
    let told = |batch: &engine::FetchedBatch| (batch.base_offset, batch.leader_epoch);
    fetched.batches.iter().map(told).collect()
}

/// Waits, in virtual time, until it holds.
pub(crate) async fn until(cluster: &Cluster, what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        cluster.world.clock.sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

pub(crate) async fn fill(engine: &Engine, topic: TopicNumber, count: usize) {
    for number in 0..count {
        append(engine, topic, 0, &[&format!("v{number}")]).await.unwrap();
    }
}

/// Snapshots until the base has moved beyond what was written so far, and deletes what lies below it.
async fn move_base(engine: &Engine) {
    let before = engine.seen().position;
    loop {
        append_nothing(engine).await;
        engine.take_snapshot(Role::Compactor).await.unwrap();
        let base = engine.advance_base().await.unwrap();
        if base.is_some_and(|base| base.position > before) {
            break;
        }
    }
    engine.ledger().delete_below_base().await.unwrap();
}

async fn append_nothing(engine: &Engine) {
    let beat = metadata::entry::proposal::Kind::Beat(metadata::entry::Beat {});
    engine.propose(Role::Agent, beat, None, "").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_sleeper_reloads_proposes_again_and_appends_nothing_twice() {
    for looks in [ledger::Looks::InStatement, ledger::Looks::AfterPut] {
        let cluster = Cluster::over(1, MemoryLedger::new(looks));
        let (one, sleeper) = (cluster.engine().await, cluster.engine().await);
        let topic = topic(&one, "orders", 1, &[("tidelog.lane", "object")]).await;
        fill(&one, topic, 3).await;
        append(&sleeper, topic, 0, &["before"]).await.unwrap();
        sleeper.world().tasks.pause();
        let group = engine::AppendGroup {
            runs: vec![crate::common::run(topic, 0, &["mine"])],
            request: None,
        };
        let mine = sleeper.append(sleeper.reserve(1).unwrap(), group);
        move_base(&one).await;
        sleeper.world().tasks.resume();
        let outcome = mine.await;
        assert!(
            outcome.is_ok() || matches!(outcome, Err(AppendError::Unknown(_))),
            "{outcome:?}"
        );
        cluster.world.clock.sleep(Duration::from_secs(5)).await;
        sleeper.look().await.unwrap();
        append(&sleeper, topic, 0, &["after"]).await.unwrap();
        let all = read_all(&sleeper, topic, 0, 0).await;
        let values: Vec<&str> = all.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["v0", "v1", "v2", "before", "mine", "after"], "{looks:?}");
        one.look().await.unwrap();
        assert_eq!(read_all(&one, topic, 0, 0).await, all);
        assert_eq!(sleeper.health().memory_used_bytes, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_end_halts_and_a_new_era_goes_on() {
    for looks in [ledger::Looks::InStatement, ledger::Looks::AfterPut] {
        let cluster = Cluster::over(2, MemoryLedger::new(looks));
        let engine = cluster.engine().await;
        let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
        fill(&engine, topic, 5).await;
        let seen = engine.seen();
        cluster.table.lose_end(2);
        let refused = append(&engine, topic, 0, &["x"]).await;
        assert!(refused.is_err(), "{refused:?}");
        until(&cluster, "halted", || engine.health().halted).await;
        assert_eq!(append(&engine, topic, 0, &["x"]).await, Err(AppendError::Halted));
        assert_eq!(engine.look().await, Err(ReadError::Halted));
        let fetched = engine.fetch(&request(topic, 0, 0)).await.remove(0).result;
        assert!(matches!(fetched, Err(FetchError::NotCurrent(_))), "{fetched:?}");
        engine.ledger().accept_loss("test".into()).await.unwrap();
        until(&cluster, "serving", || {
            engine.health().serving && !engine.health().halted
        })
        .await;
        let deadline = cluster.world.clock.now() + Duration::from_secs(1);
        assert_eq!(engine.wait_for(seen, deadline).await, Err(ReadError::HistoryLost));
        let early = Seen { era: 1, position: 1 };
        assert_eq!(engine.wait_for(early, deadline).await, Ok(()));
        until(&cluster, "a life", || engine.incarnation(Role::Agent).is_some()).await;
        let offset = append(&engine, topic, 0, &["y"]).await.unwrap();
        let all = read_all(&engine, topic, 0, 0).await;
        assert_eq!(all.last(), Some(&(offset, "y".to_owned())), "{looks:?}");
        let before = epochs(&engine, topic).await;
        assert_eq!(before.last(), Some(&(offset, 2)));
        assert_eq!(before.first(), Some(&(0, 1)));
        until(&cluster, "a compactor", || {
            engine.incarnation(Role::Compactor).is_some()
        })
        .await;
        merge(&engine, topic, &extents(&engine, topic)).await;
        assert_eq!(extents(&engine, topic).len(), 1);
        assert_eq!(epochs(&engine, topic).await, before, "merged over the begin of an era");
        assert_eq!(engine.health().memory_used_bytes, 0);
    }
}

/// A reader that waits, one that comes back when others have its offsets, and one that had read nothing of what is lost.
#[tokio::test(start_paused = true)]
async fn whoever_read_what_is_lost_is_told() {
    let cluster = Cluster::over(8, MemoryLedger::new(ledger::Looks::InStatement));
    let (engine, behind) = (cluster.engine().await, cluster.engine().await);
    let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
    fill(&engine, topic, 3).await;
    let kept = engine.fetch(&request(topic, 0, 0)).await.remove(0).result.unwrap().seen;
    behind.look().await.unwrap();
    behind.world().tasks.pause();
    fill(&engine, topic, 2).await;
    let lost = engine.fetch(&request(topic, 0, 3)).await.remove(0).result.unwrap().seen;
    assert!(lost > kept);
    let waiting = engine::FetchRequest {
        after: Some(lost),
        bytes_min: 1,
        wait: Duration::from_secs(600),
        ..request(topic, 0, 5)
    };
    let accepted = async {
        cluster.table.lose_end(2);
        append(&engine, topic, 0, &["x"]).await.unwrap_err();
        until(&cluster, "halted", || engine.health().halted).await;
        behind.world().tasks.resume();
        until(&cluster, "halted there", || behind.health().halted).await;
        // The halt has a place of those that are lost, and that is nothing that anybody has read.
        let of_halted = behind.fetch(&request(topic, 0, 0)).await.remove(0).result.unwrap().seen;
        assert!(of_halted >= kept && behind.seen() == of_halted);
        engine.ledger().accept_loss("test".into()).await.unwrap();
        until(&cluster, "serving", || {
            engine.health().serving && !engine.health().halted && !behind.health().halted
        })
        .await;
        fill(&engine, topic, 4).await;
        of_halted
    };
    let (waited, of_halted) = tokio::join!(engine.fetch(&waiting), accepted);
    assert_eq!(waited[0].result, Err(FetchError::HistoryLost));
    for (after, told) in [
        (Some(lost), true),
        (Some(kept), false),
        (Some(of_halted), false),
        (None, false),
    ] {
        let again = engine::FetchRequest {
            after,
            ..request(topic, 0, 5)
        };
        let result = engine.fetch(&again).await.remove(0).result;
        assert_eq!(result == Err(FetchError::HistoryLost), told, "{after:?}: {result:?}");
    }
}

/// The life stands in the base's snapshot, so it outlives the loss, and some of its sequences do not: whatever it
/// proposed would leave a gap for ever. So it begins another life at once.
#[tokio::test(start_paused = true)]
async fn a_life_that_lost_sequences_is_left_for_another() {
    for looks in [ledger::Looks::InStatement, ledger::Looks::AfterPut] {
        let cluster = Cluster::over(6, MemoryLedger::new(looks));
        let engine = cluster.engine().await;
        let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
        fill(&engine, topic, 5).await;
        move_base(&engine).await;
        let life = engine.incarnation(Role::Agent);
        fill(&engine, topic, 5).await;
        cluster.table.lose_end(3);
        assert!(append(&engine, topic, 0, &["x"]).await.is_err());
        until(&cluster, "halted", || engine.health().halted).await;
        engine.ledger().accept_loss("test".into()).await.unwrap();
        until(&cluster, "serving", || {
            engine.health().serving && !engine.health().halted
        })
        .await;
        let (began, before) = (cluster.world.clock.now(), engine.seen().position);
        let offset = append(&engine, topic, 0, &["y"]).await.unwrap();
        assert_eq!(offset, 7, "{looks:?}");
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        assert!(engine.seen().position < before + 5, "no void proposal is repeated");
        assert_ne!(engine.incarnation(Role::Agent), life);
    }
}

/// The base was moved just before the ledger lost its end, and names a snapshot of what is lost. The one at the base is
/// there for that.
#[tokio::test(start_paused = true)]
async fn a_snapshot_of_the_lost_end_is_not_believed() {
    for looks in [ledger::Looks::InStatement, ledger::Looks::AfterPut] {
        let cluster = Cluster::over(7, MemoryLedger::new(looks));
        let engine = cluster.engine().await;
        let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
        fill(&engine, topic, 5).await;
        move_base(&engine).await;
        let (base, end) = (engine.ledger().base().await.unwrap(), engine.seen().position);
        let lost = usize::try_from(end - base.position).unwrap() - 1;
        // The witness has heard of the end by then.
        cluster.world.clock.sleep(Duration::from_secs(20)).await;
        engine.world().tasks.kill();
        cluster.table.lose_end(lost);
        let again = cluster.engine().await;
        until(&cluster, "halted", || again.health().halted).await;
        again.ledger().accept_loss("test".into()).await.unwrap();
        until(&cluster, "serving", || again.health().serving && !again.health().halted).await;
        assert_eq!(append(&again, topic, 0, &["y"]).await.unwrap(), 5, "{looks:?}");
        assert_eq!(read_all(&again, topic, 0, 0).await.len(), 6);
    }
}

/// It slept until the loss was accepted, and hears of it twice: by its own read, and by the witness while the state is loaded for
/// the first. Though the load for the second fails, it does not stay closed to writes.
#[tokio::test(start_paused = true)]
async fn one_that_hears_of_a_loss_twice_takes_writes_again() {
    for looks in [ledger::Looks::InStatement, ledger::Looks::AfterPut] {
        let cluster = Cluster::over(9, MemoryLedger::new(looks));
        let (one, sleeper) = (cluster.engine().await, cluster.engine().await);
        let topic = topic(&one, "orders", 1, &[("tidelog.lane", "object")]).await;
        // The base names a snapshot, so that a load needs the store; nobody else reads one here.
        fill(&one, topic, 5).await;
        move_base(&one).await;
        fill(&sleeper, topic, 3).await;
        sleeper.world().tasks.pause();
        cluster.table.lose_end(2);
        append(&one, topic, 0, &["x"]).await.unwrap_err();
        until(&cluster, "halted", || one.health().halted).await;
        one.ledger().accept_loss("test".into()).await.unwrap();
        until(&cluster, "serving", || one.health().serving && !one.health().halted).await;
        // The base stays below the sleeper, and names a snapshot of the new era: who loads it folds no begin of one.
        one.take_snapshot(Role::Compactor).await.unwrap();
        let base = one.advance_base().await.unwrap().unwrap();
        assert!(base.position <= sleeper.seen().position && one.seen().era == 2);
        cluster.world.clock.sleep(Duration::from_secs(10)).await;

        // Both begin at once, and the witness takes longer than a read of the ledger.
        let ms = Duration::from_millis;
        cluster.ledger.set_faults(ledger::Faults {
            delay: (ms(1), ms(1)),
            ..ledger::Faults::NONE
        });
        let slow = store::Faults {
            delay: store::Delay::Fixed(ms(20)),
            ..store::Faults::NONE
        };
        let refusing = store::Faults { refused: 1.0, ..slow };
        cluster.objects.set(slow);
        let (objects, loads) = (Arc::clone(&cluster.objects), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&loads);
        // Only the first load goes well.
        cluster.objects.set_hook(move |call| {
            if call.moment == store::Moment::Applied && call.op == store::Op::Get && call.path.contains("/snapshot/") {
                counted.fetch_add(1, Ordering::Relaxed);
                objects.set(refusing);
            }
            store::Then::Go
        });
        let refused = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&refused);
        cluster.objects.set_watch(move |_, path, _| {
            counted.fetch_add(u32::from(path.contains("/snapshot/")), Ordering::Relaxed);
        });
        sleeper.world().tasks.resume();
        until(&cluster, "a second load, refused", || {
            refused.load(Ordering::Relaxed) > 0
        })
        .await;
        assert_eq!(loads.load(Ordering::Relaxed), 1);
        cluster.world.clock.sleep(Duration::from_secs(60)).await;
        cluster.objects.clear_hook();
        cluster.objects.set(store::Faults::NONE);
        until(&cluster, "serving there", || sleeper.health().serving).await;
        assert_eq!(append(&sleeper, topic, 0, &["y"]).await, Ok(6), "{looks:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_starts_over_a_loss_serves_nothing() {
    let cluster = Cluster::new(3);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    fill(&engine, topic, 5).await;
    cluster.world.clock.sleep(Duration::from_secs(20)).await;
    engine.world().tasks.kill();
    cluster.table.lose_end(2);
    let again = cluster.engine().await;
    assert!(!again.health().serving);
    let fetched = again.fetch(&request(topic, 0, 0)).await.remove(0).result;
    assert!(matches!(fetched, Err(FetchError::NotCurrent(_))), "{fetched:?}");
    until(&cluster, "halted", || again.health().halted).await;
}

#[tokio::test(start_paused = true)]
async fn a_retired_process_answers_definitely_and_begins_another_life() {
    let cluster = Cluster::new(4);
    let engine = cluster.engine_with(EngineConfig::default()).await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    let life = engine.incarnation(Role::Agent).unwrap();
    engine.world().tasks.pause();
    let other = cluster.engine().await;
    let retire = other.read(|state| {
        let life = state.incarnation(&life).unwrap();
        metadata::entry::Retire {
            target: Some(life.incarnation().into()),
            seen: life
                .lanes_seen()
                .into_iter()
                .map(|(lane, next)| metadata::entry::LaneSeen {
                    lane: lane.number(),
                    next,
                })
                .collect(),
        }
    });
    let kind = metadata::entry::proposal::Kind::Retire(retire);
    other.propose(Role::Agent, kind, None, "").await.unwrap();
    let group = engine::AppendGroup {
        runs: vec![crate::common::run(topic, 0, &["a"])],
        request: None,
    };
    let append_while_paused = engine.append(engine.reserve(1).unwrap(), group);
    engine.world().tasks.resume();
    let outcome = append_while_paused.await;
    let there = read_all(&other, topic, 0, 0).await.len();
    match outcome {
        Ok(_) => assert_eq!(there, 1),
        Err(error) => assert_eq!((error.happened(), there), (engine::Happened::No, 0)),
    }
    assert!(append(&engine, topic, 0, &["b"]).await.is_ok());
    assert_ne!(engine.incarnation(Role::Agent), Some(life));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_told_when_the_process_stops() {
    let cluster = Cluster::new(5);
    let config = EngineConfig {
        memory_bytes_max: 10,
        ..EngineConfig::default()
    };
    let engine = cluster.engine_with(config).await;
    let held = engine.reserve(10).unwrap();
    let began = cluster.world.clock.now();
    let (reserved, ()) = tokio::join!(engine.reserve_wait(1), engine.stop(Duration::from_secs(1)));
    assert_eq!(reserved.unwrap_err(), AppendError::Draining);
    assert!(matches!(engine.look().await, Err(ReadError::NotCurrent(_))));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop(held);
    let beat = metadata::entry::proposal::Kind::Beat(metadata::entry::Beat {});
    let refused = engine.propose(Role::Agent, beat, None, "").await;
    assert_eq!(refused, Err(engine::ChangeError::Draining));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
