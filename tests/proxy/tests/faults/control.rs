//! The proxy's own port.

use std::time::Duration;

use proxy::{Config, Counts, Mode, Proxy};

use crate::support::{Answer, Client, Origin, ask};

async fn start(origin: &Origin) -> (Proxy, Client) {
    let config = Config {
        control: Some("127.0.0.1:0".parse().expect("an address")),
        ..Config::new(Mode::Http, origin.address)
    };
    let proxy = Proxy::start(&origin.world, config).await.expect("a proxy");
    let control = Client::connect(proxy.control().expect("a port")).await;
    (proxy, control)
}

fn counts(answer: &Answer) -> Counts {
    assert_eq!(answer.status, 200, "{:?}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).expect("counts")
}

#[tokio::test]
async fn scripts_come_and_go_and_are_counted() {
    let origin = Origin::start().await;
    let (proxy, mut control) = start(&origin).await;
    assert!(ask(&proxy, "GET", "/1", b"").await.is_ok());
    let script = b"[[rule]]\nname = \"drop\"\nfault = { kind = \"drop_answer\" }\n";
    let before = counts(&control.ask("POST", "/script", script).await.expect("an answer"));
    assert_eq!((before.requests, before.rules.len()), (1, 0));
    assert!(ask(&proxy, "GET", "/2", b"").await.is_err());
    let now = counts(&control.ask("GET", "/counts", b"").await.expect("an answer"));
    assert_eq!((now.requests, now.happened("drop")), (2, 1));
    assert_eq!(now, proxy.counts());
    let before = counts(&control.ask("POST", "/script", b"").await.expect("an answer"));
    assert_eq!(before.happened("drop"), 1);
    assert!(ask(&proxy, "GET", "/3", b"").await.is_ok());
}

#[tokio::test]
async fn the_network_is_cut_and_healed() {
    let origin = Origin::start().await;
    let (proxy, mut control) = start(&origin).await;
    let cut = control
        .ask("POST", "/cut", br#"{"how":"stall","direction":"up"}"#)
        .await;
    assert_eq!(cut.expect("an answer").status, 204);
    let asking = ask(&proxy, "GET", "/1", b"");
    assert!(
        origin
            .world
            .clock
            .timeout(Duration::from_millis(100), asking)
            .await
            .is_err()
    );
    assert_eq!(control.ask("POST", "/heal", b"").await.expect("an answer").status, 204);
    assert!(ask(&proxy, "GET", "/2", b"").await.is_ok());
    let cut = control.ask("POST", "/cut", br#"{"how":"reset","for_ms":100}"#).await;
    assert_eq!(cut.expect("an answer").status, 204);
    origin.world.clock.sleep(Duration::from_millis(110)).await;
    assert!(ask(&proxy, "GET", "/3", b"").await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let origin = Origin::start().await;
    let (proxy, mut control) = start(&origin).await;
    for (method, path, body, status) in [
        ("POST", "/script", "[[rule]]\nfault = { kind = \"close\" }\n", 400),
        ("POST", "/script", "nonsense", 400),
        ("POST", "/cut", "{\"how\":\"explode\"}", 400),
        ("POST", "/cut", "{\"how\":\"reset\",\"direction\":\"up\"}", 400),
        ("POST", "/cut", "{\"how\":\"reset\",\"for_s\":1}", 400),
        ("GET", "/script", "", 404),
        ("GET", "/", "", 404),
    ] {
        let answer = control.ask(method, path, body.as_bytes()).await.expect("an answer");
        assert_eq!(answer.status, status, "{method} {path} {body}");
    }
    assert_eq!(proxy.counts().cuts, 0);
    assert!(ask(&proxy, "GET", "/1", b"").await.is_ok());
}
