//! Appending over HTTP: what is stored, what is answered, and what is refused with nothing changed.

use std::io::Write as _;

use crate::common::{Agent, request};
use agent::http::HttpSettings;
use axum::body::Body;
use bytes::Bytes;
use engine::EngineConfig;
use records::{BatchBuilder, Codec};
use serde_json::json;

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const BATCH: &str = "application/vnd.tidelog.batch";

#[tokio::test(start_paused = true)]
async fn every_form_is_stored_as_it_was_sent() {
    let agent = Agent::new(1).await;
    agent.topic("t", 1).await;
    agent.post("/v1/topics/t", JSON, "[{\"b\" : 1.0}, 2]").await.expect(200);
    agent
        .post("/v1/topics/t?flatten=false", JSON, "[3,  4]")
        .await
        .expect(200);
    agent
        .post("/v1/topics/t", NDJSON, "{\"a\":  5}\r\n\n6")
        .await
        .expect(200);
    agent.post("/v1/topics/t", "text/plain", "seven\n").await.expect(200);
    agent
        .post(
            "/v1/topics/t/records",
            JSON,
            "{\"records\":[{\"value\":8},{\"key\":\"k\",\"value\":null}]}",
        )
        .await
        .expect(200);
    agent
        .post("/v1/topics/t/partitions/0/records", NDJSON, "{\"value\":9}")
        .await
        .expect(200);
    let read = agent.get("/v1/topics/t/partitions/0/records").await.expect(200).text();
    for value in [
        "{\"b\" : 1.0}",
        "2",
        "[3,  4]",
        "{\"a\":  5}",
        "6",
        "\"seven\\n\"",
        "8",
        "null",
        "9",
    ] {
        assert!(
            read.contains(&format!("\"value\":{value},\"headers\"")),
            "{value} in {read}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_where_the_records_are() {
    let agent = Agent::new(2).await;
    agent.topic("t", 1).await;
    agent.post("/v1/topics/t", NDJSON, "1\n2").await.expect(200);
    let answer = agent
        .post("/v1/topics/t/partitions/0", NDJSON, "3\n4\n5")
        .await
        .expect(200);
    let body = answer.json();
    assert_eq!(body["acks"], json!([{"partition": 0, "base_offset": 2, "count": 3}]));
    assert_eq!(
        (&body["topic"], &body["high_watermark"]),
        (&json!("t"), &json!({"0": 5}))
    );
    assert_eq!(body["position"], answer.header("tidelog-position"));
}

#[tokio::test(start_paused = true)]
async fn keys_choose_partitions_and_keyless_records_take_turns() {
    let agent = Agent::new(3).await;
    agent.topic("t", 4).await;
    let keyed = agent
        .post(
            "/v1/topics/t?key_path=$.id",
            NDJSON,
            "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"a\"}",
        )
        .await
        .expect(200);
    let of_a = u64::from(records::partition_for_key(b"a", 4));
    let ack = keyed.json()["acks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|ack| ack["partition"] == of_a)
        .cloned()
        .unwrap();
    assert!(ack["count"].as_u64().unwrap() >= 2);
    let mut turns = Vec::new();
    for _ in 0..4 {
        let ack = agent.post("/v1/topics/t", NDJSON, "1\n2").await.expect(200).json()["acks"].clone();
        assert_eq!((ack.as_array().unwrap().len(), &ack[0]["count"]), (1, &json!(2)));
        turns.push(ack[0]["partition"].as_u64().unwrap());
    }
    turns.sort_unstable();
    assert_eq!(turns, [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_large_request_becomes_several_batches_in_one_group() {
    let agent = Agent::new(4).await;
    agent.topic("t", 1).await;
    let body = "\"0123456789\"\n".repeat(200_000);
    let answer = agent.post("/v1/topics/t", NDJSON, body).await.expect(200).json();
    assert_eq!(
        answer["acks"],
        json!([{"partition": 0, "base_offset": 0, "count": 200_000}])
    );
    let last = agent.get("/v1/topics/t/partitions/0/records/199999").await.expect(200);
    assert_eq!(last.text(), "\"0123456789\"");
}

#[tokio::test(start_paused = true)]
async fn a_producer_may_repeat_itself() {
    let agent = Agent::new(5).await;
    agent.topic("t", 1).await;
    let send = async |epoch: &str, sequence: &str| {
        let headers = [
            ("producer-id", "p"),
            ("producer-epoch", epoch),
            ("producer-seq", sequence),
            ("content-type", JSON),
        ];
        agent.send("POST", "/v1/topics/t", &headers, "1").await
    };
    let first = send("0", "0").await.expect(200);
    assert!(first.headers.get("idempotent-replayed").is_none());
    let again = send("0", "0").await.expect(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json()["acks"], first.json()["acks"]);
    let gap = send("0", "2").await;
    assert_eq!(
        (gap.outcome(), gap.header("producer-expected-seq")),
        ((409, "sequence_gap".to_owned()), "1")
    );
    for sequence in 1..=6 {
        send("0", &sequence.to_string()).await.expect(200);
    }
    send("0", "0").await.expect(204);
    send("1", "0").await.expect(200);
    assert_eq!(send("0", "7").await.outcome(), (403, "stale_epoch".to_owned()));
    assert_eq!(agent.values("t", 0).await.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_condition_is_judged_with_the_append() {
    let agent = Agent::new(6).await;
    agent.topic("t", 1).await;
    let send = async |tag: &str| {
        agent
            .send(
                "POST",
                "/v1/topics/t/partitions/0",
                &[("if-match", tag), ("content-type", JSON)],
                "[1,2]",
            )
            .await
    };
    send("\"0\"").await.expect(200);
    let late = send("\"0\"").await;
    assert_eq!(
        (late.outcome(), &late.json()["actual_offset"]),
        ((412, "offset_mismatch".to_owned()), &json!(2))
    );
    send("\"2\"").await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn an_append_nobody_waits_for_lands_all_the_same() {
    let agent = Agent::new(7).await;
    agent.topic("t", 1).await;
    let answer = agent.post("/v1/topics/t?ack=none", NDJSON, "1\n2").await.expect(202);
    assert_eq!(answer.json(), json!({"topic": "t", "accepted": 2}));
    let read = agent
        .get("/v1/topics/t/partitions/0/records?wait=5")
        .await
        .expect(200)
        .json();
    assert_eq!(read["records"].as_array().unwrap().len(), 2);
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).expect("works in a test");
    encoder.finish().expect("works in a test")
}

#[tokio::test(start_paused = true)]
async fn compressed_bodies_are_inflated() {
    let agent = Agent::new(8).await;
    agent.topic("t", 1).await;
    let headers = |encoding| [("content-type", NDJSON), ("content-encoding", encoding)];
    agent
        .send("POST", "/v1/topics/t", &headers("gzip"), gzip(b"1\n2"))
        .await
        .expect(200);
    agent
        .send(
            "POST",
            "/v1/topics/t",
            &headers("zstd"),
            zstd::encode_all(&b"3"[..], 1).unwrap(),
        )
        .await
        .expect(200);
    assert_eq!(agent.values("t", 0).await, [json!(1), json!(2), json!(3)]);
}

fn batch(value: &[u8]) -> Bytes {
    let mut builder = BatchBuilder::new(Codec::Zstd, None);
    builder
        .push(1, Some(b"k"), Some(value), &[(b"h", None)])
        .expect("works in a test");
    builder.push(2, None, Some(value), &[]).expect("works in a test");
    builder.build().expect("works in a test").into_bytes()
}

#[tokio::test(start_paused = true)]
async fn batches_go_in_and_come_out_as_they_are() {
    let agent = Agent::new(9).await;
    agent.topic("t", 1).await;
    let body = [batch(b"a"), batch(b"b")].concat();
    let answer = agent
        .post("/v1/topics/t?partition=0", BATCH, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(answer["acks"], json!([{"partition": 0, "base_offset": 0, "count": 4}]));
    let read = agent
        .send(
            "GET",
            "/v1/topics/t/partitions/0/records",
            &[("accept", BATCH)],
            Body::empty(),
        )
        .await
        .expect(200);
    let behind_prefix = |bytes: &[u8]| bytes[17..batch(b"a").len()].to_vec();
    assert_eq!(read.body.len(), body.len());
    assert_eq!(behind_prefix(&read.body), behind_prefix(&body));
    let bases: Vec<_> = records::split(read.body)
        .map(|cut| cut.unwrap().0.base_offset)
        .collect();
    assert_eq!(bases, [0, 2]);
}

/// Path, headers, body, and the status and code that they get.
type Case = (
    &'static str,
    Vec<(&'static str, &'static str)>,
    Vec<u8>,
    u16,
    &'static str,
);

#[tokio::test(start_paused = true)]
async fn bad_input_is_named_and_changes_nothing() {
    let agent = Agent::new(10).await;
    agent.topic("t", 1).await;
    let crc = {
        let mut bytes = batch(b"a").to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes
    };
    let long = format!("\"{}\"", "x".repeat(1_100_000)).into_bytes();
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let text = |text: &str| text.as_bytes().to_vec();
    let with = |name, value| vec![("content-type", JSON), (name, value)];
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        ("/v1/topics/t", vec![("content-type", JSON)], text("{\"a\":"), 400, "invalid_record"),
        ("/v1/topics/t", vec![("content-type", JSON)], text("[]"), 400, "invalid_record"),
        ("/v1/topics/t", vec![("content-type", JSON)], text(""), 400, "invalid_record"),
        ("/v1/topics/t", vec![("content-type", JSON)], b"\"\xff\"".to_vec(), 400, "invalid_record"),
        ("/v1/topics/t", vec![("content-type", NDJSON)], text("1\n{\n"), 400, "invalid_record"),
        ("/v1/topics/t", vec![("content-type", JSON)], long, 413, "record_too_large"),
        ("/v1/topics/t", vec![("content-type", JSON)], vec![b' '; (16 << 20) + 1], 413, "request_too_large"),
        ("/v1/topics/t", with("content-encoding", "gzip"), bomb, 413, "request_too_large"),
        ("/v1/topics/t", with("content-encoding", "gzip"), text("none"), 400, "bad_request"),
        ("/v1/topics/t", with("content-encoding", "deflate"), text("1"), 415, "unsupported_media_type"),
        ("/v1/topics/t", vec![("content-type", "application/vnd.apache.parquet")], text("1"), 415, "unsupported_media_type"),
        ("/v1/topics/t", vec![("content-type", "application/cloudevents+json")], text("{}"), 400, "invalid_record"),
        ("/v1/topics/t?partition=0", vec![("content-type", BATCH)], crc, 400, "invalid_record"),
        ("/v1/topics/t?partition=0", vec![("content-type", BATCH)], text("short"), 400, "invalid_record"),
        ("/v1/topics/t", vec![("content-type", BATCH)], batch(b"a").to_vec(), 400, "bad_request"),
        ("/v1/topics/none", vec![("content-type", JSON)], text("1"), 404, "topic_not_found"),
        ("/v1/topics/t?partition=1", vec![("content-type", JSON)], text("1"), 404, "partition_not_found"),
        ("/v1/topics/t/partitions/7", vec![("content-type", JSON)], text("1"), 404, "partition_not_found"),
        ("/v1/topics/t/partitions/x", vec![("content-type", JSON)], text("1"), 400, "bad_request"),
        ("/v1/topics/t?key_path=id", vec![("content-type", JSON)], text("1"), 400, "bad_request"),
        ("/v1/topics/t?ts=soon", vec![("content-type", JSON)], text("1"), 400, "bad_request"),
        ("/v1/topics/t?ack=some", vec![("content-type", JSON)], text("1"), 400, "bad_request"),
        ("/v1/topics/t?no=1", vec![("content-type", JSON)], text("1"), 400, "bad_request"),
        ("/v1/topics/t", with("producer-id", "p"), text("1"), 400, "bad_request"),
        ("/v1/topics/t", with("if-match", "\"0\""), text("1"), 400, "bad_request"),
        ("/v1/topics/t/partitions/0", with("if-match", "*"), text("1"), 400, "bad_request"),
        ("/v1/topics/t/partitions/0", with("if-match", "\"5\""), text("1"), 412, "offset_mismatch"),
        ("/v1/topics/t", with("tidelog-position", "x"), text("1"), 400, "bad_request"),
        ("/v1/topics/t", with("sec-fetch-site", "cross-site"), text("1"), 403, "forbidden"),
        ("/v1/topics/t/records", vec![("content-type", JSON)], text("[1]"), 400, "invalid_record"),
        ("/v1/topics/t/records", vec![("content-type", JSON)], text("{\"records\":[]}"), 400, "invalid_record"),
        ("/v1/topics/t/records", vec![("content-type", JSON)], text("{\"records\":[{\"partition\":3}]}"), 404, "partition_not_found"),
        ("/v1/topics/t/records", vec![("content-type", "text/plain")], text("1"), 415, "unsupported_media_type"),
    ];
    for (path, headers, body, status, code) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let answer = agent.send("POST", path, &headers, body).await;
        assert_eq!(
            answer.outcome(),
            (status, code.to_owned()),
            "{path} {headers:?} {shown}: {answer:?}"
        );
        assert_eq!(answer.json()["no_side_effects"], json!(true));
    }
    assert_eq!(
        agent.get("/v1/topics/t/offsets").await.expect(200).json()["offsets"][0]["offset"],
        0
    );
    assert_eq!(
        agent.engine.health().memory_used_bytes,
        0,
        "refused requests hold no memory"
    );
}

#[tokio::test(start_paused = true)]
async fn memory_is_taken_before_the_body_is_read() {
    let config = EngineConfig {
        memory_bytes_max: 1_000,
        ..EngineConfig::default()
    };
    let agent = Agent::with(11, config, HttpSettings::default()).await;
    agent.topic("t", 1).await;
    let held = agent.engine.reserve(900).unwrap();
    // A body that must not be polled: it never ends.
    let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    let refused = agent
        .send("POST", "/v1/topics/t", &[("content-length", "500")], body)
        .await;
    assert_eq!(refused.outcome(), (503, "overloaded".to_owned()));
    assert_eq!(
        (refused.header("retry-after"), &refused.json()["retryable"]),
        ("1", &json!(true))
    );
    drop(held);
    agent
        .send("POST", "/v1/topics/t", &[("content-length", "3")], "abc")
        .await
        .expect(200);
    let never = agent
        .send("POST", "/v1/topics/t", &[("content-length", "2000")], Body::empty())
        .await;
    assert_eq!(never.outcome(), (413, "request_too_large".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let agent = Agent::new(12).await;
    agent.topic("t", 1).await;
    let stuck = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(
        agent.post("/v1/topics/t", JSON, stuck).await.outcome(),
        (408, "request_timeout".to_owned())
    );
    // A byte every five seconds keeps below the timeout of a frame, but not to the least speed.
    let clock = agent.engine.world().clock.clone();
    let trickle = futures::stream::unfold(clock, |clock| async move {
        clock.sleep(std::time::Duration::from_secs(5)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), clock))
    });
    assert_eq!(
        agent
            .post("/v1/topics/t", JSON, Body::from_stream(trickle))
            .await
            .outcome()
            .0,
        408
    );
    assert_eq!(agent.engine.health().memory_used_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn cloud_events_are_kept_with_their_attributes() {
    let agent = Agent::new(13).await;
    agent.topic("t", 1).await;
    let event = "{\"id\":\"1\",\"source\":\"/\",\"specversion\":\"1.0\",\"type\":\"t\"}";
    agent
        .post("/v1/topics/t", "application/cloudevents+json", event)
        .await
        .expect(200);
    agent
        .post(
            "/v1/topics/t",
            "application/cloudevents-batch+json",
            format!("[{event},{event}]"),
        )
        .await
        .expect(200);
    let headers = [
        ("ce-id", "1"),
        ("ce-source", "/"),
        ("ce-specversion", "1.0"),
        ("ce-type", "t"),
        ("content-type", "text/plain"),
    ];
    agent.send("POST", "/v1/topics/t", &headers, "hello").await.expect(200);
    let read = agent.get("/v1/topics/t/partitions/0/records").await.expect(200).json();
    assert_eq!(read["records"].as_array().unwrap().len(), 4);
    assert_eq!(
        read["records"][0]["headers"],
        json!([["content-type", "application/cloudevents+json; charset=UTF-8"]])
    );
    assert!(
        read["records"][3]["headers"]
            .as_array()
            .unwrap()
            .contains(&json!(["ce_id", "1"]))
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_an_id_and_tells_browsers_what_it_is() {
    let agent = Agent::new(14).await;
    let answer = agent
        .send("GET", "/v1/topics", &[("x-request-id", "mine")], Body::empty())
        .await
        .expect(200);
    assert_eq!(answer.header("x-request-id"), "mine");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let answer = agent
        .send("GET", "/v1/topics/none", &[("x-request-id", "no good")], Body::empty())
        .await
        .expect(404);
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    assert_ne!(answer.header("x-request-id"), "no good");
    let nowhere = agent.get("/v2").await;
    assert_eq!(nowhere.outcome(), (404, "route_not_found".to_owned()));
    let method = agent.send("PUT", "/v1/topics", &[], Body::empty()).await;
    assert_eq!(method.outcome(), (405, "method_not_allowed".to_owned()));
    assert!(method.header("allow").contains("GET"));
    let _ = request("GET", "/", &[], Body::empty());
}
