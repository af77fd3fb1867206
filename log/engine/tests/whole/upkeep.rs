//! Snapshots and the base, beside whatever else a life proposes.

use crate::common::{Cluster, append, topic};
use metadata::Role;
use metadata::entry::{Beat, proposal::Kind};

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
