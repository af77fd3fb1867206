//! What is counted, under the names that dashboards know. The recorder is the process's one, installed once.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const LATENCY_BUCKETS_SECONDS: [f64; 16] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder when this is the first call of the process.
pub(crate) fn handle() -> &'static PrometheusHandle {
    HANDLE.get_or_init(|| {
        let suffix = Matcher::Suffix("_latency_seconds".to_owned());
        let builder = PrometheusBuilder::new();
        let builder = builder
            .set_buckets_for_metric(suffix, &LATENCY_BUCKETS_SECONDS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Somebody else's recorder stays; what is counted here is then found there.
        if metrics::set_global_recorder(recorder).is_ok() {
            describe();
        }
        handle
    })
}

fn describe() {
    describe_counter!("tidelog_produce_requests_total", "Requests that appended records.");
    describe_counter!("tidelog_produce_records_total", "Records in them.");
    describe_counter!("tidelog_produce_bytes_total", Unit::Bytes, "Bytes of their batches.");
    describe_histogram!(
        "tidelog_produce_latency_seconds",
        Unit::Seconds,
        "From the last byte of a request to its acknowledgement."
    );
    describe_counter!("tidelog_fetch_requests_total", "Reads of records.");
    describe_counter!("tidelog_fetch_records_total", "Records given.");
    describe_counter!(
        "tidelog_fetch_bytes_total",
        Unit::Bytes,
        "Bytes of the batches they were in."
    );
    describe_counter!("tidelog_http_requests_total", "Requests by route and status.");
    describe_histogram!(
        "tidelog_http_request_latency_seconds",
        Unit::Seconds,
        "From the head of a request to the head of its answer."
    );
    describe_counter!(
        "tidelog_throttled_total",
        "Requests and connections refused for want of room."
    );
    describe_gauge!("tidelog_connections", "Open connections.");
    describe_gauge!("tidelog_build_info", "1, with the version.");
    describe_gauge!(
        "tidelog_memory_used_bytes",
        Unit::Bytes,
        "Records that wait for their acknowledgement."
    );
    describe_gauge!("tidelog_ledger_position", "The entry folded last.");
    gauge!("tidelog_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// A request's batches were handed to the engine.
pub(crate) fn produced(records: u64, bytes: usize) {
    counter!("tidelog_produce_requests_total", "api" => "http").increment(1);
    counter!("tidelog_produce_records_total", "api" => "http").increment(records);
    counter!("tidelog_produce_bytes_total", "api" => "http").increment(bytes as u64);
}

/// They were acknowledged.
pub(crate) fn produce_latency(took: Duration) {
    histogram!("tidelog_produce_latency_seconds", "api" => "http").record(took.as_secs_f64());
}

/// Records were read.
pub(crate) fn fetched(records: u64, bytes: u64) {
    counter!("tidelog_fetch_requests_total", "api" => "http").increment(1);
    counter!("tidelog_fetch_records_total", "api" => "http").increment(records);
    counter!("tidelog_fetch_bytes_total", "api" => "http").increment(bytes);
}

/// A request was answered.
pub(crate) fn answered(method: &http::Method, route: String, status: u16, took: Duration) {
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    if matches!(status, 429 | 503) {
        counter!("tidelog_throttled_total").increment(1);
    }
    let status = status.to_string();
    counter!("tidelog_http_requests_total", "method" => method.clone(), "route" => route.clone(), "status" => status)
        .increment(1);
    histogram!("tidelog_http_request_latency_seconds", "method" => method, "route" => route).record(took.as_secs_f64());
}

/// A connection was opened (1) or closed (-1).
pub(crate) fn connections(change: f64) {
    gauge!("tidelog_connections", "api" => "http").increment(change);
}

/// A connection was refused for want of room.
pub(crate) fn refused_connection() {
    counter!("tidelog_throttled_total").increment(1);
}

/// How the engine fares now.
pub(crate) fn engine(health: &engine::Health) {
    gauge!("tidelog_memory_used_bytes").set(health.memory_used_bytes as f64);
    gauge!("tidelog_ledger_position").set(health.seen.position as f64);
}
