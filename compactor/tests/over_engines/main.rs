//! Upkeep over real engines on a ledger and a store in memory, under paused time.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod columns;
mod common;
mod deletes;
mod faults;
mod idle;
mod keys;
mod lake;
mod longer;
mod query;
mod tables;
mod upkeep;
