//! How soon one process sees what another has appended.

use std::time::Duration;

use ledger::{Backend, PostgresLedger};
use world::World;

use super::{Other, database, fill, open, pause};

/// How long after an append, made after a silence, another process sees it.
async fn lateness(here: &PostgresLedger, there: &PostgresLedger, position: u64, silence_ms: u64) -> Duration {
    let clock = World::real().clock;
    let append = async {
        pause(silence_ms).await;
        fill(there, position, 1).await;
        clock.now()
    };
    let watch = async {
        here.watch(position - 1).await.expect("watches");
        clock.now()
    };
    let (appended, seen) = futures::join!(append, watch);
    seen.saturating_duration_since(appended)
}

async fn worst(parameters: &str, silence_ms: u64) -> Duration {
    let url = format!("{}{parameters}", database().await);
    let (here, there) = (open(&url).await, open(&url).await);
    fill(&there, 0, 1).await;
    // The connections that tell and are told.
    lateness(&here, &there, 1, 500).await;
    let mut all = Vec::new();
    for position in 2..12 {
        all.push(lateness(&here, &there, position, silence_ms).await);
    }
    println!("{parameters} after {silence_ms} ms: {all:?}");
    all.into_iter().max().expect("ten")
}

/// Told, not found: looks lie a second apart meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn told() {
    assert!(worst("?notify=on", 50).await < Duration::from_millis(400));
}

#[tokio::test(flavor = "multi_thread")]
async fn found_by_looking() {
    assert!(worst("?notify=off", 50).await < Duration::from_secs(1));
}

/// One who does not tell is found by those who listen, a second later.
#[tokio::test(flavor = "multi_thread")]
async fn found_though_not_told() {
    let url = database().await;
    let (here, there) = (open(&url).await, open(&format!("{url}?notify=off")).await);
    fill(&there, 0, 1).await;
    lateness(&here, &there, 1, 500).await;
    let late = lateness(&here, &there, 2, 50).await;
    assert!(late < Duration::from_millis(2500), "{late:?}");
}

/// The connection on which one is told is lost: one looks, and listens again.
#[tokio::test(flavor = "multi_thread")]
async fn the_listener_is_lost() {
    let url = database().await;
    let (here, there) = (open(&url).await, open(&url).await);
    fill(&there, 0, 1).await;
    lateness(&here, &there, 1, 500).await;
    let other = Other::connect(&url).await;
    let listeners = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND (query LIKE '%LISTEN%' OR query LIKE '%pg_notify%') AND pid <> pg_backend_pid()";
    other.until(listeners, 2).await;
    let end = listeners.replace("count(*)", "count(pg_terminate_backend(pid))");
    assert_eq!(other.number(&end).await, 2);
    other.until(listeners, 0).await;
    for position in 2..4 {
        let late = lateness(&here, &there, position, 100).await;
        assert!(late < Duration::from_secs(2), "{late:?}");
    }
    lateness(&here, &there, 4, 500).await;
    let late = lateness(&here, &there, 5, 50).await;
    assert!(late < Duration::from_millis(400), "told again: {late:?}");
}
