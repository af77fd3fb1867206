//! Topics, offsets, groups, the cluster, health and the description of it all.

use crate::common::Agent;
use axum::body::Body;
use serde_json::{Value, json};

const JSON: &str = "application/json";

async fn send(agent: &Agent, method: &str, path: &str, body: &Value) -> crate::common::Answer {
    agent
        .send(method, path, &[("content-type", JSON)], body.to_string())
        .await
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_made_and_confirmed() {
    let agent = Agent::new(1).await;
    let made = send(
        &agent,
        "PUT",
        "/v1/topics/t",
        &json!({"partitions": 2, "config": {"retention.ms": "1000"}, "first_offset": 7}),
    )
    .await;
    let topic = made.expect(201).json();
    let expect =
        json!({"partition": 1, "log_start": 7, "high_watermark": 7, "records": 0, "bytes": 0, "preferred_agent": null});
    assert_eq!(topic["partitions"][1], expect);
    assert_eq!(
        topic["config"]["retention.ms"],
        json!({"value": "1000", "source": "topic", "effect": "honoured"})
    );
    assert_eq!(topic["config"]["segment.ms"]["effect"], "none");
    send(
        &agent,
        "PUT",
        "/v1/topics/t",
        &json!({"partitions": 2, "config": {"retention.ms": "1000"}}),
    )
    .await
    .expect(200);
    agent.send("PUT", "/v1/topics/t", &[], Body::empty()).await.expect(200);
    for (body, status, code) in [
        (json!({"partitions": 3}), 409, "topic_config_conflict"),
        (json!({"config": {}}), 409, "topic_config_conflict"),
        (json!({"partitions": "two"}), 400, "bad_request"),
        (json!({"partitoins": 2}), 400, "bad_request"),
        (json!([2]), 400, "bad_request"),
    ] {
        assert_eq!(
            send(&agent, "PUT", "/v1/topics/t", &body).await.outcome(),
            (status, code.to_owned()),
            "{body}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_cannot_be_is_refused() {
    let agent = Agent::new(8).await;
    for (path, body) in [
        ("/v1/topics/new", json!({"partitions": 0})),
        ("/v1/topics/new", json!({"config": {"no.such": "1"}})),
        ("/v1/topics/new", json!({"config": {"retention.ms": "x"}})),
        ("/v1/topics/a%20b", json!({})),
    ] {
        assert_eq!(
            send(&agent, "PUT", path, &body).await.outcome(),
            (400, "bad_request".to_owned()),
            "{path} {body}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_changed_and_deleted() {
    let agent = Agent::new(9).await;
    let retention = json!({"config": {"retention.ms": "1000"}});
    send(&agent, "PUT", "/v1/topics/t", &retention).await.expect(201);
    let changed = send(
        &agent,
        "PATCH",
        "/v1/topics/t",
        &json!({"config": {"retention.ms": null, "max.message.bytes": "2000"}, "partitions": 4}),
    )
    .await;
    let changed = changed.expect(200).json();
    assert_eq!(changed["config"]["retention.ms"]["source"], "default");
    assert_eq!(
        (
            changed["partitions"].as_array().unwrap().len(),
            &changed["config"]["max.message.bytes"]["value"]
        ),
        (4, &json!("2000"))
    );
    assert_eq!(
        send(&agent, "PATCH", "/v1/topics/t", &json!({"partitions": 1}))
            .await
            .outcome()
            .0,
        400
    );
    agent
        .send("DELETE", "/v1/topics/t", &[], Body::empty())
        .await
        .expect(204);
    agent.get("/v1/topics/t").await.expect(404);
    agent
        .send("DELETE", "/v1/topics/t", &[], Body::empty())
        .await
        .expect(404);
}

#[tokio::test(start_paused = true)]
async fn topics_are_listed_page_by_page() {
    let agent = Agent::new(2).await;
    for name in ["b.1", "a", "b.2", "c"] {
        agent.topic(name, 1).await;
    }
    let names = |page: &Value| -> Vec<String> {
        page["topics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|topic| topic["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = agent.get("/v1/topics?page_size=3").await.expect(200).json();
    assert_eq!(names(&first), ["a", "b.1", "b.2"]);
    let token = first["next_page_token"].as_str().unwrap();
    let second = agent
        .get(&format!("/v1/topics?page_size=3&page_token={token}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (names(&second), &second["next_page_token"]),
        (vec!["c".to_owned()], &Value::Null)
    );
    assert_eq!(
        names(&agent.get("/v1/topics?prefix=b").await.expect(200).json()),
        ["b.1", "b.2"]
    );
    agent.get("/v1/topics?page_size=0").await.expect(400);
}

#[tokio::test(start_paused = true)]
async fn offsets_and_trims() {
    let agent = Agent::new(3).await;
    agent.topic("t", 2).await;
    let records = json!({"records": [{"partition": 0, "timestamp": 1_000}, {"partition": 0, "timestamp": 2_000}, {"partition": 1, "timestamp": 500}]});
    send(&agent, "POST", "/v1/topics/t/records", &records).await.expect(200);
    let at = |text: &str| {
        let path = format!("/v1/topics/t/offsets?at={text}");
        let agent = &agent;
        async move { agent.get(&path).await.expect(200).json()["offsets"].clone() }
    };
    let plain = |first: u64, second: u64| json!([{"partition": 0, "offset": first, "timestamp": null}, {"partition": 1, "offset": second, "timestamp": null}]);
    assert_eq!(at("latest").await, plain(2, 1));
    assert_eq!(at("earliest").await, plain(0, 0));
    assert_eq!(at("-1").await, plain(1, 0));
    assert_eq!(
        at("@1500").await,
        json!([{"partition": 0, "offset": 1, "timestamp": "1970-01-01T00:00:02Z"}, {"partition": 1, "offset": 1, "timestamp": null}])
    );
    agent.get("/v1/topics/t/offsets?at=soon").await.expect(400);
    let trim = |before: Value| {
        let agent = &agent;
        async move { send(agent, "DELETE", "/v1/topics/t/records", &json!({ "before": before })).await }
    };
    assert_eq!(
        trim(json!({"0": 1, "1": 1})).await.expect(200).json(),
        json!({"log_start": {"0": 1, "1": 1}})
    );
    assert_eq!(
        trim(json!({"0": 3})).await.outcome(),
        (416, "offset_out_of_range".to_owned())
    );
    assert_eq!(
        trim(json!({"2": 0})).await.outcome(),
        (404, "partition_not_found".to_owned())
    );
    assert_eq!(trim(json!({"x": 0})).await.outcome(), (400, "bad_request".to_owned()));
    assert_eq!(at("earliest").await, plain(1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_group_commits_resets_and_goes() {
    let agent = Agent::new(4).await;
    agent.topic("t", 2).await;
    send(&agent, "POST", "/v1/topics/t/partitions/0", &json!([1, 2, 3, 4]))
        .await
        .expect(200);
    let path = "/v1/groups/g/offsets";
    agent.get(path).await.expect(404);
    let commit = json!({"offsets": [{"topic": "t", "partition": 0, "offset": 3, "metadata": "m"}]});
    let group = send(&agent, "PUT", path, &commit).await.expect(200).json();
    assert_eq!(
        group["offsets"],
        json!([{"topic": "t", "partition": 0, "offset": 3, "metadata": "m", "lag": 1}])
    );
    assert_eq!(agent.get("/v1/groups/g").await.expect(200).json(), group);
    let tag = format!("\"{}\"", group["change"].as_str().unwrap());
    let matched = |tag: String, body: Value| {
        let agent = &agent;
        async move {
            agent
                .send(
                    "PUT",
                    path,
                    &[("content-type", JSON), ("if-match", &tag)],
                    body.to_string(),
                )
                .await
        }
    };
    let plan = send(&agent, "PUT", path, &json!({"shift_by": -2, "dry_run": true}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&plan["offsets"][0]["offset"], &plan["change"]),
        (&json!(1), &group["change"])
    );
    matched(tag.clone(), json!({"to": "earliest", "topics": ["t"]}))
        .await
        .expect(200);
    assert_eq!(
        agent.get(path).await.expect(200).json()["offsets"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(matched(tag, commit.clone()).await.outcome(), (412, "fenced".to_owned()));
    assert_eq!(
        agent.get("/v1/groups").await.expect(200).json()["groups"][0]["group"],
        "g"
    );
    agent
        .send("DELETE", "/v1/groups/g", &[], Body::empty())
        .await
        .expect(204);
    agent
        .send("DELETE", "/v1/groups/g", &[], Body::empty())
        .await
        .expect(404);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_makes_no_sense_is_refused() {
    let agent = Agent::new(10).await;
    agent.topic("t", 2).await;
    let path = "/v1/groups/g/offsets";
    for (body, status, code) in [
        (json!({}), 400, "bad_request"),
        (json!({"to": "soon"}), 400, "bad_request"),
        (json!({"to": "latest", "shift_by": 1}), 400, "bad_request"),
        (
            json!({"offsets": [{"topic": "none", "partition": 0, "offset": 1}]}),
            404,
            "topic_not_found",
        ),
        (
            json!({"offsets": [{"topic": "t", "partition": 5, "offset": 1}]}),
            404,
            "partition_not_found",
        ),
        (
            json!({"offsets": [{"topic": "t", "partition": 0, "offset": -1}]}),
            400,
            "bad_request",
        ),
    ] {
        assert_eq!(
            send(&agent, "PUT", path, &body).await.outcome(),
            (status, code.to_owned()),
            "{body}"
        );
    }
    agent.get(path).await.expect(404);
}

#[tokio::test(start_paused = true)]
async fn the_cluster_and_its_agents() {
    let agent = Agent::new(5).await;
    let cluster = agent.get("/v1/cluster").await.expect(200).json();
    assert_eq!((&cluster["era"], &cluster["halted"]), (&json!(1), &json!(false)));
    assert_eq!(
        cluster["config"]["agent.timeout.ms"],
        json!({"value": "150000", "source": "default", "effect": "honoured"})
    );
    let changed = send(
        &agent,
        "PATCH",
        "/v1/cluster",
        &json!({"set": {"agent.timeout.ms": "60000"}, "unset": ["groups.max"]}),
    )
    .await;
    assert_eq!(
        changed.expect(200).json()["config"]["agent.timeout.ms"],
        json!({"value": "60000", "source": "cluster", "effect": "honoured"})
    );
    assert_eq!(
        send(&agent, "PATCH", "/v1/cluster", &json!({"set": {"no": "1"}}))
            .await
            .outcome()
            .0,
        400
    );
    let agents = agent.get("/v1/agents").await.expect(200).json();
    assert_eq!(
        (agents["agents"].as_array().unwrap().len(), &agents["agents"][0]["role"]),
        (1, &json!("agent"))
    );
}

#[tokio::test(start_paused = true)]
async fn health_and_metrics() {
    let agent = Agent::new(6).await;
    agent.topic("t", 1).await;
    agent.post("/v1/topics/t", JSON, "[1,2]").await.expect(200);
    assert_eq!(agent.get("/healthz").await.expect(200).json()["status"], "ok");
    let ready = agent.get("/readyz").await.expect(200).json();
    assert_eq!((&ready["ready"], &ready["serving"]), (&json!(true), &json!(true)));
    let metrics = agent.get("/metrics").await.expect(200).text();
    for name in [
        "tidelog_produce_records_total",
        "tidelog_produce_latency_seconds_bucket",
        "tidelog_build_info",
        "tidelog_http_requests_total",
    ] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
    agent.engine.stop(std::time::Duration::from_secs(5)).await;
    let ready = agent.get("/readyz").await.expect(503).json();
    assert_eq!((&ready["ready"], &ready["draining"]), (&json!(false), &json!(true)));
    assert_eq!(agent.get("/v1/topics").await.outcome(), (503, "draining".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_description_tells_every_route() {
    let agent = Agent::new(7).await;
    let api = agent.get("/openapi.json").await.expect(200).json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut routes: Vec<String> = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(
                operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .any(|status| status.starts_with('2')),
                "{method} {path}"
            );
            routes.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    routes.sort();
    compare(&routes.join("\n"));
    for reference in references(&api) {
        assert!(
            api.pointer(reference.trim_start_matches('#')).is_some(),
            "{reference} leads nowhere"
        );
    }
}

/// Every `$ref` in a document.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| match member.as_str() {
                Some(text) if name == "$ref" => vec![text.to_owned()],
                _ => references(member),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn compare(routes: &str) {
    let golden = include_str!("golden/routes.txt");
    assert_eq!(routes, golden.trim_end());
}
