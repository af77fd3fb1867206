//! Passing a body on, piece by piece, and what can be done to it on the way.

use bytes::Buf as _;

use super::framing::Framing;
use super::head::NotHttp;
use crate::side::{Reader, Writer};

/// Larger requests are not delivered late or twice, for they would have to be held.
pub(crate) const COPY_BYTES_MAX: usize = 64 << 20;

/// How passing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// At the body's end.
    Whole,
    /// Before a byte that is not to pass.
    Limit,
    /// Whoever sends it is gone.
    SourceGone,
    /// Whoever should get it is gone.
    SinkGone,
    /// It is no HTTP.
    NotHttp,
}

/// What is done to a body while it passes, and what was done.
#[derive(Debug, Default)]
pub(crate) struct Tamper {
    /// So many bytes of content pass at most.
    pub(crate) limit: Option<u64>,
    /// This bit of this byte of the content becomes another.
    pub(crate) flip: Option<(u64, u8)>,
    /// Everything that passed, frame and content; nothing when it is not to be kept, or became too much.
    pub(crate) kept: Option<Vec<u8>>,
    /// A bit was flipped.
    pub(crate) flipped: bool,
    passed: u64,
}

impl Tamper {
    /// Keeps what passes.
    pub(crate) fn keeping() -> Tamper {
        let kept = Some(Vec::new());
        Tamper {
            kept,
            ..Tamper::default()
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let Some(kept) = &mut self.kept else { return };
        if kept.len() + bytes.len() > COPY_BYTES_MAX {
            self.kept = None;
        } else {
            kept.extend_from_slice(bytes);
        }
    }

    /// How much of the buffer's beginning passes now, and whether that is all that may.
    fn scan(&mut self, buffer: &mut [u8], framing: &mut Framing) -> Result<(usize, bool), NotHttp> {
        let mut at = 0;
        while at < buffer.len() && !framing.is_done() {
            let run = framing.step(&buffer[at..])?;
            if run.content {
                let left = self.limit.map_or(u64::MAX, |limit| limit - self.passed);
                let left = usize::try_from(left).unwrap_or(usize::MAX);
                if run.len > left {
                    return Ok((at + left, true));
                }
                self.flip(&mut buffer[at..at + run.len]);
                self.passed += u64::try_from(run.len).unwrap_or(u64::MAX);
            }
            at += run.len;
        }
        Ok((at, false))
    }

    fn flip(&mut self, content: &mut [u8]) {
        let Some((place, bit)) = self.flip else { return };
        let within = place
            .checked_sub(self.passed)
            .and_then(|within| usize::try_from(within).ok());
        if let Some(byte) = within.and_then(|within| content.get_mut(within)) {
            *byte ^= 1 << (bit % 8);
            self.flipped = true;
        }
    }
}

/// Passes a body on, to nowhere when nobody is to get it.
pub(crate) async fn pass(
    from: &mut Reader<'_>,
    mut to: Option<&mut Writer<'_>>,
    mut framing: Framing,
    tamper: &mut Tamper,
) -> Ended {
    loop {
        let Ok((len, limited)) = tamper.scan(from.buffer, &mut framing) else {
            return Ended::NotHttp;
        };
        tamper.keep(&from.buffer[..len]);
        if let Some(to) = &mut to
            && len > 0
            && to.send(&from.buffer[..len]).await.is_err()
        {
            return Ended::SinkGone;
        }
        from.buffer.advance(len);
        if limited {
            return Ended::Limit;
        }
        if framing.is_done() {
            return Ended::Whole;
        }
        match from.fill().await {
            Ok(true) => {}
            Ok(false) if framing == Framing::UntilClose => return Ended::Whole,
            _ => return Ended::SourceGone,
        }
    }
}
