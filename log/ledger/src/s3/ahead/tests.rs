use std::collections::BTreeMap;

use world::World;

use super::super::scripted::{Scripted, error, object};
use super::*;
use crate::backend::Backend as _;

#[test]
fn windows() {
    let check = |entries, bytes, left, expect| {
        assert_eq!(window(entries, bytes, left), expect, "{entries} {bytes} {left}");
    };
    let plenty = usize::MAX;
    check(0, 0, plenty, 2);
    check(1, 100, plenty, 1);
    check(2, 200, plenty, 1);
    check(3, 300, plenty, 2);
    check(9, 900, plenty, 8);
    check(1000, 100_000, plenty, AHEAD_MAX);
    // No more than fit, and one that tells whether more follow.
    check(1000, 100_000, 350, 4);
    check(1000, 100_000, 0, 1);
    check(3, 3 << 20, 1 << 20, 2);
    check(0, 0, 0, 1);
}

/// A bucket of entries, each its own position in this many digits; an error where the position says so.
async fn bucket(count: u64, digits: usize, broken: Option<u64>) -> (S3Ledger, Scripted, World) {
    let world = World::real();
    let entries: BTreeMap<String, String> = (0..count)
        .map(|at| (format!("{at:020}"), format!("{at:0digits$}")))
        .collect();
    let broken = broken.map(|at| format!("{at:020}"));
    let server = Scripted::answering(&world, move |head| {
        let key = head
            .split(' ')
            .nth(1)
            .and_then(|path| path.rsplit('/').next())
            .unwrap_or_default();
        let answer = match entries.get(key) {
            _ if broken.as_deref() == Some(key) => error("403 Forbidden", "AccessDenied"),
            Some(entry) => object("e", entry),
            None => error("404 Not Found", "NoSuchKey"),
        };
        answer.into_bytes()
    })
    .await;
    let ledger = S3Ledger::open("s3://bucket/p", &server.options(), &world).unwrap();
    (ledger, server, world)
}

fn positions(read: &RawRead) -> (Vec<u64>, bool) {
    for entry in &read.entries {
        let said: u64 = std::str::from_utf8(&entry.bytes).unwrap().parse().unwrap();
        assert_eq!(said, entry.position);
    }
    (read.entries.iter().map(|entry| entry.position).collect(), read.more)
}

#[tokio::test]
async fn a_look_at_the_tip_is_two_requests() {
    let (ledger, server, _world) = bucket(10, 10, None).await;
    let check = async |from, max_bytes, expect: Vec<u64>, more, requests| {
        let before = server.heads().len();
        let read = ledger.read(from, max_bytes).await.unwrap();
        assert_eq!(positions(&read), (expect, more), "{from} {max_bytes}");
        assert_eq!(server.heads().len() - before, requests, "{from} {max_bytes}");
    };
    check(9, 1 << 20, vec![9], false, 2).await;
    check(9, 0, vec![9], false, 1).await;
    check(5, 0, vec![5], false, 1).await;
    check(8, 1 << 20, vec![8, 9], false, 3).await;
    check(70, 1 << 20, vec![], false, 2).await;
    check(u64::MAX, 1 << 20, vec![], false, 1).await;
    check(10, 1 << 20, vec![], false, 2).await;
    // The first after one's own comes whatever its size; the one that does not fit tells that more follow.
    check(3, 1, vec![3, 4], true, 3).await;
    check(3, 20, vec![3, 4, 5], true, 4).await;
}

#[tokio::test]
async fn one_who_is_behind_asks_for_many_at_once() {
    let (ledger, server, _world) = bucket(1500, 10, None).await;
    let (mut from, mut read) = (0, Vec::new());
    let mut reads = 0;
    loop {
        let page = ledger.read(from, 4 << 20).await.unwrap();
        let (found, more) = positions(&page);
        read.extend(found.iter().skip(1).copied());
        from = *found.last().unwrap();
        reads += 1;
        if !more {
            break;
        }
    }
    assert_eq!(read, (1..1500).collect::<Vec<_>>());
    assert_eq!(reads, 2);
    // Each entry once, one's own again, and what was asked for beyond a limit or the end.
    let requests = server.heads().len();
    assert!(requests <= 1500 + 1 + 2 * AHEAD_MAX, "{requests}");
    assert_eq!(ledger.watched.newest(), Some(1499));
}

/// The second page of a replay begins as fast as the first one ended.
#[tokio::test]
async fn the_next_read_keeps_the_pace() {
    let (ledger, _server, _world) = bucket(300, 100, None).await;
    let page = ledger.read(0, 100 * 100).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (101, true));
    let pace = ledger.pace.of(100).unwrap();
    assert!(window(pace.entries, pace.bytes, 1 << 20) == AHEAD_MAX, "{pace:?}");
    assert!(ledger.pace.of(0).is_none());
    let page = ledger.read(100, 100 * 100).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (101, true));
    assert!(ledger.pace.of(100).is_none() && ledger.pace.of(200).is_some());
}

#[tokio::test]
async fn what_came_before_a_failure_is_kept() {
    let (ledger, _server, _world) = bucket(100, 10, Some(40)).await;
    let read = ledger.read(10, 1 << 20).await.unwrap();
    assert_eq!(positions(&read), ((10..40).collect(), true));
    // At the failure there is nothing to keep.
    for from in [39, 40] {
        let failed = ledger.read(from, 1 << 20).await;
        assert!(matches!(failed, Err(LedgerError::Refused { .. })), "{failed:?}");
    }
}

#[test]
fn paces_are_few() {
    let pace = Pace::default();
    let stopped = |at| Stopped {
        at,
        entries: 1,
        bytes: 1,
    };
    for at in 0..100 {
        pace.remember(u64::MAX, stopped(at));
    }
    assert_eq!(pace.0.lock().len(), PACES_MAX);
    assert!(pace.of(99).is_some() && pace.of(0).is_none());
}
