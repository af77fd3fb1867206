//! Keeping the ledger short: snapshots, the base, and the deletion of entries. Who runs this, and when, is not known
//! here.

mod base;
mod snapshot;

pub(crate) use base::{advance_base, delete_entries};
pub(crate) use snapshot::take_snapshot;
