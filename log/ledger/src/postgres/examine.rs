//! How a server is set, looked at for a person: also where it is set so that no ledger is opened on it. Asks on a
//! connection of its own, and judges purely.

use std::time::Duration;

use tokio_postgres::{Error, Row};
use world::World;

use super::failure;
use super::session::Session;
use super::settings::Settings;
use super::{PostgresLedger, slot};
use crate::error::{LedgerError, OpenError};
use crate::finding::{self, Finding};

/// Connections a process has at most.
const CONNECTIONS_PER_PROCESS: i64 = 4;

/// What the server said beyond what every session asks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    tables: bool,
    data_checksums: String,
    autovacuum: String,
    table_not_vacuumed: bool,
    connections_max: i64,
    connections: i64,
    standbys: i64,
    asynchronous: i64,
    unseen: i64,
    commits_off: i64,
    clock_ms: i64,
}

/// Looks at the server that a URL names.
///
/// # Errors
/// When the URL is wrong, or the server cannot be asked.
pub(crate) async fn examine(url: &str, world: &World) -> Result<Vec<Finding>, OpenError> {
    let server = PostgresLedger::server(url, world).await?;
    let tls = server.tls.as_ref().map(|tls| &tls.0);
    let asked = async {
        let (session, settings) = Session::connect(&server.place, tls, &server.world.tasks, None).await?;
        let before_ms = world.clock.wall_ms();
        let rows = session.ask(include_str!("examine.sql"), &[]).await;
        let after_ms = world.clock.wall_ms();
        let rows = rows.map_err(|error| failure::of_read(&error))?;
        let row = rows.first().ok_or_else(|| LedgerError::unavailable("no answer"))?;
        let facts = Facts::of(row).map_err(|error| failure::of_read(&error))?;
        Ok((settings, facts, (before_ms, after_ms)))
    };
    let asked = world.clock.timeout(slot::CONNECT_PATIENCE, asked).await;
    let asked = asked.unwrap_or_else(|_| {
        let shown = server.place.shown();
        Err(LedgerError::unavailable(format!("{shown}: no answer in time")))
    });
    let (settings, facts, own_ms) = asked?;
    let mut findings = judge(&settings, &facts);
    findings.push(finding::clock("ledger_clock", own_ms, facts.clock_ms, Duration::ZERO));
    Ok(findings)
}

impl Facts {
    fn of(row: &Row) -> Result<Facts, Error> {
        Ok(Facts {
            tables: row.try_get("tables")?,
            data_checksums: row.try_get("data_checksums")?,
            autovacuum: row.try_get("autovacuum")?,
            table_not_vacuumed: row.try_get("table_not_vacuumed")?,
            connections_max: row.try_get("connections_max")?,
            connections: row.try_get("connections")?,
            standbys: row.try_get("standbys")?,
            asynchronous: row.try_get("asynchronous")?,
            unseen: row.try_get("unseen")?,
            commits_off: row.try_get("commits_off")?,
            clock_ms: row.try_get("clock_ms")?,
        })
    }
}

fn judge(settings: &Settings, facts: &Facts) -> Vec<Finding> {
    vec![
        version(settings),
        primary(settings),
        tables(facts),
        commit(settings, facts),
        fsync(settings),
        full_page_writes(settings),
        standbys(settings, facts),
        checksums(facts),
        autovacuum(facts),
        connections(facts),
    ]
}

fn version(settings: &Settings) -> Finding {
    let (name, version) = ("postgres_version", settings.version);
    let what = format!("version {}.{}", version / 10_000, version % 10_000);
    match settings.is_too_old() {
        true => Finding::fail(name, what, "upgrade the server to PostgreSQL 12 or newer"),
        false => Finding::ok(name, what),
    }
}

fn primary(settings: &Settings) -> Finding {
    let name = "postgres_primary";
    match settings.no_primary() {
        Some(what) if settings.standby => Finding::fail(name, what, "name the primary in the ledger's URL"),
        Some(what) => Finding::fail(
            name,
            what,
            "turn default_transaction_read_only off for the server, the database and the role",
        ),
        None => Finding::ok(name, "a primary that takes writes"),
    }
}

fn tables(facts: &Facts) -> Finding {
    let name = "postgres_tables";
    match facts.tables {
        true => Finding::ok(name, "there"),
        false => Finding::warn(
            name,
            "there are none in the role's search path",
            "start an agent, which makes them; where one ran before, the URL names another database or role",
        ),
    }
}

fn commit(settings: &Settings, facts: &Facts) -> Finding {
    let (name, set) = ("postgres_synchronous_commit", &*settings.synchronous_commit);
    match (set, facts.commits_off) {
        ("off", _) => Finding::fail(
            name,
            "off for this role in this database: what is answered as written is lost in a crash",
            "ALTER ROLE ... SET synchronous_commit = on, and reset it where the database or the server turns it off",
        ),
        ("local", _) if settings.names_standbys() => Finding::warn(
            name,
            "local: entries are acknowledged before a standby has them",
            "set it to on for the role, or accept that a failover loses the last entries",
        ),
        (set, 0) => Finding::ok(name, set),
        (set, others) => Finding::warn(
            name,
            format!("{set} for this role, and off in {others} settings of roles or of the database"),
            "see \\drds in psql; agents whose role has it off do not start",
        ),
    }
}

fn fsync(settings: &Settings) -> Finding {
    let name = "postgres_fsync";
    match &*settings.fsync {
        "on" => Finding::ok(name, "on"),
        other => Finding::fail(
            name,
            format!("{other}: a power cut loses entries that were acknowledged, or damages the tables"),
            "set fsync = on in postgresql.conf and reload",
        ),
    }
}

fn full_page_writes(settings: &Settings) -> Finding {
    let name = "postgres_full_page_writes";
    match &*settings.full_page_writes {
        "on" => Finding::ok(name, "on"),
        other => Finding::warn(
            name,
            format!("{other}: a power cut damages pages, unless the file system writes them whole"),
            "set full_page_writes = on in postgresql.conf and reload",
        ),
    }
}

fn standbys(settings: &Settings, facts: &Facts) -> Finding {
    let name = "postgres_standbys";
    let Facts {
        standbys,
        asynchronous,
        unseen,
        ..
    } = facts;
    if !settings.names_standbys() {
        return Finding::warn(
            name,
            format!(
                "synchronous_standby_names is empty, {standbys} standbys connected: a failover loses the last entries"
            ),
            "name synchronous standbys, or let no failover happen by itself; a lost end is seen, and stops the log",
        );
    }
    match (*asynchronous, *unseen) {
        (0, 0) if *standbys == 0 => Finding::warn(
            name,
            "synchronous standbys are named and none is connected: appends wait for one",
            "start a standby, or see that its application_name is among synchronous_standby_names",
        ),
        (0, 0) => Finding::ok(name, format!("{standbys} connected, none asynchronous")),
        (0, _) => Finding::warn(
            name,
            format!("{standbys} connected; this role may not see whether they are synchronous"),
            "GRANT pg_read_all_stats to the role that asks, or look at pg_stat_replication",
        ),
        (some, _) => Finding::warn(
            name,
            format!("{some} of {standbys} connected standbys are asynchronous"),
            "see to it that a failover promotes only a synchronous one",
        ),
    }
}

fn checksums(facts: &Facts) -> Finding {
    let name = "postgres_data_checksums";
    match &*facts.data_checksums {
        "on" => Finding::ok(name, "on"),
        other => Finding::warn(
            name,
            format!("{other}: a damaged page is seen only where an entry's own hash covers it"),
            "pg_checksums --enable, while the server is stopped",
        ),
    }
}

fn autovacuum(facts: &Facts) -> Finding {
    let name = "postgres_autovacuum";
    match (&*facts.autovacuum, facts.table_not_vacuumed) {
        ("on", false) => Finding::ok(name, "on"),
        ("on", true) => Finding::warn(
            name,
            "off for tidelog_entry: the space of deleted entries is not used again",
            "ALTER TABLE tidelog_entry RESET (autovacuum_enabled)",
        ),
        (other, _) => Finding::warn(
            name,
            format!("{other}: the space of deleted entries is not used again"),
            "set autovacuum = on in postgresql.conf and reload",
        ),
    }
}

fn connections(facts: &Facts) -> Finding {
    let name = "postgres_connections";
    let left = facts.connections_max - facts.connections;
    let what = format!("{} of {} in use", facts.connections, facts.connections_max);
    match left < CONNECTIONS_PER_PROCESS {
        true => Finding::warn(
            name,
            what,
            "raise max_connections: each agent and each compactor takes up to four",
        ),
        false => Finding::ok(name, what),
    }
}

#[cfg(test)]
mod tests;
