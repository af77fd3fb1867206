//! What is appended is there, at its offsets, through every lane and after a restart.

use std::time::Duration;

use crate::common::{Cluster, append, append_runs, read_all, request, run, topic};
use engine::{AppendError, EngineConfig, FetchError};
use metadata::Rejection;
use store::{Op, StoreOptions};

const LANES: [&str; 3] = ["auto", "inline", "object"];

#[tokio::test(start_paused = true)]
async fn records_come_back_in_order_through_every_lane() {
    for lane in LANES {
        let cluster = Cluster::new(1);
        let engine = cluster.engine().await;
        let topic = topic(&engine, "orders", 2, &[("tidelog.lane", lane)]).await;
        assert_eq!(append(&engine, topic, 0, &["a", "b"]).await, Ok(0), "lane {lane}");
        assert_eq!(append(&engine, topic, 0, &["c"]).await, Ok(2));
        assert_eq!(append(&engine, topic, 1, &["x"]).await, Ok(0));
        let wanted = [(0, "a".to_owned()), (1, "b".to_owned()), (2, "c".to_owned())];
        assert_eq!(read_all(&engine, topic, 0, 0).await, wanted, "lane {lane}");
        assert_eq!(read_all(&engine, topic, 0, 1).await, wanted[1..], "from inside a batch");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_agent_put_it_reads_without_asking_the_store() {
    for (keep_written, gets) in [(Some(true), 0), (None, 1)] {
        let cluster = Cluster::new(1);
        let options = StoreOptions {
            keep_written,
            ..StoreOptions::default()
        };
        let engine = cluster.engine_over(EngineConfig::default(), options).await;
        let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
        append(&engine, topic, 0, &["a"]).await.unwrap();
        let asked = || cluster.objects.counts().calls.get(&Op::Get).copied().unwrap_or(0);
        let before = asked();
        assert_eq!(read_all(&engine, topic, 0, 0).await, [(0, "a".to_owned())]);
        assert_eq!(asked() - before, gets, "{keep_written:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_engine_reads_the_same() {
    let cluster = Cluster::new(2);
    let one = cluster.engine().await;
    let topic = topic(&one, "orders", 1, &[]).await;
    for number in 0..20 {
        append(&one, topic, 0, &[&format!("v{number}")]).await.unwrap();
    }
    let other = cluster.engine().await;
    assert_eq!(read_all(&other, topic, 0, 0).await, read_all(&one, topic, 0, 0).await);
    assert_eq!(append(&other, topic, 0, &["more"]).await, Ok(20));
    one.look().await.unwrap();
    assert_eq!(read_all(&one, topic, 0, 20).await, [(20, "more".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledged_record_survives_a_kill() {
    let cluster = Cluster::new(3);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    append(&engine, topic, 0, &["a"]).await.unwrap();
    engine.world().tasks.kill();
    let again = cluster.engine().await;
    assert_eq!(read_all(&again, topic, 0, 0).await, [(0, "a".to_owned())]);
    assert_eq!(append(&again, topic, 0, &["b"]).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_and_a_base_move_leave_everything_readable() {
    let cluster = Cluster::new(4);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
    for number in 0..5 {
        append(&engine, topic, 0, &[&format!("v{number}")]).await.unwrap();
        engine.take_snapshot(metadata::Role::Compactor).await.unwrap();
    }
    let base = engine.advance_base().await.unwrap().expect("there are five snapshots");
    assert!(base.position > 0 && !base.snapshot.is_empty());
    engine.stop(Duration::from_secs(5)).await;
    let again = cluster.engine().await;
    assert_eq!(read_all(&again, topic, 0, 0).await.len(), 5);
    assert_eq!(append(&again, topic, 0, &["b"]).await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn a_group_is_whole_or_not_at_all() {
    let cluster = Cluster::new(5);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 2, &[]).await;
    let mut wrong = run(topic, 1, &["y"]);
    wrong.expected_offset = Some(7);
    let refused = append_runs(&engine, vec![run(topic, 0, &["x"]), wrong]).await;
    assert!(
        matches!(refused, Err(AppendError::Rejected(Rejection::OffsetMismatch { .. }))),
        "{refused:?}"
    );
    assert_eq!(read_all(&engine, topic, 0, 0).await, []);
    let done = append_runs(&engine, vec![run(topic, 0, &["x"]), run(topic, 1, &["y"])])
        .await
        .unwrap();
    assert_eq!(done.acks.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn many_at_once_keep_the_order_of_their_calls() {
    for lane in LANES {
        let cluster = Cluster::new(6);
        let engine = cluster.engine().await;
        let topic = topic(&engine, "orders", 1, &[("tidelog.lane", lane)]).await;
        let large = "x".repeat(100_000);
        let appends: Vec<_> = (0..200)
            .map(|number| {
                let value = if number % 17 == 0 {
                    format!("{number} {large}")
                } else {
                    format!("{number} small")
                };
                let group = engine::AppendGroup {
                    runs: vec![run(topic, 0, &[&value])],
                    request: None,
                };
                engine.append(engine.reserve(1).unwrap(), group)
            })
            .collect();
        let done = futures::future::join_all(appends).await;
        let offsets: Vec<u64> = done.into_iter().map(|done| done.unwrap().acks[0].base_offset).collect();
        assert_eq!(offsets, (0..200).collect::<Vec<_>>(), "lane {lane}");
        let numbers: Vec<String> = read_all(&engine, topic, 0, 0)
            .await
            .into_iter()
            .map(|(_, value)| value.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(numbers, (0..200).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_is_woken_by_an_append() {
    let cluster = Cluster::new(7);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    let mut wanted = request(topic, 0, 0);
    (wanted.bytes_min, wanted.wait) = (1, Duration::from_secs(30));
    let began = cluster.world.clock.now();
    let (fetched, _) = tokio::join!(engine.fetch(&wanted), async {
        cluster.world.clock.sleep(Duration::from_secs(2)).await;
        append(&engine, topic, 0, &["late"]).await.unwrap();
    });
    assert_eq!(fetched[0].result.as_ref().unwrap().batches.len(), 1);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "woken, not timed out: {:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_when_its_time_is_up() {
    let cluster = Cluster::new(8);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    let mut wanted = request(topic, 0, 0);
    (wanted.bytes_min, wanted.wait) = (1, Duration::from_secs(5));
    let began = cluster.world.clock.now();
    let fetched = engine.fetch(&wanted).await;
    assert_eq!(fetched[0].result.as_ref().unwrap().batches, []);
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn negative_answers_are_specific() {
    let cluster = Cluster::new(9);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    append(&engine, topic, 0, &["a"]).await.unwrap();
    let result =
        async |topic, partition, offset| engine.fetch(&request(topic, partition, offset)).await.remove(0).result;
    assert_eq!(result(99, 0, 0).await, Err(FetchError::UnknownTopic));
    assert_eq!(result(topic, 1, 0).await, Err(FetchError::UnknownPartition));
    assert_eq!(
        result(topic, 0, 2).await,
        Err(FetchError::OutOfRange {
            log_start: 0,
            high_watermark: 1
        })
    );
    engine
        .delete_records(&[(metadata::PartitionId { topic, partition: 0 }, 1)], "test")
        .await
        .unwrap();
    assert_eq!(
        result(topic, 0, 0).await,
        Err(FetchError::OutOfRange {
            log_start: 1,
            high_watermark: 1
        })
    );
}

#[tokio::test(start_paused = true)]
async fn another_agents_topic_is_found_though_it_was_not_folded_yet() {
    let cluster = Cluster::new(10);
    let (one, other) = (cluster.engine().await, cluster.engine().await);
    let topic = topic(&one, "orders", 1, &[]).await;
    append(&one, topic, 0, &["a"]).await.unwrap();
    assert_eq!(read_all(&other, topic, 0, 0).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_above_the_topics_limit_is_refused_and_the_budget_holds() {
    let cluster = Cluster::new(11);
    let config = EngineConfig {
        memory_bytes_max: 1000,
        ..EngineConfig::default()
    };
    let engine = cluster.engine_with(config).await;
    let topic = topic(&engine, "orders", 1, &[("max.message.bytes", "100")]).await;
    let refused = append(&engine, topic, 0, &[&"x".repeat(200)]).await;
    assert!(matches!(refused, Err(AppendError::TooLarge(_))), "{refused:?}");
    let held = engine.reserve(800).unwrap();
    assert_eq!(engine.reserve(300).unwrap_err(), AppendError::Overloaded);
    assert!(matches!(engine.reserve(1001), Err(AppendError::TooLarge(_))));
    drop(held);
    engine.reserve(1000).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stopped_engine_ends_its_lives_and_refuses_writes() {
    let cluster = Cluster::new(12);
    let (one, other) = (cluster.engine().await, cluster.engine().await);
    let topic = topic(&one, "orders", 1, &[]).await;
    other.look().await.unwrap();
    assert_eq!(other.read(|state| state.incarnations().count()), 4);
    one.stop(Duration::from_secs(5)).await;
    other.look().await.unwrap();
    assert_eq!(other.read(|state| state.incarnations().count()), 2);
    assert_eq!(append(&one, topic, 0, &["a"]).await, Err(AppendError::Draining));
}
