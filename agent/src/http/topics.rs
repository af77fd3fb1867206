//! Topics: list, create or confirm, describe, alter, delete.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::{ChangeError, CreateTopicRequest};
use http::StatusCode;
use metadata::{Life, PartitionId, Rejection, TopicConfig, config::TOPIC_CONFIGS};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::authorize::{Allowed, AlterTopic, CreateTopic, DeleteTopic, DescribeCluster, DescribeTopic};
use super::extract::{JsonBody, JsonOr, NoQuery, UrlQuery};
use super::front::{Front, TopicFacts, no_topic};
use super::openapi::{AskProblems, ChangeProblems};
use super::page::{self, Paged};
use super::problem::{Code, Problem};
use super::shapes::{ConfigValue, Configs, PageQuery, TopicPath, configs};

/// Of one who says no zone.
const ANY_ZONE: &str = "";

/// A topic.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopicAnswer {
    /// Its name.
    name: String,
    /// Its id, as Kafka writes it.
    id: String,
    /// Its partitions, in order.
    partitions: Vec<PartitionAnswer>,
    /// Its configs.
    #[schema(value_type = BTreeMap<String, ConfigValue>)]
    config: Configs,
    /// Bytes that it keeps.
    bytes: u64,
    /// Offsets between the log starts and the ends.
    records: u64,
}

/// A partition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartitionAnswer {
    /// Its number.
    partition: u32,
    /// The oldest offset.
    log_start: u64,
    /// The next offset that a record will get.
    high_watermark: u64,
    /// Offsets between the two.
    records: u64,
    /// Bytes that it keeps.
    bytes: u64,
    /// The agent that is best asked for it by a client in `zone`, host:port: where it serves HTTP. Any other serves the
    /// partition too. Null while no agent tells an address.
    preferred_agent: Option<String>,
}

/// Topics.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopicsAnswer {
    /// By name.
    topics: Vec<TopicLine>,
    /// Where the next page begins; null on the last.
    next_page_token: Option<String>,
}

/// A topic in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopicLine {
    /// Its name.
    name: String,
    /// Its id.
    id: String,
    /// How many partitions it has.
    partitions: u32,
}

/// For whom a topic is described.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZoneQuery {
    /// The zone of the client: agents of it are preferred for its partitions, if there are any. Without it they are of any zone.
    #[param(min_length = 1, max_length = 63, pattern = "^[A-Za-z0-9._-]+$")]
    zone: Option<String>,
}

impl ZoneQuery {
    /// The zone, or `""` for any.
    fn zone(&self) -> Result<&str, Problem> {
        let zone = self.zone.as_deref().map_or(Ok(ANY_ZONE), metadata::zone);
        zone.map_err(|error| Problem::bad_request(error.to_string()))
    }
}

/// How a topic is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    /// How many partitions; 1 for a new topic.
    #[schema(minimum = 1, maximum = 100_000, nullable = false)]
    partitions: Option<u32>,
    /// Configs that differ from their defaults.
    #[schema(nullable = false)]
    config: Option<BTreeMap<String, String>>,
    /// The offset at which every partition of a new topic begins.
    #[schema(nullable = false)]
    first_offset: Option<u64>,
}

/// What is to change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlterBody {
    /// Configs and their values; null puts one back to its default.
    #[serde(default)]
    #[schema(nullable = false)]
    config: BTreeMap<String, Option<String>>,
    /// How many partitions there shall be; no fewer than there are.
    #[schema(minimum = 1, maximum = 100_000, nullable = false)]
    partitions: Option<u32>,
}

/// List topics
#[utoipa::path(
    get, path = "/v1/topics", tag = "topics",
    params(PageQuery),
    responses((status = 200, description = "A page of topics, by name", body = TopicsAnswer), AskProblems),
)]
pub(crate) async fn list(
    State(front): State<Front>,
    _: Allowed<DescribeCluster>,
    UrlQuery(query): UrlQuery<PageQuery>,
) -> Result<Json<TopicsAnswer>, Problem> {
    let ask = page::Ask::of(query)?;
    front.look().await?;
    let Paged { items, next_page_token } = front.engine().read(|state| {
        let line = |topic: &metadata::Topic| TopicLine {
            name: topic.name().to_owned(),
            id: topic.id().to_string(),
            partitions: topic.partition_count(),
        };
        ask.page(state.topics(), metadata::Topic::name, line)
    });
    Ok(Json(TopicsAnswer {
        topics: items,
        next_page_token,
    }))
}

/// Create a topic, or confirm that it is there as asked
#[utoipa::path(
    put, path = "/v1/topics/{topic}", tag = "topics",
    params(TopicPath),
    request_body(content = Option<CreateBody>),
    responses(
        (status = 201, description = "It was created", body = TopicAnswer),
        (status = 200, description = "It is there, with these partitions and configs", body = TopicAnswer),
        ChangeProblems,
    ),
)]
pub(crate) async fn create(
    State(front): State<Front>,
    authorized: Allowed<CreateTopic>,
    NoQuery: NoQuery,
    JsonOr(body): JsonOr<CreateBody>,
) -> Result<Response, Problem> {
    if let Some(there) = confirmed(&front, authorized.name(), &body)? {
        front.engine().fresh().await?;
        return Ok(Json(there).into_response());
    }
    let request = CreateTopicRequest {
        name: authorized.name().to_owned(),
        partitions: body.partitions.unwrap_or(1),
        configs: body.config.clone().unwrap_or_default(),
        first_offset: body.first_offset.unwrap_or(0),
    };
    match front
        .engine()
        .create_topic(request, authorized.principal().name())
        .await
    {
        Ok(_) => {
            let made = describe_now(&front, authorized.name(), ANY_ZONE).ok_or_else(|| no_topic(authorized.name()))?;
            Ok((StatusCode::CREATED, Json(made)).into_response())
        }
        // Another request was quicker.
        Err(ChangeError::Rejected(Rejection::TopicExists)) => match confirmed(&front, authorized.name(), &body)? {
            Some(there) => Ok(Json(there).into_response()),
            None => Err(Rejection::TopicExists.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// The topic, when it is there as the body asks; none when it is not there.
fn confirmed(front: &Front, name: &str, body: &CreateBody) -> Result<Option<TopicAnswer>, Problem> {
    let differs = front.engine().read(|state| {
        let topic = state.topic_by_name(name)?;
        let partitions = body.partitions.filter(|wanted| *wanted != topic.partition_count());
        let config = body
            .config
            .as_ref()
            .is_some_and(|wanted| !same_config(topic.config(), wanted));
        Some((partitions.map(|_| topic.partition_count()), config))
    });
    match differs {
        None => Ok(None),
        Some((None, false)) => Ok(describe_now(front, name, ANY_ZONE)),
        Some((Some(partitions), _)) => {
            let text = format!("{name} is there with {partitions} partitions");
            Err(Problem::new(Code::TopicConfigConflict, text).with("partitions", partitions))
        }
        Some((None, true)) => Err(Problem::new(
            Code::TopicConfigConflict,
            format!("{name} is there with other configs"),
        )),
    }
}

/// Whether a topic has just these configs: what is set to its default is as good as not set.
fn same_config(there: &TopicConfig, wanted: &BTreeMap<String, String>) -> bool {
    let as_wanted = wanted
        .iter()
        .all(|(name, value)| there.value(name) == Some(value.trim()));
    let default = |name: &String| TopicConfig::spec(name).map(|spec| spec.default);
    let mut others = there.overrides().iter().filter(|(name, _)| !wanted.contains_key(*name));
    as_wanted && others.all(|(name, value)| default(name) == Some(value.as_str()))
}

/// Describe a topic
#[utoipa::path(
    get, path = "/v1/topics/{topic}", tag = "topics",
    params(TopicPath, ZoneQuery),
    responses((status = 200, description = "The topic", body = TopicAnswer), AskProblems),
)]
pub(crate) async fn describe(
    State(front): State<Front>,
    authorized: Allowed<DescribeTopic>,
    UrlQuery(query): UrlQuery<ZoneQuery>,
) -> Result<Json<TopicAnswer>, Problem> {
    let zone = query.zone()?;
    front.look().await?;
    let found = describe_now(&front, authorized.name(), zone);
    found.map(Json).ok_or_else(|| no_topic(authorized.name()))
}

fn describe_now(front: &Front, name: &str, zone: &str) -> Option<TopicAnswer> {
    let (mut answer, number, candidates) = front.engine().read(|state| {
        let topic = state.topic_by_name(name)?;
        let partitions: Vec<PartitionAnswer> = state
            .partitions(topic.number())
            .map(|(id, partition)| PartitionAnswer {
                partition: id.partition,
                log_start: partition.log_start(),
                high_watermark: partition.high_watermark(),
                records: partition.high_watermark().saturating_sub(partition.log_start()),
                bytes: partition.bytes(),
                preferred_agent: None,
            })
            .collect();
        let config = topic.config();
        let answer = TopicAnswer {
            name: topic.name().to_owned(),
            id: topic.id().to_string(),
            bytes: partitions.iter().map(|partition| partition.bytes).sum(),
            records: partitions.iter().map(|partition| partition.records).sum(),
            partitions,
            config: configs(TOPIC_CONFIGS, config.overrides(), |name| config.value(name), "topic"),
        };
        Some((answer, topic.number(), state.candidates(zone, Life::http_address)))
    })?;
    // Not under the lock of the fold: of many partitions and agents this is a million hashes.
    for answer in &mut answer.partitions {
        let (topic, partition) = (number, answer.partition);
        let preferred = candidates.preferred(PartitionId { topic, partition });
        answer.preferred_agent = preferred.map(|life| life.http_address().to_owned());
    }
    Some(answer)
}

/// Change a topic's configs, or give it more partitions
///
/// The two are done one after the other: a refusal of the second does not undo the first, and says so. Nothing is done when
/// there are to be fewer partitions than there are, or more than the cluster may have.
#[utoipa::path(
    patch, path = "/v1/topics/{topic}", tag = "topics",
    params(TopicPath),
    request_body = AlterBody,
    responses((status = 200, description = "As it is now", body = TopicAnswer), ChangeProblems),
)]
pub(crate) async fn alter(
    State(front): State<Front>,
    authorized: Allowed<AlterTopic>,
    NoQuery: NoQuery,
    JsonBody(body): JsonBody<AlterBody>,
) -> Result<Json<TopicAnswer>, Problem> {
    let topic = front.topic(&authorized).await?;
    let principal = authorized.principal().name();
    if let Some(total) = body.partitions {
        may_have(&front, &topic, total)?;
    }
    let mut set = BTreeMap::new();
    let mut unset = Vec::new();
    for (name, value) in body.config {
        match value {
            Some(value) => {
                set.insert(name, value);
            }
            None => unset.push(name),
        }
    }
    let altered = !set.is_empty() || !unset.is_empty();
    if altered {
        front.engine().alter_topic(topic.number, set, unset, principal).await?;
    }
    if let Some(total) = body.partitions.filter(|total| *total > topic.partitions) {
        let added = front
            .engine()
            .add_partitions(topic.number, topic.partitions, total, principal)
            .await;
        added.map_err(|error| Problem::from(error).after(altered).with("config_altered", altered))?;
    }
    describe_now(&front, authorized.name(), ANY_ZONE)
        .map(Json)
        .ok_or_else(|| no_topic(authorized.name()))
}

/// Whether a topic may come to have so many partitions, as far as is known here: told before anything is done.
fn may_have(front: &Front, topic: &TopicFacts, total: u32) -> Result<(), Problem> {
    let Some(more) = total.checked_sub(topic.partitions) else {
        let text = format!(
            "{} has {} partitions and cannot have {total}",
            topic.name, topic.partitions
        );
        return Err(Problem::bad_request(text).kafka("INVALID_PARTITIONS", 37));
    };
    let (all, limit) = front
        .engine()
        .read(|state| (state.partition_count(), state.cluster_config().partitions_max()));
    if more > 0 && all.saturating_add(u64::from(more)) > limit {
        return Err(Rejection::TooManyPartitions { limit }.into());
    }
    Ok(())
}

/// Delete a topic and its records
#[utoipa::path(
    delete, path = "/v1/topics/{topic}", tag = "topics",
    params(TopicPath),
    responses((status = 204, description = "It is gone"), ChangeProblems),
)]
pub(crate) async fn delete(
    State(front): State<Front>,
    authorized: Allowed<DeleteTopic>,
    NoQuery: NoQuery,
) -> Result<StatusCode, Problem> {
    let topic = front.topic(&authorized).await?;
    front
        .engine()
        .delete_topic(topic.number, authorized.principal().name())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
