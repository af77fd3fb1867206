//! One process's view of the log: it follows the ledger, folds, appends and fetches.
//!
//! Data goes in one direction. A front hands a group to the intake; its lane makes it durable (object lane) or not yet
//! (inline lane); the tail puts proposals into ledger entries and folds them; the fold's verdict answers the front. A
//! fetch plans over the fold and reads what it names. Nothing here knows a wire protocol.

mod append;
mod change;
mod config;
mod engine;
mod error;
mod fetch;
mod intake;
mod jobs;
mod lives;
mod look;
mod memory;
mod monitor;
mod peer;
mod seen;
mod shared;
mod start;
mod tail;
mod upkeep;
mod view;
mod witness;

pub use append::{AppendDone, Replay};
pub use change::{CommitBasis, CreateTopicRequest};
pub use config::EngineConfig;
pub use engine::{Engine, Health};
pub use error::{AppendError, ChangeError, FetchError, Happened, ReadError, StartError, UpkeepError};
pub use fetch::{FetchPart, FetchRequest, Fetched, FetchedBatch, FetchedPart};
pub use jobs::{AppendGroup, AppendRun};
pub use memory::Permit;
pub use peer::{
    FollowerLink, HostLink, LINK_MESSAGES_MAX, Link, MESSAGE_BYTES_MAX, PeerError, Peers, ToFollower, ToHost,
};
pub use seen::{NotSeen, Seen};
