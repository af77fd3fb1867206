//! PostgreSQL: the conformance suite, and what only this backend has to hold.

mod between;
mod errors;
mod examined;
mod measure;
mod outages;
mod replication;
mod roles;
mod server;
mod stalled;
mod tls;
mod watching;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ledger::conformance::{self, Harness, Table};
use ledger::{Append, Backend, Hash, OpenError, Position, PostgresLedger};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row};
use world::World;

/// A connection of the test's own.
#[derive(Debug)]
struct Other(Client);

impl Other {
    async fn connect(url: &str) -> Other {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server");
        World::real().tasks.spawn("other", async move {
            // It ends with the server, which some tests kill.
            let _ = connection.await;
        });
        Other(client)
    }

    async fn execute(&self, sql: &str) {
        self.0.batch_execute(sql).await.expect(sql);
    }

    async fn query(&self, sql: &str, bound: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        self.0.query(sql, bound).await.expect(sql)
    }

    async fn number(&self, sql: &str) -> i64 {
        self.query(sql, &[]).await[0].get(0)
    }

    /// Waits until a query gives this number.
    async fn until(&self, sql: &str, expect: i64) {
        for _ in 0..1000 {
            if self.number(sql).await == expect {
                return;
            }
            pause(10).await;
        }
        panic!("{sql} does not give {expect}");
    }
}

async fn pause(ms: u64) {
    World::real().clock.sleep(Duration::from_millis(ms)).await;
}

fn shared() -> String {
    crate::variable("TIDELOG_TEST_POSTGRES")
}

/// A name that no run has used before.
fn fresh_name(what: &str) -> String {
    format!("{what}_{:016x}", World::real().chance.u64())
}

/// A database of one's own on the shared server.
async fn database() -> String {
    let (url, name) = (shared(), fresh_name("db"));
    Other::connect(&url)
        .await
        .execute(&format!("CREATE DATABASE {name}"))
        .await;
    let (server, _) = url.rsplit_once('/').expect("a database in the URL");
    format!("{server}/{name}")
}

async fn open(url: &str) -> PostgresLedger {
    PostgresLedger::open(url, &World::real()).await.expect(url)
}

async fn refused(url: &str) -> OpenError {
    let opened = PostgresLedger::open(url, &World::real()).await;
    opened.expect_err(url)
}

fn entry(position: Position, fill: u8) -> Bytes {
    let mut bytes = vec![fill; 100];
    bytes[..8].copy_from_slice(&position.to_be_bytes());
    Bytes::from(bytes)
}

/// Appends a chain at the positions from `from` on.
async fn fill(ledger: &PostgresLedger, from: Position, count: u64) {
    for position in from..from + count {
        let put = ledger.append(position, before(position), entry(position, 0)).await;
        assert_eq!(put, Ok(Append::Appended));
    }
}

/// The hash of the entry before, in such a chain.
fn before(position: Position) -> Hash {
    position
        .checked_sub(1)
        .map_or(Hash::ZERO, |before| Hash::of(&entry(before, 0)))
}

/// Logs of one database, one a table.
#[derive(Debug)]
struct Logs {
    url: String,
    parameters: &'static str,
    run: String,
    count: AtomicU32,
    other: Arc<Other>,
    world: World,
}

#[derive(Debug)]
struct Log {
    url: String,
    name: String,
    other: Arc<Other>,
    world: World,
}

impl Logs {
    async fn new(world: &World, parameters: &'static str) -> Logs {
        Logs {
            url: shared(),
            parameters,
            run: fresh_name("log"),
            count: AtomicU32::new(0),
            other: Arc::new(Other::connect(&shared()).await),
            world: world.clone(),
        }
    }
}

#[async_trait]
impl Harness for Logs {
    async fn fresh(&self) -> Arc<dyn Table> {
        let name = format!("{}_{}", self.run, self.count.fetch_add(1, Ordering::Relaxed));
        Arc::new(Log {
            url: format!("{}?log={name}{}", self.url, self.parameters),
            name,
            other: Arc::clone(&self.other),
            world: self.world.clone(),
        })
    }
}

#[async_trait]
impl Table for Log {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(PostgresLedger::open(&self.url, &self.world).await.expect("the server"))
    }

    async fn plant(&self, position: Position, bytes: Option<Bytes>) {
        let position = i64::try_from(position).expect("a column holds it");
        match bytes {
            None => {
                let sql = "DELETE FROM tidelog_entry WHERE log = $1 AND position = $2";
                self.other.query(sql, &[&self.name, &position]).await;
            }
            Some(bytes) => {
                let sql = "INSERT INTO tidelog_entry (log, position, hash, bytes) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (log, position) DO UPDATE SET hash = excluded.hash, bytes = excluded.bytes";
                let hash = &Hash::of(&bytes).0[..];
                self.other
                    .query(sql, &[&self.name, &position, &hash, &&bytes[..]])
                    .await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let world = World::real();
    conformance::all(&Logs::new(&world, "").await, &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms_without_notifications() {
    let world = World::real();
    conformance::all(&Logs::new(&world, "&notify=off").await, &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_as_memory_does() {
    let world = World::real();
    let logs = Logs::new(&world, "").await;
    conformance::differential(&logs, &world, 0, crate::differential_calls()).await;
}

/// Of sixteen that race for a position, each by a connection of its own, one gets it; and so again at the next.
#[tokio::test(flavor = "multi_thread")]
async fn sixteen_race() {
    let world = World::real();
    let table = Logs::new(&world, "").await.fresh().await;
    let mut racers = Vec::new();
    for _ in 0..16 {
        racers.push(table.open().await);
    }
    let mut previous = Hash::ZERO;
    for position in 0..50 {
        let appends = racers.iter().zip(0..).map(|(racer, fill)| async move {
            racer
                .append(position, previous, entry(position, fill))
                .await
                .expect("an answer")
        });
        let outcomes = futures::future::join_all(appends).await;
        let won: Vec<_> = (0..)
            .zip(&outcomes)
            .filter(|(_, won)| **won == Append::Appended)
            .collect();
        assert!(won.len() == 1, "{outcomes:?}");
        let others = outcomes.iter().filter(|other| **other == Append::Taken);
        assert_eq!(others.count(), 15, "{outcomes:?}");
        let there = racers[0].read(position, 0).await.expect("reads").entries.remove(0);
        assert_eq!(there.bytes, entry(position, won[0].0), "who was told so has it");
        previous = Hash::of(&there.bytes);
    }
}

/// Whatever a reader asks for, the server sends no more than so many entries and bytes, and says that there is more.
#[tokio::test(flavor = "multi_thread")]
async fn reads_are_bounded() {
    let url = database().await;
    let (ledger, other) = (open(&url).await, Other::connect(&url).await);
    let fill = |bytes: u32, count: u32| {
        format!(
            "DELETE FROM tidelog_entry; INSERT INTO tidelog_entry
             SELECT 'tidelog', n, '\\x00', convert_to(repeat('x', {bytes}), 'UTF8') FROM generate_series(0, {count} - 1) n"
        )
    };
    let check = async |max_bytes: usize, entries: usize, more: bool| {
        let read = ledger.read(0, max_bytes).await.expect("reads");
        assert_eq!(
            (read.entries.len(), read.more),
            (entries, more),
            "up to {max_bytes} bytes"
        );
    };
    other.execute(&fill(72, 5000)).await;
    check(0, 1, false).await;
    check(1, 2, true).await;
    check(72 * 10, 11, true).await;
    check(usize::MAX, 4096, true).await;
    other.execute(&fill(1 << 20, 40)).await;
    check(1 << 20, 2, true).await;
    check((1 << 20) - 1, 2, true).await;
    check(usize::MAX, 33, true).await;
    other.execute(&fill(1 << 20, 3)).await;
    check(usize::MAX, 3, false).await;
}

/// Who drains its tasks does not wait for the ledger's connections, and they are ended with the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn connections_end_with_the_ledger() {
    let url = database().await;
    let (world, other) = (World::real(), Other::connect(&url).await);
    let ledger = PostgresLedger::open(&url, &world).await.expect("the server");
    fill(&ledger, 0, 2).await;
    ledger.watch(0).await.expect("watches");
    assert!(world.tasks.drain(Duration::from_secs(5)).await);
    fill(&ledger, 2, 1).await;
    let connections =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tidelog'";
    let count = other.number(connections).await;
    assert!((2..=4).contains(&count), "{count} connections");
    drop(ledger);
    other.until(connections, 0).await;
}
