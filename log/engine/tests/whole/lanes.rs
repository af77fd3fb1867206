//! Groups in both lanes while the store fails, the ledger is slow, or the process stops.

use std::time::Duration;

use engine::{AppendError, AppendGroup, Engine, EngineConfig};
use futures::FutureExt as _;
use ledger::memory::MemoryLedger;
use metadata::TopicNumber;
use store::{Delay, Faults, Op};

use crate::common::{Cluster, append, append_runs, read_all, run, topic};

/// Hands a group of one value over and lets it go its way.
fn submit(
    engine: &Engine,
    topic: TopicNumber,
    value: &str,
) -> impl Future<Output = Result<engine::AppendDone, AppendError>> + use<> {
    let runs = vec![run(topic, 0, &[value])];
    engine.append(engine.reserve(1).unwrap(), AppendGroup { runs, request: None })
}

fn slow_puts(cluster: &Cluster, delay: Duration) {
    cluster.objects.set(Faults {
        delay: Delay::Fixed(delay),
        ..Faults::NONE
    });
}

#[tokio::test(start_paused = true)]
async fn a_group_that_waits_for_the_object_lane_goes_when_the_put_before_it_failed() {
    let cluster = Cluster::new(1);
    let config = EngineConfig {
        store_deadline: Duration::from_millis(200),
        ..EngineConfig::default()
    };
    let engine = cluster.engine_with(config).await;
    let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "inline")]).await;
    cluster.objects.set_hook(|call| match call.op {
        Op::Put => store::Then::Hang,
        _ => store::Then::Go,
    });
    let large = submit(&engine, topic, &"x".repeat(600_000));
    let small = submit(&engine, topic, "small");
    let began = cluster.world.clock.now();
    let (large, small) = tokio::join!(large, small);
    assert!(matches!(large, Err(AppendError::StoreUnavailable(_))), "{large:?}");
    assert_eq!(small.unwrap().acks[0].base_offset, 0);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_parked_group_goes_when_those_before_it_were_abandoned() {
    let cluster = Cluster::new(2);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    let abandoned = submit(&engine, topic, "small");
    let parked = submit(&engine, topic, &"x".repeat(600_000));
    drop(abandoned);
    let began = cluster.world.clock.now();
    assert_eq!(parked.await.unwrap().acks[0].base_offset, 0);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_the_puts_that_are_under_way() {
    let cluster = Cluster::new(3);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
    slow_puts(&cluster, Duration::from_secs(1));
    let group = submit(&engine, topic, "a");
    let (done, ()) = tokio::join!(group, async {
        cluster.world.clock.sleep(Duration::from_millis(100)).await;
        engine.stop(Duration::from_secs(10)).await;
    });
    assert_eq!(done.unwrap().acks[0].base_offset, 0);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_runs_out_of_patience_stops_with_groups_waiting() {
    let table = MemoryLedger::new(ledger::Looks::InStatement).with_entry_bytes_max(64 << 10);
    let cluster = Cluster::over(4, table);
    let config = EngineConfig {
        inline_queue_bytes_max: 4 << 20,
        ..EngineConfig::default()
    };
    let engine = cluster.engine_with(config).await;
    let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "inline")]).await;
    cluster.ledger.set_faults(ledger::Faults {
        delay: (Duration::from_millis(100), Duration::from_millis(100)),
        ..ledger::Faults::NONE
    });
    let groups: Vec<_> = (0..200).map(|_| submit(&engine, topic, &"x".repeat(20_000))).collect();
    let (done, ()) = tokio::join!(futures::future::join_all(groups), engine.stop(Duration::from_secs(1)));
    let applied = done.iter().filter(|done| done.is_ok()).count();
    assert!(applied > 0 && applied < 200, "{applied}");
    let again = cluster.engine().await;
    let there = read_all(&again, topic, 0, 0).await.len();
    let unknown = done
        .iter()
        .filter(|done| matches!(done, Err(AppendError::Unknown(_))))
        .count();
    assert!(
        (applied..=applied + unknown).contains(&there),
        "{applied} {unknown} {there}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_of_many_partitions_and_many_bytes_fits_or_takes_the_object_lane() {
    let table = MemoryLedger::new(ledger::Looks::InStatement).with_entry_bytes_max(64 << 10);
    let cluster = Cluster::over(5, table);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 300, &[("tidelog.lane", "inline")]).await;
    for value_bytes in [1, 20, 30, 35, 38, 40, 200] {
        let value = "x".repeat(value_bytes);
        let runs = (0..285).map(|partition| run(topic, partition, &[&value])).collect();
        let done = append_runs(&engine, runs).await;
        assert!(done.is_ok(), "{value_bytes}: {done:?}");
    }
    assert_eq!(append(&engine, topic, 299, &["last"]).await, Ok(0));
    assert!(engine.look().now_or_never().is_none(), "it has to ask");
}
