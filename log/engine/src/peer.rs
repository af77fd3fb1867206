//! What agents say to each other: proposals to the one that puts the entries, and the entries back.
//!
//! A link is a pair of channels; what carries them (sockets, or a simulated network) is [`Peers`]. It delivers in order, or
//! not at all from some message on. Nothing that is said here is an authority: a proposal names one content for ever,
//! so handing it over twice or to the wrong one is harmless, and an entry that is passed on carries the hash of the one
//! before it.

mod host;
mod recent;

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use ledger::{ClusterId, Tip};
use tokio::sync::mpsc;

pub(crate) use host::{guest_room, host};
pub(crate) use recent::Recent;

/// Messages that wait in a link, each way, at most.
pub const LINK_MESSAGES_MAX: usize = 64;
/// Bytes of entries or proposals that one message carries, at most, unless a single one is larger.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// From one who follows to its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToHost {
    /// Pass on what comes after this entry. The first message of a link, and again after [`ToFollower::Behind`].
    Follow {
        /// The cluster that both must be of.
        cluster: ClusterId,
        /// The last entry that the follower has folded.
        tip: Tip,
    },
    /// Put the proposals of this body, as an entry would hold it, into the next entries, in their order.
    Propose(Bytes),
    /// Look at the tip, by a read that begins after this came.
    Look(u64),
}

/// From a host to one who follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToFollower {
    /// Entries as they are stored, each after the one before, which the host has folded.
    Entries(Vec<Bytes>),
    /// The read that [`ToHost::Look`] asked for is in what was passed on so far, and that ends here. It counts for whoever
    /// has just this entry: after a lost end another one may stand at its position.
    Looked {
        /// The number in the question.
        look: u64,
        /// The last entry that was passed on, which the host has folded.
        tip: Tip,
    },
    /// The host does not remember what follows the follower's tip: it has to read the ledger, and ask again.
    Behind,
    /// The host is there, and its ledger answers.
    Ping,
}

/// One end of a link.
#[derive(Debug)]
pub struct Link<Out, In> {
    /// What this end says. Closed when the link has broken.
    pub out: mpsc::Sender<Out>,
    /// What it hears. Ends when the link has broken.
    pub heard: mpsc::Receiver<In>,
}

/// The end of one who follows.
pub type FollowerLink = Link<ToHost, ToFollower>;
/// The end of the host.
pub type HostLink = Link<ToFollower, ToHost>;

impl<Out, In> Link<Out, In> {
    /// Both ends of a link that nothing can break but the drop of an end.
    pub fn pair() -> (Link<Out, In>, Link<In, Out>) {
        let (out, there) = mpsc::channel(LINK_MESSAGES_MAX);
        let (back, heard) = mpsc::channel(LINK_MESSAGES_MAX);
        let far = Link {
            out: back,
            heard: there,
        };
        (Link { out, heard }, far)
    }
}

/// Why there is no link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PeerError(pub String);

/// Reaches other agents.
#[async_trait]
pub trait Peers: Debug + Send + Sync {
    /// Opens a link to the agent at an address, as it stands in its register. The caller bounds the time.
    ///
    /// # Errors
    /// When nobody answers there, or not one of this cluster.
    async fn connect(&self, address: &str) -> Result<FollowerLink, PeerError>;
}
