//! Connections between agents: what `engine` says over a link, on a socket of its own.
//!
//! Both ends prove that they know the cluster's secret before anything else is said, and every frame carries a tag that only
//! who knows it can make, so nobody on the way can add, drop or change one unseen. Nothing is encrypted.

mod frame;
mod handshake;
mod listen;
mod reach;
mod wire;

use std::time::Duration;

pub use handshake::{ClusterSecret, SecretError};
pub use listen::serve;
pub use reach::TcpPeers;

/// Both sides must have shown who they are within this time.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// A frame that is not taken within this time ends the connection.
const WRITE_MAX: Duration = Duration::from_secs(10);
/// Bytes of a frame, at most: a message and the largest entry there can be.
const FRAME_BYTES_MAX: usize = 8 << 20;
/// Agents that may be connected to this one at the same time.
const CONNECTIONS_MAX: usize = 1_024;

#[cfg(test)]
mod tests;
