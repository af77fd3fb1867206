//! What a process serves that keeps a log up and is no agent.

use std::time::Duration;

use agent::http::HttpSettings;
use axum::body::Body;
use engine::EngineConfig;
use metadata::Role;
use serde_json::json;

use crate::common::Agent;

#[tokio::test(start_paused = true)]
async fn a_process_that_only_compacts_tells_how_it_fares_and_serves_no_log() {
    let config = EngineConfig {
        roles: vec![Role::Compactor],
        ..EngineConfig::default()
    };
    let agent = Agent::with(1, config, HttpSettings::default()).await;
    agent.get("/healthz").await.expect(200);
    assert_eq!(agent.get("/readyz").await.expect(200).json()["ready"], json!(true));
    let metrics = agent.get("/metrics").await.expect(200).text();
    assert!(metrics.contains("tidelog_build_info"), "{metrics}");
    for path in ["/v1/topics", "/v1/cluster", "/openapi.json", "/iceberg/v1/config", "/"] {
        let answer = agent.get(path).await;
        assert_eq!(answer.outcome(), (404, "route_not_found".to_owned()), "{path}");
    }
    let answer = agent.send("POST", "/healthz", &[], Body::empty()).await;
    assert_eq!(answer.outcome(), (405, "method_not_allowed".to_owned()));
    agent.engine.stop(Duration::from_secs(5)).await;
    agent.get("/readyz").await.expect(503);
}
