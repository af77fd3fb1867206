//! What the store and the ledger take for granted of a server that speaks S3.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt as _, TryStreamExt as _};
use ledger::{ClusterId, Secret};
use metadata::{Incarnation, ObjectName};
use store::{Happened, Key, Kind, Objects, S3Objects, Store, StoreError, Tag};

use crate::Place;

/// If-None-Match has one winner, If-Match the one who knew the version; whoever loses changes nothing.
pub(crate) async fn conditions(place: &Place) {
    let objects = place.open();
    let bytes = |text: String| Bytes::from(text);
    for round in 0..10 {
        let path = format!("conditions/{round}");
        assert_eq!(objects.get_tagged(&path).await, Ok(None));
        let missing = Tag("\"0123456789abcdef0123456789abcdef\"".to_owned());
        assert_eq!(
            objects.replace(&path, Some(&missing), bytes("nobody".to_owned())).await,
            Ok(false)
        );
        assert_eq!(
            objects.get_tagged(&path).await,
            Ok(None),
            "what is not there is not made by If-Match"
        );

        let racers: Vec<Arc<S3Objects>> = (0..16).map(|_| place.open()).collect();
        let made = racers
            .iter()
            .zip(0..)
            .map(async |(racer, number): (&Arc<S3Objects>, u32)| {
                (
                    number,
                    racer.create(&path, bytes(format!("maker {number}"))).await.unwrap(),
                )
            });
        let tag = one_won(&objects, &path, "maker", join_all(made).await).await;
        let replaced = racers
            .iter()
            .zip(0..)
            .map(async |(racer, number): (&Arc<S3Objects>, u32)| {
                let text = bytes(format!("heir {number}"));
                (number, racer.replace(&path, Some(&tag), text).await.unwrap())
            });
        let newer = one_won(&objects, &path, "heir", join_all(replaced).await).await;
        assert_ne!(tag, newer);
        for stale in [&tag, &missing] {
            assert_eq!(
                objects.replace(&path, Some(stale), bytes("stale".to_owned())).await,
                Ok(false)
            );
        }
        assert_eq!(objects.create(&path, bytes("late".to_owned())).await, Ok(false));
        assert_eq!(objects.get_tagged(&path).await.unwrap().unwrap().1, newer);
        // What is deleted can be made again.
        assert_eq!(objects.delete(std::slice::from_ref(&path)).await, Ok(1));
        assert_eq!(
            objects.replace(&path, Some(&newer), bytes("stale".to_owned())).await,
            Ok(false)
        );
        assert_eq!(objects.create(&path, bytes("again".to_owned())).await, Ok(true));
    }
}

/// One of the racers won, and what it wrote is there. Its tag.
async fn one_won(objects: &S3Objects, path: &str, word: &str, answers: Vec<(u32, bool)>) -> Tag {
    let won: Vec<u32> = answers
        .iter()
        .filter(|(_, won)| *won)
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(won.len(), 1, "{path}: {answers:?}");
    let (there, tag) = objects.get_tagged(path).await.unwrap().unwrap();
    assert_eq!(there, format!("{word} {}", won[0]));
    tag
}

/// A slow put gets a second attempt under a name of its own, and the one that is named is whole.
pub(crate) async fn hedges(place: &Place) {
    let store = Store::with_objects(place.open(), place.options.clone(), place.world.clone());
    let store = store.with_cluster(ClusterId([9; 16]));
    let incarnation = Incarnation {
        position: 1,
        index: 0,
        nonce: 5,
    };
    let whole: Bytes = (0..1 << 20).map(|at| u8::try_from(at % 241).unwrap()).collect();
    let puts: u32 = 20;
    for flush in 0..puts {
        let key = |attempt| {
            Key::Segment(ObjectName {
                incarnation,
                flush: flush.into(),
                attempt,
            })
        };
        let parts = vec![whole.slice(..1000), whole.slice(1000..)];
        let deadline = place.world.clock.now() + Duration::from_secs(30);
        let attempt = store.put_hedged(key, parts, deadline).await.unwrap();
        assert_eq!(
            store.read_fresh(&key(attempt), None).await,
            Ok(whole.clone()),
            "{flush}"
        );
    }
    let there = store.list(Kind::Segment).await.unwrap();
    assert!(there.len() > usize::try_from(puts).unwrap(), "no put was hedged");
    assert!(there.iter().all(|listed| listed.key.is_some()), "{there:?}");
}

/// Keys of fixed width come in their order, over pages: the ledger deletes the lowest first.
pub(crate) async fn lists_in_order(place: &Place) {
    let objects = place.open();
    let path = |number: u64| format!("order/{:020}", number * 7_919);
    let puts = futures::stream::iter(0..1050_u64).map(async |number| {
        let parts = [Bytes::from(number.to_string())];
        objects.put(&path(number), &parts).await
    });
    puts.buffer_unordered(32).try_collect::<Vec<()>>().await.unwrap();
    let listed: Vec<String> = objects
        .list("order/")
        .map_ok(|found| found.path)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(listed, (0..1050).map(path).collect::<Vec<_>>());
    let gone: Vec<String> = (0..1040).map(path).collect();
    assert_eq!(objects.delete(&gone).await, Ok(1040));
    let left: Vec<String> = objects
        .list("order/")
        .map_ok(|found| found.path)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(left, (1040..1050).map(path).collect::<Vec<_>>());
}

/// Whoever may not is told so.
pub(crate) async fn refuses_strangers(place: &Place) {
    let mut strangers = place.options.clone();
    strangers.aws.secret_access_key = Some(Secret::new("another secret"));
    let stranger = S3Objects::open(&place.url, &strangers).unwrap();
    refused(&stranger).await;
    let read = stranger.get("a", None).await;
    assert!(
        matches!(read, Err(StoreError::Definite { transient: false, .. })),
        "{read:?}"
    );
}

/// Without its bucket nothing is put. (SeaweedFS makes one for whoever puts something there.)
pub(crate) async fn misses_the_bucket(place: &Place) {
    refused(&S3Objects::open("s3://tidelog-has-no-such-bucket/p", &place.options).unwrap()).await;
}

async fn refused(objects: &S3Objects) {
    let put = objects.put("a", &[Bytes::from("x")]).await.unwrap_err();
    assert!(put.happened() == Happened::No, "{put:?}");
    let made = objects.create("a", Bytes::from("x")).await;
    assert!(made.is_err(), "{made:?}");
}
