//! Problems in the shape of Iceberg's errors.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::Method;
use http::header::{ALLOW, RETRY_AFTER};
use serde_json::json;

use super::super::problem::{Code, Problem};

/// What is not there, in Iceberg's words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Missing {
    /// A namespace.
    Namespace,
    /// A table, also one of a namespace that is not there: else tables of metadata fail in Spark.
    Table,
}

/// The answer for something that is not there.
pub(super) fn missing(what: Missing, name: &str) -> Problem {
    let shown: String = name.chars().take(249).collect();
    let (text, kind) = match what {
        Missing::Namespace => (format!("there is no namespace {shown}"), "NoSuchNamespaceException"),
        Missing::Table => (format!("there is no table {shown}"), "NoSuchTableException"),
    };
    Problem::new(Code::TopicNotFound, text).with(KIND, kind)
}

/// The member of a problem that holds the type of its error.
const KIND: &str = "iceberg";

/// Writes the problems of the routes below as Iceberg's readers expect them.
pub(super) async fn written(request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let told = problem.to_json("");
    let status = response.status();
    let kind = told.get(KIND).and_then(|kind| kind.as_str());
    let message = told.get("title").cloned().unwrap_or_default();
    let body = json!({"error": {
        "message": message,
        "type": kind.unwrap_or_else(|| kind_of(problem.code())),
        "code": status.as_u16(),
    }});
    let mut written = match is_head {
        true => status.into_response(),
        false => (status, axum::Json(body)).into_response(),
    };
    if let Some(methods) = response.headers().get(ALLOW) {
        written.headers_mut().insert(ALLOW, methods.clone());
    }
    if problem.code().retry_after() {
        written
            .headers_mut()
            .insert(RETRY_AFTER, http::HeaderValue::from_static("1"));
    }
    written
}

fn kind_of(code: Code) -> &'static str {
    match code {
        Code::Forbidden => "ForbiddenException",
        Code::Unauthenticated => "NotAuthorizedException",
        Code::MethodNotAllowed => "UnsupportedOperationException",
        Code::RouteNotFound => "NoSuchRouteException",
        _ if code.retry_after() => "ServiceUnavailableException",
        _ if code.status().is_server_error() => "InternalServerError",
        _ => "BadRequestException",
    }
}
