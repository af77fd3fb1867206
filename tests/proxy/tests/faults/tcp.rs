//! Mode tcp: against a server that sends back what it gets.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use proxy::{Config, Cut, How, Mode, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use world::World;

use crate::support::{pattern, until};

/// A server that sends everything back until the client ends, and then ends.
async fn echo(world: &World) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let tasks = world.tasks.clone();
    world.tasks.spawn("echo", async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tasks.spawn("connection", async move {
                let (mut read, mut write) = stream.split();
                // Clients break off here on purpose.
                drop(tokio::io::copy(&mut read, &mut write).await);
                drop(write.shutdown().await);
            });
        }
    });
    address
}

async fn start(world: &World, script: &str) -> Proxy {
    let config = Config::new(Mode::Tcp, echo(world).await)
        .with_script(script)
        .expect("a script");
    Proxy::start(world, config).await.expect("a proxy")
}

fn rule(fault: &str) -> String {
    format!("[[rule]]\nname = \"it\"\nfault = {{ {fault} }}\n")
}

/// Sends all and reads until the end, at the same time: what came, and how it ended.
async fn exchange(proxy: &Proxy, bytes: &[u8]) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(proxy.address()).await.expect("a connection");
    let (mut read, mut write) = stream.split();
    let mut came = Vec::new();
    let send = async {
        // A cut breaks the write; the read tells how.
        let _ = write.write_all(bytes).await;
        let _ = write.shutdown().await;
    };
    let ((), ended) = tokio::join!(send, read.read_to_end(&mut came));
    (came, ended)
}

#[tokio::test]
async fn bytes_pass_both_ways_and_so_do_ends() {
    let world = World::real();
    let proxy = start(&world, "").await;
    let bytes = pattern(3_000_000);
    let (came, ended) = exchange(&proxy, &bytes).await;
    assert!(ended.is_ok() && came == bytes);
    let counts = proxy.stop().await;
    assert_eq!((counts.bytes_up, counts.bytes_down), (3_000_000, 3_000_000));
}

#[tokio::test]
async fn a_connection_is_accepted_and_ends() {
    for (how, kind) in [("close", None), ("reset", Some(ErrorKind::ConnectionReset))] {
        let world = World::real();
        let script = format!(
            "[[rule]]\nname = \"it\"\nmatch = {{ connections = [2, 2] }}\nfault = {{ kind = \"close\", how = \"{how}\" }}\n"
        );
        let proxy = start(&world, &script).await;
        assert_eq!(exchange(&proxy, b"one").await.0, b"one");
        let mut stream = TcpStream::connect(proxy.address()).await.expect("a connection");
        let ended = stream.read(&mut [0]).await;
        assert_eq!(ended.map_err(|error| error.kind()), kind.map_or(Ok(0), Err), "{how}");
        assert_eq!(exchange(&proxy, b"three").await.0, b"three");
        assert_eq!(proxy.counts().rule("it").map(|rule| rule.at.clone()), Some(vec![2]));
    }
}

#[tokio::test]
async fn a_connection_is_cut_behind_a_byte() {
    let bytes = pattern(200_000);
    for (direction, how) in [("up", "close"), ("down", "close"), ("both", "close"), ("down", "reset")] {
        let world = World::real();
        let fault = format!("kind = \"cut\", after_bytes = 100000, direction = \"{direction}\", how = \"{how}\"");
        let proxy = start(&world, &rule(&fault)).await;
        let (came, ended) = exchange(&proxy, &bytes).await;
        assert!(
            came.len() <= 100_000 && came == bytes[..came.len()],
            "{direction} {how}: {}",
            came.len()
        );
        if how == "reset" {
            assert!(ended.is_err());
        }
        let counts = proxy.counts();
        assert_eq!(counts.happened("it"), 1);
        let counted = if direction == "up" {
            counts.bytes_up
        } else {
            counts.bytes_down
        };
        assert!(
            counted <= 100_000 && (direction == "both" || counted == 100_000),
            "{direction}: {counts:?}"
        );
    }
}

#[tokio::test]
async fn a_stall_holds_one_way_for_a_time() {
    let world = World::real();
    let proxy = start(
        &world,
        &rule("kind = \"stall\", direction = \"down\", after_bytes = 4, for_ms = 400"),
    )
    .await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("a connection");
    let began = world.clock.now();
    stream.write_all(b"12345678").await.expect("a write");
    let mut came = [0; 8];
    stream.read_exact(&mut came[..4]).await.expect("a half");
    until("the other way goes on", || proxy.counts().bytes_up == 8).await;
    stream.read_exact(&mut came[4..]).await.expect("the other half");
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!(&came, b"12345678");
}

#[tokio::test]
async fn a_stall_without_end_closes_nothing() {
    let world = World::real();
    let proxy = start(&world, &rule("kind = \"stall\"")).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("a connection");
    stream.write_all(b"hello").await.expect("a write");
    let mut byte = [0];
    let read = world
        .clock
        .timeout(Duration::from_millis(200), stream.read(&mut byte))
        .await;
    assert!(read.is_err());
    let counts = proxy.counts();
    assert_eq!((counts.bytes_up, counts.happened("it")), (0, 1));
}

#[tokio::test]
async fn a_delay_keeps_the_order_and_the_throughput() {
    let world = World::real();
    let proxy = start(
        &world,
        &rule("kind = \"delay\", by = \"uniform:100ms,300ms\", direction = \"up\""),
    )
    .await;
    let bytes = pattern(3_000_000);
    let began = world.clock.now();
    let (came, ended) = exchange(&proxy, &bytes).await;
    assert!(ended.is_ok() && came == bytes);
    assert!(began.elapsed() >= Duration::from_millis(100), "{:?}", began.elapsed());
    // Some fifty pieces, each of them delayed, but all at the same time.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_bandwidth_is_kept() {
    let world = World::real();
    let script = rule("kind = \"bandwidth\", bytes_per_second = 100000, direction = \"down\"");
    let proxy = start(&world, &script).await;
    let began = world.clock.now();
    let (came, ended) = exchange(&proxy, &pattern(50_000)).await;
    assert!(ended.is_ok() && came.len() == 50_000);
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!(proxy.counts().happened("it"), 1);
}

#[tokio::test]
async fn every_answer_takes_the_latency() {
    let world = World::real();
    let proxy = start(&world, "latency = \"200ms\"\n").await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("a connection");
    for _ in 0..2 {
        let began = world.clock.now();
        stream.write_all(b"x").await.expect("a write");
        stream.read_exact(&mut [0]).await.expect("an answer");
        assert!(began.elapsed() >= Duration::from_millis(199), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_partition_stalls_and_then_breaks() {
    let world = World::real();
    let proxy = start(&world, "").await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("a connection");
    stream.write_all(b"1").await.expect("a write");
    stream.read_exact(&mut [0]).await.expect("an answer");
    proxy.cut(Cut::new(How::Stall)).expect("a cut");
    stream.write_all(b"2").await.expect("a write");
    let mut byte = [0];
    let stalled = world
        .clock
        .timeout(Duration::from_millis(100), stream.read(&mut byte))
        .await;
    assert!(stalled.is_err());
    proxy.cut(Cut::new(How::Refuse)).expect("a cut");
    let broken = stream.read(&mut byte).await.expect_err("a reset");
    assert_eq!(broken.kind(), ErrorKind::ConnectionReset);
}
