use ledger::Verdict;

use super::*;
use crate::{CreateCluster, Op};

const CLUSTER: ClusterId = ClusterId([7; 16]);

async fn begun(store: &Store) {
    assert_eq!(store.create_cluster(CLUSTER).await, Ok(CreateCluster::Created));
}

async fn verdicts(store: &Store, world: &World) -> Vec<(&'static str, Verdict)> {
    let found = store.examine(CLUSTER, world).await.expect("reachable");
    found.iter().map(|found| (found.name, found.verdict)).collect()
}

const POINTS: [&str; 9] = [
    "store_cluster",
    "store_list",
    "store_put",
    "store_put_latency",
    "store_get",
    "store_get_latency",
    "store_if_none_match",
    "store_if_match",
    "store_delete",
];

#[tokio::test]
async fn a_good_store_keeps_nothing_of_it() {
    let world = World::simulated(1);
    let store = Store::memory(world.clone());
    begun(&store).await;
    assert_eq!(verdicts(&store, &world).await, POINTS.map(|name| (name, Verdict::Ok)));
    let left = store.with_cluster(CLUSTER).list(Kind::Segment).await.expect("lists");
    assert_eq!(left, []);
}

#[tokio::test]
async fn a_folder_does_it_all() {
    let (world, dir) = (World::real(), tempfile::tempdir().expect("a folder"));
    let url = format!("file:{}", dir.path().display());
    let store = Store::open(&url, StoreOptions::default(), world.clone())
        .await
        .expect("opens");
    begun(&store).await;
    let found = store.examine(CLUSTER, &world).await.expect("reachable");
    let failed: Vec<_> = found.iter().filter(|found| found.verdict == Verdict::Fail).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(found.len(), POINTS.len());
    assert_eq!(examine_rules(&url, &StoreOptions::default()).await, Ok(Vec::new()));
}

#[tokio::test]
async fn whose_it_is() {
    let world = World::simulated(1);
    let store = Store::memory(world.clone());
    let first = async || verdicts(&store, &world).await[0];
    assert_eq!(first().await, ("store_cluster", Verdict::Fail), "nothing says it");
    store.create_cluster(ClusterId([8; 16])).await.expect("made");
    assert_eq!(first().await, ("store_cluster", Verdict::Fail), "it is another's");
}

/// A probe that stays is garbage to a sweep of any state, once the grace is over.
#[test]
fn a_probe_is_of_a_life_that_never_was() {
    let state = metadata::State::genesis(CLUSTER.0, 1, [0; 32]);
    let name = ObjectName {
        incarnation: Incarnation {
            position: 0,
            index: 0,
            nonce: 9,
        },
        flush: 0,
        attempt: 0,
    };
    assert_eq!(state.dead_since(&name.incarnation), Some(0));
    assert_eq!(state.object(&name), metadata::ObjectStatus::Unknown);
}

#[test]
fn conditions() {
    let check = |answer, verdict| assert_eq!(condition("c", "If-Match", answer).verdict, verdict);
    check(Ok(false), Verdict::Ok);
    check(Ok(true), Verdict::Fail);
    check(Err(StoreError::refused(Op::Create, "x", "501")), Verdict::Fail);
}
