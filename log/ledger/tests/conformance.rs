//! The conformance suite over every backend.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use ledger::conformance::{self, Harness, MemoryTables, Table};
use ledger::{Backend, Faults, Hash, Looks, Position, SqliteLedger};
use sqlx::{Connection as _, query};
use tempfile::TempDir;
use world::World;

#[derive(Debug)]
struct Sqlite {
    dir: TempDir,
    tables: AtomicU32,
    world: World,
}

#[derive(Debug)]
struct SqliteTable {
    path: PathBuf,
    world: World,
}

#[async_trait]
impl Harness for Sqlite {
    async fn fresh(&self) -> Arc<dyn Table> {
        let name = format!("{}.db", self.tables.fetch_add(1, Ordering::Relaxed));
        Arc::new(SqliteTable {
            path: self.dir.path().join(name),
            world: self.world.clone(),
        })
    }
}

#[async_trait]
impl Table for SqliteTable {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(
            SqliteLedger::open(&self.path, &self.world)
                .await
                .expect("the test file"),
        )
    }

    async fn plant(&self, position: Position, bytes: Option<Bytes>) {
        let url = format!("sqlite:{}", self.path.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the test file");
        let position = i64::try_from(position).expect("the test file");
        let planted = match bytes {
            None => query("DELETE FROM entry WHERE position = ?1").bind(position),
            Some(bytes) => query("INSERT OR REPLACE INTO entry (position, hash, bytes) VALUES (?1, ?2, ?3)")
                .bind(position)
                .bind(Hash::of(&bytes).0.to_vec())
                .bind(bytes.to_vec()),
        };
        planted.execute(&mut connection).await.expect("the test file");
        connection.close().await.expect("the test file");
    }
}

async fn memory(looks: Looks, faults: Faults, seed: u64) {
    let world = World::simulated(seed);
    let harness = MemoryTables::new(looks, faults, world.child("harness"));
    conformance::all(&harness, &world).await;
}

#[tokio::test(start_paused = true)]
async fn memory_as_a_sql_database() {
    memory(Looks::InStatement, Faults::NONE, 0).await;
}

#[tokio::test(start_paused = true)]
async fn memory_without_sql() {
    memory(Looks::AfterPut, Faults::NONE, 0).await;
}

#[tokio::test(start_paused = true)]
async fn slow_memory_in_many_interleavings() {
    for seed in 0..20 {
        memory(Looks::InStatement, Faults::SLOW, seed).await;
        memory(Looks::AfterPut, Faults::SLOW, seed).await;
    }
}

fn files(world: &World) -> Sqlite {
    Sqlite {
        dir: TempDir::new().expect("the test file"),
        tables: AtomicU32::new(0),
        world: world.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let world = World::real();
    conformance::all(&files(&world), &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_answers_as_memory_does() {
    let world = World::real();
    for seed in 0..2 {
        conformance::differential(&files(&world), &world, seed, differential_calls()).await;
    }
}

/// How many random calls are compared with the model's: `TIDELOG_DIFFERENTIAL_CALLS`, or 2,000.
fn differential_calls() -> u64 {
    let calls = std::env::var_os("TIDELOG_DIFFERENTIAL_CALLS");
    calls.map_or(2000, |calls| {
        let calls = calls.to_str().and_then(|calls| calls.parse().ok());
        calls.expect("TIDELOG_DIFFERENTIAL_CALLS is a number")
    })
}
