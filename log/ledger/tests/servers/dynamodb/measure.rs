//! How long an append takes with the looks that follow it, and how many one appender gets done. Run by name, with
//! `--ignored`, against an emulator or, with a table there, against DynamoDB itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ledger::conformance::Table as _;
use ledger::{Appended, Ledger, MemoryWitness};
use world::World;

use super::Dynamo;

const SPAN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for some seconds"]
async fn dynamodb_appends() {
    let world = World::real();
    let log = Dynamo::new(&world).await.log();
    let witness = Arc::new(MemoryWitness::new());
    let ledger = Ledger::open(log.open().await, witness, world.clone())
        .await
        .expect("a ledger");
    for bytes in [200, 4 << 10, 60 << 10] {
        let mut tip = ledger.base().await.expect("a base").tip();
        while let Ok(ledger::ReadOutcome::Entries { entries, at_end }) = ledger.read(&tip, 1 << 20).await {
            tip = entries.last().map_or(tip, ledger::Entry::tip);
            if at_end {
                break;
            }
        }
        let (mut took, body) = (Vec::new(), Bytes::from(vec![b'x'; bytes]));
        let end = world.clock.now() + SPAN;
        while world.clock.now() < end {
            let began = world.clock.now();
            match ledger.append(&tip, body.clone()).await {
                Ok(Appended::At(at)) => tip = at,
                other => panic!("{other:?}"),
            }
            took.push(began.elapsed());
        }
        took.sort_unstable();
        let (count, last) = (took.len(), took.len() - 1);
        println!(
            "{bytes} bytes: {} appends/s, p50 {:?}, p99 {:?}",
            count as u64 / SPAN.as_secs(),
            took[count / 2],
            took[last.min(count * 99 / 100)]
        );
    }
}
