//! What a halted process does while an operator makes up their mind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::common::{Cluster, append, topic};
use crate::lost::{fill, until};

/// An operator may take hours: a halted process does not read all that lies behind the base every few seconds.
#[tokio::test(start_paused = true)]
async fn who_waits_for_an_operator_reads_on_from_the_halt() {
    let cluster = Cluster::new(9);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "orders", 1, &[("tidelog.lane", "inline")]).await;
    fill(&engine, topic, 50).await;
    cluster.table.lose_end(2);
    assert!(append(&engine, topic, 0, &["x"]).await.is_err());
    until(&cluster, "halted", || engine.health().halted).await;
    cluster.world.clock.sleep(Duration::from_secs(20)).await;
    let (early, reads) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counted = (Arc::clone(&early), Arc::clone(&reads));
    cluster.ledger.set_hook(Some(Arc::new(move |seam| {
        if seam.call == "read" && seam.moment == ledger::faulty::Moment::Before {
            counted.0.fetch_add(u32::from(seam.position < 40), Ordering::Relaxed);
            counted.1.fetch_add(1, Ordering::Relaxed);
        }
        ledger::faulty::Verdict::Go
    })));
    cluster.world.clock.sleep(Duration::from_secs(3600)).await;
    assert_eq!(early.load(Ordering::Relaxed), 0);
    assert!((360..=1500).contains(&reads.load(Ordering::Relaxed)), "{reads:?}");
    engine.ledger().accept_loss("test".into()).await.unwrap();
    until(&cluster, "serving", || {
        engine.health().serving && !engine.health().halted
    })
    .await;
    append(&engine, topic, 0, &["y"]).await.unwrap();
}
