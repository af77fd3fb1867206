//! Standbys: one is refused, and one that does not answer makes appends wait.

use std::time::Duration;

use ledger::{Append, Backend, LedgerError, OpenError, PostgresLedger};
use world::World;

use super::server::Server;
use super::{Other, before, entry, fill, open, refused};

/// Appends wait for a standby that is not there; those that ask here do not.
async fn waiting_for_nobody(server: &Server) -> (PostgresLedger, Other) {
    let ledger = open(&server.url()).await;
    fill(&ledger, 0, 1).await;
    let other = Other::connect(&server.url()).await;
    other.execute("SET synchronous_commit = local").await;
    other
        .execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        .await;
    other.execute("SELECT pg_reload_conf()").await;
    other
        .until(
            "SELECT (current_setting('synchronous_standby_names') = 'nobody')::int::bigint",
            1,
        )
        .await;
    // The checkpointer is who makes the others wait.
    super::pause(300).await;
    (ledger, other)
}

const WAITING: &str = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

/// A cancelled wait is answered as if nothing were amiss, behind a warning: whether a standby has it, nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_wait_is_unknown() {
    let server = Server::start("");
    let (ledger, other) = waiting_for_nobody(&server).await;
    for (position, how) in [(1, "pg_cancel_backend"), (2, "pg_terminate_backend")] {
        let end = async {
            other.until(&format!("SELECT count(*) {WAITING}"), 1).await;
            assert_eq!(
                ledger.read(position, 0).await.map(|read| read.entries.len()),
                Ok(0),
                "not seen while it waits"
            );
            other.number(&format!("SELECT count({how}(pid)) {WAITING}")).await
        };
        let append = ledger.append(position, before(position), entry(position, 0));
        let (put, ended) = futures::join!(append, end);
        assert!(matches!(put, Err(LedgerError::Unknown { .. })), "{how}: {put:?}");
        assert_eq!(ended, 1);
        let read = ledger.read(position, 0).await.expect("reads");
        assert_eq!(read.entries.len(), 1, "{how}: it is there");
    }
    other.execute("ALTER SYSTEM RESET synchronous_standby_names").await;
    other.execute("SELECT pg_reload_conf()").await;
    fill(&ledger, 3, 1).await;
}

/// Callers give up while an append waits: it goes on waiting, alone, and is done when a standby would have come.
#[tokio::test(flavor = "multi_thread")]
async fn waits_do_not_pile_up() {
    let server = Server::start("");
    let (ledger, other) = waiting_for_nobody(&server).await;
    let clock = World::real().clock;
    for _ in 0..4 {
        let put = ledger.append(1, before(1), entry(1, 0));
        assert!(clock.timeout(Duration::from_millis(300), put).await.is_err());
    }
    assert_eq!(other.number(&format!("SELECT count(*) {WAITING}")).await, 1);
    let put = ledger.append(1, before(1), entry(1, 0)).await;
    assert!(
        matches!(put, Err(LedgerError::Unavailable { .. })),
        "never sent: {put:?}"
    );
    assert_eq!(
        ledger.read(0, 1 << 20).await.map(|read| read.entries.len()),
        Ok(1),
        "reads go on"
    );
    other.execute("ALTER SYSTEM RESET synchronous_standby_names").await;
    other.execute("SELECT pg_reload_conf()").await;
    assert_eq!(ledger.append(1, before(1), entry(1, 0)).await, Ok(Append::Taken));
    fill(&ledger, 2, 1).await;
}

/// A standby is no place for a ledger until it is one no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_refused_until_promoted() {
    let primary = Server::start("");
    let ledger = open(&primary.url()).await;
    fill(&ledger, 0, 5).await;
    let standby = Server::absent("");
    std::fs::create_dir(standby.path()).expect("a folder");
    let data = standby.path().join("data");
    std::process::Command::new("chown")
        .arg("postgres:")
        .arg(standby.path())
        .status()
        .expect("chown");
    let (data, port) = (data.display().to_string(), primary.port().to_string());
    primary.program(
        "pg_basebackup",
        &[
            "-D",
            &data,
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "postgres",
            "-R",
            "-c",
            "fast",
        ],
    );
    standby.start_again();
    let error = refused(&standby.url()).await;
    assert!(
        matches!(error, OpenError::Ledger(LedgerError::Unavailable { .. })),
        "{error:?}"
    );
    assert!(error.to_string().contains("the server is a standby"), "{error}");
    standby.program("pg_ctl", &["-D", &data, "-w", "promote"]);
    let promoted = open(&standby.url()).await;
    assert_eq!(promoted.read(0, 1 << 20).await.map(|read| read.entries.len()), Ok(5));
    fill(&promoted, 5, 1).await;
}
