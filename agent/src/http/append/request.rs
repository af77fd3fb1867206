//! What a request to append says beside its body: the query and the headers.

use http::HeaderMap;
use metadata::entry::RequestSequence;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::key::KeyPath;
use super::plan::{Common, Form};
use super::{OwnHeader, cloudevents};
use crate::http::extract;
use crate::http::position::{time_ms, whole};
use crate::http::problem::Problem;

/// The longest name of an HTTP producer, in bytes.
const PRODUCER_BYTES_MAX: usize = metadata::REQUEST_PRODUCER_BYTES_MAX;

/// When an append is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AckWish {
    /// When the records are durable and have their offsets.
    #[default]
    All,
    /// At once. The records may get lost.
    None,
}

/// The query of an append to a topic.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppendQuery {
    /// The key of every record.
    key: Option<String>,
    /// Where in each JSON value its key is, as in `$.user.id`.
    #[param(pattern = r"^\$(\.[^.\[\]]+){1,32}$")]
    key_path: Option<String>,
    /// The partition; without it keyed records go where their key says, the others together to one.
    partition: Option<u32>,
    /// The records' timestamp: milliseconds since 1970, or RFC 3339; now without it.
    #[param(
        max_length = 64,
        pattern = r"^([0-9]{1,20}|[+-]?[0-9]{4}[0-9A-Za-z:.,+!/_=\[\] -]{4,59})$"
    )]
    ts: Option<String>,
    /// Whether a top-level JSON array is a record for each element; it is without this.
    flatten: Option<bool>,
    /// When it is answered.
    #[param(inline)]
    ack: Option<AckWish>,
}

/// The query of an append to a partition.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartitionAppendQuery {
    /// The key of every record.
    key: Option<String>,
    /// Where in each JSON value its key is, as in `$.user.id`.
    #[param(pattern = r"^\$(\.[^.\[\]]+){1,32}$")]
    key_path: Option<String>,
    /// The records' timestamp: milliseconds since 1970, or RFC 3339; now without it.
    #[param(
        max_length = 64,
        pattern = r"^([0-9]{1,20}|[+-]?[0-9]{4}[0-9A-Za-z:.,+!/_=\[\] -]{4,59})$"
    )]
    ts: Option<String>,
    /// Whether a top-level JSON array is a record for each element; it is without this.
    flatten: Option<bool>,
    /// When it is answered.
    #[param(inline)]
    ack: Option<AckWish>,
}

/// The query of an append of structured records to a topic.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StructuredQuery {
    /// The partition of all records: one that names a partition names this one, or the request is refused.
    partition: Option<u32>,
    /// The timestamp of records that have none: milliseconds since 1970, or RFC 3339; now without it.
    #[param(
        max_length = 64,
        pattern = r"^([0-9]{1,20}|[+-]?[0-9]{4}[0-9A-Za-z:.,+!/_=\[\] -]{4,59})$"
    )]
    ts: Option<String>,
    /// When it is answered.
    #[param(inline)]
    ack: Option<AckWish>,
}

/// The query of an append of structured records to a partition.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartitionStructuredQuery {
    /// The timestamp of records that have none: milliseconds since 1970, or RFC 3339; now without it.
    #[param(
        max_length = 64,
        pattern = r"^([0-9]{1,20}|[+-]?[0-9]{4}[0-9A-Za-z:.,+!/_=\[\] -]{4,59})$"
    )]
    ts: Option<String>,
    /// When it is answered.
    #[param(inline)]
    ack: Option<AckWish>,
}

/// The headers that make an append safe to repeat. They are read by name; this documents them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) struct Sequence {
    /// Names a producer whose requests to this topic are numbered. All three headers, or none.
    #[param(rename = "Producer-Id", min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    producer_id: Option<String>,
    /// The producer's epoch; a higher one begins with sequence 0 again.
    #[param(rename = "Producer-Epoch")]
    producer_epoch: Option<u64>,
    /// The number of this request, from 0. A repeat is answered as the first was.
    #[param(rename = "Producer-Seq")]
    producer_seq: Option<u64>,
}

/// The header that makes an append conditional. It is read by name; this documents it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) struct IfOffset {
    /// Append only when this is its next offset.
    #[param(rename = "If-Match", pattern = r#"^("[0-9]{1,20}"|[0-9]{1,20})$"#)]
    if_match: Option<String>,
}

/// What a request asks for, whichever route it came by.
#[derive(Debug)]
pub(crate) struct Wish {
    /// Whether the body is of structured records.
    structured: bool,
    key: Option<String>,
    key_path: Option<KeyPath>,
    /// The partition.
    pub(crate) partition: Option<u32>,
    /// The records' timestamp.
    pub(crate) timestamp: Option<i64>,
    flatten: bool,
    /// Whether it is answered at once.
    pub(crate) no_ack: bool,
}

fn timestamp(text: Option<&String>) -> Result<Option<i64>, Problem> {
    let read = |text: &String| {
        let wrong = || Problem::bad_request("ts is milliseconds since 1970, or RFC 3339");
        time_ms(text).ok_or_else(wrong)
    };
    text.map(read).transpose()
}

impl AppendQuery {
    /// What it asks for.
    pub(crate) fn wish(self) -> Result<Wish, Problem> {
        let AppendQuery {
            key,
            key_path,
            partition,
            ts,
            flatten,
            ack,
        } = self;
        let rest = PartitionAppendQuery {
            key,
            key_path,
            ts,
            flatten,
            ack,
        };
        Ok(Wish {
            partition,
            ..rest.wish_anywhere()?
        })
    }
}

impl PartitionAppendQuery {
    /// What it asks for.
    pub(crate) fn wish(self, partition: u32) -> Result<Wish, Problem> {
        Ok(Wish {
            partition: Some(partition),
            ..self.wish_anywhere()?
        })
    }

    fn wish_anywhere(self) -> Result<Wish, Problem> {
        let key_path = self.key_path.map(|path| path.parse::<KeyPath>()).transpose();
        let key_path = key_path.map_err(|error| Problem::bad_request(error.to_string()))?;
        if key_path.is_some() && self.key.is_some() {
            return Err(Problem::bad_request("both key and key_path"));
        }
        Ok(Wish {
            structured: false,
            key: self.key,
            key_path,
            partition: None,
            timestamp: timestamp(self.ts.as_ref())?,
            flatten: self.flatten.unwrap_or(true),
            no_ack: self.ack == Some(AckWish::None),
        })
    }
}

impl StructuredQuery {
    /// What it asks for.
    pub(crate) fn wish(self) -> Result<Wish, Problem> {
        let rest = PartitionStructuredQuery {
            ts: self.ts,
            ack: self.ack,
        };
        Ok(Wish {
            partition: self.partition,
            ..rest.wish(0)?
        })
    }
}

impl PartitionStructuredQuery {
    /// What it asks for.
    pub(crate) fn wish(self, partition: u32) -> Result<Wish, Problem> {
        Ok(Wish {
            structured: true,
            key: None,
            key_path: None,
            partition: Some(partition),
            timestamp: timestamp(self.ts.as_ref())?,
            flatten: false,
            no_ack: self.ack == Some(AckWish::None),
        })
    }
}

/// The form of the body, and what its records have in common.
///
/// # Errors
/// `unsupported_media_type`, and `bad_request` for parameters and headers that do not go together.
pub(crate) fn read(headers: &HeaderMap, wish: &Wish) -> Result<(Form, Common), Problem> {
    let media_type = extract::media_type(headers);
    let mut common = Common {
        key: wish.key.clone().map(String::into_bytes),
        key_path: wish.key_path.clone(),
        headers: record_headers(headers)?,
        expected_offset: expected_offset(headers, wish)?,
    };
    let form = match media_type.as_deref() {
        None | Some("application/json") if wish.structured => Form::Structured,
        Some("application/x-ndjson" | "application/ndjson" | "application/jsonl") => {
            if wish.structured {
                Form::StructuredLines
            } else {
                Form::Lines
            }
        }
        Some(other) if wish.structured => {
            return Err(extract::unsupported(other, "application/json or application/x-ndjson"));
        }
        Some("application/vnd.apache.arrow.stream" | "application/vnd.apache.parquet") => {
            return Err(extract::unsupported("bulk import", "JSON, NDJSON, text or bytes"));
        }
        Some("application/vnd.tidelog.batch") => Form::Batches,
        media_type => cloudevents::form(media_type, headers, &mut common.headers)?.unwrap_or(match media_type {
            Some("application/json") => Form::Json { flatten: wish.flatten },
            _ => Form::Raw,
        }),
    };
    let of_json = matches!(form, Form::Json { .. } | Form::Lines);
    if common.key_path.is_some() && !of_json {
        return Err(Problem::bad_request("key_path needs a body of JSON or NDJSON"));
    }
    if form == Form::Batches && (common.key.is_some() || wish.partition.is_none()) {
        return Err(Problem::bad_request(
            "batches have keys of their own and need a partition",
        ));
    }
    Ok((form, common))
}

/// `Tidelog-Header: name=value`, percent-encoded, for every record.
fn record_headers(headers: &HeaderMap) -> Result<Vec<OwnHeader>, Problem> {
    let wrong = || Problem::bad_request("tidelog-header is name=value, percent-encoded");
    let read = |value: &http::HeaderValue| {
        let (name, value) = value.to_str().ok()?.split_once('=')?;
        Some((percent_decode_str(name).collect(), percent_decode_str(value).collect()))
    };
    headers
        .get_all("tidelog-header")
        .iter()
        .map(|value| read(value).ok_or_else(wrong))
        .collect()
}

fn expected_offset(headers: &HeaderMap, wish: &Wish) -> Result<Option<u64>, Problem> {
    let Some(tag) = extract::if_match(headers)? else {
        return Ok(None);
    };
    if wish.partition.is_none() {
        return Err(Problem::bad_request("if-match needs a partition"));
    }
    let offset = whole(tag).ok_or_else(|| Problem::bad_request("if-match names an offset, as in \"42\""))?;
    Ok(Some(offset))
}

/// What the `Producer-` headers say.
///
/// # Errors
/// `bad_request` when some are missing or make no sense.
pub(crate) fn sequence(headers: &HeaderMap) -> Result<Option<RequestSequence>, Problem> {
    let producer = headers.get("producer-id").map(|id| id.as_bytes());
    let epoch = extract::number_header(headers, "producer-epoch")?;
    let sequence = extract::number_header(headers, "producer-seq")?;
    match (producer, epoch, sequence) {
        (None, None, None) => Ok(None),
        (Some(producer), Some(epoch), Some(sequence)) => {
            if producer.is_empty() || producer.len() > PRODUCER_BYTES_MAX {
                return Err(Problem::bad_request(format!(
                    "producer-id has 1 to {PRODUCER_BYTES_MAX} bytes"
                )));
            }
            let producer = bytes::Bytes::copy_from_slice(producer);
            Ok(Some(RequestSequence {
                producer,
                epoch,
                sequence,
            }))
        }
        _ => Err(Problem::bad_request(
            "producer-id, producer-epoch and producer-seq come together",
        )),
    }
}

#[cfg(test)]
mod tests;
