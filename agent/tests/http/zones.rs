//! Which agent is best asked for a partition, as a topic's description tells it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use agent::http::{HttpSettings, router};
use engine::{Engine, EngineConfig};
use ledger::memory::MemoryLedger;
use serde_json::{Value, json};
use store::Store;
use world::World;

use crate::common::Agent;

/// One agent in each of these zones, over one log.
async fn agents(zones: &[&str]) -> Vec<Agent> {
    let (world, ledger) = (World::simulated(11), MemoryLedger::sql_like());
    let store = Store::memory(world.clone());
    let mut agents = Vec::new();
    for (number, zone) in zones.iter().enumerate() {
        let config = EngineConfig {
            zone: (*zone).to_owned(),
            http_address: format!("agent-{number}:80"),
            ..EngineConfig::default()
        };
        let engine = Engine::start(world.child("engine"), config, Arc::new(ledger.clone()), store.clone());
        let engine = engine.await.expect("works in a test");
        let router = router(engine.clone(), HttpSettings::default());
        agents.push(Agent { engine, router });
    }
    // Lives begin by entries that the others have to fold.
    world.clock.sleep(Duration::from_secs(1)).await;
    agents
}

async fn preferred(agent: &Agent, query: &str) -> Vec<Value> {
    let topic = agent.get(&format!("/v1/topics/t{query}")).await.expect(200).json();
    let partitions = topic["partitions"].as_array().expect("works in a test");
    partitions
        .iter()
        .map(|partition| partition["preferred_agent"].clone())
        .collect()
}

fn distinct(preferred: &[Value]) -> BTreeSet<&str> {
    preferred.iter().filter_map(Value::as_str).collect()
}

#[tokio::test(start_paused = true)]
async fn every_agent_names_the_same_and_those_of_the_zone() {
    let agents = agents(&["a", "b", "a"]).await;
    agents[0].topic("t", 32).await;
    for (query, expect) in [
        ("?zone=a", vec!["agent-0:80", "agent-2:80"]),
        ("?zone=b", vec!["agent-1:80"]),
        ("?zone=c", vec!["agent-0:80", "agent-1:80", "agent-2:80"]),
        ("", vec!["agent-0:80", "agent-1:80", "agent-2:80"]),
    ] {
        let first = preferred(&agents[0], query).await;
        assert_eq!(distinct(&first), expect.into_iter().collect(), "{query:?}");
        for other in &agents[1..] {
            assert_eq!(preferred(other, query).await, first, "{query:?}");
        }
    }
    let listed = agents[1].get("/v1/agents").await.expect(200).json();
    let zones: Vec<&Value> = listed["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| &agent["zone"])
        .collect();
    assert_eq!(zones, [&json!("a"), &json!("b"), &json!("a")]);
}

#[tokio::test(start_paused = true)]
async fn what_an_agent_leaves_goes_to_the_others_of_its_zone() {
    let agents = agents(&["a", "a", "b"]).await;
    agents[0].topic("t", 32).await;
    let before = preferred(&agents[0], "?zone=a").await;
    agents[1].engine.stop(Duration::from_secs(5)).await;
    let after = preferred(&agents[0], "?zone=a").await;
    assert_eq!(distinct(&after), BTreeSet::from(["agent-0:80"]));
    assert!(before.contains(&json!("agent-1:80")) && before.contains(&json!("agent-0:80")));
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_an_address_is_named_by_none_and_zones_have_names() {
    let agent = Agent::new(12).await;
    agent.topic("t", 2).await;
    assert_eq!(preferred(&agent, "?zone=a").await, [Value::Null, Value::Null]);
    for wrong in [
        "?zone=",
        "?zone=a%20b",
        "?zone=a,b",
        &format!("?zone={}", "z".repeat(64)),
        "?zon=a",
    ] {
        let refused = agent.get(&format!("/v1/topics/t{wrong}")).await.outcome();
        assert_eq!(refused, (400, "bad_request".to_owned()), "{wrong}");
    }
}
