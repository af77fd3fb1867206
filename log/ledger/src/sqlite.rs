//! One SQLite file: the embedded default. Several processes of one machine may share it.
//!
//! The file is in WAL mode with `synchronous=FULL`: when a statement that writes is answered, it has been fsynced. Every
//! call here is one statement outside a transaction, which SQLite makes whole or not at all; so a future that is
//! dropped leaves no transaction open, and an append costs one trip to the connection's thread and one fsync.

mod examine;
mod failure;
mod file;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use parking_lot::Mutex;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, query};
use tokio::sync::MutexGuard;
use world::World;

use crate::backend::{Append, Backend, Base, Looks, RawRead};
use crate::error::{LedgerError, OpenError};
use crate::ids::{ClusterId, Hash, Position};
use crate::memory::Collect;
use crate::watch::Pace;
pub(crate) use examine::examine;

const APPEND: &str = include_str!("sqlite/append.sql");
const REFUSAL: &str = include_str!("sqlite/refusal.sql");
const READ: &str = include_str!("sqlite/read.sql");
const BASE: &str = include_str!("sqlite/base.sql");
const CREATE_BASE: &str = include_str!("sqlite/create_base.sql");
const ADVANCE_BASE: &str = include_str!("sqlite/advance_base.sql");
const DELETE_BELOW: &str = include_str!("sqlite/delete_below.sql");
const NEWEST: &str = include_str!("sqlite/newest.sql");

/// The most bytes of a stored entry.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// The most entries that one read takes, whatever their size.
const READ_ENTRIES_MAX: i64 = 4096;
/// How often other processes' appends are looked for while there have been some just now, and after a long silence.
const POLL_QUICK: Duration = Duration::from_millis(5);
const POLL_SLOW: Duration = Duration::from_millis(150);
/// Free pages are given back to the file system when they are more than this many, and more than a quarter of the
/// file: fewer are soon used again.
const FREE_PAGES_MAX: i64 = 4096;
/// How many pages are given back at a time.
const VACUUM: &str = "PRAGMA incremental_vacuum(1024)";
/// How often an append asks again when what refused it was gone by the time it asked why.
const TRIES: u32 = 8;

/// A ledger in a SQLite file.
#[derive(Debug)]
pub struct SqliteLedger {
    writer: tokio::sync::Mutex<SqliteConnection>,
    /// Two, so that a long read of old entries does not hold up the look at the tip.
    readers: [tokio::sync::Mutex<SqliteConnection>; 2],
    watch: Pace,
    /// The last position that was seen here.
    seen: Mutex<Option<i64>>,
    /// An fsync has failed. What the system's cache then holds is anyone's guess, so nothing is written any more until
    /// the process has been started anew and SQLite has read the file again.
    broken: AtomicBool,
}

impl SqliteLedger {
    /// Opens the file, and makes it if there is none.
    ///
    /// # Errors
    /// When the folder does not exist, the file cannot be read and written, is something else than a ledger or of a
    /// newer version, or cannot be used safely where it lies.
    pub async fn open(path: &Path, world: &World) -> Result<SqliteLedger, OpenError> {
        let connections = file::open(path, world).await?;
        Ok(SqliteLedger {
            writer: connections.writer.into(),
            readers: connections.readers.map(tokio::sync::Mutex::new),
            watch: Pace::new(&world.clock, POLL_QUICK, POLL_SLOW),
            seen: Mutex::new(None),
            broken: AtomicBool::new(false),
        })
    }

    async fn reader(&self) -> MutexGuard<'_, SqliteConnection> {
        match self.readers[0].try_lock() {
            Ok(reader) => reader,
            Err(_) => self.readers[1].lock().await,
        }
    }

    async fn writer(&self) -> Result<MutexGuard<'_, SqliteConnection>, LedgerError> {
        let writer = self.writer.lock().await;
        if self.broken.load(Ordering::Relaxed) {
            return Err(LedgerError::refused(
                "an fsync of the ledger's file has failed; restart the process",
            ));
        }
        Ok(writer)
    }

    /// What a failed write means.
    fn write_failed(&self, error: &sqlx::Error) -> LedgerError {
        if failure::is_fsync(error) {
            self.broken.store(true, Ordering::Relaxed);
        }
        failure::of_write(error)
    }

    /// The last position there is. Whoever finds another one than was seen last wakes all who watch.
    async fn newest(&self) -> Result<Option<i64>, LedgerError> {
        let reader = &mut *self.reader().await;
        let row = query(NEWEST)
            .fetch_one(reader)
            .await
            .map_err(|error| failure::of_read(&error))?;
        let newest = row.try_get(0).map_err(|error| failure::of_read(&error))?;
        let seen = std::mem::replace(&mut *self.seen.lock(), newest);
        if seen != newest {
            self.watch.grew();
        }
        Ok(newest)
    }

    /// Looks for other processes' appends until there is one.
    async fn poll(&self) -> Result<(), LedgerError> {
        let _turn = self.watch.turn().await;
        let before = *self.seen.lock();
        loop {
            self.watch.pause().await;
            if self.newest().await? != before {
                return Ok(());
            }
        }
    }

    /// Gives free pages back when there are many.
    async fn shrink(&self, writer: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let free: i64 = query("PRAGMA freelist_count")
            .fetch_one(&mut *writer)
            .await?
            .try_get(0)?;
        let pages: i64 = query("PRAGMA page_count").fetch_one(&mut *writer).await?.try_get(0)?;
        if free > FREE_PAGES_MAX && free > pages / 4 {
            query(VACUUM).fetch_all(writer).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Backend for SqliteLedger {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        if envelope.len() > ENTRY_BYTES_MAX {
            let (bytes, bytes_max) = (envelope.len(), ENTRY_BYTES_MAX);
            return Err(LedgerError::TooLarge { bytes, bytes_max });
        }
        let at = column(position)?;
        let hash = Hash::of(&envelope);
        let writer = &mut *self.writer().await?;
        for _ in 0..TRIES {
            let insert = query(APPEND)
                .bind(at)
                .bind(&hash.0[..])
                .bind(&envelope[..])
                .bind(&previous.0[..]);
            let inserted = insert
                .execute(&mut *writer)
                .await
                .map_err(|error| self.write_failed(&error))?;
            if inserted.rows_affected() == 1 {
                let newest = (*self.seen.lock()).max(Some(at));
                *self.seen.lock() = newest;
                self.watch.grew();
                return Ok(Append::Appended);
            }
            // Nothing was written, and nothing will be: only the reason is asked for.
            if let Some(refused) = refusal(writer, at, previous).await? {
                return Ok(refused);
            }
        }
        Err(LedgerError::unavailable(
            "the ledger changes faster than it can be asked",
        ))
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let failed = |error: sqlx::Error| failure::of_read(&error);
        let limit = if max_bytes == 0 { 1 } else { READ_ENTRIES_MAX };
        let mut collect = Collect::new(from, max_bytes);
        let reader = &mut *self.reader().await;
        // Above what a column holds there is nothing.
        let Ok(from) = column(from) else {
            return Ok(collect.read);
        };
        let mut rows = query(READ).bind(from).bind(limit).fetch(reader);
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            let bytes: Vec<u8> = row.try_get(1).map_err(failed)?;
            if !collect.take(number(&row, 0)?, bytes.len(), || Bytes::from(bytes)) {
                return Ok(collect.read);
            }
            count += 1;
        }
        collect.read.more = limit > 1 && count == limit;
        Ok(collect.read)
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        let reader = &mut *self.reader().await;
        let row = query(BASE)
            .fetch_optional(reader)
            .await
            .map_err(|error| failure::of_read(&error))?;
        row.as_ref().map(base_of).transpose()
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        let writer = &mut *self.writer().await?;
        let create = query(CREATE_BASE)
            .bind(&base.cluster.0[..])
            .bind(column(base.era)?)
            .bind(column(base.position)?)
            .bind(&base.hash.0[..])
            .bind(&*base.snapshot);
        let created = create
            .execute(writer)
            .await
            .map_err(|error| self.write_failed(&error))?;
        Ok(created.rows_affected() == 1)
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        let writer = &mut *self.writer().await?;
        let mut advance = query(ADVANCE_BASE);
        for base in [new, old] {
            advance = advance
                .bind(base.cluster.0.to_vec())
                .bind(column(base.era)?)
                .bind(column(base.position)?)
                .bind(base.hash.0.to_vec())
                .bind(base.snapshot.clone());
        }
        let advanced = advance
            .execute(writer)
            .await
            .map_err(|error| self.write_failed(&error))?;
        Ok(advanced.rows_affected() == 1)
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        let below = column(position.min(i64::MAX as u64))?;
        let writer = &mut *self.writer().await?;
        let delete = query(DELETE_BELOW).bind(below).bind(i64::from(limit));
        let deleted = delete
            .execute(&mut *writer)
            .await
            .map_err(|error| self.write_failed(&error))?;
        self.shrink(writer).await.map_err(|error| self.write_failed(&error))?;
        Ok(deleted.rows_affected())
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        loop {
            // Listening begins here, before the look, or an append between the two would be noticed late.
            let grown = self.watch.grown();
            let newest = self.newest().await?;
            if newest
                .and_then(|newest| u64::try_from(newest).ok())
                .is_some_and(|newest| newest > after)
            {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = grown => {}
                polled = self.poll() => polled?,
            }
        }
    }

    fn looks(&self) -> Looks {
        Looks::InStatement
    }

    fn entry_bytes_max(&self) -> usize {
        ENTRY_BYTES_MAX
    }
}

/// Why an append wrote nothing; none when there is no reason any more.
async fn refusal(writer: &mut SqliteConnection, at: i64, previous: Hash) -> Result<Option<Append>, LedgerError> {
    let failed = |error: sqlx::Error| failure::of_read(&error);
    let ask = query(REFUSAL).bind(at).bind(&previous.0[..]);
    let row = ask.fetch_one(writer).await.map_err(failed)?;
    let answer = |index: usize| row.try_get::<bool, _>(index).map_err(failed);
    Ok(match (answer(0)?, answer(1)?, answer(2)?) {
        (true, _, _) => Some(Append::Trimmed),
        (_, true, _) => Some(Append::Taken),
        (_, _, false) => Some(Append::PredecessorDiffers),
        (false, false, true) => None,
    })
}

fn base_of(row: &SqliteRow) -> Result<Base, LedgerError> {
    let bytes = |index: usize| {
        row.try_get::<Vec<u8>, _>(index)
            .map_err(|error| failure::of_read(&error))
    };
    let damaged = |_| LedgerError::CorruptBase {
        what: "a column has the wrong length".to_owned(),
    };
    Ok(Base {
        cluster: ClusterId(bytes(0)?.try_into().map_err(damaged)?),
        era: number(row, 1)?,
        position: number(row, 2)?,
        hash: Hash(bytes(3)?.try_into().map_err(damaged)?),
        snapshot: row.try_get(4).map_err(|error| failure::of_read(&error))?,
    })
}

/// A number as a column holds it.
fn column(number: u64) -> Result<i64, LedgerError> {
    i64::try_from(number).map_err(|_| LedgerError::refused(format!("{number} is more than a column holds")))
}

fn number(row: &SqliteRow, index: usize) -> Result<u64, LedgerError> {
    let column: i64 = row.try_get(index).map_err(|error| failure::of_read(&error))?;
    u64::try_from(column).map_err(|_| LedgerError::refused("a column holds a number below 0"))
}

#[cfg(test)]
mod tests;
