//! The read side of the Iceberg REST catalog, under `/iceberg`: every topic is a table of the namespace `default`. Whoever
//! asks is told where a table's objects lie, and reads them from the store itself.
//!
//! The protocol is Iceberg's own (<https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml>): its
//! errors have its shape, and it is described there and not in `/openapi.json`. Nothing can be written by it.

mod config;
mod envelope;
mod namespaces;
mod pages;
mod table;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use super::front::Front;
use super::layers;

/// The one namespace.
const NAMESPACE: &str = "default";

/// The routes, below `/iceberg`.
pub(super) fn router(front: Front) -> Router<Front> {
    let admission = from_fn_with_state(front, layers::admission);
    Router::new()
        .route("/v1/config", get(config::config))
        .route("/v1/namespaces", get(namespaces::list))
        .route("/v1/namespaces/{namespace}", get(namespaces::describe))
        .route("/v1/namespaces/{namespace}/tables", get(namespaces::tables))
        .route("/v1/namespaces/{namespace}/tables/{table}", get(table::load))
        .route(
            "/v1/namespaces/{namespace}/tables/{table}/credentials",
            get(table::credentials),
        )
        .route("/v1/namespaces/{namespace}/tables/{table}/metrics", post(table::report))
        .route_layer(admission)
        .fallback(layers::no_route)
        .method_not_allowed_fallback(layers::no_method)
        .layer(from_fn(envelope::written))
}
