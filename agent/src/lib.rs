//! The fronts of an agent: what others speak to it in. Knows protocols and who may do what; every effect is asked of the
//! engine.

pub mod auth;
pub mod http;
pub mod peer;
