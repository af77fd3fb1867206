//! Frames: a length, a message, and a tag over the number of the frame and the message.
//!
//! ```text
//! u32 length of what follows | message | first 16 bytes of HMAC-SHA256(key, u64 number of the frame, message)
//! ```

use bytes::{Bytes, BytesMut};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::FRAME_BYTES_MAX;

const TAG_BYTES: usize = 16;

/// Why a frame was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("a frame of {0} bytes")]
    Length(usize),
    #[error("a frame that was made by somebody else")]
    Tag,
}

/// Makes the tags of one direction.
struct Tagger {
    key: Hmac<Sha256>,
    number: u64,
}

impl Tagger {
    fn new(key: &[u8; 32]) -> Tagger {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let key = Hmac::new_from_slice(key).expect("any length will do");
        Tagger { key, number: 0 }
    }

    /// The next frame's.
    fn next(&mut self, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(&self.number.to_be_bytes());
        mac.update(message);
        self.number += 1;
        mac
    }
}

/// Writes frames.
pub(super) struct FrameWriter<W> {
    stream: W,
    tagger: Tagger,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    pub(super) fn new(stream: W, key: &[u8; 32]) -> FrameWriter<W> {
        let tagger = Tagger::new(key);
        FrameWriter { stream, tagger }
    }

    /// Writes one.
    pub(super) async fn write(&mut self, message: &[u8]) -> Result<(), FrameError> {
        let length = message.len() + TAG_BYTES;
        let head = match u32::try_from(length) {
            Ok(head) if length <= FRAME_BYTES_MAX => head,
            _ => return Err(FrameError::Length(length)),
        };
        let tag = self.tagger.next(message).finalize().into_bytes();
        self.stream.write_all(&head.to_be_bytes()).await?;
        self.stream.write_all(message).await?;
        self.stream.write_all(&tag[..TAG_BYTES]).await?;
        Ok(self.stream.flush().await?)
    }
}

/// Reads frames.
pub(super) struct FrameReader<R> {
    stream: R,
    tagger: Tagger,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(stream: R, key: &[u8; 32]) -> FrameReader<R> {
        let tagger = Tagger::new(key);
        FrameReader { stream, tagger }
    }

    /// Reads the next.
    pub(super) async fn read(&mut self) -> Result<Bytes, FrameError> {
        let length = usize::try_from(self.stream.read_u32().await?).unwrap_or(usize::MAX);
        if !(TAG_BYTES..=FRAME_BYTES_MAX).contains(&length) {
            return Err(FrameError::Length(length));
        }
        // Grows as bytes come, so that a length alone takes no memory.
        let mut frame = BytesMut::with_capacity(length.min(64 << 10));
        let mut left = (&mut self.stream).take(length as u64);
        while frame.len() < length {
            if left.read_buf(&mut frame).await? == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
        }
        let tag = frame.split_off(length - TAG_BYTES);
        let made = self.tagger.next(&frame);
        made.verify_truncated_left(&tag).map_err(|_| FrameError::Tag)?;
        Ok(frame.freeze())
    }
}
