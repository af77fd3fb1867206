//! The traces of the history, and those that the models found since, played on the real ledger, fold, engine and
//! compactor: each test bears the number of its row.
//!
//! Rows 12 and 13 speak of groups with members, which there are none of yet.

#[cfg(test)]
mod base;
#[cfg(test)]
#[path = "../../../../log/engine/tests/whole/common.rs"]
mod common;
#[cfg(test)]
mod engines;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod loss;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod yards;
