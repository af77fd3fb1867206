//! What a request to read says: its query, and the form in which it wants the records.

use std::time::Duration;

use http::HeaderMap;
use http::header::ACCEPT;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::position::Position;
use crate::http::problem::{Code, Problem};
use crate::http::settings::HttpSettings;

/// Records of an answer when the request does not say.
pub(crate) const LIMIT_DEFAULT: usize = 1_000;
/// Records of an answer, at most.
pub(crate) const LIMIT_MAX: usize = 10_000;
/// Bytes of the batches of an answer when the request does not say.
const BYTES_DEFAULT: usize = 1 << 20;

/// In which form values are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decode {
    /// As JSON, else in base64.
    Json,
    /// As text if they are UTF-8, else in base64.
    String,
    /// In base64.
    Base64,
}

/// The query of a read of all partitions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopicReadQuery {
    /// Where to begin: a cursor, or a position such as `earliest` (without it), `latest`, `-10`, `@2026-11-22T10:00Z` or
    /// `@-1h` in every partition.
    #[param(max_length = 4096)]
    pub(crate) cursor: Option<String>,
    /// Which partitions to follow, at most 256 of them; all without it. Not with a cursor, which says them itself.
    #[param(pattern = "^[0-9]{1,10}(-[0-9]{1,10})?$")]
    pub(crate) partitions: Option<String>,
    /// Records, at most; 1,000 without it.
    #[param(minimum = 1, maximum = 10_000)]
    pub(crate) limit: Option<usize>,
    /// Bytes of record batches, at most; 1 MiB without it. A first batch that is larger is given all the same.
    #[param(minimum = 1, maximum = 8_388_608)]
    pub(crate) max_bytes: Option<usize>,
    /// Seconds to wait for records when there are none.
    #[param(minimum = 0, maximum = 60)]
    pub(crate) wait: Option<f64>,
    /// The form of values; what fits them best without it.
    #[param(inline)]
    pub(crate) decode: Option<Decode>,
}

/// The query of a read of one partition.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartitionReadQuery {
    /// Where to begin: an offset, `earliest` (without it), `latest`, `-10`, `@2026-11-22T10:00Z` or `@-1h`.
    #[param(
        max_length = 64,
        pattern = r"^(earliest|latest|-?[0-9]{1,20}|@[0-9]{1,20}|@(-([0-9]{1,20}(ms|s|m|h|d|w))+)|@[+]?[0-9]{4}[0-9A-Za-z:.,+!/_=\[\] -]{4,58})$"
    )]
    pub(crate) offset: Option<String>,
    /// Where to end: the position behind the last record.
    #[param(
        max_length = 64,
        pattern = r"^(earliest|latest|-?[0-9]{1,20}|@[0-9]{1,20}|@(-([0-9]{1,20}(ms|s|m|h|d|w))+)|@[+]?[0-9]{4}[0-9A-Za-z:.,+!/_=\[\] -]{4,58})$"
    )]
    pub(crate) until: Option<String>,
    /// Records, at most; 1,000 without it.
    #[param(minimum = 1, maximum = 10_000)]
    pub(crate) limit: Option<usize>,
    /// Bytes of record batches, at most; 1 MiB without it. A first batch that is larger is given all the same.
    #[param(minimum = 1, maximum = 8_388_608)]
    pub(crate) max_bytes: Option<usize>,
    /// Seconds to wait for records when there are none.
    #[param(minimum = 0, maximum = 60)]
    pub(crate) wait: Option<f64>,
    /// The form of values; what fits them best without it.
    #[param(inline)]
    pub(crate) decode: Option<Decode>,
}

/// How much is read, and how long it is waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    /// Records, at most.
    pub(crate) limit: usize,
    /// Bytes of batches, at most.
    pub(crate) bytes_max: usize,
    /// How long to wait for the first record.
    pub(crate) wait: Duration,
}

impl Bounds {
    /// What the query says, within the settings.
    ///
    /// # Errors
    /// `bad_request` for what lies beyond them.
    pub(crate) fn of(
        limit: Option<usize>,
        max_bytes: Option<usize>,
        wait: Option<f64>,
        settings: &HttpSettings,
    ) -> Result<Bounds, Problem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::bad_request(format!("limit is 1 to {LIMIT_MAX}")));
        }
        let bytes_max = max_bytes.unwrap_or(BYTES_DEFAULT.min(settings.read_bytes_max));
        if !(1..=settings.read_bytes_max).contains(&bytes_max) {
            return Err(Problem::bad_request(format!(
                "max_bytes is 1 to {}",
                settings.read_bytes_max
            )));
        }
        let longest = settings.wait_max.as_secs_f64();
        let wait = wait.unwrap_or(0.0);
        let wait = Duration::try_from_secs_f64(wait)
            .ok()
            .filter(|wait| *wait <= settings.wait_max);
        let wait = wait.ok_or_else(|| Problem::bad_request(format!("wait is 0 to {longest} seconds")))?;
        Ok(Bounds { limit, bytes_max, wait })
    }
}

/// A position in a query.
///
/// # Errors
/// `bad_request` when it is none.
pub(crate) fn position(name: &str, text: &str) -> Result<Position, Problem> {
    text.parse()
        .map_err(|error| Problem::bad_request(format!("{name}: {error}")))
}

/// A range of partitions, both ends included: `3` or `0-255`.
///
/// # Errors
/// `bad_request` when it is none.
pub(crate) fn partitions(text: &str) -> Result<(u32, u32), Problem> {
    let wrong = || Problem::bad_request("partitions is a number or a range, as in 0-255");
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| crate::http::position::whole(text).and_then(|number| u32::try_from(number).ok());
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(wrong()),
    }
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON object.
    Json,
    /// An envelope a line.
    Lines,
    /// Server-sent events.
    Events,
    /// Record batches.
    Batches,
}

impl Form {
    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Lines => "application/x-ndjson",
            Form::Events => "text/event-stream",
            Form::Batches => "application/vnd.tidelog.batch",
        }
    }

    /// The form that a request accepts most gladly; JSON when it does not say.
    ///
    /// # Errors
    /// 406 when it accepts none of them.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Form, Problem> {
        let mut best: Option<(Form, f32)> = None;
        let mut asked = false;
        for value in headers.get_all(ACCEPT) {
            let Ok(text) = value.to_str() else { continue };
            for range in text.split(',').filter(|range| !range.trim().is_empty()) {
                asked = true;
                let Some((form, quality)) = range_of(range) else {
                    continue;
                };
                if quality > 0.0 && best.is_none_or(|(_, best)| quality > best) {
                    best = Some((form, quality));
                }
            }
        }
        match best {
            Some((form, _)) => Ok(form),
            None if !asked => Ok(Form::Json),
            None => {
                let text = "records are given as application/json, application/x-ndjson, text/event-stream and \
                            application/vnd.tidelog.batch";
                Err(Problem::new(Code::UnsupportedMediaType, text).status(http::StatusCode::NOT_ACCEPTABLE))
            }
        }
    }
}

fn range_of(range: &str) -> Option<(Form, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let form = match parts.next()?.to_ascii_lowercase().as_str() {
        "*/*" | "application/*" | "application/json" => Form::Json,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Form::Lines,
        "text/event-stream" => Form::Events,
        "application/vnd.tidelog.batch" => Form::Batches,
        _ => return None,
    };
    let quality = parts
        .find_map(|part| part.strip_prefix("q="))
        .map_or(Some(1.0), |text| text.parse().ok());
    Some((form, quality?))
}

#[cfg(test)]
mod tests;
