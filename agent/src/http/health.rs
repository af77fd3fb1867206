//! Whether the process lives, whether it serves, and what it counts.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;
use utoipa::ToSchema;

use super::front::Front;
use super::metrics;

/// What a process says that has only been told of the loss by a halt.
const HALTED: &str = "the ledger lost its end, and no operator has accepted that";

/// That the process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthAnswer {
    /// `ok`.
    status: &'static str,
    /// The version.
    version: &'static str,
}

/// Whether the process serves, and why not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadyAnswer {
    /// Whether it does.
    ready: bool,
    /// Whether it has reached the end of the ledger.
    serving: bool,
    /// Whether it is stopping.
    draining: bool,
    /// Whether the ledger takes no writes.
    halted: bool,
    /// How far it has folded.
    position: String,
    /// Milliseconds since the latest read of the ledger's end; null before the first.
    tip_read_age_ms: Option<u64>,
    /// What the ledger said last, if it went wrong.
    ledger_error: Option<String>,
    /// What the store said last, if it went wrong.
    store_error: Option<String>,
    /// Bytes of records that wait for their acknowledgement.
    memory_used_bytes: u64,
    /// Bytes that may.
    memory_max_bytes: u64,
}

/// Whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "It does", body = HealthAnswer)),
)]
pub(crate) async fn live() -> Json<HealthAnswer> {
    Json(HealthAnswer {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Whether the process serves
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses(
        (status = 200, description = "It does", body = ReadyAnswer),
        (status = 503, description = "It does not, and says why", body = ReadyAnswer),
    ),
)]
pub(crate) async fn ready(State(front): State<Front>) -> Response {
    let health = front.engine().health();
    // A process that knows the end but not lately would serve nothing; one look settles it.
    let fresh = front.engine().fresh().await;
    let draining = health.draining || front.is_stopping();
    let health = front.engine().health();
    let answer = ReadyAnswer {
        ready: health.serving && fresh.is_ok() && !draining && !health.halted && health.refused.is_none(),
        serving: health.serving,
        draining,
        halted: health.halted,
        position: health.seen.to_string(),
        tip_read_age_ms: health
            .looked_ago
            .map(|ago| u64::try_from(ago.as_millis()).unwrap_or(u64::MAX)),
        ledger_error: health
            .ledger_error
            .or_else(|| fresh.err().map(|error| error.to_string()))
            .or_else(|| health.halted.then(|| HALTED.to_owned()))
            .or_else(|| {
                health
                    .refused
                    .map(|why| format!("this process may not live in the log: {why}"))
            }),
        store_error: health.store_error,
        memory_used_bytes: health.memory_used_bytes as u64,
        memory_max_bytes: front.engine().config().memory_bytes_max as u64,
    };
    let status = if answer.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// What is counted, as Prometheus reads it
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Counters", body = String, content_type = "text/plain")),
)]
pub(crate) async fn metrics(State(front): State<Front>) -> Response {
    metrics::engine(&front.engine().health());
    let text = metrics::handle().render();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
