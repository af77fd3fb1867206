//! A server of the test's own, killed at any point and started again: what was acknowledged is there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use ledger::conformance::Table as _;
use ledger::{Append, Backend, Hash, Position};
use tempfile::TempDir;
use world::World;

use super::Dynamo;

/// A server that is stopped when the test ends.
struct Server {
    dir: TempDir,
    port: u16,
}

impl Server {
    fn script() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/local/servers/dynamodb")
    }

    fn start() -> Server {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = Server {
            dir: TempDir::new().expect("a folder"),
            port: free.local_addr().expect("a port").port(),
        };
        drop(free);
        server.run();
        server
    }

    /// Starts it, the first time or again on what it kept.
    fn run(&self) {
        let mut start = Command::new(Server::script());
        let start = start.arg("start").arg(self.dir.path()).arg(self.port.to_string());
        let started = start.stdout(Stdio::null()).status().expect("a script");
        assert!(started.success(), "the server starts");
    }

    fn kill(&self) {
        let pid = std::fs::read_to_string(self.dir.path().join("pid")).expect("its pid");
        let killed = Command::new("kill").arg("-9").arg(pid.trim()).status().expect("kill");
        assert!(killed.success(), "it was running");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new(Server::script()).arg("stop").arg(self.dir.path()).status();
        assert!(stopped.is_ok_and(|stopped| stopped.success()), "the server stops");
    }
}

/// Appends wherever the end is, until it is told to stop; gives what was acknowledged, and what may have been put.
async fn write(ledger: &dyn Backend, name: u64, stop: &std::sync::atomic::AtomicBool) -> [Vec<(Position, Bytes)>; 2] {
    let (mut done, mut unknown) = (Vec::new(), Vec::new());
    let mut position = 0;
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let bytes = Bytes::from(format!("{position} by {name}"));
        match ledger.append(position, Hash::ZERO, bytes.clone()).await {
            Ok(Append::Appended) => done.push((position, bytes)),
            Ok(Append::Taken) => {}
            Err(error) if error.happened() == ledger::Happened::Maybe => unknown.push((position, bytes)),
            Err(error) => assert!(error.is_transient(), "{error}"),
            other => panic!("{other:?}"),
        }
        position += 1;
    }
    [done, unknown]
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_killed_keeps_what_was_acknowledged() {
    let world = World::real();
    let server = Server::start();
    let harness = Dynamo::at(format!("http://127.0.0.1:{}", server.port), &world).await;
    let log = harness.log();
    let handles = join_all((0..4).map(|_| log.open())).await;
    let stop = std::sync::atomic::AtomicBool::new(false);
    let writers = join_all(
        handles
            .iter()
            .zip(0..)
            .map(|(handle, name)| write(&**handle, name, &stop)),
    );
    let kills = async {
        for round in 0..5 {
            world.clock.sleep(Duration::from_millis(300 + 70 * round)).await;
            server.kill();
            tokio::task::block_in_place(|| server.run());
        }
        world.clock.sleep(Duration::from_millis(300)).await;
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (written, ()) = futures::join!(writers, kills);
    let ledger = log.open().await;
    let mut acknowledged = 0;
    for (position, bytes) in written.iter().flat_map(|[done, _]| done) {
        let there = ledger.read(*position, 0).await.expect("reads");
        let there = there.entries.first().map(|entry| entry.bytes.clone());
        assert_eq!(there.as_ref(), Some(bytes), "what was acknowledged at {position}");
        acknowledged += 1;
    }
    assert!(acknowledged > 100, "{acknowledged} acknowledged");
    // What is there was acknowledged to one, or may have been put: nothing came of itself, and nothing twice.
    for position in 0..acknowledged {
        let there = ledger.read(position, 0).await.expect("reads");
        let Some(entry) = there.entries.first() else { continue };
        let known = written.iter().flatten().flatten();
        let known = known.filter(|(at, bytes)| *at == position && *bytes == entry.bytes);
        assert_eq!(known.count(), 1, "{entry:?}");
    }
}
