//! Opening the file: settings, what must be true of it, and its tables.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Error, Row as _, query, raw_sql};
use world::{Backoff, Retry, World, retry};

use super::failure;
use crate::error::OpenError;

const SCHEMA: &str = include_str!("schema.sql");
/// Marks the file as a ledger: "TLLG".
const APPLICATION_ID: i64 = 0x544c_4c47;
/// The version of the tables.
const SCHEMA_VERSION: i64 = 1;
/// How long a statement waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The WAL is cut back to this many bytes when it starts over.
const WAL_BYTES_MAX: &str = "67108864";
/// Rows that a connection's thread prepares ahead of their reader: each may be as large as an entry.
const ROWS_AHEAD: usize = 16;

/// The connections of one process. Each has a thread of its own.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) writer: SqliteConnection,
    pub(super) readers: [SqliteConnection; 2],
}

/// Opens the file; makes it, with its tables, if there is none.
pub(super) async fn open(path: &Path, world: &World) -> Result<Connections, OpenError> {
    // Setting the journal mode of a fresh file does not wait for another process that is about to do the same.
    let patience = Backoff {
        first: Duration::from_millis(2),
        max: Duration::from_millis(50),
        deadline: BUSY_TIMEOUT,
    };
    let unusable = |error: &Error| OpenError::Unusable {
        what: format!("sqlite file {}: {error}", path.display()),
    };
    let opened = retry(world, &patience, |_| async {
        connect(path).await.map_err(|error| match failure::is_busy(&error) {
            true => Retry::Again(error),
            false => Retry::Stop(error),
        })
    });
    let mut connections = opened.await.map_err(|error| unusable(&error))?;
    let settled = settle(&mut connections.writer)
        .await
        .map_err(|error| unusable(&error))?;
    settled.map_err(|what| OpenError::Unusable {
        what: format!("sqlite file {}: {what}", path.display()),
    })?;
    Ok(connections)
}

async fn connect(path: &Path) -> Result<Connections, Error> {
    let options = options(path);
    let reader = || {
        options
            .clone()
            .thread_name(|n| format!("ledger-read-{n}"))
            .pragma("query_only", "ON")
    };
    Ok(Connections {
        writer: options
            .clone()
            .thread_name(|n| format!("ledger-write-{n}"))
            .connect()
            .await?,
        readers: [reader().connect().await?, reader().connect().await?],
    })
}

/// How every connection is set up.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
        .pragma("journal_size_limit", WAL_BYTES_MAX)
        .pragma("temp_store", "MEMORY")
        // On a system whose fsync does not reach the disk (macOS) these ask for the one that does.
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
        .disable_statement_logging()
}

/// Checks that writes will be durable, and what the file is; makes the tables in an empty one.
async fn settle(writer: &mut SqliteConnection) -> Result<Result<(), String>, Error> {
    let journal: String = query("PRAGMA journal_mode").fetch_one(&mut *writer).await?.try_get(0)?;
    let synchronous = pragma(writer, "PRAGMA synchronous").await?;
    if journal != "wal" || synchronous != 2 {
        return Ok(Err(format!(
            "journal mode {journal} and synchronous {synchronous} instead of wal and 2; is it on a network file system?"
        )));
    }
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let application = pragma(&mut transaction, "PRAGMA application_id").await?;
    let version = pragma(&mut transaction, "PRAGMA user_version").await?;
    let tables = pragma(&mut transaction, "SELECT count(*) FROM sqlite_schema").await?;
    let judged = match (application, version, tables) {
        (APPLICATION_ID, SCHEMA_VERSION, _) => Ok(()),
        (APPLICATION_ID, newer, _) => Err(format!("its tables are of version {newer}, this software knows 1")),
        (0, 0, 0) => {
            raw_sql(SCHEMA).execute(&mut *transaction).await?;
            raw_sql("PRAGMA application_id = 0x544c4c47; PRAGMA user_version = 1")
                .execute(&mut *transaction)
                .await?;
            Ok(())
        }
        _ => Err("it is a database of something else".to_owned()),
    };
    transaction.commit().await?;
    Ok(judged)
}

/// What a pragma says.
pub(super) async fn pragma(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, Error> {
    query(sql).fetch_one(connection).await?.try_get(0)
}
