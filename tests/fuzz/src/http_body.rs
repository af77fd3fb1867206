//! HTTP requests to an agent: paths, queries, headers and bodies of every form, through the real router, over an engine in
//! memory.
//!
//! An input is up to a dozen requests, one behind the other, as text (`request` says how). Whatever they are, no answer is
//! a server's fault, every refusal is a problem that says so, what was acknowledged is there, and everything can be read.

mod answers;
mod request;

use std::sync::Arc;

use agent::http::{HttpSettings, router};
use bytes::Bytes;
use engine::{Engine, EngineConfig};
use http_body_util::{BodyExt as _, Full};
use ledger::MemoryLedger;
use store::Store;
use tower::{Service, ServiceExt as _};
use world::World;

use answers::{Answer, Known};

/// Requests of one input, at most.
const REQUESTS_MAX: usize = 12;
/// Memory for records and bodies: far above what the inputs here hold, so that nothing is overloaded.
const MEMORY_BYTES: usize = 64 << 20;

pub(crate) fn check(data: &[u8]) {
    crate::alone::run(drive(data));
}

async fn drive(data: &[u8]) {
    let world = World::simulated(7);
    let config = EngineConfig {
        memory_bytes_max: MEMORY_BYTES,
        ..EngineConfig::default()
    };
    let settings = HttpSettings {
        request_bytes_max: 1 << 20,
        ..HttpSettings::default()
    };
    let (ledger, store) = (Arc::new(MemoryLedger::sql_like()), Store::memory(world.clone()));
    let engine = Engine::start(world.child("engine"), config, ledger, store)
        .await
        .expect("an engine in memory starts");
    let mut service = router(engine.clone(), settings);
    let mut known = Known::default();
    let set_up = request::parse(b"PUT /v1/topics/t\n\n{\"partitions\":2}", &known).expect("a request");
    let _ = send(&mut service, set_up).await;
    for text in request::split(data).take(REQUESTS_MAX) {
        let Some(request) = request::parse(text, &known) else {
            continue;
        };
        let asked = request::Asked::of(&request);
        let answer = send(&mut service, request).await;
        answers::judge(&asked, &answer, data, &engine);
        known.learn(&asked, &answer, &engine);
    }
    read_everything(&mut service, &engine, &known).await;
    // What was counted is folded together now and then, or it would pile up.
    if crc32c::crc32c(data).is_multiple_of(64) {
        let metrics = request::parse(b"GET /metrics\n\n", &known).expect("a request");
        assert_eq!(send(&mut service, metrics).await.status, 200);
    }
}

async fn send<S, B>(service: &mut S, request: http::Request<Full<Bytes>>) -> Answer
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let ready = service.ready().await.expect("a router is ready");
    let (parts, body) = ready.call(request).await.expect("a router answers").into_parts();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.collect().await.expect("a body that ends").to_bytes(),
    }
}

/// Everything that is there can be read, in one form or another, and nothing that was acknowledged is missing.
async fn read_everything<S, B>(service: &mut S, engine: &Engine, known: &Known)
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    engine.look().await.expect("a ledger in memory can be read");
    let topics: Vec<_> = engine.read(|state| {
        let facts = |topic: &metadata::Topic| (topic.name().to_owned(), topic.id(), topic.partition_ids());
        state.topics().map(facts).collect()
    });
    for (name, id, partitions) in topics {
        for partition in partitions.take(4) {
            let (start, end) = engine.read(|state| {
                let found = state.partition(partition);
                found.map_or((0, 0), |partition| (partition.log_start(), partition.high_watermark()))
            });
            known.check_acks(id, partition.partition, end);
            let path = format!(
                "/v1/topics/{name}/partitions/{}/records?limit=10000",
                partition.partition
            );
            let line = format!("GET {path}&max_bytes=8388608\naccept: application/vnd.tidelog.batch\n\n");
            let raw = send(service, request::parse(line.as_bytes(), known).expect("a request")).await;
            let read = answers::offsets_of_batches(&raw, start, end);
            let json = send(
                service,
                request::parse(format!("GET {path}\n\n").as_bytes(), known).expect("a request"),
            );
            answers::check_json(&json.await, start, end, read);
        }
    }
}
