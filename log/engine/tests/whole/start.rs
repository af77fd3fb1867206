//! Store and ledger belong together, or nothing starts.

use std::sync::Arc;

use engine::{Engine, EngineConfig, StartError};
use ledger::memory::MemoryLedger;
use store::{MemoryObjects, Store, StoreOptions};
use world::World;

use crate::common::{Cluster, topic};

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
        engine.stop(std::time::Duration::from_secs(1)).await;
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
                mean: std::time::Duration::from_millis(5),
            },
            ..store::Faults::NONE
        });
        let engines = futures::future::join_all((0..5).map(|_| cluster.engine())).await;
        assert!(engines.iter().all(|engine| engine.cluster() == engines[0].cluster()));
    }
}
