//! The table as a whole: what must be true of it before a ledger may stand on it, and how it is made.

use std::time::Duration;

use world::{Backoff, World};

use super::address::Address;
use super::client::{Client, Described, Failure, Made, POSITION, SEGMENT};
use super::insist::Insist;
use crate::connect::Created;
use crate::error::{LedgerError, OpenError};
use crate::options::AwsOptions;

/// How long a table may take until it can be used.
const PATIENCE: Backoff = Backoff {
    first: Duration::from_millis(500),
    max: Duration::from_secs(2),
    deadline: Duration::from_secs(120),
};

/// Makes a client for the table that an address names, and checks the table.
///
/// # Errors
/// When the options are not enough, the table cannot be reached or is not there, or entries could be lost in it.
pub(super) async fn reach(address: &Address, options: &AwsOptions, world: &World) -> Result<Client, OpenError> {
    let client = client(address, options, world).await?;
    let described = describe(&client, address, options, world).await?;
    check(address, &client, &described, world).await?;
    Ok(client)
}

/// What the table is.
///
/// # Errors
/// When it is not there, or cannot be asked for.
pub(super) async fn describe(
    client: &Client,
    address: &Address,
    options: &AwsOptions,
    world: &World,
) -> Result<Described, OpenError> {
    let described = Insist::new(world).read(|| client.describe()).await?;
    described.ok_or_else(|| OpenError::Unusable {
        what: format!(
            "there is no DynamoDB table {} in {}; `tidelog ledger create` makes it",
            address.table,
            options.region()
        ),
    })
}

/// Makes the table of an address, paid by the request, with deletion protection and continuous backups, and waits until
/// it can be used. One that is there is left as it is, and checked.
///
/// # Errors
/// When it cannot be made, or may be in the making and was not seen to be done; when one is there that cannot be used.
pub(crate) async fn create(address: &Address, options: &AwsOptions, world: &World) -> Result<Created, OpenError> {
    let client = &client(address, options, world).await?;
    let insist = Insist::new(world);
    let made = insist.write(|doubt| async move {
        let made = client.create().await?;
        Ok(doubt || made == Made::Begun)
    });
    let made = made.await?;
    let described = wait(client, world).await?;
    let mut notes = check(address, client, &described, world).await?;
    if made {
        let insist = Insist::with(world, PATIENCE);
        if let Err(error) = insist.write(|_| client.keep_backups()).await {
            notes.push(format!(
                "continuous backups (point-in-time recovery) are not on: {error}"
            ));
        }
    }
    let what = format!("DynamoDB table {} in {}", address.table, options.region());
    Ok(Created { made, what, notes })
}

/// Makes a client for the table that an address names. Nothing is asked of it yet.
///
/// # Errors
/// [`OpenError::Unusable`], which says which option cannot be used.
pub(super) async fn client(address: &Address, options: &AwsOptions, world: &World) -> Result<Client, OpenError> {
    let client = Client::new(&address.table, options, &world.clock).await;
    client.map_err(|what| OpenError::Unusable { what })
}

/// Waits until a table that was just made can be used.
async fn wait(client: &Client, world: &World) -> Result<Described, LedgerError> {
    let insist = Insist::with(world, PATIENCE);
    let described = insist.read(|| async {
        match client.describe().await? {
            Some(described) if described.status != "CREATING" => Ok(described),
            _ => Err(Failure::Busy("it is still being made".to_owned())),
        }
    });
    let waited = described.await;
    waited.map_err(|error| LedgerError::unknown(format!("the table was asked for, and then: {error}")))
}

/// Refuses a table that cannot be used, and says what else there is to know of one that can.
async fn check(
    address: &Address,
    client: &Client,
    described: &Described,
    world: &World,
) -> Result<Vec<String>, OpenError> {
    let expires = Insist::new(world).read(|| client.expires()).await?;
    let notes = judge(described, expires).map_err(|what| OpenError::Unusable {
        what: format!("DynamoDB table {}: {what}", address.table),
    })?;
    for note in &notes {
        tracing::warn!(table = address.table, "{note}");
    }
    Ok(notes)
}

/// Why a table cannot be used, or what else there is to say.
fn judge(described: &Described, expires: bool) -> Result<Vec<String>, String> {
    if !matches!(&*described.status, "ACTIVE" | "UPDATING") {
        return Err(format!("it is {}, not ACTIVE", described.status));
    }
    if let Some(what) = wrong_key(described) {
        return Err(what);
    }
    if !described.regions.is_empty() {
        // With eventual consistency a position can be won in two regions at once, and one of the two entries is dropped.
        // With strong consistency there are no transactions, without which the base cannot be moved safely.
        return Err(format!(
            "it is a global table (also in {}); a ledger needs a table of one region",
            described.regions.join(", ")
        ));
    }
    if expires {
        return Err("its items expire; turn its time to live off".to_owned());
    }
    let mut notes = Vec::new();
    if !described.deletion_protection {
        notes.push("the table has no deletion protection: one call can delete it".to_owned());
    }
    Ok(notes)
}

/// What is wrong with the table's key.
pub(super) fn wrong_key(described: &Described) -> Option<String> {
    let key = [format!("{SEGMENT} HASH S"), format!("{POSITION} RANGE N")];
    (described.key != key).then(|| format!("its key is ({}), not ({})", described.key.join(", "), key.join(", ")))
}

#[cfg(test)]
mod tests;
