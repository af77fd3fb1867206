//! How a table is set, looked at for a person: also where it is set so that no ledger is opened in it. What may not be
//! looked at, or what a server that is not AWS' does not tell, is said as such.

use world::World;

use super::address::Address;
use super::client::Described;
use super::insist::Insist;
use super::table;
use crate::error::{LedgerError, OpenError};
use crate::finding::Finding;
use crate::options::AwsOptions;

/// Looks at the table that an address names.
///
/// # Errors
/// When the options are not enough, the table is not there, or it cannot be asked for.
pub(crate) async fn examine(address: &Address, options: &AwsOptions, world: &World) -> Result<Vec<Finding>, OpenError> {
    let client = table::client(address, options, world).await?;
    let described = table::describe(&client, address, options, world).await?;
    let insist = Insist::new(world);
    let expires = insist.read(|| client.expires()).await;
    let backups = insist.read(|| client.keeps_backups()).await;
    Ok(judge(&described, expires, backups))
}

fn judge(
    described: &Described,
    expires: Result<bool, LedgerError>,
    backups: Result<bool, LedgerError>,
) -> Vec<Finding> {
    vec![
        status(described),
        key(described),
        regions(described),
        told(
            "dynamodb_time_to_live",
            "dynamodb:DescribeTimeToLive",
            expires,
            time_to_live,
        ),
        told("dynamodb_backups", "dynamodb:DescribeContinuousBackups", backups, kept),
        deletion_protection(described),
        throughput(described),
    ]
}

/// Judges an answer, or says why there is none.
fn told(
    name: &'static str,
    permission: &str,
    answer: Result<bool, LedgerError>,
    judge: impl FnOnce(&'static str, bool) -> Finding,
) -> Finding {
    let reason = match answer {
        Ok(answer) => return judge(name, answer),
        Err(error) => error.to_string(),
    };
    if ["UnknownOperation", "NotImplemented"]
        .iter()
        .any(|code| reason.contains(code))
    {
        let advice = "nothing, unless this is AWS' own DynamoDB";
        return Finding::warn(name, "cannot be seen here: the server does not know the call", advice);
    }
    if reason.contains("AccessDenied") {
        let what = format!("cannot be seen: {permission} is not allowed");
        return Finding::warn(name, what, format!("allow {permission} to the role that runs doctor"));
    }
    Finding::warn(name, format!("cannot be seen: {reason}"), "run doctor again")
}

fn status(described: &Described) -> Finding {
    let (name, status) = ("dynamodb_status", &*described.status);
    match status {
        "ACTIVE" | "UPDATING" => Finding::ok(name, status),
        _ => Finding::fail(
            name,
            status,
            "wait until the table is ACTIVE, or make it again from a backup",
        ),
    }
}

fn key(described: &Described) -> Finding {
    let name = "dynamodb_key";
    match table::wrong_key(described) {
        None => Finding::ok(name, described.key.join(", ")),
        Some(what) => Finding::fail(name, what, "name another table; `tidelog ledger create` makes one"),
    }
}

fn regions(described: &Described) -> Finding {
    let name = "dynamodb_regions";
    if described.regions.is_empty() {
        return Finding::ok(name, "one region");
    }
    let why = match &*described.consistency {
        "STRONG" => "there are no transactions, without which the base cannot be moved safely",
        _ => "one position can be won in two regions at once, and one of the entries is dropped",
    };
    let (consistency, others) = (&described.consistency, described.regions.join(", "));
    Finding::fail(
        name,
        format!("a global table of {consistency} consistency, also in {others}: {why}"),
        "keep the ledger in a table of one region",
    )
}

fn time_to_live(name: &'static str, expires: bool) -> Finding {
    match expires {
        true => Finding::fail(
            name,
            "items expire: entries vanish",
            "turn the table's time to live off",
        ),
        false => Finding::ok(name, "off"),
    }
}

fn kept(name: &'static str, backups: bool) -> Finding {
    match backups {
        true => Finding::ok(name, "point-in-time recovery is on"),
        false => Finding::warn(
            name,
            "point-in-time recovery is off: a table that somebody damages cannot be put back",
            "turn point-in-time recovery on",
        ),
    }
}

fn deletion_protection(described: &Described) -> Finding {
    let name = "dynamodb_deletion_protection";
    match described.deletion_protection {
        true => Finding::ok(name, "on"),
        false => Finding::warn(
            name,
            "off: one call can delete the table",
            "turn deletion protection on",
        ),
    }
}

fn throughput(described: &Described) -> Finding {
    let name = "dynamodb_throughput";
    match described.units {
        None => Finding::ok(name, "paid by the request"),
        Some((read, write)) => Finding::warn(
            name,
            format!("{read} read and {write} write units a second are paid for; above them appends wait"),
            "see that they suffice (docs/ledgers.md says what a call costs), or set the table to PAY_PER_REQUEST",
        ),
    }
}

#[cfg(test)]
mod tests;
