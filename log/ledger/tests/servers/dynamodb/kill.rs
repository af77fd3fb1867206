//! A server of the test's own, killed at any point and started again: what was acknowledged is there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use ledger::conformance::Table as _;
use ledger::{Append, Backend, Hash, Position};
use tempfile::TempDir;
use world::World;

use super::Dynamo;

const KILLS: u64 = 5;
/// How many appends are acknowledged before the server is killed again.
const APPENDS_BETWEEN: u64 = 60;

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
        let server = Server {
            dir: TempDir::new().expect("a folder"),
            port: crate::free_port(),
        };
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
        // On a busy machine it takes a while to die, and the next would find it there. One that nobody waits for stays.
        let status = format!("/proc/{}/status", pid.trim());
        let lives = || std::fs::read_to_string(&status).is_ok_and(|status| !status.contains("State:\tZ"));
        while lives() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new(Server::script()).arg("stop").arg(self.dir.path()).status();
        assert!(stopped.is_ok_and(|stopped| stopped.success()), "the server stops");
    }
}

/// What the writers are about.
#[derive(Default)]
struct Progress {
    acknowledged: AtomicU64,
    stop: AtomicBool,
}

impl Progress {
    /// Waits until there are so many more.
    async fn more(&self, count: u64, world: &World) {
        let enough = self.acknowledged.load(Ordering::Relaxed) + count;
        while self.acknowledged.load(Ordering::Relaxed) < enough {
            world.clock.sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Appends wherever the end is, until it is told to stop; gives what was acknowledged, and what may have been put.
async fn write(ledger: &dyn Backend, name: u64, progress: &Progress) -> [Vec<(Position, Bytes)>; 2] {
    let (mut done, mut unknown) = (Vec::new(), Vec::new());
    let mut position = 0;
    while !progress.stop.load(Ordering::Relaxed) {
        let bytes = Bytes::from(format!("{position} by {name}"));
        match ledger.append(position, Hash::ZERO, bytes.clone()).await {
            Ok(Append::Appended) => {
                progress.acknowledged.fetch_add(1, Ordering::Relaxed);
                done.push((position, bytes));
            }
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
    let progress = Progress::default();
    let writers = join_all(
        handles
            .iter()
            .zip(0..)
            .map(|(handle, name)| write(&**handle, name, &progress)),
    );
    let kills = async {
        for _ in 0..KILLS {
            progress.more(APPENDS_BETWEEN, &world).await;
            server.kill();
            tokio::task::block_in_place(|| server.run());
        }
        progress.more(APPENDS_BETWEEN, &world).await;
        progress.stop.store(true, Ordering::Relaxed);
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
    assert!(
        acknowledged >= (KILLS + 1) * APPENDS_BETWEEN,
        "{acknowledged} acknowledged"
    );
    // What is there was acknowledged to one, or may have been put: nothing came of itself.
    let last = written.iter().flatten().flatten().map(|(position, _)| *position).max();
    for position in 0..=last.expect("some were written") {
        let there = ledger.read(position, 0).await.expect("reads");
        let Some(entry) = there.entries.first() else { continue };
        let mut known = written.iter().flatten().flatten();
        assert!(
            known.any(|(at, bytes)| *at == position && *bytes == entry.bytes),
            "{entry:?}"
        );
    }
}
