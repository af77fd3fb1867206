//! From a URL to a backend. The one place that knows which ones there are.

use std::sync::Arc;

use world::World;

use crate::backend::Backend;
use crate::error::OpenError;
use crate::memory::MemoryLedger;
use crate::options::ConnectOptions;
use crate::postgres::PostgresLedger;
use crate::s3::S3Ledger;
use crate::sqlite::SqliteLedger;

/// Opens the backend that a URL names: `memory:` (a fresh table of its own), `sqlite:PATH` (a file, made if absent in
/// a folder that exists), `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?log=NAME&...]` (tables of a database, made
/// if absent) or `s3://BUCKET/PREFIX` (objects of a bucket that exists).
///
/// # Errors
/// [`OpenError::Url`] when the URL names none of these; else why the backend cannot be used.
pub async fn connect(url: &str, options: &ConnectOptions, world: &World) -> Result<Arc<dyn Backend>, OpenError> {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    let refuse = |what: &str| OpenError::Url {
        // What follows the scheme may hold a password.
        url: format!("{scheme}:..."),
        what: what.to_owned(),
    };
    match scheme {
        "memory" => Ok(Arc::new(MemoryLedger::sql_like())),
        "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
            "" => Err(refuse("a path must follow, as in sqlite:ledger.db")),
            path => Ok(Arc::new(SqliteLedger::open(path.as_ref(), world).await?)),
        },
        "postgres" | "postgresql" => Ok(Arc::new(PostgresLedger::open(url, world).await?)),
        "s3" => Ok(Arc::new(S3Ledger::open(url, &options.aws, world)?)),
        "dynamodb" => Err(refuse(
            "this backend is not built yet; there are sqlite:PATH, postgres:, s3://BUCKET/PREFIX and memory:",
        )),
        _ => Err(refuse(
            "not a ledger; there are sqlite:PATH, postgres:, s3://BUCKET/PREFIX and memory:",
        )),
    }
}

#[cfg(test)]
mod tests;
