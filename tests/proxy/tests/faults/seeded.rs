//! One seed, one run.

use proxy::{Counts, Script};

use crate::support::{Client, Origin, pattern};

const SCRIPT: &str = r#"
[[rule]]
name = "drop"
probability = 0.1
fault = { kind = "drop_answer" }
[[rule]]
name = "slow-down"
match = { method = "PUT" }
probability = 0.2
fault = { kind = "answer_s3", code = "SlowDown" }
[[rule]]
name = "cut"
match = { method = "PUT" }
probability = 0.2
fault = { kind = "cut_request" }
[[rule]]
name = "truncate"
match = { method = "GET" }
probability = 0.2
fault = { kind = "truncate_answer" }
[[rule]]
name = "flip"
match = { method = "GET" }
every = 3
fault = { kind = "flip_answer" }
"#;

/// What a client saw of 200 requests one after another, what the server saw, and the counts.
async fn run(seed: u64) -> (Vec<String>, Vec<usize>, Counts) {
    let origin = Origin::start().await;
    let proxy = origin.proxy(&format!("seed = {seed}\n{SCRIPT}")).await;
    let mut client = Client::connect(proxy.address()).await;
    let mut told = Vec::new();
    for number in 0..200 {
        let (method, body) = if number % 2 == 0 {
            ("PUT", pattern(500))
        } else {
            ("GET", Vec::new())
        };
        let answer = client.ask(method, "/bytes/500", &body).await;
        if answer.is_err() {
            client = Client::connect(proxy.address()).await;
        }
        // A cut or truncated body may end in a reset or not; what came is the server's and the counts' to say.
        told.push(answer.map_or("failed".to_owned(), |answer| {
            format!("{} {:?}", answer.status, answer.body)
        }));
    }
    drop(client);
    let counts = proxy.stop().await;
    let seen = origin.seen().iter().map(|seen| seen.body.len()).collect();
    (told, seen, counts)
}

#[tokio::test]
async fn the_same_seed_does_the_same_again() {
    let (told, seen, counts) = run(7).await;
    let (again_told, again_seen, again) = run(7).await;
    assert_eq!(counts.rules, again.rules);
    assert_eq!(told, again_told);
    assert_eq!(seen, again_seen);
    assert!(counts.rules.iter().all(|rule| rule.happened > 5), "{:?}", counts.rules);
    let (_, _, other) = run(8).await;
    assert_ne!(counts.rules, other.rules);
}

#[tokio::test]
async fn another_script_begins_anew() {
    let origin = Origin::start().await;
    let first = "[[rule]]\nname = \"a\"\nmatch = { requests = [2, 2] }\nfault = { kind = \"drop_request\" }\n";
    let proxy = origin.proxy(first).await;
    for name in ["a", "b"] {
        let mut client = Client::connect(proxy.address()).await;
        assert!(client.ask("GET", "/", b"").await.is_ok(), "{name}");
        assert!(client.ask("GET", "/", b"").await.is_err(), "{name}");
        let script = Script::parse(&first.replace("\"a\"", "\"b\"")).expect("a script");
        let before = proxy.follow(script).expect("a script for http");
        assert_eq!(before.happened(name), 1);
    }
    assert_eq!((proxy.counts().requests, proxy.seed()), (4, 1));
    let refused = Script::parse("[[rule]]\nfault = { kind = \"close\" }\n").expect("a script");
    assert!(proxy.follow(refused).is_err());
    assert!(proxy.counts().rule("b").is_some(), "the one before is still followed");
}
