//! Snapshots and the base, beside whatever else a life proposes.

use std::time::Duration;

use crate::common::{Cluster, append, topic};
use metadata::entry::{Beat, proposal::Kind};
use metadata::{ObjectName, Role};

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_taken_whatever_the_life_flushed_before() {
    let cluster = Cluster::new(1);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[]).await;
    append(&engine, topic, 0, &["a"]).await.unwrap();
    for _ in 0..3 {
        let flush = engine.next_flush(Role::Compactor);
        let taken = engine
            .propose(Role::Compactor, Kind::Beat(Beat {}), flush, "")
            .await
            .unwrap();
        assert!(matches!(taken.as_slice(), [metadata::Verdict::Applied(_)]), "{taken:?}");
    }
    let position = engine.take_snapshot(Role::Compactor).await.unwrap().position;
    assert_eq!(engine.read(|state| state.snapshots()[0].position), position);
}

#[tokio::test(start_paused = true)]
async fn what_a_put_left_is_garbage_though_nothing_follows_it() {
    let cluster = Cluster::new(1);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "object")]).await;
    append(&engine, topic, 0, &["a"]).await.unwrap();
    let name = |attempt| ObjectName {
        incarnation: engine.incarnation(Role::Agent).unwrap(),
        flush: 0,
        attempt,
    };
    let is_garbage = |attempt| engine.read(|state| state.sweepable(&name(attempt), 3_600_000));
    assert!(!is_garbage(1), "a slow attempt may still be the one that is named");
    cluster.world.clock.sleep(Duration::from_secs(70)).await;
    engine.look().await.unwrap();
    assert!(is_garbage(1));
    assert!(!is_garbage(0), "the one that holds the record");
    let position = engine.seen().position;
    assert_eq!(append(&engine, topic, 0, &["b"]).await, Ok(1));
    cluster.world.clock.sleep(Duration::from_secs(600)).await;
    let entries = engine.seen().position - position;
    assert!(
        entries <= 27,
        "{entries} entries: the record, one empty flush, and beats of two lives"
    );
}
