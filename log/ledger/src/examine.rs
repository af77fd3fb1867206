//! How the server of a ledger is set, looked at from outside: also where it is set so that no ledger is opened on it.

use world::World;

use crate::connect::Place;
use crate::error::OpenError;
use crate::finding::Finding;
use crate::options::ConnectOptions;
use crate::s3::rules;
use crate::{dynamodb, postgres, sqlite};

/// Looks at the settings of the server, the table, the bucket or the file that a URL names. Nothing is written, and a
/// setting under which [`connect`](crate::connect) would refuse is a finding here.
///
/// # Errors
/// As for [`connect`](crate::connect), when nothing can be looked at. What can be seen only in part is a finding that says
/// so.
pub async fn examine(url: &str, options: &ConnectOptions, world: &World) -> Result<Vec<Finding>, OpenError> {
    match Place::parse(url)? {
        Place::Memory => Ok(Vec::new()),
        Place::Sqlite(path) => sqlite::examine(path).await,
        Place::Postgres => postgres::examine(url, world).await,
        Place::DynamoDb(address) => dynamodb::examine(&address, &options.aws, world).await,
        Place::S3 => {
            let rules = rules::examine(url, &options.aws, &rules::LEDGER_RULES).await;
            rules.map_err(|what| OpenError::Unusable { what })
        }
    }
}
