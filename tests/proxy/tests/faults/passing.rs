//! Without a script everything passes as it is.

use tokio::io::AsyncWriteExt as _;

use crate::support::{Client, Origin, ask, pattern, until};

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut client = Client::connect(proxy.address()).await;
    for length in [0, 1, 100_000] {
        let body = pattern(length);
        let put = client
            .ask("PUT", &format!("/put/{length}"), &body)
            .await
            .expect("an answer");
        assert_eq!((put.status, put.body.len()), (200, 0));
        let get = client
            .ask("GET", &format!("/bytes/{length}"), b"")
            .await
            .expect("an answer");
        assert_eq!((get.status, get.body), (200, body));
        let chunked = client
            .ask("GET", &format!("/chunked/{length}"), b"")
            .await
            .expect("an answer");
        assert_eq!((chunked.status, chunked.body), (200, pattern(length)));
        assert!(chunked.head.contains("transfer-encoding: chunked"), "{}", chunked.head);
    }
    for (method, path, status) in [
        ("HEAD", "/bytes/77", 200),
        ("GET", "/unchanged", 304),
        ("GET", "/none", 204),
        ("DELETE", "/x", 200),
    ] {
        let answer = client.ask(method, path, b"").await.expect("an answer");
        assert_eq!((answer.status, answer.body.len()), (status, 0), "{method} {path}");
    }
    let seen = origin.seen();
    assert_eq!(seen.len(), 13);
    assert!(seen.iter().all(|seen| seen.connection == 1 && seen.whole), "{seen:?}");
    assert_eq!(seen[6].body, pattern(100_000));
    let counts = proxy.stop().await;
    assert_eq!((counts.connections, counts.requests, counts.answers), (1, 13, 13));
    assert_eq!(counts.connections_open, 0);
}

#[tokio::test]
async fn a_head_of_an_answer_to_head_keeps_its_length() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let answer = ask(&proxy, "HEAD", "/bytes/77", b"").await.expect("an answer");
    assert!(answer.head.contains("content-length: 77"), "{}", answer.head);
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_order() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut client = Client::connect(proxy.address()).await;
    let mut all = Vec::new();
    for length in 1..=20 {
        let body = pattern(length);
        all.extend(format!("PUT /bytes/{length} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n").bytes());
        all.extend(body);
    }
    client.send(&all).await;
    for length in 1..=20 {
        let answer = client.answer("PUT").await.expect("an answer");
        assert_eq!(answer.body, pattern(length));
    }
    let bodies: Vec<usize> = origin.seen().iter().map(|seen| seen.body.len()).collect();
    assert_eq!(bodies, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_chunked_request_passes_byte_for_byte() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhel")
        .await;
    client.send("lo\r\n6\r\n world\r\n0\r\nTrail: er\r\n\r\n").await;
    assert_eq!(client.answer("PUT").await.expect("an answer").status, 200);
    assert_eq!(origin.seen()[0].body, b"hello world");
    assert_eq!(client.ask("GET", "/b", b"").await.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_body_is_sent_when_the_server_asks_for_it() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut client = Client::connect(proxy.address()).await;
    for path in ["/a", "/b"] {
        let head = format!("PUT {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        client.send(head).await;
        let interim = client.head().await.expect("an answer");
        assert!(interim.starts_with("HTTP/1.1 100 "), "{interim}");
        client.send("hello").await;
        assert_eq!(client.answer("PUT").await.expect("an answer").status, 200);
    }
    assert_eq!(origin.paths(), ["/a", "/b"]);
}

#[tokio::test]
async fn an_answer_may_come_before_its_request_is_whole() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
        .await;
    assert_eq!(client.answer("PUT").await.expect("an answer").status, 413);
}

#[tokio::test]
async fn what_the_client_breaks_off_is_broken_off() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /half HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
        .await;
    client.stream.shutdown().await.expect("an end");
    until("the server sees the end", || !origin.seen().is_empty()).await;
    let seen = &origin.seen()[0];
    assert_eq!((seen.body.as_slice(), seen.whole), (&b"abc"[..], false));
}

#[tokio::test]
async fn old_clients_are_served_and_closed() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut client = Client::connect(proxy.address()).await;
    client.send("GET /bytes/5 HTTP/1.0\r\n\r\n").await;
    let (rest, ended) = client.rest().await;
    assert!(rest.ends_with(&pattern(5)) && ended.is_ok(), "{ended:?}");
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_counted() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("").await;
    let mut client = Client::connect(proxy.address()).await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    let (rest, _) = client.rest().await;
    assert!(rest.is_empty());
    assert_eq!(proxy.counts().not_http, 1);
    assert!(origin.seen().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_resets() {
    let origin = Origin::start().await;
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    };
    let config = proxy::Config::new(proxy::Mode::Http, gone);
    let proxy = proxy::Proxy::start(&origin.world, config).await.expect("a proxy");
    assert!(ask(&proxy, "GET", "/", b"").await.is_err());
    assert_eq!(proxy.counts().upstream_refused, 1);
}

#[tokio::test]
async fn only_this_machine_is_served() {
    let world = world::World::real();
    let far = "192.0.2.1:80".parse().expect("an address");
    let near = "127.0.0.1:1".parse().expect("an address");
    let configs = [
        proxy::Config::new(proxy::Mode::Http, far),
        proxy::Config {
            listen: "0.0.0.0:0".parse().expect("an address"),
            ..proxy::Config::new(proxy::Mode::Tcp, near)
        },
        proxy::Config {
            control: Some(far),
            ..proxy::Config::new(proxy::Mode::Tcp, near)
        },
    ];
    for config in configs {
        let refused = proxy::Proxy::start(&world, config).await.expect_err("no proxy");
        assert!(matches!(refused, proxy::Error::NotLoopback(_)), "{refused}");
    }
}
