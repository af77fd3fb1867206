//! Reading over HTTP: by offset, by cursor, by waiting, as a stream.

use std::time::Duration;

use crate::common::{Agent, request};
use axum::body::Body;
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

const NDJSON: &str = "application/x-ndjson";

async fn filled(seed: u64, partitions: u32, each: usize) -> Agent {
    let agent = Agent::new(seed).await;
    agent.topic("t", partitions).await;
    for partition in 0..partitions {
        let lines: Vec<String> = (0..each)
            .map(|number| format!("{{\"p\":{partition},\"n\":{number}}}"))
            .collect();
        agent
            .post(
                &format!("/v1/topics/t/partitions/{partition}"),
                NDJSON,
                lines.join("\n"),
            )
            .await
            .expect(200);
    }
    agent
}

fn numbers(read: &Value) -> Vec<u64> {
    read["records"]
        .as_array()
        .expect("works in a test")
        .iter()
        .map(|record| record["value"]["n"].as_u64().expect("works in a test"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn from_an_offset_to_another() {
    let agent = filled(1, 1, 10).await;
    let read = |query: &str| {
        let path = format!("/v1/topics/t/partitions/0/records?{query}");
        let agent = &agent;
        async move { agent.get(&path).await.expect(200).json() }
    };
    assert_eq!(numbers(&read("offset=3&until=6").await), [3, 4, 5]);
    assert_eq!(numbers(&read("offset=-2").await), [8, 9]);
    assert_eq!(numbers(&read("limit=2").await), [0, 1]);
    assert_eq!(numbers(&read("offset=latest").await), Vec::<u64>::new());
    assert_eq!(numbers(&read("offset=6&until=6").await), Vec::<u64>::new());
    let end = read("offset=8").await;
    assert_eq!((&end["high_watermark"], &end["up_to_date"]), (&json!(10), &json!(true)));
    assert_eq!(end["next"], "/v1/topics/t/partitions/0/records?offset=10");
    let middle = read("offset=1&limit=2&decode=base64").await;
    assert_eq!(middle["up_to_date"], json!(false));
    assert_eq!(
        middle["next"],
        "/v1/topics/t/partitions/0/records?offset=3&limit=2&decode=base64"
    );
}

#[tokio::test(start_paused = true)]
async fn outside_of_what_there_is() {
    let agent = filled(2, 1, 10).await;
    let trim = agent
        .send(
            "DELETE",
            "/v1/topics/t/records",
            &[("content-type", "application/json")],
            "{\"before\":{\"0\":4}}",
        )
        .await;
    assert_eq!(trim.expect(200).json(), json!({"log_start": {"0": 4}}));
    let gone = agent.get("/v1/topics/t/partitions/0/records?offset=3").await;
    assert_eq!(
        (gone.outcome(), &gone.json()["earliest"]),
        ((410, "offset_gone".to_owned()), &json!(4))
    );
    let beyond = agent.get("/v1/topics/t/partitions/0/records?offset=11").await;
    assert_eq!(
        (beyond.outcome(), &beyond.json()["high_watermark"]),
        ((416, "offset_out_of_range".to_owned()), &json!(10))
    );
    assert_eq!(agent.get("/v1/topics/t/partitions/0/records/3").await.outcome().0, 410);
    assert_eq!(agent.get("/v1/topics/t/partitions/0/records/10").await.outcome().0, 416);
    // A reader that was left behind is told, and gets a cursor to go on with.
    let cursor = agent
        .get("/v1/topics/t/records?cursor=5&limit=1")
        .await
        .expect(200)
        .json()["next_cursor"]
        .clone();
    let trim = agent
        .send(
            "DELETE",
            "/v1/topics/t/records",
            &[("content-type", "application/json")],
            "{\"before\":{\"0\":8}}",
        )
        .await;
    trim.expect(200);
    let gone = agent
        .get(&format!("/v1/topics/t/records?cursor={}", cursor.as_str().unwrap()))
        .await;
    assert_eq!(gone.outcome(), (410, "offset_gone".to_owned()));
    let behind = gone.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(
        numbers(
            &agent
                .get(&format!("/v1/topics/t/records?cursor={behind}"))
                .await
                .expect(200)
                .json()
        ),
        [8, 9]
    );
}

#[tokio::test(start_paused = true)]
async fn one_cursor_reads_every_partition_once() {
    let agent = filled(3, 5, 30).await;
    let mut cursor = "earliest".to_owned();
    let mut seen = std::collections::BTreeMap::<u64, Vec<u64>>::new();
    for page in 0.. {
        let read = agent
            .get(&format!("/v1/topics/t/records?cursor={cursor}&limit=7"))
            .await
            .expect(200)
            .json();
        for record in read["records"].as_array().unwrap() {
            seen.entry(record["partition"].as_u64().unwrap())
                .or_default()
                .push(record["offset"].as_u64().unwrap());
        }
        cursor = read["next_cursor"].as_str().unwrap().to_owned();
        if read["up_to_date"] == json!(true) {
            assert_eq!(
                read["high_watermark"],
                json!({"0": 30, "1": 30, "2": 30, "3": 30, "4": 30})
            );
            break;
        }
        assert!(page < 100);
    }
    let expected: Vec<u64> = (0..30).collect();
    assert_eq!(seen.into_values().collect::<Vec<_>>(), vec![expected; 5]);
    // A partition that comes later belongs to it.
    agent
        .send(
            "PATCH",
            "/v1/topics/t",
            &[("content-type", "application/json")],
            "{\"partitions\":6}",
        )
        .await
        .expect(200);
    agent
        .post("/v1/topics/t/partitions/5", NDJSON, "{\"n\":77}")
        .await
        .expect(200);
    let read = agent
        .get(&format!("/v1/topics/t/records?cursor={cursor}"))
        .await
        .expect(200)
        .json();
    assert_eq!(numbers(&read), [77]);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_knows_its_topic() {
    let agent = filled(4, 2, 1).await;
    let cursor = agent
        .get("/v1/topics/t/records?partitions=1")
        .await
        .expect(200)
        .header("tidelog-next-cursor")
        .to_owned();
    agent
        .send("DELETE", "/v1/topics/t", &[], Body::empty())
        .await
        .expect(204);
    assert_eq!(
        agent
            .get(&format!("/v1/topics/t/records?cursor={cursor}"))
            .await
            .outcome(),
        (404, "topic_not_found".to_owned())
    );
    agent.topic("t", 2).await;
    assert_eq!(
        agent
            .get(&format!("/v1/topics/t/records?cursor={cursor}"))
            .await
            .outcome(),
        (409, "topic_recreated".to_owned())
    );
    for (path, status, code) in [
        ("/v1/topics/t/records?cursor=nonsense", 400, "bad_cursor"),
        ("/v1/topics/t/records?limit=0", 400, "bad_request"),
        ("/v1/topics/t/records?wait=61", 400, "bad_request"),
        ("/v1/topics/t/records?partitions=1-2", 404, "partition_not_found"),
        ("/v1/topics/t/records?partitions=2-1", 400, "bad_request"),
        ("/v1/topics/t/partitions/0/records?offset=x", 400, "bad_request"),
        ("/v1/topics/t/partitions/9/records", 404, "partition_not_found"),
        ("/v1/topics/none/records", 404, "topic_not_found"),
        ("/v1/topics/%ff/records", 400, "bad_request"),
    ] {
        assert_eq!(agent.get(path).await.outcome(), (status, code.to_owned()), "{path}");
    }
    let wanted = agent
        .send("GET", "/v1/topics/t/records", &[("accept", "text/html")], Body::empty())
        .await;
    assert_eq!(wanted.outcome(), (406, "unsupported_media_type".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_waits_for_a_record_and_not_longer() {
    let agent = filled(5, 2, 1).await;
    let clock = agent.engine.world().clock.clone();
    let began = clock.now();
    let none = agent
        .get("/v1/topics/t/records?cursor=latest&wait=2.5")
        .await
        .expect(200)
        .json();
    assert_eq!((numbers(&none).len(), &none["up_to_date"]), (0, &json!(true)));
    assert!(clock.now() - began >= Duration::from_millis(2_500));
    let cursor = none["next_cursor"].as_str().unwrap();
    let path = format!("/v1/topics/t/records?cursor={cursor}&wait=60");
    let (read, _) = tokio::join!(agent.get(&path), async {
        clock.sleep(Duration::from_secs(3)).await;
        agent
            .post("/v1/topics/t/partitions/1", NDJSON, "{\"n\":9}")
            .await
            .expect(200)
    });
    assert_eq!(numbers(&read.expect(200).json()), [9]);
    assert!(clock.now() - began < Duration::from_secs(20));
    // Beyond the end it waits as well.
    let (read, _) = tokio::join!(agent.get("/v1/topics/t/partitions/0/records?offset=2&wait=60"), async {
        clock.sleep(Duration::from_secs(1)).await;
        agent
            .post("/v1/topics/t/partitions/0", NDJSON, "{\"n\":1}\n{\"n\":2}")
            .await
            .expect(200)
    });
    assert_eq!(numbers(&read.expect(200).json()), [2]);
}

/// The events of a stream, one by one.
struct Events {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Events {
    async fn open(agent: &Agent, path: &str, headers: &[(&str, &str)]) -> Events {
        let response = agent.raw(request("GET", path, headers, Body::empty())).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event's name, id and data.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                    line.unwrap_or_default().to_owned()
                };
                let (name, id, data) = (field("event"), field("id"), field("data"));
                self.text = rest.to_owned();
                if !name.is_empty() {
                    return Some((name, id, serde_json::from_str(&data).expect("works in a test")));
                }
                continue;
            }
            let piece = self.body.next().await?.expect("works in a test");
            self.text
                .push_str(std::str::from_utf8(&piece).expect("works in a test"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn events_go_on_where_the_last_one_ended() {
    let agent = filled(6, 2, 2).await;
    let accept = ("accept", "text/event-stream");
    let mut events = Events::open(&agent, "/v1/topics/t/records?limit=3", &[accept]).await;
    let (name, id, data) = events.next().await.unwrap();
    assert_eq!(
        (name.as_str(), data["records"].as_array().unwrap().len()),
        ("records", 3)
    );
    drop(events);
    let headers = [accept, ("last-event-id", id.as_str())];
    let mut events = Events::open(&agent, "/v1/topics/t/records?limit=3", &headers).await;
    let (_, _, data) = events.next().await.unwrap();
    assert_eq!(data["records"].as_array().unwrap().len(), 1);
    let (name, _, data) = events.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["high_watermark"]),
        ("ping", &json!({"0": 2, "1": 2}))
    );
    agent
        .post("/v1/topics/t/partitions/0", "text/plain", "two\nlines")
        .await
        .expect(200);
    let (_, _, data) = events.next().await.unwrap();
    assert_eq!(data["records"][0]["value"], "two\nlines");
    let clock = agent.engine.world().clock.clone();
    let began = clock.now();
    while let Some((name, _, _)) = events.next().await {
        assert_eq!(name, "ping");
    }
    assert!(clock.now() - began <= Duration::from_secs(60), "the server ends it");
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_its_error_and_ends() {
    let agent = filled(7, 1, 2).await;
    let mut events = Events::open(
        &agent,
        "/v1/topics/t/partitions/0/records?offset=7",
        &[("accept", "text/event-stream")],
    )
    .await;
    // A stream waits for an offset beyond the end; when the topic goes, it says so.
    assert_eq!(events.next().await.unwrap().0, "ping");
    agent
        .send("DELETE", "/v1/topics/t", &[], Body::empty())
        .await
        .expect(204);
    let mut last = events.next().await.unwrap();
    while last.0 == "ping" {
        last = events.next().await.unwrap();
    }
    assert_eq!((last.0.as_str(), &last.2["code"]), ("error", &json!("topic_not_found")));
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn lines_stream_when_they_wait() {
    let agent = filled(8, 1, 2).await;
    let page = agent
        .send("GET", "/v1/topics/t/records", &[("accept", NDJSON)], Body::empty())
        .await
        .expect(200);
    assert_eq!(page.text().lines().count(), 2);
    assert!(page.header("link").contains("rel=\"next\""));
    let response = agent
        .raw(request(
            "GET",
            "/v1/topics/t/records?wait=1",
            &[("accept", NDJSON)],
            Body::empty(),
        ))
        .await;
    let mut body = response.into_body().into_data_stream();
    assert_eq!(
        body.next()
            .await
            .unwrap()
            .unwrap()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count(),
        2
    );
    agent
        .post("/v1/topics/t", "application/json", "{\n\"n\": 3}")
        .await
        .expect(200);
    let line = body.next().await.unwrap().unwrap();
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(serde_json::from_slice::<Value>(&line).unwrap()["value"]["n"], 3);
}

#[tokio::test(start_paused = true)]
async fn history_may_be_kept() {
    let agent = filled(9, 1, 2_500).await;
    let path = "/v1/topics/t/partitions/0/records";
    let first = agent.get(&format!("{path}?offset=5")).await.expect(200).json();
    assert_eq!(numbers(&first).len(), 995);
    assert_eq!(first["next"], format!("{path}?offset=1000&until=2000"));
    let second = agent.get(first["next"].as_str().unwrap()).await.expect(200);
    assert_eq!(second.header("cache-control"), "private, max-age=31536000, immutable");
    assert_eq!(second.json()["next"], format!("{path}?offset=2000"));
    let tag = second.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(second.json()["up_to_date"], json!(false));
    let again = agent
        .send(
            "GET",
            first["next"].as_str().unwrap(),
            &[("if-none-match", &tag)],
            Body::empty(),
        )
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), tag);
    let one = agent.get(&format!("{path}/5")).await.expect(200);
    assert!(one.header("etag").starts_with('"'), "its body never changes");
    // Up to the end, of which it says that there is nothing more, for now.
    let whole = agent.get(&format!("{path}?offset=2000&until=2500")).await.expect(200);
    assert_eq!(
        (whole.header("cache-control"), &whole.json()["up_to_date"]),
        ("no-store", &json!(true))
    );
    let tail = agent.get(&format!("{path}?offset=2000")).await.expect(200);
    assert_eq!(
        (tail.header("cache-control"), numbers(&tail.json()).len()),
        ("no-store", 500)
    );
    assert_eq!(
        agent
            .get(&format!("{path}?offset=2000&until=3000"))
            .await
            .expect(200)
            .header("cache-control"),
        "no-store"
    );
    let text = agent
        .send(
            "GET",
            &format!("{path}?offset=0"),
            &[("accept-encoding", "gzip")],
            Body::empty(),
        )
        .await
        .expect(200);
    assert_eq!(text.header("content-encoding"), "gzip");
    // Of what is compacted by key, any record may go.
    let compact = Body::from(r#"{"config": {"cleanup.policy": "compact"}}"#);
    let json = [("content-type", "application/json")];
    agent.send("PATCH", "/v1/topics/t", &json, compact).await.expect(200);
    let compacted = agent.get(first["next"].as_str().unwrap()).await.expect(200);
    assert_eq!(compacted.header("cache-control"), "no-store");
}

#[tokio::test(start_paused = true)]
async fn a_client_never_goes_back_in_time() {
    let agent = filled(10, 1, 1).await;
    let seen = agent.engine.seen();
    let ask = |position: String| {
        let request = request("GET", "/v1/topics/t", &[("tidelog-position", &position)], Body::empty());
        let agent = &agent;
        async move { agent.raw(request).await.status().as_u16() }
    };
    assert_eq!(ask(seen.to_string()).await, 200);
    assert_eq!(ask(format!("{}.{}", seen.era, seen.position + 1_000)).await, 503);
    let lost = ask(format!("{}.{}", seen.era + 1, seen.position)).await;
    assert!([409, 503].contains(&lost), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn one_record_is_its_value() {
    let agent = Agent::new(11).await;
    agent.topic("t", 1).await;
    let body = "{\"records\":[{\"key\":\"k 1\",\"value\":{\"a\": 1},\"headers\":[[\"h\",\"v\"]],\"timestamp\":5},{\"value\":null}]}";
    agent
        .post("/v1/topics/t/records", "application/json", body)
        .await
        .expect(200);
    let one = agent.get("/v1/topics/t/partitions/0/records/0").await.expect(200);
    assert_eq!(one.text(), "{\"a\": 1}");
    assert_eq!(
        (
            one.header("tidelog-key"),
            one.header("tidelog-header"),
            one.header("tidelog-timestamp")
        ),
        ("k%201", "h=v", "5")
    );
    agent.get("/v1/topics/t/partitions/0/records/1").await.expect(204);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_decoded_is_named_and_the_rest_is_read() {
    let agent = Agent::new(12).await;
    agent.topic("t", 2).await;
    // A batch whose payload is no zstd, under a right checksum: it is stored, for nobody looks inside.
    let mut builder = records::BatchBuilder::new(records::Codec::Zstd, None);
    builder.push(1, None, Some(b"value"), &[]).unwrap();
    let mut bytes = builder.build().unwrap().into_bytes().to_vec();
    bytes[61] ^= 0xff;
    let sum = crc32c::crc32c(&bytes[21..]).to_be_bytes();
    bytes[17..21].copy_from_slice(&sum);
    agent
        .post("/v1/topics/t/partitions/0", NDJSON, "{\"n\":0}")
        .await
        .expect(200);
    agent
        .post(
            "/v1/topics/t/partitions/0",
            "application/vnd.tidelog.batch",
            bytes.clone(),
        )
        .await
        .expect(200);
    agent
        .post("/v1/topics/t/partitions/0", NDJSON, "{\"n\":2}")
        .await
        .expect(200);
    agent
        .post("/v1/topics/t/partitions/1", NDJSON, "{\"n\":9}")
        .await
        .expect(200);
    let path = "/v1/topics/t/partitions/0/records";
    assert_eq!(numbers(&agent.get(path).await.expect(200).json()), [0]);
    let wrong = agent.get(&format!("{path}?offset=1")).await;
    assert_eq!(wrong.outcome(), (422, "undecodable".to_owned()));
    let problem = wrong.json();
    assert_eq!(
        (&problem["partition"], &problem["first_offset"], &problem["last_offset"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(
        numbers(&agent.get(&format!("{path}?offset=2")).await.expect(200).json()),
        [2]
    );
    let raw = agent
        .send(
            "GET",
            &format!("{path}?offset=1&limit=1"),
            &[("accept", "application/vnd.tidelog.batch")],
            Body::empty(),
        )
        .await;
    assert_eq!(&raw.expect(200).body[61..bytes.len()], &bytes[61..]);
    // All partitions: the other one's records come, then the error, and a cursor that goes on behind it.
    let all = agent.get("/v1/topics/t/records").await.expect(200).json();
    assert_eq!(numbers(&all), [0, 9]);
    let stuck = agent
        .get(&format!(
            "/v1/topics/t/records?cursor={}",
            all["next_cursor"].as_str().unwrap()
        ))
        .await;
    assert_eq!(stuck.outcome(), (422, "undecodable".to_owned()));
    let behind = stuck.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(
        numbers(
            &agent
                .get(&format!("/v1/topics/t/records?cursor={behind}"))
                .await
                .expect(200)
                .json()
        ),
        [2]
    );
}

#[tokio::test(start_paused = true)]
async fn a_head_has_no_body() {
    let agent = filled(13, 1, 1).await;
    let response = agent
        .raw(request("HEAD", "/v1/topics/t/records", &[], Body::empty()))
        .await;
    assert_eq!(response.status(), 200);
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
}
