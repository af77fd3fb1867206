//! A server that records, and a client that sees every byte.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use proxy::{Config, Counts, Mode, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use world::World;

/// A request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) connection: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// The body ended where it should.
    pub(crate) whole: bool,
}

/// A server that records.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) world: World,
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Origin {
    pub(crate) async fn start() -> Origin {
        let world = World::real();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::default();
        let origin = Origin { world, address, seen };
        let serving = origin.clone();
        origin.world.tasks.spawn("origin", async move {
            for connection in 1.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                let origin = serving.clone();
                let service = service_fn(move |request| {
                    let origin = origin.clone();
                    async move { Ok::<_, Infallible>(origin.answer(connection, request).await) }
                });
                serving.world.tasks.spawn("connection", async move {
                    let builder = hyper::server::conn::http1::Builder::new();
                    // Clients break off here on purpose.
                    drop(builder.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        origin
    }

    async fn answer(&self, connection: u64, request: Request<Incoming>) -> Response<BoxBody<Bytes, Infallible>> {
        let (head, mut body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let mut answer = Response::new(Full::new(Bytes::new()).boxed());
        if path == "/early" {
            *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            return answer;
        }
        let (mut read, mut whole) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame.map(|frame| frame.into_data().unwrap_or_default()) {
                Ok(data) => read.extend_from_slice(&data),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        let length = path.rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(0);
        self.seen.lock().push(Seen {
            connection,
            method: head.method.to_string(),
            path: path.clone(),
            body: read,
            whole,
        });
        match path.as_str() {
            "/unchanged" => *answer.status_mut() = StatusCode::NOT_MODIFIED,
            "/none" => *answer.status_mut() = StatusCode::NO_CONTENT,
            path if path.starts_with("/chunked/") => {
                let chunks = pattern(length)
                    .chunks(1000)
                    .map(Bytes::copy_from_slice)
                    .collect::<Vec<_>>();
                let frames = chunks.into_iter().map(|chunk| Ok(Frame::data(chunk)));
                *answer.body_mut() = StreamBody::new(stream::iter(frames)).boxed();
            }
            path if path.starts_with("/bytes/") => *answer.body_mut() = Full::from(pattern(length)).boxed(),
            _ => {}
        }
        answer
    }

    /// What it saw so far, in the order in which bodies ended.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }

    /// The paths it saw whole.
    pub(crate) fn paths(&self) -> Vec<String> {
        let whole = self.seen().into_iter().filter(|seen| seen.whole);
        whole.map(|seen| seen.path).collect()
    }

    /// A proxy before it that follows this script.
    pub(crate) async fn proxy(&self, script: &str) -> Proxy {
        let config = Config::new(Mode::Http, self.address)
            .with_script(script)
            .expect("a script");
        let config = Config {
            seed: config.script.seed.or(Some(1)),
            ..config
        };
        Proxy::start(&self.world, config).await.expect("a proxy")
    }
}

/// Bytes of which no two near each other are alike.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let byte = |at: usize| u8::try_from((at * 7 + at / 256) % 251).expect("below 251");
    (0..length).map(byte).collect()
}

/// Waits until it holds, and fails when it never does.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let clock = World::real().clock;
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        clock.sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

/// Waits until no copy waits any more.
pub(crate) async fn delivered(proxy: &Proxy) -> Counts {
    until("all copies are delivered", || proxy.counts().copies_waiting == 0).await;
    proxy.counts()
}

/// An answer as the client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A client that sees every byte.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let buffer = Vec::new();
        Client { stream, buffer }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("a write");
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        // A proxy that ends early may break the write; the read tells how.
        let sent = [head.as_bytes(), body].concat();
        drop(self.stream.write_all(&sent).await);
        self.answer(method).await
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            self.more().await?;
        }
    }

    /// The next bytes, so many.
    pub(crate) async fn bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    /// The head of the next answer.
    pub(crate) async fn head(&mut self) -> io::Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            head += &self.line().await?;
        }
        Ok(head)
    }

    /// The next answer, whole.
    pub(crate) async fn answer(&mut self, method: &str) -> io::Result<Answer> {
        let head = self.head().await?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("a status");
        let lower = head.to_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = Vec::new();
        if method != "HEAD" && !matches!(status, 100..=199 | 204 | 304) {
            if lower.contains("transfer-encoding: chunked") {
                body = self.chunks().await?;
            } else {
                body = self
                    .bytes(length.and_then(|length| length.parse().ok()).expect("a length"))
                    .await?;
            }
        }
        Ok(Answer { status, head, body })
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.line().await?.trim(), 16).expect("a size");
            body.extend(self.bytes(size).await?);
            self.line().await?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// What is left until the connection ends, and how it ended.
    pub(crate) async fn rest(mut self) -> (Vec<u8>, io::Result<()>) {
        loop {
            match self.more().await {
                Ok(()) => {}
                Err(end) if end.kind() == io::ErrorKind::UnexpectedEof => return (self.buffer, Ok(())),
                Err(broken) => return (self.buffer, Err(broken)),
            }
        }
    }
}

/// Asks once on a connection of its own.
pub(crate) async fn ask(proxy: &Proxy, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
    Client::connect(proxy.address()).await.ask(method, path, body).await
}

/// The kind of error with which something failed.
pub(crate) fn failed<T: std::fmt::Debug>(result: io::Result<T>) -> io::ErrorKind {
    result.expect_err("a failure").kind()
}
