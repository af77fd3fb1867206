//! What a request that was refused has done: nothing, or else it says so.

use serde_json::{Value, json};

use crate::common::{Agent, Answer};

async fn patch(agent: &Agent, path: &str, body: Value) -> Answer {
    let json = [("content-type", "application/json")];
    agent.send("PATCH", path, &json, body.to_string()).await
}

#[tokio::test(start_paused = true)]
async fn partitions_that_cannot_be_alter_nothing() {
    let agent = Agent::new(11).await;
    agent.topic("t", 2).await;
    for partitions in [1, 200_000] {
        let body = json!({"config": {"retention.ms": "1000"}, "partitions": partitions});
        let refused = patch(&agent, "/v1/topics/t", body).await;
        assert_eq!(refused.outcome(), (400, "bad_request".to_owned()));
        let problem = refused.json();
        assert_eq!(
            (&problem["no_side_effects"], &problem["kafka"]["name"]),
            (&json!(true), &json!("INVALID_PARTITIONS"))
        );
        let topic = agent.get("/v1/topics/t").await.expect(200).json();
        assert_eq!(topic["config"]["retention.ms"]["source"], "default");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_altered_before_a_refusal_is_told() {
    let agent = Agent::new(12).await;
    agent.topic("t", 1).await;
    let full = json!({"set": {"fold.bytes.max": "1024"}});
    patch(&agent, "/v1/cluster", full).await.expect(200);
    let altered = json!({"config": {"retention.ms": "1000"}, "partitions": 2});
    let problem = patch(&agent, "/v1/topics/t", altered).await.expect(507).json();
    assert_eq!(
        (&problem["config_altered"], &problem["no_side_effects"]),
        (&json!(true), &json!(false))
    );
    let topic = agent.get("/v1/topics/t").await.expect(200).json();
    assert_eq!(topic["config"]["retention.ms"]["value"], "1000");
    let problem = patch(&agent, "/v1/topics/t", json!({"partitions": 2})).await;
    assert_eq!(problem.expect(507).json()["no_side_effects"], json!(true));
}
