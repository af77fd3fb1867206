//! A server that is killed and starts again while it is written to.

use std::sync::Arc;

use ledger::{Append, Backend, LedgerError};
use world::World;

use super::server::Server;
use super::{before, entry, open, pause};

/// What one writer was told.
#[derive(Debug, Default)]
struct Told {
    appended: u64,
    unavailable: u64,
    unknown: u64,
    /// Of the unknown ones those that had happened.
    happened: u64,
}

/// Kill -9 of the server, six times, under one who appends: what was acknowledged is there; what was definitely not done is not.
#[tokio::test(flavor = "multi_thread")]
async fn killed_mid_append() {
    // Each commit waits for 20 ms before it is flushed, so that a kill meets one.
    let server = Arc::new(Server::start("commit_delay = 20000\ncommit_siblings = 0"));
    let ledger = open(&server.url()).await;
    let mut told = Told::default();
    let mut next = 0;
    for round in 0..6 {
        let stop = async {
            pause(150 + 40 * round).await;
            let server = Arc::clone(&server);
            // Beside the writer, which goes on meanwhile.
            let outage = move || {
                server.kill();
                server.start_again();
            };
            World::real().tasks.blocking(outage).await;
        };
        let go_on = async {
            let until = next + 50;
            while next < until {
                append(&ledger, next, &mut told).await;
                next += 1;
            }
        };
        futures::join!(stop, go_on);
    }
    println!("{told:?}");
    assert_eq!(told.appended + told.happened, next);
    assert!(told.unknown > 0, "no append met a kill");
    let mut at = 0;
    while at < next {
        let read = ledger.read(at, 1 << 20).await.expect("reads").entries;
        assert!(!read.is_empty(), "entry {at} was acknowledged");
        for found in read {
            assert_eq!((found.position, found.bytes), (at, entry(at, 0)));
            at += 1;
        }
    }
}

/// Appends until it is there.
async fn append(ledger: &impl Backend, position: u64, told: &mut Told) {
    let mut maybe = false;
    loop {
        match ledger.append(position, before(position), entry(position, 0)).await {
            Ok(Append::Appended) => {
                told.appended += 1;
                return;
            }
            Ok(Append::Taken) => {
                assert!(maybe, "what was definitely not done at {position} is there");
                told.happened += 1;
                return;
            }
            Ok(other) => panic!("{other:?} at {position}"),
            Err(LedgerError::Unavailable { .. }) => told.unavailable += 1,
            Err(LedgerError::Unknown { .. }) => {
                maybe = true;
                told.unknown += 1;
            }
            Err(other) => panic!("{other} at {position}"),
        }
        pause(20).await;
    }
}
