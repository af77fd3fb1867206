//! Offsets of a topic's partitions: where positions lie, and the removal of what lies before one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use metadata::{PartitionId, Rejection};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::authorize::{Allowed, DeleteTopic, DescribeTopic};
use super::extract::{JsonBody, NoQuery, UrlQuery};
use super::front::{Front, no_partition};
use super::openapi::{AskProblems, TrimProblems};
use super::position::Position;
use super::problem::{Code, Problem};
use super::read;
use super::shapes::TopicPath;

/// Lookups of a time at once.
const LOOKUPS_AT_ONCE: usize = 8;

/// Where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OffsetsQuery {
    /// `latest` (without it), `earliest`, `-10`, `@2026-11-22T10:00Z`, `@1763800000000` or `@-1h`.
    #[param(
        max_length = 64,
        pattern = r"^(earliest|latest|-?[0-9]{1,20}|@[0-9]{1,20}|@(-([0-9]{1,20}(ms|s|m|h|d|w))+)|@[+]?[0-9]{4}[0-9A-Za-z:.,+!/_=\[\] -]{4,58})$"
    )]
    at: Option<String>,
}

/// Where a position lies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OffsetsAnswer {
    /// The topic.
    topic: String,
    /// By partition.
    offsets: Vec<OffsetAnswer>,
}

/// Where it lies in a partition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OffsetAnswer {
    /// The partition.
    partition: u32,
    /// The offset; the end, when there is no record at or after a time.
    offset: u64,
    /// The time of the record found by a time; null for other positions, and when there is none.
    timestamp: Option<String>,
}

/// Offsets at a position
#[utoipa::path(
    get, path = "/v1/topics/{topic}/offsets", tag = "topics",
    params(TopicPath, OffsetsQuery),
    responses((status = 200, description = "The offsets", body = OffsetsAnswer), AskProblems),
)]
pub(crate) async fn at(
    State(front): State<Front>,
    authorized: Allowed<DescribeTopic>,
    UrlQuery(query): UrlQuery<OffsetsQuery>,
) -> Result<Json<OffsetsAnswer>, Problem> {
    let text = query.at.as_deref().unwrap_or("latest");
    let position: Position = text
        .parse()
        .map_err(|error| Problem::bad_request(format!("at: {error}")))?;
    front.look().await?;
    let topic = front.topic(&authorized).await?;
    let partitions: Vec<PartitionId> = (0..topic.partitions)
        .map(|partition| topic.partition(partition))
        .collect();
    let offsets = match position {
        Position::At(ms) => at_time(&front, &partitions, ms).await?,
        Position::Ago(ms) => {
            let now = front.clock().wall_ms();
            at_time(
                &front,
                &partitions,
                now.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX)),
            )
            .await?
        }
        other => {
            let offsets = read::offsets(&front, &partitions, other).await?;
            let plain = |(id, offset): (&PartitionId, u64)| OffsetAnswer {
                partition: id.partition,
                offset,
                timestamp: None,
            };
            partitions.iter().zip(offsets).map(plain).collect()
        }
    };
    Ok(Json(OffsetsAnswer {
        topic: topic.name,
        offsets,
    }))
}

async fn at_time(front: &Front, partitions: &[PartitionId], ms: i64) -> Result<Vec<OffsetAnswer>, Problem> {
    use futures::{StreamExt as _, TryStreamExt as _};
    let lookups = partitions.iter().copied().map(|id| async move {
        let found = read::at_time(front, id, ms).await?;
        let end = || {
            front
                .engine()
                .read(|state| state.partition(id).map_or(0, |partition| partition.high_watermark()))
        };
        Ok(OffsetAnswer {
            partition: id.partition,
            offset: found.map_or_else(end, |(offset, _)| offset),
            timestamp: found
                .and_then(|(_, ms)| jiff::Timestamp::from_millisecond(ms).ok())
                .map(|time| time.to_string()),
        })
    });
    futures::stream::iter(lookups)
        .buffered(LOOKUPS_AT_ONCE)
        .try_collect()
        .await
}

/// Where each partition shall begin.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrimBody {
    /// By partition the first offset to be kept.
    before: BTreeMap<String, u64>,
}

/// Where the partitions begin now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrimAnswer {
    /// By partition the oldest offset.
    log_start: BTreeMap<String, u64>,
}

/// Delete the records before an offset
///
/// Each partition is trimmed or not for itself; nothing is done when one of them is not there or ends before its offset. A
/// refusal that is met later tells in `log_start` which partitions were trimmed all the same.
#[utoipa::path(
    delete, path = "/v1/topics/{topic}/records", tag = "topics",
    params(TopicPath),
    request_body = TrimBody,
    responses((status = 200, description = "Where the partitions begin now", body = TrimAnswer), TrimProblems),
)]
pub(crate) async fn trim(
    State(front): State<Front>,
    authorized: Allowed<DeleteTopic>,
    NoQuery: NoQuery,
    JsonBody(body): JsonBody<TrimBody>,
) -> Result<Json<TrimAnswer>, Problem> {
    front.look().await?;
    let topic = front.topic(&authorized).await?;
    let mut before = Vec::with_capacity(body.before.len());
    for (partition, &offset) in &body.before {
        let wrong = || Problem::bad_request(format!("{partition} is no partition"));
        let number = super::position::whole(partition)
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(wrong)?;
        let id = topic.partition(number);
        let end = front
            .engine()
            .read(|state| state.partition(id).map(|partition| partition.high_watermark()));
        match end {
            None => return Err(no_partition(&topic, number)),
            Some(end) if offset > end => {
                let text = format!("partition {number} ends at {end}");
                let problem = Problem::new(Code::OffsetOutOfRange, text);
                return Err(problem.with("partition", number).with("high_watermark", end));
            }
            Some(_) => before.push((id, offset)),
        }
    }
    if before.is_empty() {
        return Ok(Json(TrimAnswer {
            log_start: BTreeMap::new(),
        }));
    }
    let trimmed = front
        .engine()
        .delete_records(&before, authorized.principal().name())
        .await?;
    let trimmed = before.iter().map(|(id, _)| id.partition).zip(trimmed);
    told(trimmed).map(Json)
}

/// What came of the trims of some partitions.
fn told(trimmed: impl Iterator<Item = (u32, Result<u64, Rejection>)>) -> Result<TrimAnswer, Problem> {
    let mut log_start = BTreeMap::new();
    let mut refused = None;
    for (partition, result) in trimmed {
        match result {
            Ok(start) => {
                log_start.insert(partition.to_string(), start);
            }
            Err(rejection) => refused = refused.or(Some((partition, rejection))),
        }
    }
    let Some((partition, rejection)) = refused else {
        return Ok(TrimAnswer { log_start });
    };
    let problem = Problem::from(rejection).with("partition", partition);
    Err(problem.after(!log_start.is_empty()).with("log_start", json!(log_start)))
}

#[cfg(test)]
mod tests;
