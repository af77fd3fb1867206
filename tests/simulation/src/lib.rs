//! Agents, compactors, clients and faults in one deterministic process.
//!
//! Everything from the engine down is the real code; only the table under the ledger and the place under the store are
//! in memory, and each process reaches them through wrappers that delay, lose and damage. One runtime on one thread
//! with virtual time runs all of it, and every draw comes from the seed, so a seed is a run, to the byte of its trace.
//!
//! While it runs an auditor folds the one true ledger and watches what reaches it and the store. Afterwards everything
//! is healed, and a fresh process reads all there is; what clients were told is compared with that.

mod agent;
mod audit;
#[cfg(feature = "seeded_bugs")]
pub mod bugs;
mod check;
mod checks;
mod client;
mod counts;
mod courier;
mod coverage;
mod crash;
mod ground;
mod history;
mod journal;
mod nemesis;
mod phase;
mod recorder;
mod run;
mod shards;
mod sometimes;
mod swarm;
mod tables;
mod told;
mod value;
mod watch;
mod wires;

pub use checks::CHECKS;
pub use counts::Counts;
pub use coverage::{PAIRS_SEEDS_MIN, pairs};
pub use crash::{NoPoint, Point, Points, crash_run, enumerate, points};
pub use run::{Outcome, run};
pub use shards::{Shards, Summary};
pub use sometimes::{SEEDS_MIN, SOMETIMES};
pub use tables::tables;
