//! Appending over HTTP: from a request to a group, and from its verdict to an answer. A request is all or nothing.
//!
//! Memory for the body is taken before it is read; the body is read as its form says, straight into batches; nothing is
//! held for records that were read. Bytes are stored exactly as they were sent.

mod batcher;
mod cloudevents;
mod key;
mod plan;
mod request;
mod structured;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use engine::{AppendDone, AppendGroup, AppendRun, Replay};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::authorize::{Allowed, WriteTopic};
use super::body;
use super::extract::{UrlPath, UrlQuery};
use super::front::{Front, TopicFacts};
use super::metrics;
use super::openapi::AppendProblems;
use super::problem::{Code, Problem};
use super::shapes::{PartitionPath, TopicPath};
use batcher::Target;
use plan::{Common, Form};
use request::{AppendQuery, IfOffset, PartitionAppendQuery, PartitionStructuredQuery, Sequence, StructuredQuery, Wish};

/// Batches take no more bytes than the body this many times over, and a floor beyond that. The shortest record takes nine
/// bytes of a batch and two of a body.
const EXPANSION_MAX: usize = 8;
const EXPANSION_FLOOR_BYTES: usize = 64 << 10;

/// A header of a record: name and value.
pub(crate) type Header<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// A header that every record of a request gets.
pub(crate) type OwnHeader = (Vec<u8>, Vec<u8>);

/// A record to be appended. It borrows from the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewRecord<'a> {
    /// The key.
    pub(crate) key: Option<Cow<'a, [u8]>>,
    /// The value; none is a tombstone.
    pub(crate) value: Option<Cow<'a, [u8]>>,
    /// Headers by name.
    pub(crate) headers: Vec<Header<'a>>,
    /// Milliseconds since 1970.
    pub(crate) timestamp: Option<i64>,
    /// Where to.
    pub(crate) partition: Option<u32>,
}

/// Where the records of a request are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppendAnswer {
    /// The topic.
    pub(crate) topic: String,
    /// By partition.
    pub(crate) acks: Vec<Ack>,
    /// The next offset of each of these partitions; a hint, for others append too.
    pub(crate) high_watermark: BTreeMap<String, u64>,
    /// The position in the ledger from which they can be read.
    #[schema(examples("1.77"))]
    pub(crate) position: String,
    /// Milliseconds from the last byte of the request until its records were durable and ordered.
    pub(crate) durable_ms: u64,
}

/// Records that lie one behind the other in a partition.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Ack {
    /// The partition.
    pub(crate) partition: u32,
    /// The offset of the first record.
    pub(crate) base_offset: u64,
    /// How many.
    pub(crate) count: u64,
    /// They had been appended before, by the same producer with the same sequence.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) duplicate: bool,
}

/// What was taken and may get lost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedAnswer {
    /// The topic.
    pub(crate) topic: String,
    /// How many records.
    pub(crate) accepted: u64,
}

/// Append the body as it is
///
/// `application/json`: one value, a top-level array is flattened one level. `application/x-ndjson`: one record a line.
/// `application/cloudevents+json` and `-batch+json`, or `ce-` headers: CloudEvents. `application/vnd.tidelog.batch`:
/// record batches, one behind the other, with `partition`. Any other: the whole body is one record.
#[utoipa::path(
    post, path = "/v1/topics/{topic}", tag = "records",
    params(TopicPath, AppendQuery, Sequence),
    request_body(content(
        (serde_json::Value = "application/json"), (String = "application/x-ndjson"), (String = "text/plain"),
        (Vec<u8> = "application/octet-stream"), (Vec<u8> = "application/vnd.tidelog.batch"),
    )),
    responses(
        (status = 200, description = "Every record is durable and has its offset", body = AppendAnswer),
        (status = 202, description = "Taken with ack=none, and may get lost", body = AcceptedAnswer),
        (status = 204, description = "A repeat of a request that was taken long before"),
        AppendProblems,
    ),
)]
pub(crate) async fn to_topic(
    State(front): State<Front>,
    authorized: Allowed<WriteTopic>,
    UrlQuery(query): UrlQuery<AppendQuery>,
    request: Request,
) -> Result<Response, Problem> {
    append(&front, &authorized, query.wish()?, request).await
}

/// Append the body as it is to one partition
///
/// As appending to the topic. `If-Match: "42"` appends only when 42 is the partition's next offset.
#[utoipa::path(
    post, path = "/v1/topics/{topic}/partitions/{partition}", tag = "records",
    params(PartitionPath, PartitionAppendQuery, Sequence, IfOffset),
    request_body(content(
        (serde_json::Value = "application/json"), (String = "application/x-ndjson"), (String = "text/plain"),
        (Vec<u8> = "application/octet-stream"), (Vec<u8> = "application/vnd.tidelog.batch"),
    )),
    responses(
        (status = 200, description = "Every record is durable and has its offset", body = AppendAnswer),
        (status = 202, description = "Taken with ack=none, and may get lost", body = AcceptedAnswer),
        (status = 204, description = "A repeat of a request that was taken long before"),
        AppendProblems,
    ),
)]
pub(crate) async fn to_partition(
    State(front): State<Front>,
    authorized: Allowed<WriteTopic>,
    UrlPath(path): UrlPath<PartitionPath>,
    UrlQuery(query): UrlQuery<PartitionAppendQuery>,
    request: Request,
) -> Result<Response, Problem> {
    append(&front, &authorized, query.wish(path.partition)?, request).await
}

/// Append structured records
///
/// Records with keys, headers, partitions and timestamps of their own: `{"records":[...]}`, or as NDJSON a record a line.
#[utoipa::path(
    post, path = "/v1/topics/{topic}/records", tag = "records",
    params(TopicPath, StructuredQuery, Sequence),
    request_body(content((super::shapes::NewRecords = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "Every record is durable and has its offset", body = AppendAnswer),
        (status = 202, description = "Taken with ack=none, and may get lost", body = AcceptedAnswer),
        (status = 204, description = "A repeat of a request that was taken long before"),
        AppendProblems,
    ),
)]
pub(crate) async fn structured_to_topic(
    State(front): State<Front>,
    authorized: Allowed<WriteTopic>,
    UrlQuery(query): UrlQuery<StructuredQuery>,
    request: Request,
) -> Result<Response, Problem> {
    append(&front, &authorized, query.wish()?, request).await
}

/// Append structured records to one partition
///
/// As appending structured records to the topic. `If-Match: "42"` appends only when 42 is the partition's next offset.
#[utoipa::path(
    post, path = "/v1/topics/{topic}/partitions/{partition}/records", tag = "records",
    params(PartitionPath, PartitionStructuredQuery, Sequence, IfOffset),
    request_body(content((super::shapes::NewRecords = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "Every record is durable and has its offset", body = AppendAnswer),
        (status = 202, description = "Taken with ack=none, and may get lost", body = AcceptedAnswer),
        (status = 204, description = "A repeat of a request that was taken long before"),
        AppendProblems,
    ),
)]
pub(crate) async fn structured_to_partition(
    State(front): State<Front>,
    authorized: Allowed<WriteTopic>,
    UrlPath(path): UrlPath<PartitionPath>,
    UrlQuery(query): UrlQuery<PartitionStructuredQuery>,
    request: Request,
) -> Result<Response, Problem> {
    append(&front, &authorized, query.wish(path.partition)?, request).await
}

async fn append(
    front: &Front,
    authorized: &Allowed<WriteTopic>,
    wish: Wish,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (form, common) = request::read(&parts.headers, &wish)?;
    let sequence = request::sequence(&parts.headers)?;
    let topic = match wish.partition {
        Some(partition) => front.partition(authorized, partition).await?,
        None => front.topic(authorized).await?,
    };
    let mut whole = body::read(front, &parts.headers, body).await?;
    let began = front.clock().now();
    let runs = runs(front, authorized, &wish, &whole.bytes, (form, &common), &topic).await?;
    let (count, bytes) = sizes(&runs);
    let short = bytes.saturating_sub(whole.permit.bytes());
    if short > 0 {
        // Many small records take more bytes as a batch than as text.
        whole.permit.merge(front.engine().reserve(short)?);
    }
    drop((whole.bytes, whole.twice));
    if let Some(connection) = whole.connection {
        whole.permit.merge(connection);
    }
    let outcome = front.engine().append(
        whole.permit,
        AppendGroup {
            runs,
            request: sequence,
        },
    );
    metrics::produced(count, bytes);
    if wish.no_ack {
        front
            .engine()
            .world()
            .tasks
            .spawn("an append that nobody waits for", async move { drop(outcome.await) });
        let accepted = AcceptedAnswer {
            topic: topic.name,
            accepted: count,
        };
        return Ok((StatusCode::ACCEPTED, axum::Json(accepted)).into_response());
    }
    let done = outcome.await?;
    let took = front.clock().now().saturating_duration_since(began);
    metrics::produce_latency(took);
    Ok(answer(
        topic.name,
        &done,
        u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    ))
}

/// The runs that the body makes. A partition that is not there, as far as this process has folded, is looked for again
/// after a look at the tip.
async fn runs(
    front: &Front,
    authorized: &Allowed<WriteTopic>,
    wish: &Wish,
    body: &bytes::Bytes,
    (form, common): (Form, &Common),
    topic: &TopicFacts,
) -> Result<Vec<AppendRun>, Problem> {
    let keyless = front.next_keyless();
    let timestamp = wish.timestamp.unwrap_or_else(|| front.clock().wall_ms());
    let target = |topic: &TopicFacts| Target {
        topic: topic.number,
        partitions: topic.partitions,
        batch_bytes_max: topic.batch_bytes_max,
        keyed: topic.keyed,
        partition: wish.partition,
        keyless: keyless.checked_rem(topic.partitions).unwrap_or(0),
        timestamp,
        codec: front.settings().codec,
        bytes_max: body
            .len()
            .saturating_mul(EXPANSION_MAX)
            .saturating_add(EXPANSION_FLOOR_BYTES),
    };
    match plan::runs(body, form, common, &target(topic)) {
        Err(problem) if problem.code() == Code::PartitionNotFound => {
            front.look().await?;
            plan::runs(body, form, common, &target(&front.topic(authorized).await?))
        }
        made => made,
    }
}

fn sizes(runs: &[AppendRun]) -> (u64, usize) {
    let batches = || runs.iter().flat_map(|run| &run.batches);
    (
        batches().map(|batch| u64::from(batch.records())).sum(),
        batches().map(|batch| batch.bytes().len()).sum(),
    )
}

fn answer(topic: String, done: &AppendDone, durable_ms: u64) -> Response {
    let body = AppendAnswer {
        topic,
        acks: acks(done),
        high_watermark: done
            .high_watermarks
            .iter()
            .map(|(id, end)| (id.partition.to_string(), *end))
            .collect(),
        position: done.seen.to_string(),
        durable_ms,
    };
    let mut response = match done.replayed {
        Replay::TooOld => StatusCode::NO_CONTENT.into_response(),
        Replay::Yes | Replay::No => axum::Json(body).into_response(),
    };
    if done.replayed != Replay::No {
        let name = HeaderName::from_static("idempotent-replayed");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}

/// One ack for what lies one behind the other.
fn acks(done: &AppendDone) -> Vec<Ack> {
    let mut acks: Vec<Ack> = Vec::with_capacity(done.acks.len());
    for run in &done.acks {
        let next = Ack {
            partition: run.partition.partition,
            base_offset: run.base_offset,
            count: run.records.into(),
            duplicate: run.duplicate && done.replayed == Replay::No,
        };
        match acks.last_mut() {
            Some(last) if last.continues_with(&next) => last.count += next.count,
            _ => acks.push(next),
        }
    }
    acks
}

impl Ack {
    fn continues_with(&self, next: &Ack) -> bool {
        (self.partition, self.duplicate, self.base_offset + self.count)
            == (next.partition, next.duplicate, next.base_offset)
    }
}
