//! What strikes requests and answers, and what the server saw of it.

use std::io::ErrorKind;
use std::time::Duration;

use crate::support::{Client, Origin, ask, failed, pattern, until};

fn rule(fault: &str) -> String {
    format!("[[rule]]\nname = \"it\"\nmatch = {{ path = \"/it*\" }}\nfault = {{ {fault} }}\n")
}

#[tokio::test]
async fn a_dropped_answer_was_given() {
    for (how, expect) in [
        ("close", ErrorKind::UnexpectedEof),
        ("reset", ErrorKind::ConnectionReset),
    ] {
        let origin = Origin::start().await;
        let proxy = origin
            .proxy(&rule(&format!("kind = \"drop_answer\", how = \"{how}\"")))
            .await;
        let body = pattern(100_000);
        assert_eq!(failed(ask(&proxy, "PUT", "/it", &body).await), expect);
        // Applied, and untold.
        let seen = origin.seen();
        assert_eq!((seen.len(), seen[0].whole), (1, true));
        assert_eq!(seen[0].body, body);
        assert!(ask(&proxy, "PUT", "/other", &body).await.is_ok());
        let counts = proxy.counts();
        assert_eq!(counts.happened("it"), 1);
        assert_eq!(counts.answers, 1, "the dropped one is not counted");
    }
}

#[tokio::test]
async fn an_answer_is_dropped_behind_its_interim_one() {
    let origin = Origin::start().await;
    let proxy = origin.proxy(&rule("kind = \"drop_answer\"")).await;
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /it HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        .await;
    assert!(client.head().await.expect("an answer").starts_with("HTTP/1.1 100 "));
    client.send("hello").await;
    let (rest, ended) = client.rest().await;
    assert!(rest.is_empty() && ended.is_ok());
    assert_eq!(origin.paths(), ["/it"]);
}

#[tokio::test]
async fn a_dropped_request_was_not_given() {
    for (how, expect) in [
        ("close", ErrorKind::UnexpectedEof),
        ("reset", ErrorKind::ConnectionReset),
    ] {
        let origin = Origin::start().await;
        let proxy = origin
            .proxy(&rule(&format!("kind = \"drop_request\", how = \"{how}\"")))
            .await;
        assert_eq!(failed(ask(&proxy, "GET", "/it", b"").await), expect);
        assert!(origin.seen().is_empty());
        assert_eq!(proxy.counts().happened("it"), 1);
    }
}

#[tokio::test]
async fn a_cut_request_is_a_half() {
    let body = pattern(100_000);
    for (cut, length) in [
        ("fraction = 0.5", Some(50_000)),
        ("after_bytes = 10", Some(10)),
        ("after_bytes = 0", Some(0)),
        ("after_bytes = 10, how = \"reset\"", None),
    ] {
        let origin = Origin::start().await;
        let proxy = origin.proxy(&rule(&format!("kind = \"cut_request\", {cut}"))).await;
        assert!(ask(&proxy, "PUT", "/it", &body).await.is_err(), "{cut}");
        until("the server sees the end", || !origin.seen().is_empty()).await;
        let seen = &origin.seen()[0];
        assert!(!seen.whole, "{cut}");
        // A reset may take with it what was not read yet.
        if let Some(length) = length {
            assert_eq!(seen.body, body[..length], "{cut}");
        }
        assert_eq!(proxy.counts().happened("it"), 1);
        assert!(ask(&proxy, "PUT", "/other", &body).await.is_ok());
    }
}

#[tokio::test]
async fn a_chunked_request_is_cut_within_its_content() {
    let origin = Origin::start().await;
    let proxy = origin.proxy(&rule("kind = \"cut_request\", after_bytes = 7")).await;
    let mut client = Client::connect(proxy.address()).await;
    client
        .send("PUT /it HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    client.send("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n").await;
    drop(client.rest().await);
    until("the server sees the end", || !origin.seen().is_empty()).await;
    let seen = &origin.seen()[0];
    assert_eq!((seen.body.as_slice(), seen.whole), (&b"hello w"[..], false));
}

#[tokio::test]
async fn what_is_shorter_than_its_cut_is_whole_and_not_counted() {
    let origin = Origin::start().await;
    let proxy = origin.proxy(&rule("kind = \"cut_request\", after_bytes = 5")).await;
    assert!(ask(&proxy, "PUT", "/it", b"hello").await.is_ok());
    let counts = proxy.counts();
    let rule = counts.rule("it").expect("the rule");
    assert_eq!((rule.matched, rule.struck, rule.happened), (1, 1, 0));
}

#[tokio::test]
async fn a_truncated_answer_ends_early() {
    for (path, cut, length, clean) in [
        ("/it/bytes", "after_bytes = 10", 10, true),
        ("/it/bytes", "fraction = 0.25", 25_000, true),
        ("/it/bytes", "after_bytes = 0", 0, true),
        ("/it/bytes", "after_bytes = 10, how = \"reset\"", 10, false),
    ] {
        let origin = Origin::start().await;
        let script = rule(&format!("kind = \"truncate_answer\", {cut}")).replace("/it*", "/bytes/*");
        let proxy = origin.proxy(&script).await;
        let mut client = Client::connect(proxy.address()).await;
        client.send("GET /bytes/100000 HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let head = client.head().await.expect("a head");
        assert!(head.contains("content-length: 100000"), "{head}");
        let (rest, ended) = client.rest().await;
        assert_eq!(ended.is_ok(), clean, "{path} {cut}: {ended:?}");
        if clean {
            assert_eq!(rest, pattern(100_000)[..length], "{cut}");
        }
        assert_eq!(proxy.counts().happened("it"), 1);
    }
}

#[tokio::test]
async fn one_bit_of_an_answer_is_flipped() {
    let origin = Origin::start().await;
    let script = rule("kind = \"flip_answer\"").replace("/it*", "/*/5000");
    let proxy = origin.proxy(&script).await;
    let mut client = Client::connect(proxy.address()).await;
    let flipped = client.ask("GET", "/bytes/5000", b"").await.expect("an answer").body;
    let differ = |body: &[u8]| {
        let pairs = body.iter().zip(pattern(5000));
        pairs.map(|(one, other)| (one ^ other).count_ones()).sum::<u32>()
    };
    assert_eq!((flipped.len(), differ(&flipped)), (5000, 1));
    // Where there is no length there is no place.
    let chunked = client.ask("GET", "/chunked/5000", b"").await.expect("an answer").body;
    assert_eq!(differ(&chunked), 0);
    assert!(client.ask("PUT", "/bytes/5000", b"").await.is_ok());
    let counts = proxy.counts();
    let rule = counts.rule("it").expect("the rule");
    assert_eq!((rule.struck, rule.happened, rule.at.clone()), (3, 1, vec![1]));
}

#[tokio::test]
async fn a_place_is_flipped_in_chunks_too() {
    let origin = Origin::start().await;
    let script = rule("kind = \"flip_answer\", at = 2500").replace("/it*", "/*");
    let proxy = origin.proxy(&script).await;
    let body = ask(&proxy, "GET", "/chunked/5000", b"").await.expect("an answer").body;
    let wrong: Vec<usize> = (0..5000).filter(|at| body[*at] != pattern(5000)[*at]).collect();
    assert_eq!(wrong, [2500]);
}

#[tokio::test]
async fn a_delay_is_before_the_effect_or_behind_it() {
    for (kind, before) in [("delay_request", true), ("delay_answer", false)] {
        let origin = Origin::start().await;
        let proxy = origin.proxy(&rule(&format!("kind = \"{kind}\", by = \"1s\""))).await;
        let clock = origin.world.clock.clone();
        let mut client = Client::connect(proxy.address()).await;
        let began = clock.now();
        client.send("GET /it HTTP/1.1\r\nHost: a\r\n\r\n").await;
        if !before {
            until("the request is there", || !origin.seen().is_empty()).await;
        }
        clock.sleep(Duration::from_millis(100)).await;
        assert_eq!(origin.seen().is_empty(), before, "{kind}");
        assert_eq!(client.answer("GET").await.expect("an answer").status, 200);
        assert!(
            began.elapsed() >= Duration::from_millis(1000),
            "{kind}: {:?}",
            began.elapsed()
        );
        assert_eq!(proxy.counts().happened("it"), 1);
    }
}

#[tokio::test]
async fn delays_add_up_and_go_together_with_another_fault() {
    let origin = Origin::start().await;
    let slow = "[[rule]]\nfault = { kind = \"delay_request\", by = \"150ms\" }\n\
        [[rule]]\nfault = { kind = \"delay_answer\", by = \"150ms\" }\n";
    let proxy = origin.proxy(&format!("{slow}{}", rule("kind = \"drop_answer\""))).await;
    let began = origin.world.clock.now();
    assert_eq!(failed(ask(&proxy, "PUT", "/it", b"x").await), ErrorKind::UnexpectedEof);
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    let counts = proxy.counts();
    let happened: Vec<u64> = counts.rules.iter().map(|rule| rule.happened).collect();
    assert_eq!(happened, [1, 1, 1]);
}

#[tokio::test]
async fn every_request_takes_the_latency() {
    let origin = Origin::start().await;
    let proxy = origin.proxy("latency = \"200ms\"").await;
    let mut client = Client::connect(proxy.address()).await;
    for _ in 0..2 {
        let began = origin.world.clock.now();
        assert!(client.ask("PUT", "/a", b"x").await.is_ok());
        assert!(began.elapsed() >= Duration::from_millis(199), "{:?}", began.elapsed());
    }
}
