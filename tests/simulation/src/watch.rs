//! What stands between the wrappers that fail and the table and the place in memory: it sees what really happens, in
//! the order in which it happens, and tells the auditor.

mod ledger;
mod objects;
mod power;

pub(crate) use ledger::WatchedLedger;
pub(crate) use objects::WatchedObjects;
pub(crate) use power::{Moment as PowerMoment, Power};
