//! Connections over real sockets: slow peers, too many of them, and the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use agent::http::{HttpSettings, serve};
use engine::{Engine, EngineConfig};
use ledger::memory::MemoryLedger;
use store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use world::World;

/// An agent that listens.
struct Listening {
    engine: Engine,
    address: SocketAddr,
    settings: HttpSettings,
    served: tokio::sync::oneshot::Receiver<std::io::Result<()>>,
}

async fn listen(settings: HttpSettings) -> Listening {
    let world = World::real();
    let (ledger, store) = (Arc::new(MemoryLedger::sql_like()), Store::memory(world.clone()));
    let engine = Engine::start(world.child("engine"), EngineConfig::default(), ledger, store).await;
    let engine = engine.expect("works in a test");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("works in a test");
    let address = listener.local_addr().expect("works in a test");
    let (tell, served) = tokio::sync::oneshot::channel();
    let serving = serve(engine.clone(), listener, settings.clone());
    world.tasks.spawn("the front", async move {
        let _ = tell.send(serving.await);
    });
    Listening {
        engine,
        address,
        settings,
        served,
    }
}

impl Listening {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("works in a test")
    }
}

/// All that a peer says until it closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset says as well as an end that it is over.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn head(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.contains("\r\n\r\n") {
        let mut byte = [0; 1];
        if stream.read(&mut byte).await.expect("works in a test") == 0 {
            break;
        }
        text.push(char::from(byte[0]));
    }
    text
}

#[tokio::test]
async fn a_head_or_body_that_does_not_come_is_given_up() {
    let settings = HttpSettings {
        header_timeout: Duration::from_millis(100),
        body_timeout: Duration::from_millis(100),
        ..HttpSettings::default()
    };
    let agent = listen(settings).await;
    let mut slow = agent.connect().await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    rest(&mut slow).await;
    let mut slow = agent.connect().await;
    slow.write_all(b"PUT /v1/topics/t HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n{")
        .await
        .unwrap();
    let answer = rest(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("request_timeout"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed() {
    let agent = listen(HttpSettings {
        connections_max: 2,
        ..HttpSettings::default()
    })
    .await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut stream = agent.connect().await;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
        kept.push(stream);
    }
    let mut refused = agent.connect().await;
    let _ = refused.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(rest(&mut refused).await, "");
    drop(kept);
    for _ in 0..100 {
        let mut stream = agent.connect().await;
        let _ = stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await;
        if rest(&mut stream).await.starts_with("HTTP/1.1 200") {
            return;
        }
    }
    panic!("places are not given back");
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way() {
    let agent = listen(HttpSettings::default()).await;
    let mut made = agent.connect().await;
    made.write_all(b"PUT /v1/topics/t HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    assert!(rest(&mut made).await.starts_with("HTTP/1.1 201"));
    let mut poll = agent.connect().await;
    poll.write_all(b"GET /v1/topics/t/records?wait=60 HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n")
        .await
        .unwrap();
    assert!(head(&mut poll).await.contains("text/event-stream"));
    let mut append = agent.connect().await;
    append
        .write_all(b"POST /v1/topics/t HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n1")
        .await
        .unwrap();
    tokio::task::yield_now().await;
    // The append is under way once its memory is held.
    while agent.engine.health().memory_used_bytes == 0 {
        tokio::task::yield_now().await;
    }
    agent.settings.stop.cancel();
    append.write_all(b"2").await.unwrap();
    assert!(head(&mut append).await.starts_with("HTTP/1.1 200"));
    rest(&mut poll).await;
    agent.served.await.unwrap().unwrap();
    assert!(
        TcpStream::connect(agent.address).await.is_err(),
        "nobody listens any more"
    );
    agent.engine.stop(Duration::from_secs(5)).await;
}
