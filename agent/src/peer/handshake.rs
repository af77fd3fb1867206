//! Who is at the other end: each proves that it knows the secret, over what both have just drawn.
//!
//! ```text
//! follower -> host   "TLPEER2\n"  32 random bytes
//! host -> follower   "TLPEER2\n"  32 random bytes  HMAC-SHA256(secret, "host" follower's bytes, host's bytes)
//! follower -> host   HMAC-SHA256(secret, "follower" follower's bytes, host's bytes)
//! ```
//!
//! The keys of the frames are HMACs of the secret, too, over both sides' bytes: one for each direction.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use world::Chance;

const MAGIC: &[u8; 8] = b"TLPEER2\n";
/// Bytes of the shortest secret that is taken.
const SECRET_BYTES_MIN: usize = 16;

/// What all agents of a cluster know and nobody else. Never shown.
#[derive(Clone)]
pub struct ClusterSecret(Vec<u8>);

/// Why a text is no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cluster's secret has at least {SECRET_BYTES_MIN} bytes, this one has {0}")]
pub struct SecretError(usize);

impl ClusterSecret {
    /// Takes a secret, without white space at its ends.
    ///
    /// # Errors
    /// When it is shorter than sixteen bytes.
    pub fn new(text: &str) -> Result<ClusterSecret, SecretError> {
        let text = text.trim();
        match text.len() {
            short if short < SECRET_BYTES_MIN => Err(SecretError(short)),
            _ => Ok(ClusterSecret(text.as_bytes().to_vec())),
        }
    }

    fn mac(&self, what: &str, said: &Said) -> Hmac<Sha256> {
        // A key of any length is taken.
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length will do");
        mac.update(what.as_bytes());
        mac.update(&[0]);
        mac.update(&said.follower);
        mac.update(&said.host);
        mac
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ClusterSecret(...)")
    }
}

/// What both sides drew.
struct Said {
    follower: [u8; 32],
    host: [u8; 32],
}

/// The keys of a connection's frames.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) to_host: [u8; 32],
    pub(super) to_follower: [u8; 32],
}

impl Keys {
    fn of(secret: &ClusterSecret, said: &Said) -> Keys {
        Keys {
            to_host: secret.mac("to host", said).finalize().into_bytes().into(),
            to_follower: secret.mac("to follower", said).finalize().into_bytes().into(),
        }
    }
}

/// Why the other end is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("whoever answers there is no agent of this version")]
    Magic,
    #[error("the other end does not know this cluster's secret")]
    Secret,
}

/// The follower's part.
pub(super) async fn as_follower<S>(
    stream: &mut S,
    secret: &ClusterSecret,
    chance: &Chance,
) -> Result<Keys, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let follower = chance.bytes::<32>();
    stream.write_all(&[&MAGIC[..], &follower].concat()).await?;
    stream.flush().await?;
    let host = hello(stream).await?;
    let said = Said { follower, host };
    let mut proof = [0; 32];
    stream.read_exact(&mut proof).await?;
    let host_mac = secret.mac("host", &said);
    host_mac.verify_slice(&proof).map_err(|_| HandshakeError::Secret)?;
    let own = secret.mac("follower", &said).finalize().into_bytes();
    stream.write_all(&own).await?;
    stream.flush().await?;
    Ok(Keys::of(secret, &said))
}

/// The host's part.
pub(super) async fn as_host<S>(stream: &mut S, secret: &ClusterSecret, chance: &Chance) -> Result<Keys, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let follower = hello(stream).await?;
    let host = chance.bytes::<32>();
    let said = Said { follower, host };
    let own = secret.mac("host", &said).finalize().into_bytes();
    stream.write_all(&[&MAGIC[..], &host, &own[..]].concat()).await?;
    stream.flush().await?;
    let mut proof = [0; 32];
    stream.read_exact(&mut proof).await?;
    let follower_mac = secret.mac("follower", &said);
    follower_mac.verify_slice(&proof).map_err(|_| HandshakeError::Secret)?;
    Ok(Keys::of(secret, &said))
}

async fn hello<S: AsyncRead + Unpin>(stream: &mut S) -> Result<[u8; 32], HandshakeError> {
    let mut magic = [0; 8];
    stream.read_exact(&mut magic).await?;
    if &magic != MAGIC {
        return Err(HandshakeError::Magic);
    }
    let mut drawn = [0; 32];
    stream.read_exact(&mut drawn).await?;
    Ok(drawn)
}
