//! What a reader asks first.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::http::authorize::{Allowed, DescribeCluster};
use crate::http::front::Front;
use crate::http::problem::Problem;

/// What can be asked here. Readers of Java and Python then refuse to write by themselves.
const ENDPOINTS: [&str; 9] = [
    "GET /v1/{prefix}/namespaces",
    "GET /v1/{prefix}/namespaces/{namespace}",
    "HEAD /v1/{prefix}/namespaces/{namespace}",
    "GET /v1/{prefix}/namespaces/{namespace}/tables",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials",
    "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics",
    "GET /v1/config",
];

#[derive(Debug, Serialize)]
pub(super) struct Config {
    defaults: Nothing,
    overrides: Nothing,
    endpoints: [&'static str; 9],
}

#[derive(Debug, Default, Serialize)]
struct Nothing {}

/// There is one warehouse, whatever it is called, and paths have no prefix.
pub(super) async fn config(State(_): State<Front>, _: Allowed<DescribeCluster>) -> Result<Json<Config>, Problem> {
    Ok(Json(Config {
        defaults: Nothing {},
        overrides: Nothing {},
        endpoints: ENDPOINTS,
    }))
}
