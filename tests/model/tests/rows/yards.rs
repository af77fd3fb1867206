//! Ledgers over every kind of table that there is.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use ledger::conformance::{Harness, MemoryTables, Table, Yard};
use ledger::{Backend, Faults, Looks, Position, SqliteLedger};
use tempfile::TempDir;
use world::World;

/// SQLite files, into which nobody puts anything behind their backs.
#[derive(Debug)]
struct Files {
    folder: TempDir,
    count: AtomicU32,
    world: World,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    world: World,
}

#[async_trait]
impl Harness for Files {
    async fn fresh(&self) -> Arc<dyn Table> {
        let name = format!("{}.db", self.count.fetch_add(1, Ordering::Relaxed));
        Arc::new(File {
            path: self.folder.path().join(name),
            world: self.world.clone(),
        })
    }
}

#[async_trait]
impl Table for File {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(SqliteLedger::open(&self.path, &self.world).await.unwrap())
    }

    async fn plant(&self, position: Position, _: Option<Bytes>) {
        unreachable!("no row plants {position} in a file");
    }
}

async fn memory(looks: Looks) -> Yard {
    let world = World::simulated(1);
    let tables = MemoryTables::new(looks, Faults::NONE, world.child("tables"));
    Yard::new(&tables, &world).await
}

/// Plays a row on tables in memory: as a SQL database, and as a store that only puts where nothing is.
pub(crate) async fn in_memory(row: impl AsyncFn(&Yard)) {
    for looks in [Looks::InStatement, Looks::AfterPut] {
        row(&memory(looks).await).await;
    }
}

/// Plays a row on a table in memory that only puts where nothing is.
pub(crate) async fn over_puts(row: impl AsyncFn(&Yard)) {
    row(&memory(Looks::AfterPut).await).await;
}

/// Plays a row that plants nothing on every kind of table.
pub(crate) async fn everywhere(row: impl AsyncFn(&Yard)) {
    in_memory(&row).await;
    over_sql(row).await;
}

/// Plays a row that plants nothing on tables that judge in the statement.
pub(crate) async fn over_sql(row: impl AsyncFn(&Yard)) {
    row(&memory(Looks::InStatement).await).await;
    let world = World::real();
    let files = Files {
        folder: TempDir::new().unwrap(),
        count: AtomicU32::new(0),
        world: world.clone(),
    };
    row(&Yard::new(&files, &world).await).await;
}
