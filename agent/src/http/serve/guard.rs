//! A connection that gives up on a peer who takes nothing: an answer of which no byte was taken for a while would hold
//! its memory for ever. What a peer sends too slowly is the business of the head's and the body's own timeouts.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use world::Clock;

/// A stream and the time it has been stuck.
pub(super) struct Guarded<S> {
    stream: S,
    clock: Clock,
    timeout: Duration,
    stuck: Option<BoxFuture<'static, ()>>,
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Guarded")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, clock: Clock, timeout: Duration) -> Guarded<S> {
        Guarded {
            stream,
            clock,
            timeout,
            stuck: None,
        }
    }

    /// What a write came to: progress forgets the time, none lets it run.
    fn judged<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let (clock, timeout) = (&self.clock, self.timeout);
        let stuck = self.stuck.get_or_insert_with(|| {
            let clock = clock.clone();
            async move { clock.sleep(timeout).await }.boxed()
        });
        ready!(stuck.poll_unpin(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judged(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judged(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judged(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judged(closed, context)
    }
}

#[cfg(test)]
mod tests;
