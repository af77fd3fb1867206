//! Tables that keep their records for longer than the log does.

use engine::{Engine, FetchError};
use metadata::{PartitionId, TopicNumber};
use serde_json::json;

use crate::common::{Cluster, append, fetch, topic};
use crate::query::ask;
use crate::tables::{check, small};

/// Lake start, log start and high watermark.
fn marks(engine: &Engine, topic: TopicNumber, partition: u32) -> (u64, u64, u64) {
    engine.read(|state| {
        let partition = state.partition(PartitionId { topic, partition }).unwrap();
        (
            partition.lake_start(),
            partition.log_start(),
            partition.high_watermark(),
        )
    })
}

async fn keep_up(engine: &Engine) {
    let report = compactor::run_once(engine, &small()).await;
    assert_eq!(report.failures, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn consumers_stop_at_the_one_and_sql_sees_the_other() {
    let cluster = Cluster::new(61);
    let engine = cluster.engine().await;
    let configs = [("retention.ms", "60000"), ("lake.retention.ms", "600000")];
    let number = topic(&engine, "t", 2, &configs).await;
    let count = "SELECT count(*) AS n, min(kafka_offset) AS first FROM t";
    for round in 1..=14_u64 {
        append(&engine, number, (round % 2) as u32, &["x", "y"]).await;
        keep_up(&engine).await;
        // Small files are merged on both sides of the log start, and across it.
        check(&engine, number, 2 * round).await;
        assert_eq!(
            ask(&engine, count).await.unwrap(),
            [json!({"n": 2 * round, "first": 0})],
            "round {round}"
        );
        cluster.sleep(30).await;
    }
    let (lake_start, log_start, end) = marks(&engine, number, 0);
    assert!(
        lake_start == 0 && log_start > 4 && log_start < end,
        "{log_start} of {end}"
    );
    let partition = PartitionId {
        topic: number,
        partition: 0,
    };
    let fetched = fetch(&engine, partition, log_start - 1).await;
    assert!(matches!(fetched, Err(FetchError::OutOfRange { .. })), "{fetched:?}");
    // Who deletes records deletes them for both.
    let id = PartitionId {
        topic: number,
        partition: 1,
    };
    let before = marks(&engine, number, 1).1;
    engine.delete_records(&[(id, before)], "test").await.unwrap()[0]
        .as_ref()
        .unwrap();
    let (lake_start, log_start, _) = marks(&engine, number, 1);
    assert_eq!(log_start, before);
    let first = engine.read(|state| state.partition(id).unwrap().extents().next().unwrap());
    assert!(first.last() >= before && first.first == lake_start, "{first:?}");
    assert_eq!(marks(&engine, number, 0).0, 0);
    keep_up(&engine).await;
    // And their own time comes.
    cluster.sleep(700).await;
    keep_up(&engine).await;
    for partition in [0, 1] {
        let (lake_start, log_start, end) = marks(&engine, number, partition);
        assert_eq!((lake_start, log_start), (end, end));
    }
    check(&engine, number, 0).await;
}
