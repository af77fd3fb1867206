//! A record as the agent sends it, and the bytes that were produced out of it.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::format::Record;

/// An envelope: where the record lies, and its text as it came.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The partition.
    pub(super) partition: u32,
    /// The offset.
    pub(super) offset: u64,
    /// The envelope as the agent sent it.
    pub(super) raw: Box<RawValue>,
}

/// What every envelope has.
#[derive(Deserialize)]
struct Place {
    partition: u32,
    offset: u64,
}

/// What an envelope may have.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(default)]
    timestamp: Value,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    key_b64: Option<String>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    value_b64: Option<String>,
    #[serde(default)]
    headers: Vec<Value>,
}

impl Envelope {
    /// Reads where the record lies.
    pub(super) fn parse(raw: Box<RawValue>) -> Result<Envelope> {
        let place: Place = serde_json::from_str(raw.get()).context("a record without partition and offset")?;
        Ok(Envelope {
            partition: place.partition,
            offset: place.offset,
            raw,
        })
    }

    /// The record's bytes.
    pub(super) fn record(&self) -> Result<Record> {
        let fields: Fields<'_> = serde_json::from_str(self.raw.get())
            .with_context(|| format!("the record at {}:{} makes no sense", self.partition, self.offset))?;
        Ok(Record {
            partition: self.partition,
            offset: self.offset,
            timestamp_ms: timestamp_ms(&fields.timestamp),
            key: bytes(fields.key, fields.key_b64.as_deref())?,
            value: bytes(fields.value, fields.value_b64.as_deref())?,
            headers: fields.headers.iter().map(header).collect::<Result<_>>()?,
        })
    }
}

/// Base64 as it says; a JSON string its content; null nothing; any other JSON its text.
fn bytes(json: Option<&RawValue>, base64: Option<&str>) -> Result<Option<Vec<u8>>> {
    if let Some(text) = base64 {
        return Ok(Some(BASE64.decode(text).context("base64 that is none")?));
    }
    let Some(raw) = json else {
        return Ok(None);
    };
    Ok(match raw.get() {
        "null" => None,
        text if text.starts_with('"') => Some(serde_json::from_str::<String>(text)?.into_bytes()),
        text => Some(text.as_bytes().to_vec()),
    })
}

fn timestamp_ms(timestamp: &Value) -> i64 {
    if let Some(ms) = timestamp.as_i64() {
        return ms;
    }
    let time = timestamp.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    time.map_or(-1, jiff::Timestamp::as_millisecond)
}

/// `["name", "value"]`, with null for none; bytes that are no text stand in an object with `_b64` names.
fn header(header: &Value) -> Result<(String, Option<Vec<u8>>)> {
    let name = header
        .get(0)
        .or_else(|| header.get("name"))
        .or_else(|| header.get("key"));
    let name = name.and_then(Value::as_str).unwrap_or_default().to_owned();
    let value = header.get(1).or_else(|| header.get("value")).unwrap_or(&Value::Null);
    let base64 = header
        .get("value_b64")
        .or_else(|| value.get("value_b64"))
        .or_else(|| value.get("b64"));
    if let Some(text) = base64.and_then(Value::as_str) {
        return Ok((name, Some(BASE64.decode(text).context("base64 that is none")?)));
    }
    Ok((name, value.as_str().map(|text| text.as_bytes().to_vec())))
}

#[cfg(test)]
mod tests;
