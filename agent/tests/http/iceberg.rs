//! The catalog of tables, as readers of Iceberg ask it.

use agent::auth::Authorizer;
use agent::http::HttpSettings;
use axum::body::Body;
use bytes::Bytes;
use engine::EngineConfig;
use metadata::entry::{DescribingObject, Publish, proposal::Kind};
use metadata::{Applied, ObjectName, Role, Verdict};
use serde_json::{Value, json};
use store::{Key, LakeFormat};

use crate::common::{Agent, Answer};

async fn agent(settings: HttpSettings) -> Agent {
    let config = EngineConfig {
        roles: vec![Role::Agent, Role::Compactor],
        ..EngineConfig::default()
    };
    Agent::with(1, config, settings).await
}

fn error(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body["error"]["code"], answer.status, "{body}");
    (
        answer.status,
        body["error"]["type"].as_str().expect("works in a test").to_owned(),
    )
}

fn missing(kind: &str) -> (u16, String) {
    (404, format!("NoSuch{kind}Exception"))
}

/// Publishes `metadata` of a topic.
async fn publish(agent: &Agent, topic: &str, metadata: &Value) -> String {
    let engine = &agent.engine;
    engine.look().await.expect("works in a test");
    let (number, id, seen, replaces) = engine.read(|state| {
        let topic = state.topic_by_name(topic).expect("works in a test");
        let replaces = state
            .published(topic.number())
            .and_then(|published| published.metadata());
        (topic.number(), topic.id(), state.position(), replaces)
    });
    let life = engine.next_flush(Role::Compactor).expect("works in a test");
    let name = ObjectName {
        incarnation: life.0,
        flush: life.1,
        attempt: 0,
    };
    let key = Key::LakeMetadata(id, name, LakeFormat::Json);
    let put = engine.store().put(&key, vec![Bytes::from(metadata.to_string())]);
    put.await.expect("works in a test");
    let kind = Kind::Publish(Publish {
        topic: number,
        replaces: replaces.map(Into::into),
        seen,
        oldest: seen,
        objects: vec![DescribingObject {
            name: Some(name.into()),
            checksum: crc32c::crc32c(metadata.to_string().as_bytes()),
        }],
    });
    let verdicts = engine.propose(Role::Compactor, kind, Some(life), "").await;
    assert_eq!(verdicts.expect("works in a test"), [Verdict::Applied(Applied::Done)]);
    engine.store().location(&key).expect("works in a test")
}

#[tokio::test(start_paused = true)]
async fn it_tells_what_can_be_asked() {
    let agent = agent(HttpSettings::default()).await;
    let config = agent.get("/iceberg/v1/config?warehouse=wh").await.expect(200).json();
    assert_eq!((&config["defaults"], &config["overrides"]), (&json!({}), &json!({})));
    let endpoints = config["endpoints"].as_array().expect("works in a test");
    assert!(endpoints.contains(&json!("GET /v1/{prefix}/namespaces/{namespace}/tables/{table}")));
    let writes = |endpoint: &&Value| {
        endpoint
            .as_str()
            .is_some_and(|text| text.starts_with("POST") && !text.ends_with("metrics"))
    };
    assert_eq!(endpoints.iter().find(writes), None);
    let all = agent.get("/iceberg/v1/namespaces?pageToken=").await.expect(200).json();
    assert_eq!(all, json!({"namespaces": [["default"]], "next-page-token": null}));
    let inside = agent
        .get("/iceberg/v1/namespaces?parent=default")
        .await
        .expect(200)
        .json();
    assert_eq!(inside["namespaces"], json!([]));
    let one = agent.get("/iceberg/v1/namespaces/default").await.expect(200).json();
    assert_eq!(one["namespace"], json!(["default"]));
    agent
        .send("HEAD", "/iceberg/v1/namespaces/default", &[], Body::empty())
        .await
        .expect(200);
    for path in ["namespaces/other", "namespaces/other/tables", "namespaces?parent=other"] {
        let answer = agent.get(&format!("/iceberg/v1/{path}")).await;
        assert_eq!(error(&answer), missing("Namespace"), "{path}");
    }
    let head = agent
        .send("HEAD", "/iceberg/v1/namespaces/other", &[], Body::empty())
        .await;
    assert_eq!((head.status, head.body.len()), (404, 0));
}

#[tokio::test(start_paused = true)]
async fn tables_are_listed_in_pages() {
    let agent = agent(HttpSettings::default()).await;
    for name in ["Web.Clicks", "web-clicks", "orders"] {
        agent.topic(name, 1).await;
    }
    let names = |answer: &Value| -> Vec<String> {
        let all = answer["identifiers"].as_array().expect("works in a test");
        all.iter()
            .map(|one| one["name"].as_str().expect("works in a test").to_owned())
            .collect()
    };
    let all = agent
        .get("/iceberg/v1/namespaces/default/tables")
        .await
        .expect(200)
        .json();
    assert_eq!(names(&all), ["orders", "web_clicks", "web_clicks_2"]);
    assert_eq!(all["identifiers"][0]["namespace"], json!(["default"]));
    let first = agent
        .get("/iceberg/v1/namespaces/default/tables?pageToken=&pageSize=2")
        .await
        .expect(200)
        .json();
    assert_eq!(names(&first), ["orders", "web_clicks"]);
    let token = first["next-page-token"].as_str().expect("works in a test");
    let path = format!("/iceberg/v1/namespaces/default/tables?pageToken={token}&pageSize=2");
    let second = agent.get(&path).await.expect(200).json();
    assert_eq!(
        (names(&second), &second["next-page-token"]),
        (vec!["web_clicks_2".to_owned()], &Value::Null)
    );
    for query in ["pageToken=a", "pageToken=&pageSize=0", "pageSize=x"] {
        let answer = agent
            .get(&format!("/iceberg/v1/namespaces/default/tables?{query}"))
            .await;
        assert_eq!(error(&answer).0, 400, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_of_which_nothing_is_published_has_columns_and_no_rows() {
    let agent = agent(HttpSettings::default()).await;
    agent.topic("orders", 1).await;
    let path = "/iceberg/v1/namespaces/default/tables/orders";
    let table = agent.get(path).await.expect(200).json();
    assert_eq!(table["metadata"]["snapshots"], json!([]));
    assert_eq!(table["metadata"]["schemas"][0]["fields"][1]["name"], "kafka_offset");
    assert_eq!(
        (&table["config"], &table["storage-credentials"]),
        (&json!({}), &json!([]))
    );
    let location = table["metadata"]["location"].as_str().expect("works in a test");
    assert!(
        table["metadata-location"]
            .as_str()
            .expect("works in a test")
            .starts_with(location)
    );
    agent.send("HEAD", path, &[], Body::empty()).await.expect(200);
    let credentials = agent.get(&format!("{path}/credentials")).await.expect(200).json();
    assert_eq!(credentials, json!({"storage-credentials": []}));
    let report = agent.post(&format!("{path}/metrics"), "application/json", "{}").await;
    assert_eq!((report.status, report.body.len()), (204, 0));
    for path in [
        "default/tables/none",
        "other/tables/orders",
        "default%1Forders/tables/snapshots",
    ] {
        let answer = agent.get(&format!("/iceberg/v1/namespaces/{path}")).await;
        assert_eq!(error(&answer), missing("Table"), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_published_is_what_is_loaded() {
    let agent = agent(HttpSettings::default()).await;
    agent.topic("orders", 1).await;
    let path = "/iceberg/v1/namespaces/default/tables/orders";
    let snapshots = json!([{"snapshot-id": 1}, {"snapshot-id": 2}]);
    let metadata = json!({
        "snapshots": snapshots, "snapshot-log": snapshots,
        "refs": {"main": {"snapshot-id": 2, "type": "branch"}},
    });
    let location = publish(&agent, "orders", &metadata).await;
    let answer = agent.get(&format!("{path}?snapshots=all")).await.expect(200);
    let tag = answer.header("etag").to_owned();
    let table = answer.json();
    assert_eq!(
        (&table["metadata-location"], &table["metadata"]),
        (&json!(location), &metadata)
    );
    let known = |tag: String| {
        let agent = &agent;
        async move { agent.send("GET", path, &[("if-none-match", &tag)], Body::empty()).await }
    };
    let same = known(tag.clone()).await;
    assert_eq!(
        (same.status, same.header("etag"), same.body.len()),
        (304, tag.as_str(), 0)
    );
    let refs = agent.get(&format!("{path}?snapshots=refs")).await.expect(200);
    assert_ne!(refs.header("etag"), tag);
    let refs = refs.json();
    assert_eq!(refs["metadata"]["snapshots"], json!([{"snapshot-id": 2}]));
    assert_eq!(refs["metadata"]["snapshot-log"], json!([{"snapshot-id": 2}]));
    let next = json!({"snapshots": [], "refs": {}});
    publish(&agent, "orders", &next).await;
    let changed = known(tag).await.expect(200).json();
    assert_eq!(changed["metadata"], next);
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_written_and_what_is_not_allowed_is_not_told() {
    let agent = agent(HttpSettings::default()).await;
    agent.topic("orders", 1).await;
    for (method, path) in [
        ("POST", "namespaces"),
        ("DELETE", "namespaces/default"),
        ("POST", "namespaces/default/tables"),
        ("POST", "namespaces/default/tables/orders"),
        ("DELETE", "namespaces/default/tables/orders"),
    ] {
        let answer = agent
            .send(method, &format!("/iceberg/v1/{path}"), &[], Body::empty())
            .await;
        assert_eq!(
            error(&answer),
            (405, "UnsupportedOperationException".to_owned()),
            "{method} {path}"
        );
    }
    for path in ["tables/rename", "namespaces/default/views", "transactions/commit"] {
        let answer = agent
            .post(&format!("/iceberg/v1/{path}"), "application/json", "{}")
            .await;
        assert_eq!(error(&answer).0, 404, "{path}");
    }
    let nobody = self::agent(HttpSettings {
        authorizer: Authorizer::deny_all(),
        ..HttpSettings::default()
    });
    let nobody = nobody.await;
    for path in ["config", "namespaces", "namespaces/default/tables"] {
        let answer = nobody.get(&format!("/iceberg/v1/{path}")).await;
        assert_eq!(error(&answer), (403, "ForbiddenException".to_owned()), "{path}");
    }
}
