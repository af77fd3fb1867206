//! Objects in real servers that speak S3: `infra/local/run minio seaweedfs -- cargo test -p store --test servers`, or one of
//! them and its name.
//!
//! Where a server is, a variable says; without it a test fails. None is left out in silence.

#![expect(clippy::unwrap_used, reason = "helpers of tests stand outside of them")]

mod semantics;
#[path = "../conformance/suite.rs"]
mod suite;

use std::sync::Arc;
use std::time::Duration;

use ledger::s3::scripted;
use ledger::{ClusterId, Verdict};
use semantics::{conditions, hedges, lists_in_order, misses_the_bucket, refuses_strangers};
use store::{Kind, S3Objects, Store, StoreOptions};
use world::World;

/// A prefix of one run, on one server.
struct Place {
    url: String,
    options: StoreOptions,
    world: World,
}

impl Place {
    fn new(variable: &str) -> Place {
        let Some(Ok(endpoint)) = std::env::var_os(variable).map(std::ffi::OsString::into_string) else {
            panic!("{variable} does not say where the server is; run this through infra/local/run");
        };
        let world = World::real();
        Place {
            url: format!("s3://tidelog/store-{:016x}/some/prefix", world.chance.u64()),
            options: StoreOptions {
                aws: scripted::options(&endpoint),
                // Soon enough that puts of this machine are hedged too.
                hedge_after_initial: Duration::from_millis(1),
                hedge_after_min: Duration::from_millis(1),
                hedges_per_hundred: 100,
                ..StoreOptions::default()
            },
            world,
        }
    }

    /// As another process opens it.
    fn open(&self) -> Arc<S3Objects> {
        Arc::new(S3Objects::open(&self.url, &self.options).unwrap())
    }
}

async fn conforms(place: &Place) {
    suite::run(&place.world, async || place.open()).await;
}

/// A server on which the log can stand fails in nothing, and keeps nothing of the examination.
async fn is_examined(place: &Place) {
    let cluster = ClusterId([7; 16]);
    let store = Store::open(&place.url, place.options.clone(), place.world.clone())
        .await
        .unwrap();
    store.create_cluster(cluster).await.unwrap();
    let found = store.examine(cluster, &place.world).await.unwrap();
    let wrong: Vec<_> = found.iter().filter(|found| found.verdict == Verdict::Fail).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let clock = found.iter().find(|found| found.name == "store_clock").unwrap();
    assert_eq!(clock.verdict, Verdict::Ok, "it is the same machine's: {clock:?}");
    let left = store.with_cluster(cluster).list(Kind::Segment).await.unwrap();
    assert_eq!(left, []);
    let rules = store::examine_rules(&place.url, &place.options).await.unwrap();
    assert!(rules.iter().all(|rule| rule.verdict != Verdict::Fail), "{rules:?}");
    assert_eq!(rules.len(), 3);
}

/// The tests of one server.
macro_rules! on {
    ($server:ident, $variable:literal: $($test:ident)*) => {
        mod $server {
            use super::Place;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(&Place::new($variable)).await;
                }
            )*
        }
    };
}

on!(minio, "TIDELOG_TEST_MINIO":
    conforms conditions hedges lists_in_order refuses_strangers misses_the_bucket is_examined);
on!(seaweedfs, "TIDELOG_TEST_SEAWEEDFS":
    conforms conditions hedges lists_in_order refuses_strangers is_examined);
