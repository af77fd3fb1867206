//! The ledger's protocol as small models, each explored exhaustively: every order of steps of a few agents over a few
//! positions, with every pause between two steps.
//!
//! A model states its rules as properties that hold in every reachable state, and what has to be reachable, or the rules
//! would hold of nothing. A [`Mutation`] switches one rule off: then a rule must break, and the shortest trace to it is
//! the reason for which the rule stands. The models know the protocol and nothing of the code; `tests/rows.rs` plays
//! the same traces on the real ledger, fold and engine.

mod catalogue;
mod check;
mod models;
mod mutation;
mod report;
mod scope;

pub use catalogue::{ALL, Subject};
pub use check::{Checked, Failure, Missing};
pub use mutation::{MUTATIONS, Mutation};
pub use report::{Report, run};
pub use scope::{Backend, Scope};
