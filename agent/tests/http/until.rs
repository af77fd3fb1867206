//! Reads with an end: streams stop there for good, and pages that go on after an event stop there too.

use axum::body::Body;
use futures::StreamExt as _;
use serde_json::Value;

use crate::common::{Agent, request};

const PATH: &str = "/v1/topics/t/partitions/0/records";
const EVENTS: (&str, &str) = ("accept", "text/event-stream");
const LINES: (&str, &str) = ("accept", "application/x-ndjson");
/// Pieces of a stream that has ended, at most.
const PIECES_MAX: usize = 50;

/// An agent with so many records in one partition.
async fn filled(seed: u64, records: usize) -> Agent {
    let agent = Agent::new(seed).await;
    agent.topic("t", 1).await;
    let lines: Vec<String> = (0..records).map(|number| format!("{{\"n\":{number}}}")).collect();
    append(&agent, &lines.join("\n")).await;
    agent
}

async fn append(agent: &Agent, lines: &str) {
    let answer = agent.post("/v1/topics/t/partitions/0", LINES.1, lines.to_owned());
    answer.await.expect(200);
}

/// The status and the text of a stream, read until it ends.
async fn whole(agent: &Agent, query: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let path = format!("{PATH}?{query}");
    let response = agent.raw(request("GET", &path, headers, Body::empty())).await;
    let status = response.status().as_u16();
    let mut body = response.into_body().into_data_stream();
    let mut text = String::new();
    let mut pieces = 0;
    while let Some(piece) = body.next().await {
        pieces += 1;
        assert!(pieces <= PIECES_MAX, "{query} goes on: {text}");
        text.push_str(std::str::from_utf8(&piece.expect("works in a test")).expect("works in a test"));
    }
    (status, text)
}

fn numbers(text: &str) -> Vec<u64> {
    let number = |found: &str| {
        found
            .split('}')
            .next()
            .expect("works in a test")
            .parse()
            .expect("works in a test")
    };
    text.split("\"n\":").skip(1).map(number).collect()
}

/// The id of a stream's last event.
fn last_id(text: &str) -> String {
    let id = text.lines().rev().find_map(|line| line.strip_prefix("id: "));
    id.expect("works in a test").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_where_it_is_to_end() {
    let agent = filled(1, 6).await;
    for (query, expected) in [
        ("until=4", vec![0, 1, 2, 3]),
        ("offset=2&until=4&limit=1", vec![2, 3]),
        ("offset=4&until=latest", vec![4, 5]),
        ("until=0", vec![]),
        ("offset=4&until=4", vec![]),
        ("offset=4&until=2", vec![]),
        ("until=earliest", vec![]),
    ] {
        let (status, text) = whole(&agent, query, &[EVENTS]).await;
        assert_eq!((status, numbers(&text)), (200, expected.clone()), "{query}");
        let (status, text) = whole(&agent, &format!("{query}&wait=1"), &[LINES]).await;
        assert_eq!((status, numbers(&text)), (200, expected), "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_waits_for_an_end_that_is_to_come() {
    let agent = filled(2, 2).await;
    let clock = agent.engine.world().clock.clone();
    let later = async {
        clock.sleep(std::time::Duration::from_secs(3)).await;
        append(&agent, "{\"n\":2}\n{\"n\":3}").await;
    };
    let ((_, text), ()) = tokio::join!(whole(&agent, "until=3&wait=1", &[LINES]), later);
    assert_eq!(numbers(&text), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_event_source_that_comes_back_behind_the_end_is_sent_away() {
    let agent = filled(3, 6).await;
    for query in ["until=4", "until=0", "offset=4&until=2"] {
        let (_, text) = whole(&agent, query, &[EVENTS]).await;
        let id = last_id(&text);
        let back = whole(&agent, query, &[EVENTS, ("last-event-id", &id)]).await;
        assert_eq!(back, (204, String::new()), "{query}");
    }
    // One that was cut off before the end is not.
    let (_, text) = whole(&agent, "until=2", &[EVENTS]).await;
    let id = last_id(&text);
    let (status, text) = whole(&agent, "until=4", &[EVENTS, ("last-event-id", &id)]).await;
    assert_eq!((status, numbers(&text)), (200, vec![2, 3]));
    let (status, text) = whole(&agent, "until=4&wait=1", &[LINES, ("last-event-id", &id)]).await;
    assert_eq!((status, numbers(&text)), (200, vec![2, 3]));
}

#[tokio::test(start_paused = true)]
async fn a_page_behind_an_event_ends_where_it_is_to_end() {
    let agent = filled(4, 6).await;
    let (_, text) = whole(&agent, "until=2", &[EVENTS]).await;
    let id = last_id(&text);
    let page = |query: &str, headers: Vec<(&'static str, String)>| {
        let path = format!("{PATH}?{query}");
        let agent = &agent;
        async move {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            agent.send("GET", &path, &headers, Body::empty()).await.expect(200)
        }
    };
    let answer = page("offset=0&until=4", vec![("last-event-id", id.clone())]).await;
    assert_eq!(numbers(&answer.text()), [2, 3]);
    assert_eq!(answer.json()["next"], Value::from(format!("{PATH}?offset=4")));
    // Its URL says another range.
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = page("until=1", vec![("last-event-id", id)]).await;
    assert_eq!(numbers(&answer.text()), Vec::<u64>::new());
}
