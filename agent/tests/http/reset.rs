//! Resets of groups: of one that is not there, of nothing, and on trial.

use serde_json::{Value, json};

use crate::common::{Agent, Answer};

async fn put(agent: &Agent, group: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    let path = format!("/v1/groups/{group}/offsets");
    agent.send("PUT", &path, &json, body.to_string()).await
}

/// A body, and the same on trial.
fn twice(body: &Value) -> [Value; 2] {
    let mut trial = body.clone();
    trial["dry_run"] = true.into();
    [body.clone(), trial]
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_names_nothing_makes_no_group() {
    let agent = Agent::new(1).await;
    agent.topic("t", 2).await;
    for (body, status, code) in [
        (json!({"to": "latest"}), 404, "group_not_found"),
        (json!({"shift_by": -5}), 404, "group_not_found"),
        (json!({"shift_by": -5, "topics": ["t"]}), 404, "group_not_found"),
        (json!({"offsets": []}), 400, "bad_request"),
        (json!({"to": "earliest", "topics": []}), 400, "bad_request"),
        (json!({"shift_by": 1, "topics": []}), 400, "bad_request"),
    ] {
        for body in twice(&body) {
            assert_eq!(
                put(&agent, "g", &body).await.outcome(),
                (status, code.to_owned()),
                "{body}"
            );
        }
    }
    agent.get("/v1/groups/g").await.expect(404);
    let named = json!({"to": "earliest", "topics": ["t"]});
    let made = put(&agent, "g", &named).await.expect(200).json();
    assert_eq!(made["offsets"].as_array().unwrap().len(), 2);
    put(&agent, "g", &json!({"to": "latest"})).await.expect(200);
    let other = json!({"shift_by": 1, "topics": ["u"]});
    assert_eq!(
        put(&agent, "g", &other).await.outcome(),
        (400, "bad_request".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_trial_heeds_the_limits_too() {
    let agent = Agent::new(2).await;
    agent.topic("t", 1).await;
    let offset = |offset: u64, metadata: usize| {
        let metadata = "m".repeat(metadata);
        json!({"offsets": [{"topic": "t", "partition": 0, "offset": offset, "metadata": metadata}]})
    };
    for trial in twice(&offset(0, 4_097)) {
        let problem = put(&agent, "g", &trial).await.expect(400).json();
        assert_eq!(problem["kafka"]["name"], "OFFSET_METADATA_TOO_LARGE");
    }
    for trial in twice(&offset(1 << 63, 0)) {
        put(&agent, "g", &trial).await.expect(400);
    }
    for trial in twice(&offset(0, 0)) {
        let problem = put(&agent, &"g".repeat(256), &trial).await.expect(400).json();
        assert_eq!(problem["kafka"]["name"], "INVALID_GROUP_ID");
    }
    put(&agent, "g", &offset(1 << 62, 4_096)).await.expect(200);
    let json = [("content-type", "application/json")];
    let limit = json!({"set": {"groups.max": "1"}}).to_string();
    agent.send("PATCH", "/v1/cluster", &json, limit).await.expect(200);
    for trial in twice(&offset(0, 0)) {
        put(&agent, "h", &trial).await.expect(400);
        put(&agent, "g", &trial).await.expect(200);
    }
}
