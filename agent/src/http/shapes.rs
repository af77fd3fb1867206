//! Shapes of paths, requests and answers that several routes share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A topic in the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(
    dead_code,
    reason = "the shape of the documentation; the name comes out of the authorization"
)]
pub(crate) struct TopicPath {
    /// The topic's name.
    #[param(min_length = 1, max_length = 249, pattern = "^[a-zA-Z0-9._-]+$")]
    pub(crate) topic: String,
}

/// A partition in the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PartitionPath {
    /// The topic's name.
    #[param(min_length = 1, max_length = 249, pattern = "^[a-zA-Z0-9._-]+$")]
    #[serde(rename = "topic")]
    _topic: String,
    /// The partition's number.
    pub(crate) partition: u32,
}

/// A record in the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RecordPath {
    /// The topic's name.
    #[param(min_length = 1, max_length = 249, pattern = "^[a-zA-Z0-9._-]+$")]
    #[serde(rename = "topic")]
    _topic: String,
    /// The partition's number.
    pub(crate) partition: u32,
    /// The record's offset.
    pub(crate) offset: u64,
}

/// A group in the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(
    dead_code,
    reason = "the shape of the documentation; the name comes out of the authorization"
)]
pub(crate) struct GroupPath {
    /// The group's name.
    #[param(min_length = 1, max_length = 255)]
    pub(crate) group: String,
}

/// What a page of a list is asked for with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// Only names that begin so.
    #[param(max_length = 255)]
    pub(crate) prefix: Option<String>,
    /// How many, at most; 1,000 without it.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) page_size: Option<u32>,
    /// Where the page before ended: its `next_page_token`.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]*$")]
    pub(crate) page_token: Option<String>,
}

/// The value of a config and where it comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigValue {
    /// The value in force.
    pub(crate) value: String,
    /// `default`, or where it was set: `topic` or `cluster`.
    pub(crate) source: &'static str,
    /// `honoured`, or `none` for a config that is kept and shown and changes nothing.
    pub(crate) effect: &'static str,
}

/// A config's values by name.
pub(crate) type Configs = BTreeMap<&'static str, ConfigValue>;

/// Every config of a table, with what is in force.
pub(crate) fn configs<'a>(
    table: &'static [metadata::config::Spec],
    overrides: &BTreeMap<String, String>,
    value: impl Fn(&str) -> Option<&'a str>,
    source: &'static str,
) -> Configs {
    let row = |spec: &'static metadata::config::Spec| {
        let set = overrides.contains_key(spec.name);
        let shown = ConfigValue {
            value: value(spec.name).unwrap_or(spec.default).to_owned(),
            source: if set { source } else { "default" },
            effect: match spec.effect {
                metadata::config::Effect::Honoured => "honoured",
                metadata::config::Effect::WithoutEffect => "none",
            },
        };
        (spec.name, shown)
    };
    table.iter().map(row).collect()
}

/// Structured records to be appended.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the shape of the documentation; bodies are read without it")]
pub(crate) struct NewRecords {
    /// At least one.
    #[schema(min_items = 1)]
    records: Vec<NewRecordShape>,
}

/// A record to be appended.
#[derive(Debug, ToSchema)]
#[schema(as = NewRecord)]
#[expect(dead_code, reason = "the shape of the documentation; bodies are read without it")]
pub(crate) struct NewRecordShape {
    /// The key: a string's content, another scalar's text, none for null.
    key: Option<String>,
    /// The key in base64, instead.
    #[schema(content_encoding = "base64", nullable = false)]
    key_b64: Option<String>,
    /// The value: any JSON, kept as it is. Null is a tombstone; without it the value is empty.
    value: Option<serde_json::Value>,
    /// The value in base64, instead.
    #[schema(content_encoding = "base64", nullable = false)]
    value_b64: Option<String>,
    /// Pairs of a name and a value.
    #[schema(nullable = false)]
    headers: Option<Vec<(String, HeaderValueShape)>>,
    /// The partition; the same that the request names, if it names one.
    partition: Option<u32>,
    /// RFC 3339, or milliseconds since 1970.
    timestamp: Option<serde_json::Value>,
}

/// The value of a record's header: text, nothing, or bytes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = HeaderValue)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) enum HeaderValueShape {
    /// Text.
    Text(String),
    /// Bytes that are not UTF-8.
    Bytes {
        /// In base64.
        b64: String,
    },
    /// None.
    Nothing,
}

/// A record as it is read.
#[derive(Debug, ToSchema)]
#[schema(as = Record)]
#[expect(dead_code, reason = "the shape of the documentation; records are written without it")]
pub(crate) struct RecordShape {
    /// Its partition.
    partition: u32,
    /// Its offset.
    offset: u64,
    /// RFC 3339, or milliseconds since 1970 for a time that RFC 3339 cannot say; null when the writer gave none.
    timestamp: serde_json::Value,
    /// The key as text; null when there is none, absent when it is not UTF-8.
    key: Option<String>,
    /// The key in base64, when it is not UTF-8.
    #[schema(nullable = false)]
    key_b64: Option<String>,
    /// The value: as JSON if it is JSON, else as text if it is UTF-8; null for a tombstone. `decode` asks for another form.
    value: Option<serde_json::Value>,
    /// The value in base64, when it is neither, or asked for.
    #[schema(nullable = false)]
    value_b64: Option<String>,
    /// Pairs of a name and a value.
    headers: Vec<(String, HeaderValueShape)>,
}

/// Records of one partition.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the shape of the documentation; answers are written without it")]
pub(crate) struct PartitionRecords {
    /// The records, by offset.
    #[schema(value_type = Vec<RecordShape>)]
    records: Vec<RecordShape>,
    /// Where to go on, for any route that reads.
    next_cursor: String,
    /// Where to go on: a path of this agent.
    next: String,
    /// The next offset that a record will get. In an answer that may be kept it is the one of when that was made.
    high_watermark: u64,
    /// Whether there was nothing more when the request came.
    up_to_date: bool,
}

/// Records of many partitions.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the shape of the documentation; answers are written without it")]
pub(crate) struct TopicRecords {
    /// The records, within each partition by offset.
    #[schema(value_type = Vec<RecordShape>)]
    records: Vec<RecordShape>,
    /// Where to go on.
    next_cursor: String,
    /// Where to go on: a path of this agent.
    next: String,
    /// By partition the next offset that a record will get.
    high_watermark: BTreeMap<String, u64>,
    /// Whether there was nothing more when the request came.
    up_to_date: bool,
}
