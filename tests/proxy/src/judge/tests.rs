use std::sync::Arc;
use std::time::Duration;

use world::{Clock, Instant};

use super::Judge;
use crate::Mode;
use crate::http::Request;
use crate::script::Script;

fn judge(script: &str, seed: u64) -> (Arc<Judge>, Instant) {
    let now = Clock::real().now();
    let script = Script::parse(script).expect("a script");
    let judge = Judge::begin(script, Mode::Http, seed, None, now).expect("a script for http");
    (Arc::new(judge), now)
}

fn request(line: &str) -> Request {
    let head = format!("{line} HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\nIf-None-Match: *\r\n\r\n");
    Request::parse(head.into_bytes().into()).expect("a request")
}

/// Which of a hundred alike requests are struck by the first rule that ends.
fn struck(judge: &Arc<Judge>, now: Instant) -> Vec<u64> {
    let request = request("PUT /a?x=1");
    let plans = (0..100).map(|_| judge.judge_request(1, &request, now));
    plans
        .filter(|plan| plan.effect().is_some())
        .map(|plan| plan.number)
        .collect()
}

const COIN: &str = "[[rule]]\nprobability = 0.3\nfault = { kind = \"drop_answer\" }\n";

#[test]
fn the_same_seed_strikes_the_same() {
    let runs = [1, 1, 2].map(|seed| {
        let (judge, now) = judge(COIN, seed);
        struck(&judge, now)
    });
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    assert!((15..45).contains(&runs[0].len()), "{:?}", runs[0]);
}

#[test]
fn what_others_draw_changes_nothing() {
    let named = COIN.replace("[[rule]]", "[[rule]]\nname = \"coin\"");
    let slowed = format!("[[rule]]\nfault = {{ kind = \"delay_request\", by = \"uniform:1ms,2ms\" }}\n{named}");
    let runs = [named, slowed].map(|script| {
        let (judge, now) = judge(&script, 1);
        struck(&judge, now)
    });
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn rates_are_kept() {
    for (rate, expect) in [
        ("every = 40", vec![40, 80]),
        ("every = 40\ntimes = 1", vec![40]),
        ("times = 3", vec![1, 2, 3]),
        ("probability = 0.0", vec![]),
        ("match = { requests = [5, 6] }", vec![5, 6]),
    ] {
        let (judge, now) = judge(&format!("[[rule]]\n{rate}\nfault = {{ kind = \"drop_answer\" }}\n"), 1);
        assert_eq!(struck(&judge, now), expect, "{rate}");
    }
}

#[test]
fn of_faults_that_end_the_first_strikes() {
    let script = "[[rule]]\nevery = 2\nfault = { kind = \"drop_answer\" }\n\
        [[rule]]\nfault = { kind = \"drop_request\" }\n\
        [[rule]]\nfault = { kind = \"delay_answer\", by = \"1ms\" }\n";
    let (judge, now) = judge(script, 1);
    assert_eq!(struck(&judge, now).len(), 100);
    let counts: Vec<(u64, u64)> = judge.counts().iter().map(|rule| (rule.matched, rule.struck)).collect();
    assert_eq!(counts, [(100, 50), (100, 50), (100, 100)]);
}

#[test]
fn all_that_a_match_says_must_hold() {
    for (conditions, expect) in [
        ("", true),
        ("method = \"PUT\"", true),
        ("method = \"GET\"", false),
        ("path = \"/logs/*.seg\"", true),
        ("path = \"/logs/*.seg?x=1\"", false),
        ("query = \"x=1\"", true),
        ("query = \"\"", false),
        ("operation = \"PutItem\"", true),
        ("operation = \"*Write*\"", false),
        ("header = { name = \"if-none-match\", value = \"[*]\" }", false),
        ("header = { name = \"IF-NONE-MATCH\" }", true),
        ("header = { name = \"range\" }", false),
        ("connections = [3, 3]", true),
        ("connections = [4, 9]", false),
        ("window_ms = [0, 100]", false),
        ("window_ms = [100, 300]", true),
        ("method = \"PUT\", path = \"/other\"", false),
    ] {
        let script = format!("[[rule]]\nmatch = {{ {conditions} }}\nfault = {{ kind = \"drop_answer\" }}\n");
        let (judge, now) = judge(&script, 1);
        let later = now + Duration::from_millis(200);
        let plan = judge.judge_request(3, &request("PUT /logs/a/b.seg?x=1"), later);
        assert_eq!(plan.effect().is_some(), expect, "{conditions}");
    }
}
