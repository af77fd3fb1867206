//! The tables: made when they are not there, and of a version that is known.

use tokio_postgres::Error;

use super::failure;
use super::session::Session;
use crate::error::{LedgerError, OpenError};

const SCHEMA: &str = include_str!("schema.sql");
/// The version of the tables.
const VERSION: i32 = 1;
/// Of several that open an empty database at once, one makes the tables and the others wait. The number is "tidelog" in a
/// lock's eight bytes.
const LOCK: &str = "BEGIN; SELECT pg_advisory_xact_lock(32766977217687399)";

/// Makes the tables if they are not there, and checks their version. Where they are, no right to make tables is needed.
///
/// # Errors
/// When they cannot be made or are of another version.
pub(super) async fn settle(session: &Session) -> Result<(), OpenError> {
    if !exists(session).await.map_err(|error| failed(&error))? {
        create(session).await.map_err(|error| failed(&error))?;
    }
    let versions = session.ask("SELECT version FROM tidelog_schema", &[]).await;
    let versions: Result<Vec<i32>, Error> = versions
        .map_err(|error| failed(&error))?
        .iter()
        .map(|row| row.try_get(0))
        .collect();
    match versions.map_err(|error| failed(&error))?[..] {
        [VERSION] => Ok(()),
        ref others => Err(OpenError::Unusable {
            what: format!("its tables are of version {others:?}, this software knows {VERSION}"),
        }),
    }
}

async fn exists(session: &Session) -> Result<bool, Error> {
    let rows = session
        .ask("SELECT to_regclass('tidelog_schema') IS NOT NULL", &[])
        .await?;
    rows.first().map_or(Ok(false), |row| row.try_get(0))
}

/// In one transaction, so that nobody ever sees some of the tables. What fails is undone when the session ends.
async fn create(session: &Session) -> Result<(), Error> {
    session.execute(LOCK).await?;
    session.execute(SCHEMA).await?;
    session.execute("COMMIT").await
}

fn failed(error: &Error) -> OpenError {
    match failure::of_connect(error) {
        LedgerError::Refused { reason } => OpenError::Unusable {
            what: format!("{reason}; the tables cannot be made or read (docs/ledgers.md says what the role needs)"),
        },
        other => OpenError::Ledger(other),
    }
}
