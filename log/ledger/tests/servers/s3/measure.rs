//! What the calls take on servers of this machine, which says little of S3: its network and its disks are other ones. Run by name,
//! with `--ignored`.

#![expect(clippy::print_stdout, reason = "what was measured is told")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ledger::{Appended, Backend as _, Ledger, MemoryWitness};

use super::Prefixes;

const SPAN: Duration = Duration::from_secs(5);

async fn measure(variable: &str) {
    let table = Prefixes::new(variable).next();
    let clock = &table.world.clock;
    let witness = Arc::new(MemoryWitness::new());
    let ledger = Ledger::open(table.ledger(), witness, table.world.clone()).await;
    let ledger = ledger.expect("a ledger");
    let mut tip = ledger.base().await.expect("a base").tip();
    for kib in [1, 64, 256] {
        let body = Bytes::from(vec![7; kib << 10]);
        let (end, mut took) = (clock.now() + SPAN, Vec::new());
        while clock.now() < end {
            let began = clock.now();
            match ledger.append(&tip, body.clone()).await {
                Ok(Appended::At(next)) => tip = next,
                other => panic!("{other:?}"),
            }
            took.push(began.elapsed());
        }
        took.sort_unstable();
        let [half, most] = [took.len() / 2, took.len() * 99 / 100].map(|at| took[at]);
        println!(
            "{variable}: {} appends of {kib} KiB in {SPAN:?}, half within {half:?}, 99 % within {most:?}",
            took.len()
        );
    }
    let count = 3000;
    let writers = (0..8).map(async |writer| {
        let backend = table.ledger();
        for position in (tip.position + 1 + writer..tip.position + 1 + count).step_by(8) {
            let put = backend.append(position, tip.hash, super::entry(position, 1)).await;
            assert_eq!(put, Ok(ledger::Append::Appended));
        }
    });
    futures::future::join_all(writers).await;
    let (reader, began) = (table.ledger(), clock.now());
    let (mut from, mut calls) = (tip.position, 0);
    loop {
        let page = reader.read(from, 4 << 20).await.expect("reads");
        from = page.entries.last().expect("one's own").position;
        calls += 1;
        if !page.more {
            break;
        }
    }
    assert_eq!(from, tip.position + count);
    println!(
        "{variable}: {count} entries of 100 bytes read in {:?}, {calls} calls",
        began.elapsed()
    );
    let began = clock.now();
    for _ in 0..100 {
        reader.read(from, 4 << 20).await.expect("reads");
    }
    println!("{variable}: a look at the end takes {:?}", began.elapsed() / 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures for a minute"]
async fn minio() {
    measure(super::minio::SERVER).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures for a minute"]
async fn seaweedfs() {
    measure(super::seaweedfs::SERVER).await;
}
