//! The network is cut and heals.

use std::io::ErrorKind;
use std::time::Duration;

use proxy::{Config, Cut, Direction, Error, How, Mode, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Client, Origin, ask, failed, until};

#[tokio::test]
async fn a_stalled_network_passes_nothing_and_closes_nothing() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let clock = &origin.world.clock;
    let mut old = Client::connect(proxy.address()).await;
    assert!(old.ask("GET", "/1", b"").await.is_ok());
    proxy.cut(Cut::new(How::Stall)).expect("a cut");
    let mut new = Client::connect(proxy.address()).await;
    for client in [&mut old, &mut new] {
        let stalled = clock
            .timeout(Duration::from_millis(200), client.ask("GET", "/2", b""))
            .await;
        assert!(stalled.is_err());
    }
    assert_eq!(origin.paths(), ["/1"]);
    proxy.heal();
    for client in [&mut old, &mut new] {
        assert_eq!(client.answer("GET").await.expect("an answer").status, 200);
    }
    assert_eq!((proxy.counts().cuts, proxy.counts().cut), (1, None));
}

#[tokio::test]
async fn a_stall_of_one_way_applies_and_does_not_tell() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let stall = Cut::new(How::Stall)
        .one_way(Direction::Down)
        .lasting(Duration::from_millis(500));
    let began = origin.world.clock.now();
    proxy.cut(stall).expect("a cut");
    assert_eq!(proxy.counts().cut, Some(stall));
    assert!(ask(&proxy, "PUT", "/a", b"x").await.is_ok(), "it heals by itself");
    assert!(began.elapsed() >= Duration::from_millis(500));
    proxy.cut(Cut::new(How::Stall).one_way(Direction::Down)).expect("a cut");
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        .await;
    until("it is applied", || origin.paths() == ["/a", "/b"]).await;
    proxy.cut(Cut::new(How::Reset)).expect("a cut");
    assert_eq!(failed(client.answer("PUT").await), ErrorKind::ConnectionReset);
    assert!(proxy.cut(Cut::new(How::Reset).one_way(Direction::Up)).is_err());
}

#[tokio::test]
async fn a_reset_network_breaks_what_is_open_and_what_comes() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut old = Client::connect(proxy.address()).await;
    assert!(old.ask("GET", "/1", b"").await.is_ok());
    proxy.cut(Cut::new(How::Reset)).expect("a cut");
    assert_eq!(
        old.rest().await.1.expect_err("a reset").kind(),
        ErrorKind::ConnectionReset
    );
    // The kernel may tell of the reset when connecting already.
    if let Ok(stream) = TcpStream::connect(proxy.address()).await {
        let mut end = [0];
        assert!({ stream }.read(&mut end).await.is_err());
    }
    proxy.heal();
    assert!(ask(&proxy, "GET", "/2", b"").await.is_ok());
    until("all are closed", || proxy.counts().connections_open == 0).await;
}

#[tokio::test]
async fn a_network_that_refuses_has_no_listener_and_comes_back() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    for _ in 0..3 {
        let mut old = Client::connect(proxy.address()).await;
        assert!(old.ask("GET", "/1", b"").await.is_ok());
        proxy.cut(Cut::new(How::Refuse)).expect("a cut");
        assert_eq!(
            old.rest().await.1.expect_err("a reset").kind(),
            ErrorKind::ConnectionReset
        );
        let mut refused = false;
        for _ in 0..100 {
            // Until the listener is gone, connections are reset.
            if let Err(error) = TcpStream::connect(proxy.address()).await {
                refused |= error.kind() == ErrorKind::ConnectionRefused;
            }
            origin.world.clock.sleep(Duration::from_millis(1)).await;
        }
        assert!(refused);
        proxy.heal();
        until_served(&proxy).await;
    }
}

#[tokio::test]
async fn a_script_cuts_at_its_time() {
    let origin = Origin::start().await;
    let proxy = origin
        .proxy("[[cut]]\nat_ms = 300\nfor_ms = 1000\nhow = \"stall\"\n")
        .await;
    let began = origin.world.clock.now();
    assert!(ask(&proxy, "GET", "/1", b"").await.is_ok());
    until("it is cut", || proxy.counts().cut.is_some()).await;
    assert!(ask(&proxy, "GET", "/2", b"").await.is_ok());
    assert!(began.elapsed() >= Duration::from_millis(1250), "{:?}", began.elapsed());
    assert_eq!(proxy.counts().cuts, 1);
}

#[tokio::test]
async fn a_stopped_proxy_closes_everything() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let address = proxy.address();
    let mut client = Client::connect(address).await;
    assert!(client.ask("GET", "/1", b"").await.is_ok());
    assert_eq!(proxy.stop().await.connections_open, 0);
    let (rest, _) = client.rest().await;
    assert!(rest.is_empty());
    let refused = TcpStream::connect(address).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

/// A server of which the test is the other end.
async fn by_hand(world: &world::World, mode: Mode) -> (TcpListener, Proxy) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let upstream = listener.local_addr().expect("an address");
    let proxy = Proxy::start(world, Config::new(mode, upstream)).await.expect("a proxy");
    (listener, proxy)
}

#[tokio::test]
async fn an_end_does_not_pass_a_stalled_network() {
    let world = world::World::real();
    for (mode, way) in [
        (Mode::Http, Direction::Up),
        (Mode::Http, Direction::Down),
        (Mode::Tcp, Direction::Both),
    ] {
        let (listener, proxy) = by_hand(&world, mode).await;
        let mut client = Client::connect(proxy.address()).await;
        client.send("GET / HTTP/1.1\r\n\r\n").await;
        let (mut server, _) = listener.accept().await.expect("a connection");
        server.read_exact(&mut [0; 18]).await.expect("the request");
        server
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .expect("a write");
        client.answer("GET").await.expect("an answer");
        proxy.cut(Cut::new(How::Stall).one_way(way)).expect("a cut");
        let mut peer = if way == Direction::Up {
            drop(client);
            server
        } else {
            drop(server);
            client.stream
        };
        let mut byte = [0];
        let end = world
            .clock
            .timeout(Duration::from_millis(200), peer.read(&mut byte))
            .await;
        assert!(end.is_err(), "{mode:?} {way:?}: {end:?}");
        proxy.heal();
        let end = world.clock.timeout(Duration::from_secs(10), peer.read(&mut byte)).await;
        assert!(matches!(end, Ok(Ok(0))), "{mode:?} {way:?}: {end:?}");
    }
}

#[tokio::test]
async fn what_switches_is_a_tunnel() {
    let world = world::World::real();
    let (listener, proxy) = by_hand(&world, Mode::Http).await;
    let mut client = Client::connect(proxy.address()).await;
    client.send("GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n").await;
    let (mut server, _) = listener.accept().await.expect("a connection");
    server.read_exact(&mut [0; 30]).await.expect("the request");
    server
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\nfirst")
        .await
        .expect("a write");
    let head = client.head().await.expect("a head");
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let first = world.clock.timeout(Duration::from_secs(10), client.bytes(5)).await;
    assert_eq!(first.expect("it came with the head").expect("bytes"), b"first");
    client.send("second").await;
    let mut second = [0; 6];
    server.read_exact(&mut second).await.expect("what the client sent");
    assert_eq!(&second, b"second");
    drop(server);
    assert!(client.rest().await.0.is_empty());
}

#[tokio::test]
async fn a_port_is_not_taken_from_another_and_is_kept_from_others() {
    let origin = Origin::start().await;
    let on = |listen| Config {
        listen,
        ..Config::new(Mode::Http, origin.address)
    };
    let taken = Proxy::start(&origin.world, on(origin.address)).await;
    assert!(matches!(taken, Err(Error::Listen { .. })), "{taken:?}");
    let proxy = origin.proxy("").await;
    let taken = Proxy::start(&origin.world, on(proxy.address())).await;
    assert!(matches!(taken, Err(Error::Listen { .. })), "{taken:?}");
    // While it refuses, nobody is given its port.
    proxy.cut(Cut::new(How::Refuse)).expect("a cut");
    let mut others = Vec::new();
    for _ in 0..1_000 {
        let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        assert_ne!(other.local_addr().expect("an address"), proxy.address());
        others.push(other);
    }
    proxy.heal();
    until_served(&proxy).await;
}

async fn until_served(proxy: &Proxy) {
    let clock = world::World::real().clock;
    for _ in 0..1_000 {
        if TcpStream::connect(proxy.address()).await.is_ok() {
            assert!(ask(proxy, "GET", "/", b"").await.is_ok());
            return;
        }
        clock.sleep(Duration::from_millis(5)).await;
    }
    panic!("never served again");
}
