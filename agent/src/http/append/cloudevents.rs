//! CloudEvents over HTTP to CloudEvents in Kafka records (both bindings, version 1.0.2): structured and batched events
//! keep their JSON as the value, binary ones become `ce_` headers around the body.

use http::HeaderMap;

use super::OwnHeader;
use super::plan::Form;
use crate::http::problem::Problem;

const ONE: &str = "application/cloudevents+json";
const MANY: &str = "application/cloudevents-batch+json";

/// Attributes that every event has.
const REQUIRED: [&str; 4] = ["ce-id", "ce-source", "ce-specversion", "ce-type"];

/// The form of a body of events, and the headers its records get; none when it is of no events.
///
/// # Errors
/// `unsupported_media_type` for a format other than JSON, `bad_request` for an event that lacks an attribute.
pub(crate) fn form(
    media_type: Option<&str>,
    headers: &HeaderMap,
    into: &mut Vec<OwnHeader>,
) -> Result<Option<Form>, Problem> {
    let content_type = |text: &[u8]| (b"content-type".to_vec(), text.to_vec());
    match media_type {
        Some(ONE) => {
            into.push(content_type(b"application/cloudevents+json; charset=UTF-8"));
            Ok(Some(Form::Events { many: false }))
        }
        Some(MANY) => {
            into.push(content_type(b"application/cloudevents+json; charset=UTF-8"));
            Ok(Some(Form::Events { many: true }))
        }
        Some(other) if other.starts_with("application/cloudevents") => {
            Err(crate::http::extract::unsupported(other, ONE))
        }
        _ if headers.contains_key("ce-specversion") => {
            binary(headers, into)?;
            if let Some(own) = headers.get(http::header::CONTENT_TYPE) {
                into.push(content_type(own.as_bytes()));
            }
            Ok(Some(Form::Raw))
        }
        _ => Ok(None),
    }
}

/// The `ce-` headers of a binary event as those of a record. Their percent-encoding is HTTP's and is undone.
fn binary(headers: &HeaderMap, into: &mut Vec<OwnHeader>) -> Result<(), Problem> {
    if let Some(missing) = REQUIRED
        .iter()
        .find(|name| headers.get(**name).is_none_or(http::HeaderValue::is_empty))
    {
        return Err(Problem::bad_request(format!("an event has the header {missing}")));
    }
    for (name, value) in headers {
        if let Some(attribute) = name.as_str().strip_prefix("ce-") {
            let value = percent_encoding::percent_decode(value.as_bytes()).collect();
            into.push((format!("ce_{attribute}").into_bytes(), value));
        }
    }
    Ok(())
}

/// Checks that a JSON text is an event.
///
/// # Errors
/// `invalid_record` when it lacks an attribute.
pub(crate) fn check(json: &str) -> Result<(), Problem> {
    for name in ["id", "source", "specversion", "type"] {
        let path: super::key::KeyPath = super::key::KeyPath::member(name);
        let there = json.starts_with('{') && path.of(json)?.is_some_and(|text| !text.is_empty());
        if !there {
            return Err(Problem::invalid_record(format!(
                "an event is an object with the member {name}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
