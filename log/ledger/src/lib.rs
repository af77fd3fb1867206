//! The ordering table: positions, the chain, the base, halt and era.
//!
//! A ledger is one table of small entries in a total order. A backend ([`Backend`]) keeps the entries and one record,
//! the base; everything that makes them an order that can be trusted stands here once, above the backends
//! ([`Ledger`]): the genesis entry, the chain of hashes, the looks at the base and the predecessor, the lost end, halt
//! and era, and the witness. This room never reads the body of an entry and knows nothing of topics or offsets.

pub mod backend;
pub mod chain;
pub mod conformance;
mod connect;
mod dynamodb;
pub mod envelope;
mod error;
mod examine;
pub mod faulty;
pub mod finding;
mod ids;
mod ledger;
pub mod memory;
mod options;
pub mod postgres;
pub mod s3;
pub mod sqlite;
mod watch;
pub mod witness;

pub use backend::{Append, Backend, Base, Looks, RawEntry, RawRead};
pub use chain::{Entry, EntryKind, Evidence, Loss, Passed, Tip, follow};
pub use connect::{Created, connect, create};
pub use dynamodb::DynamoLedger;
pub use envelope::{Envelope, Kind};
pub use error::{Happened, LedgerError, OpenError};
pub use examine::examine;
pub use faulty::{Faults, FaultyLedger};
pub use finding::{Finding, Verdict};
pub use ids::{ClusterId, ClusterIdError, Era, Hash, Position};
pub use ledger::{Accepted, Appended, Description, Halted, Ledger, ReadOutcome, Sealed, WitnessOutcome};
pub use memory::MemoryLedger;
pub use options::{AwsOptions, ConnectOptions, Endpoint, Secret};
pub use postgres::PostgresLedger;
pub use s3::S3Ledger;
pub use sqlite::SqliteLedger;
pub use witness::{MemoryWitness, Version, WitnessError, WitnessStore};
