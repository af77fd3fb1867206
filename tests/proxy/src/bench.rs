//! What the proxy itself costs: bytes a second and latency, beside those of a connection without it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use world::World;

use crate::{Config, Latency, Mode, Proxy};

/// Bytes of the large body.
const LARGE_BYTES: usize = 1 << 30;
const PIECE: usize = 256 << 10;
const SMALL_COUNT: usize = 5_000;
const SLOW_COUNT: usize = 200;

/// Measures, and says what it measured.
///
/// # Errors
/// When a connection on this machine breaks.
pub async fn bench(world: &World) -> Result<Value> {
    let world = world.child("bench");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = listener.local_addr()?;
    let server = world.clone();
    world.tasks.spawn("origin", async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that ends is no error here.
            server
                .tasks
                .spawn("connection", async move { drop(answer(stream).await) });
        }
    });
    let http = Proxy::start(&world, Config::new(Mode::Http, origin)).await?;
    let tcp = Proxy::start(&world, Config::new(Mode::Tcp, origin)).await?;
    let latency = Latency::LogNormal(Duration::from_millis(35), Duration::from_millis(150));
    let slow = Config {
        latency: Some(latency),
        seed: Some(1),
        ..Config::new(Mode::Http, origin)
    };
    let slow = Proxy::start(&world, slow).await?;
    let mut report = serde_json::Map::new();
    for (name, address) in [("without", origin), ("http", http.address()), ("tcp", tcp.address())] {
        let (put, get) = (put(&world, address).await?, get(&world, address).await?);
        let (p50, p99) = small(&world, address, SMALL_COUNT).await?;
        let measured = json!({
            "put_mib_per_second": put,
            "get_mib_per_second": get,
            "small_p50_us": p50.as_micros(),
            "small_p99_us": p99.as_micros(),
        });
        report.insert(name.to_owned(), measured);
    }
    let (p50, p99) = small(&world, slow.address(), SLOW_COUNT).await?;
    let measured = json!({"latency": latency.to_string(), "p50_ms": p50.as_millis(), "p99_ms": p99.as_millis()});
    report.insert("slow".to_owned(), measured);
    Ok(Value::Object(report))
}

/// Reads up to the end of a head; what was read behind it.
async fn head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Option<(String, usize)>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let behind = buffer.split_off(end + 4);
            let text = String::from_utf8_lossy(buffer).into_owned();
            *buffer = behind;
            let length = text.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            return Ok(Some((text.clone(), length.unwrap_or("0").parse()?)));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// Reads and forgets so many bytes, some of which are in the buffer.
async fn skip(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> Result<()> {
    let mut left = length.checked_sub(buffer.len()).context("more than one at once")?;
    buffer.clear();
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            bail!("the end came too early");
        }
        left = left.checked_sub(read).context("more than one at once")?;
    }
    Ok(())
}

async fn zeros(stream: &mut TcpStream, length: usize) -> Result<()> {
    let piece = vec![0; PIECE];
    let mut left = length;
    while left > 0 {
        let len = left.min(PIECE);
        stream.write_all(&piece[..len]).await?;
        left -= len;
    }
    Ok(())
}

/// The server: takes any body, and gives as many bytes as the path says.
async fn answer(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some((text, length)) = head(&mut stream, &mut buffer).await? {
        skip(&mut stream, &mut buffer, length).await?;
        let path = text.split(' ').nth(1).unwrap_or_default();
        let length: usize = path.trim_start_matches('/').parse().unwrap_or(0);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        zeros(&mut stream, length).await?;
    }
    Ok(())
}

fn mib_per_second(bytes: usize, took: Duration) -> u64 {
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    u64::try_from(bytes >> 20).unwrap_or(0) * 1000 / ms
}

async fn put(world: &World, address: SocketAddr) -> Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    let began = world.clock.now();
    let request = format!("PUT /0 HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE_BYTES}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    zeros(&mut stream, LARGE_BYTES).await?;
    head(&mut stream, &mut Vec::new()).await?.context("no answer")?;
    Ok(mib_per_second(LARGE_BYTES, began.elapsed()))
}

async fn get(world: &World, address: SocketAddr) -> Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    let began = world.clock.now();
    let request = format!("GET /{LARGE_BYTES} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = Vec::new();
    let (_, length) = head(&mut stream, &mut buffer).await?.context("no answer")?;
    skip(&mut stream, &mut buffer, length).await?;
    Ok(mib_per_second(length, began.elapsed()))
}

/// The median and the 99th percentile of requests for 100 bytes, one after another.
async fn small(world: &World, address: SocketAddr, count: usize) -> Result<(Duration, Duration)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut buffer, mut took) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let began = world.clock.now();
        stream.write_all(b"GET /100 HTTP/1.1\r\nHost: a\r\n\r\n").await?;
        let (_, length) = head(&mut stream, &mut buffer).await?.context("no answer")?;
        skip(&mut stream, &mut buffer, length).await?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    Ok((took[count / 2], took[count * 99 / 100]))
}
