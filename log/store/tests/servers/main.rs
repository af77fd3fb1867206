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
use store::{S3Objects, StoreOptions};
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

    async fn conforms(&self) {
        suite::run(&self.world, async || self.open()).await;
    }
}

mod minio {
    use super::{Place, semantics};

    const SERVER: &str = "TIDELOG_TEST_MINIO";

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms() {
        Place::new(SERVER).conforms().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conditions() {
        semantics::conditions(&Place::new(SERVER)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn hedges() {
        semantics::hedges(&Place::new(SERVER)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn lists_in_order() {
        semantics::lists_in_order(&Place::new(SERVER)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn refuses_strangers() {
        semantics::refuses_strangers(&Place::new(SERVER)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn misses_the_bucket() {
        semantics::misses_the_bucket(&Place::new(SERVER)).await;
    }
}

mod seaweedfs {
    use super::{Place, semantics};

    const SERVER: &str = "TIDELOG_TEST_SEAWEEDFS";

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms() {
        Place::new(SERVER).conforms().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conditions() {
        semantics::conditions(&Place::new(SERVER)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn hedges() {
        semantics::hedges(&Place::new(SERVER)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn lists_in_order() {
        semantics::lists_in_order(&Place::new(SERVER)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn refuses_strangers() {
        semantics::refuses_strangers(&Place::new(SERVER)).await;
    }
}
