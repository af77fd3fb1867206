use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;
use world::World;

use super::super::scripted::{Scripted, error, object};
use super::*;
use crate::backend::Backend as _;

/// A bucket whose entries are all below a number that may grow.
async fn bucket() -> (Arc<S3Ledger>, Arc<AtomicU64>, Scripted, World) {
    let world = World::real();
    let count = Arc::new(AtomicU64::new(3));
    let shared = Arc::clone(&count);
    let server = Scripted::answering(&world, move |head| {
        let key = head
            .split(' ')
            .nth(1)
            .and_then(|path| path.rsplit('/').next())
            .unwrap_or_default();
        let there = key.parse::<u64>().is_ok_and(|at| at < shared.load(Ordering::Relaxed));
        let answer = match there {
            true => object("e", ""),
            false => error("404 Not Found", "NoSuchKey"),
        };
        answer.into_bytes()
    })
    .await;
    let ledger = S3Ledger::open("s3://bucket/p", &server.options(), &world).unwrap();
    (Arc::new(ledger), count, server, world)
}

#[tokio::test]
async fn one_polls_for_all() {
    let (ledger, count, server, world) = bucket().await;
    let watchers = join_all((0..20).map(|_| ledger.watch(2)));
    let grow = async {
        world.clock.sleep(Duration::from_millis(200)).await;
        count.store(4, Ordering::Relaxed);
    };
    let (woken, ()) = futures::join!(watchers, grow);
    assert!(woken.iter().all(Result::is_ok), "{woken:?}");
    let heads = server.heads();
    // One each 50 ms, whoever is watching.
    assert!((1..=8).contains(&heads.len()), "{} requests", heads.len());
    assert!(
        heads
            .iter()
            .all(|head| head.starts_with("head /bucket/p/entries/00000000000000000003 "))
    );
}

#[tokio::test]
async fn what_is_known_needs_no_request() {
    let (ledger, _count, server, world) = bucket().await;
    ledger.watched.saw(7);
    assert_eq!(ledger.watch(6).await, Ok(()));
    let (woken, ()) = futures::join!(ledger.watch(7), async { ledger.watched.saw(8) });
    assert_eq!((woken, server.heads().len()), (Ok(()), 0));
    // A watcher that goes leaves its turn to the next.
    let short = world.clock.timeout(Duration::from_millis(70), ledger.watch(8));
    let long = world.clock.timeout(Duration::from_millis(200), ledger.watch(1));
    let (short, long) = futures::join!(short, long);
    assert!(short.is_err() && long == Ok(Ok(())), "{short:?} {long:?}");
    // The last position there is has none behind it.
    let last = world
        .clock
        .timeout(Duration::from_millis(70), ledger.watch(u64::MAX))
        .await;
    assert!(last.is_err());
}

/// Its next key was written and deleted again while it slept: it is let go to look for itself.
#[tokio::test]
async fn nobody_watches_one_key_for_ever() {
    let (ledger, _count, server, _world) = bucket().await;
    assert_eq!(ledger.watch(17).await, Ok(()));
    assert_eq!(server.heads().len(), usize::try_from(POLLS_MAX).unwrap());
}

/// A ledger that lost its end is not said to have grown for ever.
#[tokio::test]
async fn a_read_corrects_what_is_known() {
    let (ledger, _count, _server, world) = bucket().await;
    ledger.watched.saw(9);
    assert_eq!(ledger.watch(2).await, Ok(()));
    ledger.read(2, 100).await.unwrap();
    assert_eq!(ledger.watched.newest(), Some(2));
    let nothing = world.clock.timeout(Duration::from_millis(300), ledger.watch(2)).await;
    assert!(nothing.is_err());
    // Not by a read that began before another append was seen.
    ledger.watched.saw(5);
    ledger.watched.ends_at(2, Some(2));
    assert_eq!(ledger.watched.newest(), Some(5));
}

#[tokio::test(start_paused = true)]
async fn an_idle_process_asks_once_a_second() {
    let world = World::simulated(1);
    let watched = Watched::new(&world.clock);
    let check = async |after: Duration, expect: Duration| {
        watched.pace.grew();
        world.clock.sleep(after).await;
        assert_eq!(watched.pace.interval(), expect, "{after:?}");
    };
    check(Duration::ZERO, POLL_QUICK).await;
    check(Duration::from_millis(800), POLL_QUICK).await;
    check(Duration::from_secs(8), Duration::from_millis(500)).await;
    check(Duration::from_secs(16), POLL_SLOW).await;
    check(Duration::from_secs(3600), POLL_SLOW).await;
}
