//! What every request passes before its handler, and every answer behind it.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::Seen;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use super::extract::{self, RequestId};
use super::front::Front;
use super::metrics;
use super::problem::{Code, Problem};
use super::read::Streaming;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const POSITION: HeaderName = HeaderName::from_static("tidelog-position");
const REQUEST_ID_BYTES_MAX: usize = 128;

/// What browsers are told: the agent's answers are data, not documents, and of no other page.
const SECURITY: [(HeaderName, HeaderValue); 4] = [
    (
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        HeaderName::from_static("referrer-policy"),
        HeaderValue::from_static("no-referrer"),
    ),
];

/// The outermost: gives the request its id, writes problems, counts, and puts the headers of all answers on.
pub(crate) async fn outermost(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let began = front.clock().now();
    let id = request_id(&front, request.headers());
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let response = next.run(request).await;
    let mut response = written(response, &id, &method);
    let took = front.clock().now().saturating_duration_since(began);
    metrics::answered(&method, route, response.status().as_u16(), took);
    let headers = response.headers_mut();
    headers.extend(SECURITY);
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Ok(seen) = HeaderValue::from_str(&front.engine().seen().to_string()) {
        headers.insert(POSITION, seen);
    }
    response
}

/// A problem that a handler or layer gave is written out; the refusals of the framework itself become problems.
fn written(mut response: Response, id: &str, method: &Method) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut written = problem.to_response(id);
        for (name, value) in response.headers() {
            if !written.headers().contains_key(name) && !name.as_str().starts_with("content-") {
                written.headers_mut().append(name, value.clone());
            }
        }
        if method == Method::HEAD {
            *written.body_mut() = axum::body::Body::empty();
        }
        return written;
    }
    response
}

/// The id that the client gave, if it can be repeated; else a new one.
fn request_id(front: &Front, headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let given = given.filter(|id| !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX && !id.contains(' '));
    given.map_or_else(
        || {
            uuid::Uuid::from_bytes(front.engine().world().chance.bytes())
                .simple()
                .to_string()
                .into()
        },
        Arc::from,
    )
}

/// Before the handlers of the log itself: the agent serves, the request does not come from another site's page, and the
/// fold is as far as what the client has seen.
pub(crate) async fn admission(State(front): State<Front>, request: Request, next: Next) -> Response {
    let admitted = match admit(&front, request.method(), request.headers()) {
        Ok(None) => Ok(()),
        Ok(Some(seen)) => {
            let deadline = front.clock().now() + front.settings().position_wait_max;
            front.engine().wait_for(seen, deadline).await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Whether the request may come in, and how far the fold must be for it.
fn admit(front: &Front, method: &Method, headers: &HeaderMap) -> Result<Option<Seen>, Problem> {
    if front.is_stopping() {
        return Err(Problem::new(Code::Draining, "the agent is stopping"));
    }
    let safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if !safe && site == Some(b"cross-site") {
        return Err(Problem::new(
            Code::Forbidden,
            "a page of another site may not change anything here",
        ));
    }
    let Some(text) = extract::header(headers, "tidelog-position")? else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|error: engine::NotSeen| Problem::bad_request(error.to_string()))
}

/// What a handler's panic answers; the connection lives on.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over so")]
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = text, "a handler panicked");
    Problem::new(Code::Internal, "a fault of the agent; it is in its log").into_response()
}

/// No such route.
pub(crate) async fn no_route() -> Problem {
    Problem::new(Code::RouteNotFound, "there is no such route; /openapi.json tells them")
}

/// No such route where no agent is.
pub(crate) async fn no_agent() -> Problem {
    let text = "this process keeps a log up and serves /healthz, /readyz and /metrics; agents serve the log";
    Problem::new(Code::RouteNotFound, text)
}

/// No such method there.
pub(crate) async fn no_method() -> Problem {
    Problem::new(Code::MethodNotAllowed, "this route does not take this method")
}

/// Whether an answer is worth compressing: not one that goes on, which would be held back, and not a few bytes.
pub(crate) fn compressible(
    _: StatusCode,
    _: http::Version,
    headers: &HeaderMap,
    extensions: &http::Extensions,
) -> bool {
    let length = headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let media_type = headers
        .get(http::header::CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let text = media_type.starts_with(b"text/") || media_type.starts_with(b"application/");
    let bytes = media_type == b"application/octet-stream" || media_type == b"application/vnd.tidelog.batch";
    text && !bytes && length.is_none_or(|length| length >= 1_024) && extensions.get::<Streaming>().is_none()
}
