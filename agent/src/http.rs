//! The HTTP front: from requests to the engine and back. It keeps no state of a client: a reader's place is in its cursor,
//! a group's in the ledger.
//!
//! A request passes, from the outside in: its id and the writing of problems, the catching of panics, compression of the
//! answer, the check that the agent serves and has folded as far as the client has seen, authorization, its handler.

#![expect(
    unused_qualifications,
    reason = "utoipa's path macro qualifies the types of parameters"
)]

mod append;
mod authorize;
mod body;
mod cluster;
mod cursor;
mod extract;
mod front;
mod groups;
mod health;
mod iceberg;
mod layers;
mod metrics;
mod offsets;
mod openapi;
mod page;
mod position;
mod problem;
mod read;
mod router;
mod serve;
mod settings;
mod shapes;
mod topics;

pub use router::router;
pub use serve::serve;
pub use settings::HttpSettings;
