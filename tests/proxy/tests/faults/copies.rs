//! Requests that are delivered twice, or late.

use std::io::ErrorKind;

use crate::support::{Client, Origin, ask, delivered, failed, pattern};

#[tokio::test]
async fn a_duplicate_comes_later_on_a_connection_of_its_own() {
    let origin = Origin::start().await;
    let script =
        "[[rule]]\nname = \"twice\"\nmatch = { path = \"/a\" }\nfault = { kind = \"duplicate\", after = \"1500ms\" }\n";
    let proxy = origin.proxy(script).await;
    let mut client = Client::connect(proxy.address()).await;
    let body = pattern(100_000);
    assert_eq!(client.ask("PUT", "/a", &body).await.expect("an answer").status, 200);
    assert_eq!(client.ask("PUT", "/b", b"").await.expect("an answer").status, 200);
    assert_eq!(proxy.counts().happened("twice"), 0, "not yet");
    let counts = delivered(&proxy).await;
    let seen = origin.seen();
    assert_eq!(origin.paths(), ["/a", "/b", "/a"]);
    assert_eq!((&seen[2].body, seen[2].whole), (&body, true));
    assert_ne!(seen[2].connection, seen[0].connection);
    assert_eq!(
        (counts.happened("twice"), counts.copies_taken, counts.copies_failed),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_chunked_duplicate_is_the_same_bytes() {
    let origin = Origin::start().await;
    let proxy = origin
        .proxy("[[rule]]\nfault = { kind = \"duplicate\", after = \"1ms\" }\n")
        .await;
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        .await;
    assert_eq!(client.answer("PUT").await.expect("an answer").status, 200);
    delivered(&proxy).await;
    let bodies: Vec<Vec<u8>> = origin.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [b"hello", b"hello"]);
}

#[tokio::test]
async fn a_late_request_arrives_when_its_sender_is_gone() {
    let origin = Origin::start().await;
    let script = "[[rule]]\nname = \"late\"\ntimes = 1\nfault = { kind = \"late\", after = \"1500ms\" }\n";
    let proxy = origin.proxy(script).await;
    let body = pattern(100_000);
    assert_eq!(failed(ask(&proxy, "PUT", "/a", &body).await), ErrorKind::UnexpectedEof);
    assert!(origin.seen().is_empty());
    // It tries again, and its first attempt lands behind the second.
    assert!(ask(&proxy, "PUT", "/again", &body).await.is_ok());
    let counts = delivered(&proxy).await;
    assert_eq!(origin.paths(), ["/again", "/a"]);
    assert_eq!(origin.seen()[1].body, body);
    assert_eq!(counts.happened("late"), 1);
}

#[tokio::test]
async fn a_late_request_is_asked_for_its_body() {
    let origin = Origin::start().await;
    let proxy = origin
        .proxy("[[rule]]\nfault = { kind = \"late\", after = \"1ms\" }\n")
        .await;
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        .await;
    assert!(client.head().await.expect("an answer").starts_with("HTTP/1.1 100 "));
    client.send("hello").await;
    let (rest, _) = client.rest().await;
    assert!(rest.is_empty());
    delivered(&proxy).await;
    assert_eq!(origin.seen()[0].body, b"hello");
}

#[tokio::test]
async fn what_cannot_be_delivered_is_counted() {
    let origin = Origin::start().await;
    let script = "[[rule]]\nname = \"late\"\nfault = { kind = \"late\", after = \"1ms\" }\n";
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    };
    let config = proxy::Config::new(proxy::Mode::Http, gone)
        .with_script(script)
        .expect("a script");
    let proxy = proxy::Proxy::start(&origin.world, config).await.expect("a proxy");
    assert!(ask(&proxy, "PUT", "/a", b"x").await.is_err());
    let counts = delivered(&proxy).await;
    assert_eq!((counts.happened("late"), counts.copies_failed), (0, 1));
}
