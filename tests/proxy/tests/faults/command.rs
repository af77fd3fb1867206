//! The command as a driver runs it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use world::World;

use crate::support::{Client, Origin};

/// Started, and the line it says when it is ready.
fn start(arguments: &[&str]) -> (Child, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fault-proxy"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    let mut line = String::new();
    let out = child.stdout.take().expect("its output");
    BufReader::new(out).read_line(&mut line).expect("a line");
    (child, serde_json::from_str(&line).unwrap_or_default())
}

async fn ends(mut child: Child) -> Option<i32> {
    let waited = World::real().tasks.blocking(move || child.wait()).await;
    waited.expect("its end").code()
}

fn address(ready: &Value, name: &str) -> std::net::SocketAddr {
    ready[name]
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("an address")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_its_ports_serves_and_ends_with_its_driver() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script.toml");
    let text = "seed = 1\n[[rule]]\nname = \"first\"\ntimes = 1\nfault = { kind = \"drop_answer\" }\n";
    std::fs::write(&script, text).expect("a file");
    let upstream = origin.address.to_string();
    let (mut child, ready) = start(&[
        "--upstream",
        &upstream,
        "--script",
        script.to_str().expect("a text"),
        "--control",
        "127.0.0.1:0",
        "--seed",
        "9",
        "--until-stdin-closes",
    ]);
    assert_eq!(
        (&ready["seed"], &ready["upstream"]),
        (&9.into(), &Value::from(upstream))
    );
    let listen = address(&ready, "listen");
    assert!(Client::connect(listen).await.ask("PUT", "/a", b"x").await.is_err());
    assert!(Client::connect(listen).await.ask("PUT", "/b", b"x").await.is_ok());
    assert_eq!(origin.paths(), ["/a", "/b"]);
    let counts = Client::connect(address(&ready, "control"))
        .await
        .ask("GET", "/counts", b"")
        .await;
    let counts: proxy::Counts = serde_json::from_slice(&counts.expect("an answer").body).expect("counts");
    assert_eq!((counts.seed, counts.happened("first")), (9, 1));
    drop(child.stdin.take());
    assert_eq!(ends(child).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_it_is_asked_to() {
    let origin = Origin::start().await;
    let (mut child, ready) = start(&["--mode", "tcp", "--upstream", &origin.address.to_string()]);
    let mut client = Client::connect(address(&ready, "listen")).await;
    assert!(client.ask("GET", "/", b"").await.is_ok());
    let killed = Command::new("kill").arg(child.id().to_string()).status().expect("kill");
    assert!(killed.success());
    let stdin = child.stdin.take();
    assert_eq!(ends(child).await, Some(0));
    drop(stdin);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_what_it_cannot_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script.toml");
    std::fs::write(&script, "[[rule]]\nfault = { kind = \"close\" }\n").expect("a file");
    let script = script.to_str().expect("a text");
    for (arguments, why) in [
        (vec!["--upstream", "192.0.2.1:80"], "not an address of the loopback"),
        (
            vec!["--upstream", "127.0.0.1:1", "--script", script],
            "no fault of mode http",
        ),
        (
            vec!["--upstream", "127.0.0.1:1", "--script", "/none"],
            "cannot read /none",
        ),
        (vec!["--upstream", "127.0.0.1:1", "--latency", "slow"], "none of 35ms"),
        (vec![], "--upstream"),
    ] {
        let (mut child, ready) = start(&arguments);
        assert_eq!(ready, Value::Null);
        let stderr = child.stderr.take().expect("its errors");
        let said = std::io::read_to_string(stderr).expect("a text");
        assert!(said.contains(why), "{arguments:?}: {said}");
        assert_ne!(ends(child).await, Some(0));
    }
}
