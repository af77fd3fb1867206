//! Turns lines into request bodies. JSON is sent as it stands, byte for byte; whatever needs a key, headers or bytes
//! that are no JSON travels in the structured form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{InputFormat, ProduceArgs};
use crate::exit::Ended;

/// A body and where it goes.
#[derive(Debug, Clone)]
pub(super) struct Body {
    /// Whether it goes to the route of structured records.
    pub(super) structured: bool,
    /// What it is.
    pub(super) content_type: &'static str,
    /// The bytes.
    pub(super) bytes: Bytes,
}

/// Makes bodies as the command line says.
#[derive(Debug)]
pub(super) struct Encoder {
    format: InputFormat,
    key: Option<String>,
    key_delimiter: Option<String>,
    headers: Vec<Value>,
}

impl Encoder {
    /// Refuses options that do not go together.
    pub(super) fn new(args: &ProduceArgs) -> Result<Encoder, Ended> {
        use InputFormat::{Json, Lines, Ndjson, Records};
        let (format, keyed) = (args.format, args.key.is_some() || args.key_path.is_some());
        if args.key_delimiter.is_some() && format != Lines {
            return Err(Ended::usage("--key-delimiter goes with lines"));
        }
        if args.key_path.is_some() && !matches!(format, Ndjson | Json) {
            return Err(Ended::usage("--key-path goes with -f ndjson and -f json"));
        }
        if format == Json && !args.headers.is_empty() {
            return Err(Ended::usage(
                "-H does not go with -f json; cut the array into lines and use -f ndjson",
            ));
        }
        if format == Records && (keyed || !args.headers.is_empty()) {
            return Err(Ended::usage("records have keys and headers of their own"));
        }
        if args.key_delimiter.as_deref() == Some("") {
            return Err(Ended::usage("--key-delimiter cannot be empty"));
        }
        let headers = args.headers.iter().map(|pair| json!([pair.name, pair.value])).collect();
        Ok(Encoder {
            format,
            key: args.key.clone(),
            key_delimiter: args.key_delimiter.clone(),
            headers,
        })
    }

    /// A body of one record a line. `first_line` is the number of the first, for messages.
    pub(super) fn lines(&self, lines: &[Vec<u8>], first_line: u64) -> Result<Body, Ended> {
        if self.format == InputFormat::Ndjson && self.headers.is_empty() {
            return Ok(as_it_stands(lines));
        }
        let mut bytes = Vec::new();
        for (number, line) in (first_line..).zip(lines) {
            let record = match self.format {
                InputFormat::Records => {
                    record_of_envelope(line).map_err(|what| Ended::usage(format!("line {number}: {what}")))?
                }
                _ => self.record_of_line(line),
            };
            bytes.extend_from_slice(record.to_string().as_bytes());
            bytes.push(b'\n');
        }
        Ok(structured(bytes))
    }

    /// A body of the whole input.
    pub(super) fn whole(&self, bytes: Bytes) -> Result<Body, Ended> {
        if self.format == InputFormat::Json {
            return Ok(plain("application/json", bytes));
        }
        if self.headers.is_empty() {
            return Ok(plain("application/octet-stream", bytes));
        }
        Ok(structured(self.record_of_line(&bytes).to_string().into_bytes()))
    }

    fn record_of_line(&self, line: &[u8]) -> Value {
        let (line_key, value) = match &self.key_delimiter {
            Some(delimiter) => split(line, delimiter.as_bytes()),
            None => (None, line),
        };
        let mut record = json!({"value_b64": BASE64.encode(value)});
        if let Some(key) = line_key.or(self.key.as_deref().map(str::as_bytes)) {
            record["key_b64"] = BASE64.encode(key).into();
        }
        if !self.headers.is_empty() {
            record["headers"] = Value::Array(self.headers.clone());
        }
        record
    }
}

/// Lines joined again. Blank ones are no JSON values: the agent would refuse them, and they say nothing.
fn as_it_stands(lines: &[Vec<u8>]) -> Body {
    let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines.iter().filter(|line| !line.trim_ascii().is_empty()) {
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    plain("application/x-ndjson", Bytes::from(bytes))
}

fn plain(content_type: &'static str, bytes: Bytes) -> Body {
    Body {
        structured: false,
        content_type,
        bytes,
    }
}

fn structured(bytes: Vec<u8>) -> Body {
    Body {
        structured: true,
        content_type: "application/x-ndjson",
        bytes: Bytes::from(bytes),
    }
}

/// Key and value of a line; without the delimiter the line has no key.
fn split<'a>(line: &'a [u8], delimiter: &[u8]) -> (Option<&'a [u8]>, &'a [u8]) {
    let at = line.windows(delimiter.len()).position(|window| window == delimiter);
    match at {
        Some(at) => (Some(&line[..at]), &line[at + delimiter.len()..]),
        None => (None, line),
    }
}

/// A record as it was read, without what the log decides.
fn record_of_envelope(line: &[u8]) -> Result<Value, String> {
    let mut record: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| format!("no JSON object: {error}"))?;
    for name in ["topic", "partition", "offset"] {
        record.remove(name);
    }
    Ok(Value::Object(record))
}

#[cfg(test)]
mod tests;
