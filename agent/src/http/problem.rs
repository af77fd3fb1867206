//! What goes wrong, as `application/problem+json` (RFC 9457) with a stable code. Every code says whether trying again
//! makes sense and whether anything may have happened. Knows no route.

mod code;
mod from;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::{Map, Value, json};

pub(crate) use code::Code;
pub(crate) use from::{undecodable, wrong_batch};

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// An answer that is not what was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    status: StatusCode,
    no_side_effects: bool,
    title: Cow<'static, str>,
    kafka: (&'static str, i16),
    members: Map<String, Value>,
    headers: HeaderMap,
}

impl Problem {
    /// A problem with the status and Kafka error of its code.
    pub(crate) fn new(code: Code, title: impl Into<Cow<'static, str>>) -> Problem {
        let mut headers = HeaderMap::new();
        if code.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Problem(Box::new(Inner {
            code,
            status: code.status(),
            no_side_effects: code.no_side_effects(),
            title: title.into(),
            kafka: code.kafka(),
            members: Map::new(),
            headers,
        }))
    }

    /// A request that makes no sense.
    pub(crate) fn bad_request(title: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(Code::BadRequest, title)
    }

    /// A record that cannot be taken.
    pub(crate) fn invalid_record(title: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(Code::InvalidRecord, title)
    }

    /// With another status than its code has by itself.
    pub(crate) fn status(mut self, status: StatusCode) -> Problem {
        self.0.status = status;
        self
    }

    /// What kept the rest of a request from being done, when something of it `was_done` before.
    pub(crate) fn after(mut self, was_done: bool) -> Problem {
        self.0.no_side_effects &= !was_done;
        self
    }

    /// With a more exact Kafka error.
    pub(crate) fn kafka(mut self, name: &'static str, code: i16) -> Problem {
        self.0.kafka = (name, code);
        self
    }

    /// With a member more in its body.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// With a header more.
    pub(crate) fn header(mut self, name: &'static str, value: u64) -> Problem {
        self.0
            .headers
            .insert(HeaderName::from_static(name), HeaderValue::from(value));
        self
    }

    /// Its code.
    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// The body.
    pub(crate) fn to_json(&self, request_id: &str) -> Value {
        let Inner {
            code,
            status,
            no_side_effects,
            title,
            kafka,
            members,
            ..
        } = &*self.0;
        let mut body = members.clone();
        body.insert("type".to_owned(), format!("urn:tidelog:error:{}", code.name()).into());
        body.insert("title".to_owned(), title.as_ref().into());
        body.insert("status".to_owned(), status.as_u16().into());
        body.insert("code".to_owned(), code.name().into());
        body.insert("retryable".to_owned(), code.retryable().into());
        body.insert("no_side_effects".to_owned(), (*no_side_effects).into());
        body.insert("kafka".to_owned(), json!({"name": kafka.0, "code": kafka.1}));
        body.insert("request_id".to_owned(), request_id.into());
        Value::Object(body)
    }

    /// The whole answer.
    pub(crate) fn to_response(&self, request_id: &str) -> Response {
        let mut response = Response::new(axum::body::Body::from(self.to_json(request_id).to_string()));
        *response.status_mut() = self.0.status;
        response.headers_mut().extend(self.0.headers.clone());
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
            .headers_mut()
            .insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The problem travels up in the response's extensions; the outermost layer, which knows the request's id, writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests;
