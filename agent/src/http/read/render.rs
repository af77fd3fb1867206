//! A record as JSON. Nothing of a value that is JSON is written anew: its bytes stand in the envelope as they were sent,
//! but for line breaks between its tokens where an envelope has to stand on one line.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use records::Record;
use serde::de::IgnoredAny;

use super::query::Decode;

/// Where and when a record is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    /// Its partition.
    pub(crate) partition: u32,
    /// Its offset.
    pub(crate) offset: u64,
    /// Milliseconds since 1970; -1 when its writer gave none.
    pub(crate) timestamp: i64,
}

/// How records are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// The form of values.
    pub(crate) decode: Option<Decode>,
    /// Whether each stands on one line.
    pub(crate) one_line: bool,
}

/// Writes the envelope of a record.
pub(crate) fn envelope(out: &mut Vec<u8>, spot: Spot, record: &Record, style: Style) {
    // Writing to memory cannot fail.
    let _ = write!(
        out,
        "{{\"partition\":{},\"offset\":{},\"timestamp\":",
        spot.partition, spot.offset
    );
    timestamp(out, spot.timestamp);
    key(out, record.key.as_deref());
    value(out, record.value.as_deref(), style);
    headers(out, record);
    out.push(b'}');
}

fn timestamp(out: &mut Vec<u8>, ms: i64) {
    let _ = match jiff::Timestamp::from_millisecond(ms) {
        _ if ms == -1 => write!(out, "null"),
        Ok(time) => write!(out, "\"{time}\""),
        Err(_) => write!(out, "{ms}"),
    };
}

fn key(out: &mut Vec<u8>, key: Option<&[u8]>) {
    match key.map(std::str::from_utf8) {
        None => out.extend_from_slice(b",\"key\":null"),
        Some(Ok(text)) => {
            out.extend_from_slice(b",\"key\":");
            string(out, text);
        }
        Some(Err(_)) => in_base64(out, b",\"key_b64\":\"", key.unwrap_or_default()),
    }
}

fn value(out: &mut Vec<u8>, value: Option<&[u8]>, style: Style) {
    let Some(bytes) = value else {
        out.extend_from_slice(b",\"value\":null");
        return;
    };
    let text = if style.decode == Some(Decode::Base64) {
        None
    } else {
        std::str::from_utf8(bytes).ok()
    };
    let json = text.filter(|text| style.decode != Some(Decode::String) && is_json(text));
    match (json, text.filter(|_| style.decode != Some(Decode::Json))) {
        (Some(json), _) => {
            out.extend_from_slice(b",\"value\":");
            raw(out, json, style.one_line);
        }
        (None, Some(text)) => {
            out.extend_from_slice(b",\"value\":");
            string(out, text);
        }
        (None, None) => in_base64(out, b",\"value_b64\":\"", bytes),
    }
}

/// A bare `null` would read as a tombstone, so it is text.
fn is_json(text: &str) -> bool {
    text.trim_matches([' ', '\t', '\r', '\n']) != "null" && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// JSON has line breaks only between its tokens, where a blank does as well.
fn raw(out: &mut Vec<u8>, json: &str, one_line: bool) {
    if one_line && json.contains(['\n', '\r']) {
        out.extend(
            json.bytes()
                .map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }),
        );
    } else {
        out.extend_from_slice(json.as_bytes());
    }
}

fn headers(out: &mut Vec<u8>, record: &Record) {
    out.extend_from_slice(b",\"headers\":[");
    for (at, (name, value)) in record.headers.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"[" } else { b",[" });
        string(out, &String::from_utf8_lossy(&name));
        out.push(b',');
        match value.as_deref().map(std::str::from_utf8) {
            None => out.extend_from_slice(b"null"),
            Some(Ok(text)) => string(out, text),
            Some(Err(_)) => {
                in_base64(out, b"{\"b64\":\"", value.as_deref().unwrap_or_default());
                out.push(b'}');
            }
        }
        out.push(b']');
    }
    out.push(b']');
}

fn string(out: &mut Vec<u8>, text: &str) {
    // Text into memory: neither can fail.
    let _ = serde_json::to_writer(out, text);
}

fn in_base64(out: &mut Vec<u8>, before: &[u8], bytes: &[u8]) {
    out.extend_from_slice(before);
    let start = out.len();
    let room = bytes.len().div_ceil(3) * 4;
    out.resize(start + room, 0);
    let written = STANDARD
        .encode_slice(bytes, out.get_mut(start..).unwrap_or_default())
        .unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

#[cfg(test)]
mod tests;
