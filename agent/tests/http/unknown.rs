//! What nobody knows is refused: a parameter that is not heard would be a wish that nobody heard.

use axum::body::Body;
use serde_json::json;

use crate::common::Agent;

/// A path of the description, with values for what it leaves open.
fn filled(path: &str) -> String {
    let values = [("topic", "t"), ("group", "g"), ("partition", "0"), ("offset", "0")];
    values.iter().fold(path.to_owned(), |path, (name, value)| {
        path.replace(&format!("{{{name}}}"), value)
    })
}

#[tokio::test(start_paused = true)]
async fn no_route_takes_a_parameter_that_it_does_not_know() {
    let agent = Agent::new(1).await;
    agent.topic("t", 1).await;
    agent.post("/v1/topics/t", "text/plain", "a").await.expect(200);
    let json = [("content-type", "application/json")];
    let commit = json!({"offsets": [{"topic": "t", "partition": 0, "offset": 1}]}).to_string();
    let before = agent
        .send("PUT", "/v1/groups/g/offsets", &json, commit)
        .await
        .expect(200);
    let api = agent.get("/openapi.json").await.expect(200).json();
    let mut routes = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/") {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let path = format!("{}?nobody_knows=1", filled(path));
            // A body that the routes take which need one.
            let body = match (method.as_str(), path.contains("/records")) {
                ("delete", true) => "{\"before\":{\"0\":1}}",
                ("post", true) => "{\"records\":[{\"value\":1}]}",
                _ => "{}",
            };
            let answer = agent.send(&method.to_uppercase(), &path, &json, body).await;
            assert_eq!(answer.outcome(), (400, "bad_request".to_owned()), "{method} {path}");
            let title = answer.json()["title"].as_str().unwrap().to_owned();
            assert!(title.contains("nobody_knows"), "{method} {path}: {title}");
            routes += 1;
        }
    }
    assert!(routes > 20, "{routes}");
    assert_eq!(agent.values("t", 0).await, [json!("a")]);
    assert_eq!(agent.get("/v1/groups/g").await.expect(200).json(), before.json());
    // A question without parameters is none too many.
    agent.get("/v1/cluster?").await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_says_itself_which_partitions_it_is_of() {
    let agent = Agent::new(2).await;
    agent.topic("t", 2).await;
    let read = |query: String, headers: Vec<(&'static str, String)>| {
        let agent = &agent;
        async move {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let path = format!("/v1/topics/t/records?{query}");
            agent.send("GET", &path, &headers, Body::empty()).await
        }
    };
    let first = read("cursor=latest&partitions=1".to_owned(), Vec::new())
        .await
        .expect(200);
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    read(format!("cursor={cursor}"), Vec::new()).await.expect(200);
    let both = read(format!("cursor={cursor}&partitions=0-1"), Vec::new()).await;
    assert_eq!(both.outcome(), (400, "bad_request".to_owned()));
    // An EventSource comes back to the URL that it began with.
    read("partitions=1".to_owned(), vec![("last-event-id", cursor)])
        .await
        .expect(200);
}
