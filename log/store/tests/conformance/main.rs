//! One suite for every place for objects; the one in memory is the model.
//!
//! S3 needs a server: tests/servers. A full disk needs root: `cargo test -p store --test conformance -- --ignored`.

#![expect(clippy::unwrap_used, reason = "helpers of tests stand outside of them")]

mod full;
mod suite;

use std::sync::Arc;

use store::{FolderObjects, MemoryObjects};
use world::World;

#[tokio::test(start_paused = true)]
async fn memory() {
    let world = World::simulated(11);
    let objects = Arc::new(MemoryObjects::new(world.clock.clone()));
    suite::run(&world, async || objects.clone()).await;
}

#[tokio::test]
async fn folder() {
    let world = World::real();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("objects");
    // Opened anew each time, as another process would.
    suite::run(&world, async || {
        let opened = FolderObjects::open(path.to_str().unwrap(), world.clone()).await;
        Arc::new(opened.unwrap())
    })
    .await;
}
