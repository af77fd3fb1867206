//! From a URL to a backend. The one place that knows which ones there are.

use std::path::Path;
use std::sync::Arc;

use world::World;

use crate::backend::Backend;
use crate::dynamodb;
use crate::error::OpenError;
use crate::memory::MemoryLedger;
use crate::options::ConnectOptions;
use crate::postgres::PostgresLedger;
use crate::s3::S3Ledger;
use crate::sqlite::SqliteLedger;

/// What is understood.
const KNOWN: &str = "there are sqlite:PATH, postgres:, dynamodb://TABLE, s3://BUCKET/PREFIX and memory:";

/// Opens the backend that a URL names: `memory:` (a fresh table of its own), `sqlite:PATH` (a file, made if absent in a
/// folder that exists), `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?log=NAME&...]` (tables of a database, made if
/// absent), `dynamodb://TABLE[?log=NAME]` (a log in a table that exists) or `s3://BUCKET/PREFIX` (objects of a bucket that
/// exists).
///
/// # Errors
/// [`OpenError::Url`] when the URL names none of these; else why the backend cannot be used.
pub async fn connect(url: &str, options: &ConnectOptions, world: &World) -> Result<Arc<dyn Backend>, OpenError> {
    match Place::parse(url)? {
        Place::Memory => Ok(Arc::new(MemoryLedger::sql_like())),
        Place::Sqlite(path) => Ok(Arc::new(SqliteLedger::open(path, world).await?)),
        Place::Postgres => Ok(Arc::new(PostgresLedger::open(url, world).await?)),
        Place::DynamoDb(address) => dynamodb::connect(&address, &options.aws, world).await,
        Place::S3 => Ok(Arc::new(S3Ledger::open(url, &options.aws, world)?)),
    }
}

/// What [`create`] found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Whether it was made now; else it was there, or is made when it is first opened.
    pub made: bool,
    /// What it is, for people.
    pub what: String,
    /// What else there is to know of it, for people.
    pub notes: Vec<String>,
}

/// Makes what a ledger needs, if it is not there: of `dynamodb:` the table, of `sqlite:` the file, of `postgres:` the
/// tables, of `s3:` and `memory:` nothing. What is there is left as it is, and checked as [`connect`] does. The ledger itself
/// begins when it is first opened.
///
/// # Errors
/// As for [`connect`].
pub async fn create(url: &str, options: &ConnectOptions, world: &World) -> Result<Created, OpenError> {
    match Place::parse(url)? {
        Place::Memory => Ok(Created {
            made: false,
            what: "a table in memory, which is made when it is opened".to_owned(),
            notes: Vec::new(),
        }),
        Place::Sqlite(path) => {
            let made = !path.exists();
            SqliteLedger::open(path, world).await?;
            let what = format!("sqlite file {}", path.display());
            let notes = Vec::new();
            Ok(Created { made, what, notes })
        }
        Place::Postgres => {
            PostgresLedger::open(url, world).await?;
            Ok(Created {
                made: false,
                what: "tables of a PostgreSQL database, which are made when they are first opened".to_owned(),
                notes: Vec::new(),
            })
        }
        Place::DynamoDb(address) => dynamodb::create(&address, &options.aws, world).await,
        Place::S3 => {
            S3Ledger::open(url, &options.aws, world)?;
            Ok(Created {
                made: false,
                what: "objects of a bucket, which has to be there; they are made when the ledger is first opened"
                    .to_owned(),
                notes: Vec::new(),
            })
        }
    }
}

/// Where a ledger lies.
pub(crate) enum Place<'a> {
    Memory,
    Sqlite(&'a Path),
    Postgres,
    S3,
    DynamoDb(dynamodb::Address),
}

impl Place<'_> {
    /// Where a URL says.
    ///
    /// # Errors
    /// [`OpenError::Url`].
    pub(crate) fn parse(url: &str) -> Result<Place<'_>, OpenError> {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        let refuse = |what: &str| OpenError::Url {
            // What follows the scheme may hold a password.
            url: format!("{scheme}:..."),
            what: what.to_owned(),
        };
        match scheme {
            "memory" => Ok(Place::Memory),
            "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err(refuse("a path must follow, as in sqlite:ledger.db")),
                path => Ok(Place::Sqlite(path.as_ref())),
            },
            "dynamodb" => match dynamodb::Address::parse(rest) {
                Ok(address) => Ok(Place::DynamoDb(address)),
                Err(what) => Err(refuse(&what)),
            },
            "postgres" | "postgresql" => Ok(Place::Postgres),
            "s3" => Ok(Place::S3),
            _ => Err(refuse(&format!("not a ledger; {KNOWN}"))),
        }
    }
}

#[cfg(test)]
mod tests;
