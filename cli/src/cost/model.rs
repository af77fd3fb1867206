//! The estimate, term by term: how often something is charged for in a month, times its price. Pure.

use super::measured::{self, Idle, Ledger};
use super::prices;

/// Seconds of a month.
const MONTH_SECONDS: f64 = prices::MONTH_HOURS * 3600.0;
const BYTES_PER_GIB: f64 = 1_073_741_824.0;
const KIB_PER_GIB: f64 = 1_048_576.0;
/// Bytes of a write unit.
const WRITE_UNIT_BYTES: f64 = 1024.0;
/// Blocks, in which objects are read (`cache_block_bytes`), of each GiB.
const BLOCKS_PER_GIB: f64 = 1024.0;
/// Objects for each GiB that the compactor writes: it leaves those of 16 MiB or more alone (`object_bytes_large`).
const MERGED_PER_GIB: f64 = 64.0;
/// Lake files for each GiB: 64 MiB of batches become one (`lake_bytes`). Those that little traffic makes and that are merged later
/// are not reckoned with: there are twelve an hour of a topic at most (`lake.max.delay.ms`).
const LAKE_PER_GIB: f64 = 16.0;
/// A topic is published as a table at most so often in an hour: when a compactor looks (`merge_interval`), if lake files came. One
/// topic is reckoned with, which has all the records.
const PUBLISHED_PER_HOUR: f64 = 360.0;
/// What one publishing puts: a manifest, the list, the metadata.
const PUBLISHING_PUTS: f64 = 3.0;
/// What it reads: metadata, list and manifests of the one before, about half of those there may be, and the ends of new files.
const PUBLISHING_GETS: f64 = 7.0;
/// Hours that replaced objects and deleted entries stay: the grace, and as long again until a sweep has been there.
const GRACE_HOURS: f64 = 2.0;

/// What is asked of a log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Workload {
    /// MiB of records produced a second, compressed as producers send them.
    pub(super) mibps: f64,
    /// How often each record is read.
    pub(super) reads: f64,
    /// KiB that a partition has in a segment: what producers send of it between two puts.
    pub(super) run_kib: f64,
    /// How long records are kept, in hours.
    pub(super) retention_hours: f64,
    /// Agents.
    pub(super) agents: u32,
    /// Dollars for an hour of one.
    pub(super) agent_hour: f64,
    /// Objects an agent puts a second, at most, while they are not full.
    pub(super) puts_per_second: f64,
    /// The ledger.
    pub(super) ledger: Ledger,
}

/// A line of the bill.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct Term {
    /// What is paid for.
    pub(super) what: &'static str,
    /// How many of it in a month.
    pub(super) count: f64,
    /// In what unit.
    pub(super) unit: &'static str,
    /// Dollars for a month.
    pub(super) dollars: f64,
}

fn term(what: &'static str, count: f64, unit: &'static str, price: f64) -> Term {
    Term {
        what,
        count,
        unit,
        dollars: count * price,
    }
}

/// The bill of a month.
pub(super) fn bill(workload: &Workload) -> Vec<Term> {
    let gib = workload.mibps * MONTH_SECONDS / 1024.0;
    let puts = segment_puts(workload, gib);
    let mut bill = store(workload, gib, puts);
    bill.extend(ledger(workload, gib, puts));
    let agent_hours = f64::from(workload.agents) * prices::MONTH_HOURS;
    bill.push(term("agents", agent_hours, "hours", workload.agent_hour));
    bill.push(term("records between zones", 0.0, "GiB", prices::CROSS_ZONE));
    let followers = f64::from(workload.agents.saturating_sub(1));
    let sent = entry_bytes(workload, gib, puts) / BYTES_PER_GIB * followers;
    bill.push(term("entries between zones", sent, "GiB", prices::CROSS_ZONE));
    bill
}

/// Dollars of all lines.
pub(super) fn total(bill: &[Term]) -> f64 {
    bill.iter().map(|term| term.dollars).sum()
}

/// Segments of a month: as many as an agent may put while they are not full, or full ones when that is more. What small
/// requests save by the inline lane is left out.
fn segment_puts(workload: &Workload, gib: f64) -> f64 {
    if gib == 0.0 {
        return 0.0;
    }
    let timed = f64::from(workload.agents) * workload.puts_per_second * MONTH_SECONDS;
    timed.max(gib * measured::PUTS_PER_GIB)
}

/// Bytes of all entries of a month.
fn entry_bytes(workload: &Workload, gib: f64, puts: f64) -> f64 {
    let runs = gib * KIB_PER_GIB / workload.run_kib;
    runs * measured::ENTRY_BYTES_PER_RUN + puts * measured::ENTRY_BYTES_PER_PUT
}

fn store(workload: &Workload, gib: f64, puts: f64) -> Vec<Term> {
    let idle = measured::idle(workload.ledger);
    let hours = f64::from(workload.agents) * prices::MONTH_HOURS;
    // An agent keeps what it wrote, and reads what others wrote once.
    let others = f64::from(workload.agents.saturating_sub(1)) / f64::from(workload.agents.max(1));
    let reading = gib * BLOCKS_PER_GIB * workload.reads.min(f64::from(workload.agents)) * others;
    let merging = gib * MERGED_PER_GIB;
    let lake = gib * LAKE_PER_GIB;
    let published = lake.min(PUBLISHED_PER_HOUR * prices::MONTH_HOURS);
    let kept = workload.mibps * 3600.0 / 1024.0 * (workload.retention_hours + GRACE_HOURS);
    vec![
        term("S3 PUT, segments", puts, "requests", prices::S3_PUT),
        term("S3 PUT, merged objects", merging, "requests", prices::S3_PUT),
        term("S3 PUT, lake files", lake, "requests", prices::S3_PUT),
        term(
            "S3 PUT, tables",
            published * PUBLISHING_PUTS,
            "requests",
            prices::S3_PUT,
        ),
        term(
            "S3 PUT, witness and snapshots",
            hours * idle.store_puts,
            "requests",
            prices::S3_PUT,
        ),
        term("S3 LIST, sweeps", hours * idle.lists, "requests", prices::S3_PUT),
        term("S3 GET, merging", puts, "requests", prices::S3_GET),
        // What was merged is read once more, and what was written is read back.
        term("S3 GET, into the lake", merging + lake, "requests", prices::S3_GET),
        term(
            "S3 GET, tables",
            published * PUBLISHING_GETS + lake,
            "requests",
            prices::S3_GET,
        ),
        term("S3 GET, consumers", reading, "requests", prices::S3_GET),
        term(
            "S3 GET, idle agents",
            hours * idle.store_gets,
            "requests",
            prices::S3_GET,
        ),
        Term {
            what: "S3 storage",
            count: kept,
            unit: "GiB",
            dollars: prices::s3_storage(kept),
        },
    ]
}

fn ledger(workload: &Workload, gib: f64, puts: f64) -> Vec<Term> {
    let volume = measured::volume(workload.ledger);
    let Idle { writes, reads, .. } = measured::idle(workload.ledger);
    let hours = f64::from(workload.agents) * prices::MONTH_HOURS;
    let bytes = entry_bytes(workload, gib, puts);
    let entries = puts * volume.entries;
    let (entries, reads) = (entries + hours * writes, puts * volume.reads + hours * reads);
    let kept = bytes / BYTES_PER_GIB * GRACE_HOURS / prices::MONTH_HOURS;
    // A unit for each KiB begun: one at least, and half of one is begun in vain where there are several.
    let units = entries.max(entries / 2.0 + bytes / WRITE_UNIT_BYTES);
    match workload.ledger {
        // An entry is charged for as it is deleted as it was when it was written.
        Ledger::Dynamodb => vec![
            term("DynamoDB writes", units, "units", prices::DYNAMODB_WRITE),
            term("DynamoDB deletes", units, "units", prices::DYNAMODB_WRITE),
            term("DynamoDB reads", reads, "units", prices::DYNAMODB_READ),
            term("DynamoDB storage", kept, "GiB", prices::DYNAMODB_STORAGE),
        ],
        Ledger::Postgres => vec![
            term(
                "PostgreSQL, db.t4g.medium with a standby",
                prices::MONTH_HOURS,
                "hours",
                prices::POSTGRES_HOUR,
            ),
            term(
                "PostgreSQL storage",
                prices::POSTGRES_GIB.max(kept),
                "GiB",
                prices::POSTGRES_STORAGE,
            ),
        ],
        Ledger::S3 => vec![
            term("S3 PUT, entries", entries, "requests", prices::S3_PUT),
            term("S3 GET, entries", reads, "requests", prices::S3_GET),
        ],
    }
}

#[cfg(test)]
mod tests;
