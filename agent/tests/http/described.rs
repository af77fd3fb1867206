//! What the description says of values: whatever is taken fits it.

use axum::body::Body;
use regex_lite::Regex;
use serde_json::{Value, json};

use crate::common::Agent;

/// The pattern of a parameter.
fn pattern(api: &Value, (path, method): (&str, &str), name: &str) -> Regex {
    let parameters = api["paths"][path][method]["parameters"]
        .as_array()
        .expect("works in a test");
    let found = parameters
        .iter()
        .find(|parameter| parameter["name"] == name)
        .expect("works in a test");
    assert!(found["schema"]["maxLength"].as_u64().is_none_or(|length| length >= 64));
    Regex::new(found["schema"]["pattern"].as_str().expect("works in a test")).expect("works in a test")
}

#[tokio::test(start_paused = true)]
async fn a_position_that_is_taken_fits() {
    let agent = Agent::new(1).await;
    agent.topic("t", 1).await;
    let api = agent.get("/openapi.json").await.expect(200).json();
    let read = ("/v1/topics/{topic}/partitions/{partition}/records", "get");
    let patterns = [
        pattern(&api, ("/v1/topics/{topic}/offsets", "get"), "at"),
        pattern(&api, read, "offset"),
        pattern(&api, read, "until"),
    ];
    for text in [
        "earliest",
        "latest",
        "0",
        "18446744073709551615",
        "00000000000000000000",
        "-18446744073709551615",
        "@9223372036854775807",
        "@-1h30m",
        "@-00000000000000000001w2d3h4m5s6ms",
        "@2026-11-22T10:00Z",
        "@2026-11-22T10:00:00.123456789+01:00",
        "@2026-11-22t10:00z",
        "@2026-11-22 10:00:00,5-01",
        "@20261122T100000Z",
        "@+002026-11-22T10Z",
        "@2026-11-22T10:00+01:00[Europe/Berlin]",
    ] {
        for pattern in &patterns {
            assert!(pattern.is_match(text), "{text}: {}", pattern.as_str());
        }
        let plain = text.replace('+', "%2B").replace(' ', "%20");
        agent.get(&format!("/v1/topics/t/offsets?at={plain}")).await.expect(200);
    }
    for text in ["soon", "", "-", "@-1", "@-1y", "@-h", "1.5", "@x"] {
        assert!(!patterns[0].is_match(text), "{text}");
        agent.get(&format!("/v1/topics/t/offsets?at={text}")).await.expect(400);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timestamp_that_is_taken_fits() {
    let agent = Agent::new(2).await;
    agent.topic("t", 1).await;
    let api = agent.get("/openapi.json").await.expect(200).json();
    for (path, body) in [
        ("/v1/topics/{topic}", "1"),
        ("/v1/topics/{topic}/partitions/{partition}", "1"),
        ("/v1/topics/{topic}/records", r#"{"records":[{}]}"#),
        (
            "/v1/topics/{topic}/partitions/{partition}/records",
            r#"{"records":[{}]}"#,
        ),
    ] {
        let pattern = pattern(&api, (path, "post"), "ts");
        let path = path.replace("{topic}", "t").replace("{partition}", "0");
        for text in [
            "1",
            "00000000001763800000",
            "2026-11-22T10:00Z",
            "2026-11-22 10:00:00,5Z",
            "-000001-11-22T10Z",
        ] {
            assert!(pattern.is_match(text), "{text}: {}", pattern.as_str());
            let path = format!("{path}?ts={}", text.replace(' ', "%20"));
            agent.post(&path, "application/json", body).await.expect(200);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_is_taken_fits() {
    let agent = Agent::new(3).await;
    agent.topic("t", 1).await;
    let api = agent.get("/openapi.json").await.expect(200).json();
    let append = pattern(&api, ("/v1/topics/{topic}/partitions/{partition}", "post"), "If-Match");
    for (count, tag) in ["\"0\"", "1", "\"00000000000000000002\""].into_iter().enumerate() {
        assert!(append.is_match(tag), "{tag}");
        let headers = [("content-type", "text/plain"), ("if-match", tag)];
        let answer = agent.send("POST", "/v1/topics/t/partitions/0", &headers, "a").await;
        assert_eq!(answer.expect(200).json()["acks"][0]["base_offset"], json!(count));
    }
    let commit = pattern(&api, ("/v1/groups/{group}/offsets", "put"), "If-Match");
    for tag in ["\"18446744073709551615.4294967295\"", "1.0"] {
        assert!(commit.is_match(tag), "{tag}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_token_that_was_given_fits() {
    let agent = Agent::new(4).await;
    let api = agent.get("/openapi.json").await.expect(200).json();
    for name in ["a", "bb", "ccc", "dddd", "e"] {
        agent
            .send("PUT", &format!("/v1/topics/{name}"), &[], Body::empty())
            .await
            .expect(201);
    }
    let pattern = pattern(&api, ("/v1/topics", "get"), "page_token");
    let mut token = String::new();
    for _ in 0..4 {
        let page = agent
            .get(&format!("/v1/topics?page_size=1&page_token={token}"))
            .await
            .expect(200)
            .json();
        token = page["next_page_token"].as_str().unwrap().to_owned();
        assert!(pattern.is_match(&token), "{token}: {}", pattern.as_str());
    }
}
