//! An agent without a socket: the router over an engine, on a ledger and a store in memory.

use std::sync::Arc;

use agent::http::{HttpSettings, router};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use engine::{Engine, EngineConfig};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use ledger::memory::MemoryLedger;
use serde_json::Value;
use store::Store;
use tower::ServiceExt as _;
use world::World;

/// The agent.
pub(crate) struct Agent {
    pub(crate) engine: Engine,
    pub(crate) router: Router,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).expect("works in a test")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
            .to_str()
            .expect("works in a test")
    }

    /// Its status and, for a problem, its code.
    pub(crate) fn outcome(&self) -> (u16, String) {
        let problem = self
            .headers
            .get("content-type")
            .is_some_and(|value| value == "application/problem+json");
        let code = if problem {
            self.json()["code"].as_str().expect("works in a test").to_owned()
        } else {
            String::new()
        };
        (self.status, code)
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{:?}", self.body);
        self
    }
}

/// A request with headers and a body.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).expect("works in a test")
}

impl Agent {
    pub(crate) async fn new(seed: u64) -> Agent {
        Agent::with(seed, EngineConfig::default(), HttpSettings::default()).await
    }

    pub(crate) async fn with(seed: u64, config: EngineConfig, settings: HttpSettings) -> Agent {
        let world = World::simulated(seed);
        let ledger = Arc::new(MemoryLedger::sql_like());
        let store = Store::memory(world.clone());
        let engine = Engine::start(world.child("engine"), config, ledger, store)
            .await
            .expect("works in a test");
        Agent {
            router: router(engine.clone(), settings),
            engine,
        }
    }

    pub(crate) async fn raw(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.expect("works in a test")
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let response = self.raw(request(method, path, headers, body)).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("works in a test").to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        self.send("POST", path, &[("content-type", content_type)], body).await
    }

    /// A topic with so many partitions.
    pub(crate) async fn topic(&self, name: &str, partitions: u32) {
        let body = format!("{{\"partitions\":{partitions}}}");
        let made = self
            .send(
                "PUT",
                &format!("/v1/topics/{name}"),
                &[("content-type", "application/json")],
                body,
            )
            .await;
        assert_eq!(made.status, StatusCode::CREATED.as_u16(), "{made:?}");
    }

    /// The values of a partition, as JSON.
    pub(crate) async fn values(&self, topic: &str, partition: u32) -> Vec<Value> {
        let read = self
            .get(&format!("/v1/topics/{topic}/partitions/{partition}/records"))
            .await
            .expect(200)
            .json();
        read["records"]
            .as_array()
            .expect("works in a test")
            .iter()
            .map(|record| record["value"].clone())
            .collect()
    }
}
