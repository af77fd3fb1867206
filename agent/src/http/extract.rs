//! Reading paths, queries, headers and small JSON bodies, with problems for what is wrong in them.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::header::{CONTENT_TYPE, HeaderMap};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::body;
use super::front::Front;
use super::problem::{Code, Problem};

/// The parameters of the path.
#[derive(Debug)]
pub(crate) struct UrlPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Front> for UrlPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Self, Problem> {
        let read = Path::from_request_parts(parts, front).await;
        read.map(|Path(path)| UrlPath(path))
            .map_err(|error| Problem::bad_request(error.body_text()))
    }
}

/// The parameters of the query. One that is not known is refused: it would be a wish that nobody heard.
#[derive(Debug)]
pub(crate) struct UrlQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Front> for UrlQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Front) -> Result<Self, Problem> {
        let read = Query::try_from_uri(&parts.uri);
        read.map(|Query(query)| UrlQuery(query))
            .map_err(|error| Problem::bad_request(error.body_text()))
    }
}

/// That there are no parameters, for a route that knows none.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl FromRequestParts<Front> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Front) -> Result<Self, Problem> {
        let Some(query) = parts.uri.query().filter(|query| !query.is_empty()) else {
            return Ok(NoQuery);
        };
        let shown: String = query.chars().take(100).collect();
        Err(Problem::bad_request(format!(
            "this route takes no parameters, and here are {shown}"
        )))
    }
}

/// The id that the request goes by.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) std::sync::Arc<str>);

impl FromRequestParts<Front> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Front) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or(RequestId("".into())))
    }
}

/// A body of JSON for which the default stands when it is empty.
#[derive(Debug)]
pub(crate) struct JsonOr<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Front> for JsonOr<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, front: &Front) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let whole = body::read(front, &parts.headers, body).await?;
        if whole.bytes.is_empty() {
            return Ok(JsonOr(T::default()));
        }
        only_json(&parts.headers)?;
        read_json(&whole.bytes).map(JsonOr)
    }
}

/// A body of JSON.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Front> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, front: &Front) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        only_json(&parts.headers)?;
        let whole = body::read(front, &parts.headers, body).await?;
        read_json(&whole.bytes).map(JsonBody)
    }
}

fn only_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers).as_deref() {
        None | Some("application/json") => Ok(()),
        Some(other) => Err(unsupported(other, "application/json")),
    }
}

/// A body in a form that is not spoken there.
pub(crate) fn unsupported(found: &str, spoken: &str) -> Problem {
    let shown: String = found.chars().take(100).collect();
    Problem::new(
        Code::UnsupportedMediaType,
        format!("{shown} is not taken here, {spoken} is"),
    )
}

fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // An array would do for an object to the one who reads it, in an order that nobody wrote down.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::bad_request("the body is not a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(format!("the body makes no sense: {error}")))
}

/// The media type of the body in lower case, without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    Some(essence.to_ascii_lowercase())
}

/// The one value of a header as text.
///
/// # Errors
/// `bad_request` when it is no text, or given twice.
pub(crate) fn header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let value = value.to_str().ok().filter(|_| values.next().is_none());
    value
        .map(|value| Some(value.trim()))
        .ok_or_else(|| Problem::bad_request(format!("the header {name} makes no sense")))
}

/// The one value of a header as a whole number.
///
/// # Errors
/// `bad_request` when it is none.
pub(crate) fn number_header(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, Problem> {
    let Some(text) = header(headers, name)? else {
        return Ok(None);
    };
    let number = super::position::whole(text);
    number
        .map(Some)
        .ok_or_else(|| Problem::bad_request(format!("the header {name} is no whole number")))
}

/// The one tag of an If-Match header; quotes may be left out.
///
/// # Errors
/// `bad_request` for a weak tag, `*`, or several.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(text) = header(headers, "if-match")? else {
        return Ok(None);
    };
    let plain = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let wrong = plain.is_empty() || plain.contains(['"', '*', ',', '/']);
    if wrong {
        Err(Problem::bad_request("if-match names one version, as in \"42\""))
    } else {
        Ok(Some(plain))
    }
}
