//! Large bodies pass with little memory. A target of its own: the allocator counts for the whole process.

use peak_alloc::PeakAlloc;
use proxy::{Config, Mode, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use world::World;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const BODY_BYTES: usize = 64 << 20;
const PIECE_BYTES: usize = 64 << 10;
/// What the client, the server and the proxy between them may take for it.
const MEMORY_BYTES_MAX: usize = 4 << 20;

/// Takes a body, then gives one as large.
async fn serve(mut stream: TcpStream) {
    let mut piece = vec![0; PIECE_BYTES];
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a byte"));
    }
    let mut left = BODY_BYTES;
    while left > 0 {
        left -= stream.read(&mut piece).await.expect("a piece");
    }
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("a write");
    for _ in 0..BODY_BYTES / PIECE_BYTES {
        stream.write_all(&piece).await.expect("a write");
    }
}

#[tokio::test]
async fn large_bodies_are_not_held() {
    let world = World::real();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let upstream = listener.local_addr().expect("an address");
    let tasks = world.tasks.clone();
    world.tasks.spawn("origin", async move {
        while let Ok((stream, _)) = listener.accept().await {
            tasks.spawn("connection", serve(stream));
        }
    });
    for mode in [Mode::Http, Mode::Tcp] {
        let proxy = Proxy::start(&world, Config::new(mode, upstream))
            .await
            .expect("a proxy");
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let mut stream = TcpStream::connect(proxy.address()).await.expect("a connection");
        let head = format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY_BYTES}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("a write");
        let mut piece = vec![0; PIECE_BYTES];
        for _ in 0..BODY_BYTES / PIECE_BYTES {
            stream.write_all(&piece).await.expect("a write");
        }
        let mut came = 0;
        while came < BODY_BYTES {
            let read = stream.read(&mut piece).await.expect("a piece");
            assert!(read > 0, "ended at {came}");
            came += read;
        }
        let peak = MEMORY.peak_usage().saturating_sub(before);
        assert!(peak < MEMORY_BYTES_MAX, "{mode:?} took {peak} bytes");
    }
}
