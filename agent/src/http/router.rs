//! Every route, and the layers around them.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use bytes::Bytes;
use engine::Engine;
use metadata::Role;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::front::Front;
use super::openapi::{Api, Description};
use super::settings::HttpSettings;
use super::{append, cluster, groups, health, iceberg, layers, metrics, offsets, openapi, read, topics};

/// The routes of an agent, without a socket; of a process that leads no agent's life, those that tell how it fares.
pub fn router(engine: Engine, settings: HttpSettings) -> Router {
    router_of(Front::new(engine, settings))
}

/// The routes of a front.
pub(crate) fn router_of(front: Front) -> Router {
    // Counting begins before the first request.
    metrics::handle();
    let routes = if front.engine().config().roles.contains(&Role::Agent) {
        of_agent(&front)
    } else {
        of_upkeep(&front)
    };
    routes
        .method_not_allowed_fallback(layers::no_method)
        .layer(CompressionLayer::new().compress_when(layers::compressible))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn_with_state(front, layers::outermost))
}

/// Of a process that keeps a log up: whoever watches over it asks these.
fn of_upkeep(front: &Front) -> Router {
    Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .with_state(front.clone())
        .fallback(layers::no_agent)
}

fn of_agent(front: &Front) -> Router {
    let log = from_fn_with_state(front.clone(), layers::admission);
    let (router, mut api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(topics::list))
        .routes(routes!(
            topics::create,
            topics::describe,
            topics::alter,
            topics::delete,
            append::to_topic
        ))
        .routes(routes!(append::structured_to_topic, read::from_topic, offsets::trim))
        .routes(routes!(append::to_partition))
        .routes(routes!(append::structured_to_partition, read::from_partition))
        .routes(routes!(read::one))
        .routes(routes!(offsets::at))
        .routes(routes!(groups::list))
        .routes(routes!(groups::describe, groups::delete))
        .routes(routes!(groups::offsets, groups::commit))
        .routes(routes!(cluster::describe, cluster::alter))
        .routes(routes!(cluster::agents))
        .route_layer(log)
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .split_for_parts();
    api.merge(described());
    let description = Description(Bytes::from(api.to_json().unwrap_or_default()));
    let itself = Router::new()
        .route("/openapi.json", get(openapi::describe))
        .with_state(description);
    router
        .nest("/iceberg", iceberg::router(front.clone()))
        .with_state(front.clone())
        .merge(itself)
        .fallback(layers::no_route)
}

/// The description's own route, which has a state of its own.
fn described() -> utoipa::openapi::OpenApi {
    let (_, api) = OpenApiRouter::<Description>::new()
        .routes(routes!(openapi::describe))
        .split_for_parts();
    api
}
