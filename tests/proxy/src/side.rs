//! One of the two sockets of a connection through the proxy. What is written waits while the network is stalled that way;
//! what ends may end with a reset.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::network::Direction;
use crate::script::Ending;
use crate::shared::Shared;

/// What is read at once. No more than some of these are held for a connection.
const READ_BYTES: usize = 64 << 10;
/// How long a peer that was answered early may go on sending before its connection is closed on it.
const LINGER: Duration = Duration::from_secs(1);

/// A socket, and what was read from it but not yet passed on.
#[derive(Debug)]
pub(crate) struct Side {
    stream: TcpStream,
    pub(crate) buffer: BytesMut,
    shared: Arc<Shared>,
    /// Where what is written to it goes.
    way: Direction,
    ending: Ending,
    /// Both sides of the connection are to be reset.
    broken: Arc<AtomicBool>,
}

impl Side {
    pub(crate) fn new(stream: TcpStream, shared: &Arc<Shared>, way: Direction, broken: &Arc<AtomicBool>) -> Side {
        // Fails only on a socket that is broken, which reading will tell.
        let _ = stream.set_nodelay(true);
        Side {
            stream,
            buffer: BytesMut::new(),
            shared: Arc::clone(shared),
            way,
            ending: Ending::Close,
            broken: Arc::clone(broken),
        }
    }

    /// The proxy it is of.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// How it is closed when it is dropped.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ending = ending;
    }

    /// Reads more behind what is there. False at the end.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        self.split().0.fill().await
    }

    /// Writes all of it.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.split().1.send(bytes).await
    }

    /// Both halves, to read and write at the same time.
    pub(crate) fn split(&mut self) -> (Reader<'_>, Writer<'_>) {
        let (read, write) = self.stream.split();
        let reader = Reader {
            half: read,
            buffer: &mut self.buffer,
        };
        let moved = match self.way {
            Direction::Up => &self.shared.totals.bytes_up,
            Direction::Down | Direction::Both => &self.shared.totals.bytes_down,
        };
        let (shared, way) = (self.shared.as_ref(), self.way);
        let writer = Writer {
            half: write,
            shared,
            way,
            moved,
        };
        (reader, writer)
    }

    /// Ends what is written and waits a while for the peer to end too. A socket that is closed with something unread is
    /// reset, which may take from the peer what was written last.
    pub(crate) async fn linger(&mut self) {
        let clock = self.shared.world.clock.clone();
        let _ = self.stream.shutdown().await;
        let drained = async {
            while let Ok(true) = self.fill().await {
                self.buffer.clear();
            }
        };
        let _ = clock.timeout(LINGER, drained).await;
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        if self.ending == Ending::Reset || self.broken.load(Ordering::Relaxed) {
            // Fails only on a socket that is broken already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

/// What comes from a side.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    half: ReadHalf<'a>,
    pub(crate) buffer: &'a mut BytesMut,
}

impl Reader<'_> {
    /// Reads more behind what is there. False at the end. What was read is kept when it is dropped halfway.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(READ_BYTES);
        let read = self.half.read_buf(self.buffer).await?;
        Ok(read > 0)
    }
}

/// What goes to a side.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    half: WriteHalf<'a>,
    shared: &'a Shared,
    way: Direction,
    moved: &'a AtomicU64,
}

impl Writer<'_> {
    /// Writes all of it, as soon as the network lets it pass.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.shared.network.pass(self.way).await;
        self.half.write_all(bytes).await?;
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.moved.fetch_add(len, Ordering::Relaxed);
        Ok(())
    }

    /// Ends this way: the peer reads an end.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        self.shared.network.pass(self.way).await;
        self.half.shutdown().await
    }
}
