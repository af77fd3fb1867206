use metadata::{Incarnation, ObjectName};

use super::*;
use crate::{Faults, FaultyObjects};

const CLUSTER: ClusterId = ClusterId([1; 16]);

fn segment(flush: u64, attempt: u16) -> Key {
    let incarnation = Incarnation {
        position: 5,
        index: 0,
        nonce: 9,
    };
    Key::Segment(ObjectName {
        incarnation,
        flush,
        attempt,
    })
}

#[tokio::test(start_paused = true)]
async fn without_a_cluster_there_are_no_keys() {
    let store = Store::memory(World::simulated(1));
    let refused = |outcome: Result<(), StoreError>| matches!(outcome, Err(StoreError::Definite { .. }));
    assert!(refused(store.put(&segment(1, 0), vec![]).await));
    assert!(refused(store.read(&segment(1, 0), 0..1).await.map(drop)));
    assert!(refused(store.list(Kind::Segment).await.map(drop)));
    assert!(refused(store.delete(&[segment(1, 0)]).await.map(drop)));
    assert_eq!(store.cluster().await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn the_two_objects_with_rules_of_their_own_are_safe() {
    let store = Store::memory(World::simulated(1)).with_cluster(CLUSTER);
    store.create_cluster(CLUSTER).await.unwrap();
    for key in [Key::Cluster, Key::Witness] {
        assert!(store.put(&key, vec![Bytes::from("x")]).await.is_err(), "{key:?}");
        assert!(store.delete(&[segment(1, 0), key]).await.is_err(), "{key:?}");
    }
    assert!(store.cluster().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn names_beyond_their_width_are_not_put() {
    let store = Store::memory(World::simulated(1)).with_cluster(CLUSTER);
    let failed = store.put(&segment(10_000_000_000, 0), vec![]).await.unwrap_err();
    assert!(failed.to_string().contains("beyond 9999999999"), "{failed}");
}

#[tokio::test]
async fn urls_that_make_no_sense_are_named() {
    for url in ["", "gs://bucket", "memory:x", "file:", "s3://", "/tmp"] {
        let failed = Store::open(url, StoreOptions::default(), World::real())
            .await
            .unwrap_err();
        assert!(matches!(failed, StoreError::Setting { .. }), "{url}: {failed}");
    }
    assert!(
        Store::open("memory:", StoreOptions::default(), World::real())
            .await
            .is_ok()
    );
}

/// An answer that never comes is an outcome like any other.
#[tokio::test(start_paused = true)]
async fn every_request_ends() {
    let world = World::simulated(1);
    let inner = Arc::new(MemoryObjects::new(world.clock.clone()));
    let objects = FaultyObjects::new(
        inner,
        world.child("faults"),
        Faults {
            hung: 1.0,
            ..Faults::NONE
        },
    );
    let store = Store::with_objects(Arc::new(objects), StoreOptions::default(), world.clone()).with_cluster(CLUSTER);
    let codes = [
        store.put(&segment(1, 0), vec![]).await.unwrap_err().code(),
        store.read(&segment(1, 0), 0..1).await.unwrap_err().code(),
        store.read_fresh(&segment(1, 0), None).await.unwrap_err().code(),
        store.list(Kind::Segment).await.unwrap_err().code(),
        store.delete(&[segment(1, 0)]).await.unwrap_err().code(),
        store.date_ms().await.unwrap_err().code(),
        store.cluster().await.unwrap_err().code(),
    ];
    assert_eq!(
        codes,
        [
            "unknown", "definite", "definite", "definite", "unknown", "definite", "definite"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn only_s3_has_puts_that_cost() {
    assert_eq!(Store::memory(World::simulated(1)).puts_per_second_default(), None);
}
