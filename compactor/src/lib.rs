//! Replacing and deleting: inline bytes move out of the ledger's entries, small objects become larger ones, what is too
//! old goes, the ledger is kept short, and garbage is swept.
//!
//! [`plan`] decides and is pure; `run` and `sweep` do; [`Upkeep`] knows when. Nothing here needs a lock: a swap names what
//! it saw and is judged by the fold, so two compactors at once waste work and no more, and one that is killed leaves
//! objects that nothing names, which a sweep finds. This room knows no wire protocol, and no records: it moves batches
//! as bytes.

mod config;
pub mod plan;
mod report;
mod run;
mod sweep;
mod upkeep;

pub use config::CompactorConfig;
pub use report::{DamagedExtent, Report, Rewritten, Swept};
pub use upkeep::{Upkeep, rebuild_tables, run, run_once};
