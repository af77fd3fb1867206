//! Structured records: `{"records":[{"key":"u1","value":{"a":1},"headers":[["trace","abc"]],"partition":0,
//! "timestamp":"2026-11-22T13:31:00Z"}]}`, or one such record a line. Knows the records' form, not where they go.
//!
//! A value is the JSON text as it was sent. `"value": null` is a tombstone, no value at all is empty bytes. Members that
//! end in `_b64` carry bytes. An `offset` is passed by, so that what was read from one topic can be sent to another.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::key::{self, Text};
use super::values::{self, Elements};
use super::{Header, NewRecord};
use crate::http::position::time_ms;
use crate::http::problem::Problem;

/// Hands on each record of `{"records":[...]}`, as JSON.
///
/// # Errors
/// `invalid_record` when the body is of another form, and the first error of `take`.
pub(crate) fn each_record<'a>(
    body: &'a str,
    mut take: impl FnMut(&'a str) -> Result<(), Problem>,
) -> Result<(), Problem> {
    values::read(body, |input, failure| {
        input.deserialize_map(Envelope {
            take: &mut take,
            failure,
        })
    })
}

struct Envelope<'f, F> {
    take: &'f mut F,
    failure: &'f mut Option<Problem>,
}

impl<'a, F: FnMut(&'a str) -> Result<(), Problem>> Visitor<'a> for Envelope<'_, F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object with the member records")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let wrong = |text: &str| Err(serde::de::Error::custom(text));
        match members.next_key_seed(Text)? {
            Some(name) if name == "records" => {}
            _ => return wrong("expected the member records"),
        }
        members.next_value_seed(Elements {
            take: self.take,
            failure: self.failure,
        })?;
        match members.next_key_seed(Text)? {
            None => Ok(()),
            Some(_) => wrong("expected nothing but the member records"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    #[serde(borrow, default)]
    key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    key_b64: Option<&'a RawValue>,
    /// Null is a value too.
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    value_b64: Option<&'a RawValue>,
    #[serde(borrow, default)]
    headers: Option<Vec<(&'a RawValue, &'a RawValue)>>,
    #[serde(default)]
    partition: Option<u32>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "allowed in a record that was read elsewhere, and without meaning here"
    )]
    offset: Option<u64>,
}

fn present<'a, D: Deserializer<'a>>(input: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(input).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InBase64<'a> {
    #[serde(borrow)]
    b64: &'a RawValue,
}

/// The record that a JSON text describes.
///
/// # Errors
/// `invalid_record` saying what is wrong with it.
pub(crate) fn record(json: &str) -> Result<NewRecord<'_>, Problem> {
    if !json.starts_with('{') {
        return Err(Problem::invalid_record("a record is an object"));
    }
    let wire: Wire<'_> = serde_json::from_str(json).map_err(|error| values::malformed(&error))?;
    let key = match (wire.key, wire.key_b64) {
        (Some(_), Some(_)) => return Err(Problem::invalid_record("both key and key_b64")),
        (Some(key), None) => key::scalar(key.get())?,
        (None, Some(key)) => Some(bytes(key)?),
        (None, None) => None,
    };
    let value = match (wire.value.map(RawValue::get), wire.value_b64) {
        (Some(_), Some(_)) => return Err(Problem::invalid_record("both value and value_b64")),
        (Some("null"), None) => None,
        (Some(value), None) => Some(Cow::Borrowed(value.as_bytes())),
        (None, Some(value)) => Some(bytes(value)?),
        (None, None) => Some(Cow::Borrowed(&[][..])),
    };
    let headers = wire
        .headers
        .unwrap_or_default()
        .into_iter()
        .map(header)
        .collect::<Result<_, Problem>>()?;
    let timestamp = wire.timestamp.map(timestamp).transpose()?;
    Ok(NewRecord {
        key,
        value,
        headers,
        timestamp,
        partition: wire.partition,
    })
}

/// The bytes that a JSON string holds in base64.
fn bytes(json: &RawValue) -> Result<Cow<'_, [u8]>, Problem> {
    let wrong = || Problem::invalid_record("a member that ends in b64 is a string of base64");
    let text = if json.get().starts_with('"') {
        key::string(json.get())?
    } else {
        return Err(wrong());
    };
    STANDARD.decode(text.as_bytes()).map(Cow::Owned).map_err(|_| wrong())
}

/// `["name", "text"]`, `["name", null]` or `["name", {"b64": "AAE="}]`.
fn header<'a>((name, value): (&'a RawValue, &'a RawValue)) -> Result<Header<'a>, Problem> {
    let wrong = || Problem::invalid_record("a header is [name, value], the value a string, null or {\"b64\": \"...\"}");
    let text = |json: &'a RawValue| match json.get().starts_with('"') {
        true => key::scalar(json.get()).map(Option::unwrap_or_default),
        false => Err(wrong()),
    };
    let value_text = value.get();
    let value = if value_text == "null" {
        None
    } else if value_text.starts_with('{') {
        let InBase64 { b64 } = serde_json::from_str(value_text).map_err(|_| wrong())?;
        Some(bytes(b64)?)
    } else {
        Some(text(value)?)
    };
    Ok((text(name)?, value))
}

/// Milliseconds since 1970, or RFC 3339.
fn timestamp(json: &RawValue) -> Result<i64, Problem> {
    let text = json.get();
    let time = if text.starts_with('"') {
        time_ms(&key::string(text)?)
    } else {
        text.parse().ok()
    };
    time.ok_or_else(|| Problem::invalid_record("a timestamp is RFC 3339 text, or milliseconds since 1970"))
}

#[cfg(test)]
mod tests;
