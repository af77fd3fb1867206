//! One record as an answer: its value is the body, its headers and key are headers.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use engine::{FetchError, FetchPart, FetchRequest, Fetched};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, HeaderName, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use records::{Limits, Record, walk};
use store::ReadClass;

use super::reader::{offset_of, out_of_range};
use super::reply::Caching;
use crate::http::authorize::{Allowed, ReadTopic};
use crate::http::extract::{NoQuery, UrlPath};
use crate::http::front::{Front, TopicFacts};
use crate::http::openapi::ReadProblems;
use crate::http::problem::{Code, Problem, undecodable};
use crate::http::shapes::RecordPath;

/// What stands in a header as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/')
    .remove(b':');

/// One record
///
/// The value as it was sent. `Tidelog-Key` and each `Tidelog-Header: name=value` are percent-encoded,
/// `Tidelog-Timestamp` is in milliseconds since 1970. A record without a value answers 204.
#[utoipa::path(
    get, path = "/v1/topics/{topic}/partitions/{partition}/records/{offset}", tag = "records",
    params(RecordPath),
    responses(
        (status = 200, description = "The value", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 204, description = "A tombstone"),
        (status = 304, description = "The client has it already"),
        ReadProblems,
    ),
)]
pub(crate) async fn one(
    State(front): State<Front>,
    authorized: Allowed<ReadTopic>,
    NoQuery: NoQuery,
    UrlPath(path): UrlPath<RecordPath>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let topic = front.partition(&authorized, path.partition).await?;
    let fetched = fetch(&front, &topic, &path).await?;
    // After a lost end another record may have the offset, in a later epoch.
    let epoch = fetched.batches.first().map_or(0, |batch| batch.leader_epoch);
    let caching = Caching::Immutable {
        tag: format!("{}-{}-{}-{epoch}-value", topic.id, path.partition, path.offset),
        weak: false,
        public: topic.public,
    };
    if caching.is_known(&headers) {
        return Ok(caching.not_modified());
    }
    let (record, timestamp) = find(&fetched, &path)?;
    let mut response = match &record.value {
        Some(value) => Response::new(Body::from(value.clone())),
        None => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
    };
    describe(response.headers_mut(), &record, timestamp);
    caching.apply(response.headers_mut());
    Ok(response)
}

async fn fetch(front: &Front, topic: &TopicFacts, path: &RecordPath) -> Result<Fetched, Problem> {
    let _memory = front.read_memory(topic.batch_bytes_max).await?;
    let part = FetchPart {
        partition: topic.partition(path.partition),
        offset: path.offset,
        bytes_max: 1,
    };
    let request = FetchRequest {
        parts: vec![part],
        bytes_max: 1,
        bytes_min: 0,
        wait: Duration::ZERO,
        class: ReadClass::Tail,
        after: None,
    };
    let fetched = front
        .engine()
        .fetch(&request)
        .await
        .into_iter()
        .next()
        .map(|part| part.result);
    let beyond = |log_start, end| out_of_range(path.partition, path.offset, log_start, end);
    match fetched {
        Some(Ok(fetched)) if fetched.batches.is_empty() => {
            // The offset is the next one, as far as is folded here.
            front.look().await?;
            let end = front.engine().read(|state| {
                let partition = state.partition(topic.partition(path.partition))?;
                Some((partition.log_start(), partition.high_watermark()))
            });
            let (log_start, end) = end.unwrap_or((0, 0));
            if end > path.offset {
                Box::pin(fetch(front, topic, path)).await
            } else {
                Err(beyond(log_start, end))
            }
        }
        Some(Ok(fetched)) => Ok(fetched),
        Some(Err(FetchError::OutOfRange {
            log_start,
            high_watermark,
        })) => Err(beyond(log_start, high_watermark)),
        Some(Err(error)) => Err(Problem::from(error).with("partition", path.partition)),
        None => Err(Problem::new(Code::Internal, "nothing was fetched")),
    }
}

fn find(fetched: &Fetched, path: &RecordPath) -> Result<(Record, i64), Problem> {
    for batch in &fetched.batches {
        let wrong = |error| undecodable(path.partition, batch.base_offset, batch.last_offset(), &error);
        for record in walk(&batch.batch, &Limits::default()).map_err(wrong)? {
            let record = record.map_err(wrong)?;
            if offset_of(batch, &record) == path.offset {
                let timestamp = record.timestamp(batch.batch.header());
                return Ok((record, timestamp));
            }
        }
    }
    Err(Problem::new(
        Code::OffsetGone,
        format!("there is no record at offset {}", path.offset),
    ))
}

fn describe(headers: &mut HeaderMap, record: &Record, timestamp: i64) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(
        HeaderName::from_static("tidelog-timestamp"),
        HeaderValue::from(timestamp),
    );
    let encoded = |bytes: &Bytes| percent_encode(bytes, KEPT).to_string();
    let mut add = |name: &'static str, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append(HeaderName::from_static(name), value);
        }
    };
    if let Some(key) = &record.key {
        add("tidelog-key", encoded(key));
    }
    for (name, value) in &record.headers {
        add(
            "tidelog-header",
            format!("{}={}", encoded(&name), value.as_ref().map(encoded).unwrap_or_default()),
        );
    }
}
