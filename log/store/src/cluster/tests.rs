use std::sync::Arc;

use world::World;

use super::*;
use crate::{Faults, FaultyObjects, MemoryObjects, StoreOptions};

const ONE: ClusterId = ClusterId([1; 16]);
const OTHER: ClusterId = ClusterId([2; 16]);

#[test]
fn the_file_is_as_it_was() {
    let bytes = ClusterFile::new(ONE).encode();
    assert_eq!(bytes, r#"{"format":1,"cluster":"01010101010101010101010101010101"}"#);
    assert_eq!(ClusterFile::decode(&bytes), Ok(ClusterFile::new(ONE)));
}

#[test]
fn a_file_of_another_kind_is_refused_with_the_reason() {
    let check = |text: &str, expect: &str| {
        let failed = ClusterFile::decode(text.as_bytes()).unwrap_err().to_string();
        assert!(
            failed.starts_with("cluster.json is damaged") && failed.contains(expect),
            "{text}: {failed}"
        );
    };
    check("", "EOF");
    check("[]", "invalid");
    check(r#"{"format":2,"new":true}"#, "format 2 needs another version");
    check(r#"{"format":1,"cluster":"xyz"}"#, "not a cluster id");
    check(
        r#"{"format":1,"cluster":"01010101010101010101010101010101","more":1}"#,
        "unknown field",
    );
}

fn faulty(world: &World, faults: Faults) -> (Store, FaultyObjects) {
    let inner = Arc::new(MemoryObjects::new(world.clock.clone()));
    let objects = FaultyObjects::new(inner, world.child("faults"), faults);
    let store = Store::with_objects(Arc::new(objects.clone()), StoreOptions::default(), world.clone());
    (store, objects)
}

#[tokio::test(start_paused = true)]
async fn created_without_an_answer_is_created() {
    let world = World::simulated(1);
    let always = |unanswered, conflict| Faults {
        unanswered,
        conflict,
        ..Faults::NONE
    };
    let (store, objects) = faulty(&world, always(1.0, 0.0));
    // Applied, unanswered; the read after it is not answered either.
    assert!(store.create_cluster(ONE).await.is_err());
    objects.set(Faults::NONE);
    assert_eq!(store.create_cluster(ONE).await, Ok(CreateCluster::Created));
    let found = ClusterFile::new(ONE);
    assert_eq!(store.create_cluster(OTHER).await, Ok(CreateCluster::Exists(found)));
}

#[tokio::test(start_paused = true)]
async fn refused_where_nothing_is_means_again() {
    let world = World::simulated(1);
    let (store, _) = faulty(
        &world,
        Faults {
            conflict: 1.0,
            ..Faults::NONE
        },
    );
    let failed = store.create_cluster(ONE).await.unwrap_err();
    assert!(failed.is_transient(), "{failed}");
    assert_eq!(store.cluster().await, Ok(None));
}
