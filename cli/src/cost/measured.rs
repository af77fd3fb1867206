//! How often a log asks for something that is charged for. Measured by `fleet` (`tests/fleet`), each constant with the command that
//! makes it; docs/cost.md tells of the runs. The one place for them.

use clap::ValueEnum;

/// Which ledger is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ledger {
    /// A table of DynamoDB, on demand
    Dynamodb,
    /// A PostgreSQL of RDS with a standby
    Postgres,
    /// Objects of the bucket
    S3,
}

impl Ledger {
    /// All of them, in the order of the page.
    pub(super) const ALL: [Ledger; 3] = [Ledger::Dynamodb, Ledger::Postgres, Ledger::S3];

    /// Its name in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Ledger::Dynamodb => "DynamoDB",
            Ledger::Postgres => "PostgreSQL",
            Ledger::S3 => "S3",
        }
    }
}

/// What an idle agent asks for in an hour, keeping up included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Idle {
    /// Of the ledger: write units of DynamoDB, puts of a bucket.
    pub(super) writes: f64,
    /// Of the ledger: read units of DynamoDB, reads of a bucket.
    pub(super) reads: f64,
    /// Of the store: puts.
    pub(super) store_puts: f64,
    /// Of the store: reads.
    pub(super) store_gets: f64,
    /// Of the store: lists.
    pub(super) lists: f64,
}

/// What a segment asks of the ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Volume {
    /// Entries.
    pub(super) entries: f64,
    /// Read units of DynamoDB, reads of a bucket, of all agents together.
    pub(super) reads: f64,
}

/// Segments of a GiB when they are full: `fleet volume --agents 3 --mib 512`.
pub(super) const PUTS_PER_GIB: f64 = 140.0;
/// Bytes of entries for each run of a partition, and for each segment: they fit `fleet volume --agents 3 --mib 512` (runs of 256 KiB),
/// `fleet volume --agents 3 --mib 24 --in-flight 2 --bytes 65536` and `fleet scale` (runs of 4 KiB) within a twentieth.
pub(super) const ENTRY_BYTES_PER_RUN: f64 = 26.0;
pub(super) const ENTRY_BYTES_PER_PUT: f64 = 84.0;

/// `fleet idle --agents 3 --seconds 300`, for an hour of one of the three.
pub(super) fn idle(ledger: Ledger) -> Idle {
    let (writes, reads, store_puts, store_gets) = match ledger {
        Ledger::Dynamodb => (20.0, 2_536.0, 20.0, 20.0),
        Ledger::Postgres => (20.0, 0.0, 20.0, 20.0),
        Ledger::S3 => (20.0, 936.0, 20.0, 20.0),
    };
    Idle {
        writes,
        reads,
        store_puts,
        store_gets,
        lists: 12.0,
    }
}

/// The larger of what full segments (`fleet volume --agents 3 --mib 512`) and small ones (`fleet volume --agents 3 --mib 24 --in-flight 2
/// --bytes 65536`) ask.
pub(super) fn volume(ledger: Ledger) -> Volume {
    let (entries, reads) = match ledger {
        Ledger::Dynamodb => (0.83, 4.91),
        Ledger::Postgres => (0.75, 0.0),
        Ledger::S3 => (0.76, 1.60),
    };
    Volume { entries, reads }
}
