//! The follower's side: opening a connection to the agent that is followed.

use async_trait::async_trait;
use engine::{FollowerLink, Link, PeerError, Peers};
use tokio::net::TcpStream;
use world::World;

use super::HANDSHAKE_MAX;
use super::frame::{FrameReader, FrameWriter};
use super::handshake::{ClusterSecret, as_follower};
use super::listen::carry;

/// Other agents, reached over TCP.
#[derive(Debug)]
pub struct TcpPeers {
    secret: ClusterSecret,
    world: World,
}

impl TcpPeers {
    /// Agents that know this secret.
    pub fn new(secret: ClusterSecret, world: World) -> TcpPeers {
        TcpPeers { secret, world }
    }
}

#[async_trait]
impl Peers for TcpPeers {
    async fn connect(&self, address: &str) -> Result<FollowerLink, PeerError> {
        let world = &self.world;
        let failed = |error: &dyn std::fmt::Display| PeerError(format!("{address}: {error}"));
        let mut stream = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
        // Messages are small and waited for.
        let _ = stream.set_nodelay(true);
        let shaken = as_follower(&mut stream, &self.secret, &world.chance);
        let shaken = world.clock.timeout(HANDSHAKE_MAX, shaken).await;
        let keys = shaken
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))?;
        let (near, far): (FollowerLink, _) = Link::pair();
        let (read, write) = tokio::io::split(stream);
        let reader = FrameReader::new(read, &keys.to_follower);
        let writer = FrameWriter::new(write, &keys.to_host);
        let Link { out, heard } = far;
        carry(&world.tasks, world.clock.clone(), (reader, writer), (out, heard), None);
        Ok(near)
    }
}
