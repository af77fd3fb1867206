//! Whole engines over a ledger and a store in memory, in virtual time.

mod append_and_fetch;
mod common;
mod moved;
mod upkeep;
