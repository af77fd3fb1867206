//! What every place for objects must do, as the rooms above see it. Each check has a cluster of its own, so none sees
//! another's objects.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use ledger::{ClusterId, WitnessStore as _};
use metadata::{Incarnation, ObjectName, TopicId};
use store::{
    ClusterFile, CreateCluster, Key, Kind, LakeFormat, Objects, SnapshotName, Store, StoreError, StoreOptions,
};
use world::World;

/// Runs all checks on what `open` opens, always the same place.
pub(crate) async fn run<O: Objects + 'static>(world: &World, open: impl AsyncFn() -> Arc<O>) {
    let store = |objects: Arc<O>| Store::with_objects(objects, StoreOptions::default(), world.clone());
    let cluster = |number: u8| ClusterId([number; 16]);
    what_is_put_is_read(world, &store(open().await).with_cluster(cluster(1))).await;
    what_is_put_is_there_for_others(&store(open().await), &store(open().await)).await;
    lists_hold_what_was_put(open().await.as_ref(), &store(open().await)).await;
    deleting_is_done_once_and_again(&store(open().await).with_cluster(cluster(4))).await;
    hedged_puts_are_put(world, &store(open().await).with_cluster(cluster(5))).await;
    one_of_many_makes_the_cluster(&join_all((0..8).map(async |_| store(open().await))).await).await;
    the_date_is_now(world, &store(open().await)).await;
    one_of_many_replaces_the_witness(&join_all((0..8).map(async |_| store(open().await))).await).await;
}

fn name(flush: u64) -> ObjectName {
    let incarnation = Incarnation {
        position: 3,
        index: 1,
        nonce: 77,
    };
    ObjectName {
        incarnation,
        flush,
        attempt: 0,
    }
}

fn bytes(length: usize) -> Bytes {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

fn slice(whole: &Bytes, range: &Range<u64>) -> Bytes {
    whole.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap())
}

async fn what_is_put_is_read(world: &World, store: &Store) {
    for (flush, length) in (0..).zip([1, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000]) {
        let (key, whole) = (Key::Segment(name(flush)), bytes(length));
        let cut = length / 3;
        let parts = vec![whole.slice(..cut), Bytes::new(), whole.slice(cut..)];
        store.put(&key, parts).await.unwrap();
        let end = u64::try_from(length).unwrap();
        let mut ranges = vec![0..end, 0..1, end - 1..end];
        for _ in 0..10 {
            let (one, other) = (world.chance.below(end), world.chance.below(end));
            ranges.push(one.min(other)..one.max(other) + 1);
        }
        for range in &ranges {
            assert_eq!(
                store.read(&key, range.clone()).await,
                Ok(slice(&whole, range)),
                "{length} {range:?}"
            );
            let fresh = store.read_fresh(&key, Some(range.clone())).await;
            assert_eq!(fresh, Ok(slice(&whole, range)), "{length} {range:?}");
        }
        let expect: Vec<Bytes> = ranges.iter().map(|range| slice(&whole, range)).collect();
        assert_eq!(store.read_many(&key, &ranges).await, Ok(expect));
        assert_eq!(store.read_fresh(&key, None).await, Ok(whole));
        for beyond in [
            end - 1..end + 1,
            end..end + 1,
            end + 5..end + 6,
            end + (1 << 22)..end + (1 << 22) + 1,
        ] {
            for outcome in [
                store.read(&key, beyond.clone()).await,
                store.read_fresh(&key, Some(beyond.clone())).await,
            ] {
                let truncated = matches!(&outcome, Err(StoreError::Truncated { got, .. }) if *got == end);
                assert!(truncated, "{length} {beyond:?}: {outcome:?}");
            }
        }
    }
    let missing = Key::Segment(name(1000));
    for outcome in [store.read(&missing, 0..1).await, store.read_fresh(&missing, None).await] {
        assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "{outcome:?}");
    }
}

async fn what_is_put_is_there_for_others(one: &Store, other: &Store) {
    let cluster = ClusterId([2; 16]);
    let (key, whole) = (Key::State(name(1)), bytes(3_000_000));
    one.with_cluster(cluster).put(&key, vec![whole.clone()]).await.unwrap();
    assert_eq!(other.with_cluster(cluster).read(&key, 0..3_000_000).await, Ok(whole));
    let elsewhere = other.with_cluster(ClusterId([0xee; 16])).read_fresh(&key, None).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound { .. })), "{elsewhere:?}");
}

async fn lists_hold_what_was_put(objects: &dyn Objects, store: &Store) {
    let cluster = ClusterId([3; 16]);
    let store = store.with_cluster(cluster);
    let topic = TopicId([9; 16]);
    let snapshot = SnapshotName::new(1, 2, &[5; 32], name(0).incarnation, 0);
    let mut keys: Vec<Key> = (0..30).map(|flush| Key::Segment(name(flush))).collect();
    keys.extend([
        Key::Snapshot(snapshot),
        Key::State(name(1)),
        Key::LakeData(topic, name(1)),
        Key::LakeMetadata(topic, name(1), LakeFormat::Json),
        Key::LakeMetadata(topic, name(1), LakeFormat::Avro),
    ]);
    for (length, key) in keys.iter().enumerate() {
        store.put(key, vec![bytes(length + 1)]).await.unwrap();
    }
    let stranger = format!("{cluster}/segment/zz/stranger");
    objects.put(&stranger, &[bytes(1)]).await.unwrap();
    let other = store.with_cluster(ClusterId([0x33; 16]));
    other.put(&Key::Segment(name(5)), vec![bytes(1)]).await.unwrap();

    for kind in Kind::ALL {
        let mut expect: Vec<(String, u64)> = (1..)
            .zip(&keys)
            .filter(|(_, key)| key.kind() == kind)
            .map(|(length, key)| (key.path(&cluster), length))
            .collect();
        if kind == Kind::Segment {
            expect.push((stranger.clone(), 1));
        }
        expect.sort();
        let listed = store.list(kind).await.unwrap();
        if matches!(kind, Kind::Cluster | Kind::Witness) {
            continue;
        }
        let found: Vec<(String, u64)> = listed
            .iter()
            .map(|listed| (listed.path.clone(), listed.bytes))
            .collect();
        assert_eq!(found, expect, "{kind:?}");
        let strangers = listed.iter().filter(|listed| listed.key.is_none()).count();
        assert_eq!(strangers, usize::from(kind == Kind::Segment));
    }
    assert_eq!(
        store.with_cluster(ClusterId([0x34; 16])).list(Kind::Segment).await,
        Ok(Vec::new())
    );
}

async fn deleting_is_done_once_and_again(store: &Store) {
    let keys: Vec<Key> = (0..1100).map(|flush| Key::Segment(name(flush))).collect();
    for key in keys.iter().take(20) {
        store.put(key, vec![bytes(10)]).await.unwrap();
    }
    let (gone, kept) = keys.split_at(10);
    assert_eq!(store.delete(gone).await, Ok(10));
    assert_eq!(store.delete(gone).await, Ok(10));
    assert_eq!(store.list(Kind::Segment).await.unwrap().len(), 10);
    let outcome = store.read_fresh(&gone[0], None).await;
    assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "{outcome:?}");
    // More than one request takes, most of them of what is not there.
    assert_eq!(store.delete(kept).await, Ok(1090));
    assert_eq!(store.list(Kind::Segment).await, Ok(Vec::new()));
    assert_eq!(store.delete(&[]).await, Ok(0));
}

async fn hedged_puts_are_put(world: &World, store: &Store) {
    let deadline = world.clock.now() + Duration::from_secs(30);
    let key = |attempt| Key::Segment(ObjectName { attempt, ..name(1) });
    let attempt = store
        .put_hedged(key, vec![bytes(100), bytes(50)], deadline)
        .await
        .unwrap();
    let read = store.read_fresh(&key(attempt), None).await.unwrap();
    assert_eq!(read, [bytes(100), bytes(50)].concat());
}

/// The server runs on the same machine, so the two agree; an answer's date has no more than seconds. It is read off
/// `cluster.json`, so it comes after that was made.
async fn the_date_is_now(world: &World, store: &Store) {
    let apart = store.date_ms().await.unwrap() - world.clock.wall_ms();
    assert!(apart.abs() <= 5_000, "{apart} ms");
}

async fn one_of_many_makes_the_cluster(stores: &[Store]) {
    assert_eq!(stores[0].cluster().await, Ok(None));
    let race = async || {
        let answers = (0..).zip(stores).map(async |(number, store)| {
            // Told to try again where another's request was still under way.
            loop {
                match store.create_cluster(ClusterId([number; 16])).await {
                    Err(failed) if failed.is_transient() => {}
                    answer => return answer.unwrap(),
                }
            }
        });
        join_all(answers).await
    };
    let first = race().await;
    let there = stores[0].cluster().await.unwrap().unwrap();
    for answers in [first, race().await] {
        for (number, answer) in (0..).zip(answers) {
            let winner = there == ClusterFile::new(ClusterId([number; 16]));
            let expect = if winner {
                CreateCluster::Created
            } else {
                CreateCluster::Exists(there)
            };
            assert_eq!(answer, expect, "{number}");
        }
    }
}

async fn one_of_many_replaces_the_witness(stores: &[Store]) {
    let cluster = ClusterId([8; 16]);
    let mut version = None;
    for round in 0..5 {
        let racers = stores.iter().enumerate().map(async |(racer, store)| {
            let bytes = Bytes::from(format!("round {round} racer {racer}"));
            (bytes.clone(), store.replace(cluster, version.clone(), bytes).await)
        });
        let answers = join_all(racers).await;
        let winners: Vec<&Bytes> = answers
            .iter()
            .filter(|(_, won)| *won == Ok(true))
            .map(|(bytes, _)| bytes)
            .collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        let (bytes, now) = stores[0].read_witness(cluster).await;
        assert_eq!(&bytes, winners[0]);
        version = Some(now);
    }
}

trait ReadWitness {
    async fn read_witness(&self, cluster: ClusterId) -> (Bytes, ledger::Version);
}

impl ReadWitness for Store {
    /// `Store` has a `read` of its own.
    async fn read_witness(&self, cluster: ClusterId) -> (Bytes, ledger::Version) {
        ledger::WitnessStore::read(self, cluster).await.unwrap().unwrap()
    }
}
