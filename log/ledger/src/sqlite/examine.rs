//! How a file is set, looked at for a person. A file that is not there is not made.

use std::path::Path;

use sqlx::{ConnectOptions as _, Row as _, query};

use super::file;
use crate::error::OpenError;
use crate::finding::Finding;

/// Looks at the file.
///
/// # Errors
/// When it is not there, or cannot be opened.
pub(crate) async fn examine(path: &Path) -> Result<Vec<Finding>, OpenError> {
    let unusable = |error: sqlx::Error| OpenError::Unusable {
        what: format!("sqlite file {}: {error}", path.display()),
    };
    let facts = async {
        let mut connection = file::options(path).create_if_missing(false).connect().await?;
        let journal: String = query("PRAGMA journal_mode")
            .fetch_one(&mut connection)
            .await?
            .try_get(0)?;
        let synchronous = file::pragma(&mut connection, "PRAGMA synchronous").await?;
        Ok((journal, synchronous))
    };
    let (journal, synchronous) = facts.await.map_err(unusable)?;
    Ok(vec![durability(&journal, synchronous)])
}

/// `synchronous` is 2 for FULL and 3 for EXTRA.
fn durability(journal: &str, synchronous: i64) -> Finding {
    let name = "sqlite_durability";
    let what = format!("journal_mode {journal}, synchronous {synchronous}");
    match journal == "wal" && synchronous >= 2 {
        true => Finding::ok(name, what),
        false => Finding::fail(
            name,
            format!("{what}: what is answered as written may not reach the disk"),
            "move the file to a local disk; network file systems cannot hold a write-ahead log",
        ),
    }
}

#[cfg(test)]
mod tests;
