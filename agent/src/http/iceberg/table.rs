//! One table: the metadata that is published of it, or, while nothing is, that of a table without rows.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use lake::iceberg::Identity;
use metadata::{Describing, TopicId, table_names};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::{Key, LakeFormat, StoreError};

use super::NAMESPACE;
use super::envelope::{Missing, missing};
use crate::auth::{Authorized, Operation, Principal, Resource};
use crate::http::body;
use crate::http::extract::{UrlPath, UrlQuery};
use crate::http::front::Front;
use crate::http::problem::{Code, Problem};

/// The table in the path, which the request's principal may read.
#[derive(Debug)]
pub(super) struct Table {
    topic: TopicId,
    /// The topic, by name.
    authorized: Authorized,
}

impl FromRequestParts<Front> for Table {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Self, Problem> {
        let UrlPath((namespace, table)) = UrlPath::<(String, String)>::from_request_parts(parts, front).await?;
        let known = front.find(|state| {
            let number = *table_names(state).get(&table)?;
            let topic = state.topic(number)?;
            Some((topic.id(), topic.name().to_owned()))
        });
        let known = known.await?.filter(|_| namespace == NAMESPACE);
        let (topic, name) = known.ok_or_else(|| missing(Missing::Table, &format!("{namespace}.{table}")))?;
        let authorizer = &front.settings().authorizer;
        let authorized = authorizer.authorize(Principal::anonymous(), Operation::Read, Resource::Topic(name))?;
        Ok(Table { topic, authorized })
    }
}

/// Which snapshots are told of.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Snapshots {
    #[default]
    All,
    Refs,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct LoadQuery {
    #[serde(default)]
    snapshots: Snapshots,
}

/// What is published of a table, and where it lies.
#[derive(Debug)]
struct Loaded {
    location: String,
    metadata: Bytes,
}

/// Loads a table. The tag of the answer is the name of the metadata, so who has it is told so without a read.
pub(super) async fn load(
    State(front): State<Front>,
    table: Table,
    UrlQuery(query): UrlQuery<LoadQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    front.engine().fresh().await?;
    let published = published(&front, &table);
    let refs = matches!(query.snapshots, Snapshots::Refs);
    let tag = published.map_or("empty".to_owned(), |object| object.name.to_string());
    let tag = format!("\"{tag}{}\"", if refs { "-refs" } else { "" });
    let tag = HeaderValue::from_str(&tag).map_err(|_| Problem::new(Code::Internal, "a name that is no header"))?;
    if headers.get_all(IF_NONE_MATCH).iter().any(|known| *known == tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let Loaded { location, metadata } = loaded(&front, &table, published).await?;
    let metadata = match refs {
        true => serde_json::value::to_raw_value(&only_refs(&metadata)?),
        false => serde_json::from_slice::<Box<RawValue>>(&metadata),
    };
    let metadata = metadata.map_err(damaged)?;
    let body = serde_json::to_vec(&LoadAnswer {
        metadata_location: location,
        metadata,
        config: json!({}),
        // Where credentials for the table's folder will stand.
        storage_credentials: Vec::new(),
    });
    let body = body.map_err(damaged)?;
    let kind = (http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let cache = (CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(([kind, cache, (ETAG, tag)], body).into_response())
}

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct LoadAnswer {
    metadata_location: String,
    metadata: Box<RawValue>,
    config: Value,
    storage_credentials: Vec<Value>,
}

/// Credentials for reading a table's folder: none are given, readers have their own.
pub(super) async fn credentials(_: Table) -> Json<Value> {
    Json(json!({"storage-credentials": []}))
}

/// Takes a reader's report of a scan: it is counted.
pub(super) async fn report(
    State(front): State<Front>,
    _: Table,
    headers: HeaderMap,
    body: axum::body::Body,
) -> Result<StatusCode, Problem> {
    body::read(&front, &headers, body).await?;
    metrics::counter!("tidelog_iceberg_reports_total").increment(1);
    Ok(StatusCode::NO_CONTENT)
}

fn published(front: &Front, table: &Table) -> Option<Describing> {
    front.engine().read(|state| {
        let topic = state.topic_by_id(&table.topic)?;
        state.published(topic.number())?.objects.first().copied()
    })
}

/// Reads the metadata. One that is gone was replaced since, by what the ledger names now.
async fn loaded(front: &Front, table: &Table, published: Option<Describing>) -> Result<Loaded, Problem> {
    let Some(mut object) = published else {
        return empty(front, table);
    };
    for again in [true, false] {
        if let Some(loaded) = read(front, table, object).await? {
            return Ok(loaded);
        }
        if again {
            front.look().await?;
            object = self::published(front, table).unwrap_or(object);
        }
    }
    Err(Problem::new(
        Code::StorageUnavailable,
        "the table's metadata is not there",
    ))
}

/// None when it is not there.
async fn read(front: &Front, table: &Table, object: Describing) -> Result<Option<Loaded>, Problem> {
    let (store, key) = (
        front.engine().store(),
        Key::LakeMetadata(table.topic, object.name, LakeFormat::Json),
    );
    let deadline = front.engine().config().store_deadline;
    let reading = front.clock().timeout(deadline, store.read_fresh(&key, None));
    let late = |_| Problem::new(Code::StorageUnavailable, "the store did not answer in time");
    let location = store.location(&key)?;
    match reading.await.map_err(late)? {
        Ok(metadata) if crc32c::crc32c(&metadata) == object.checksum => Ok(Some(Loaded { location, metadata })),
        Ok(_) => Err(Problem::new(Code::DataCorrupt, format!("{location} is damaged"))),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A table of which nothing is published yet: its columns, and no rows.
fn empty(front: &Front, table: &Table) -> Result<Loaded, Problem> {
    let (store, cluster) = (front.engine().store(), front.engine().cluster().to_string());
    let location = store.lake_location(table.topic)?;
    let identity = front.engine().read(|state| {
        let topic = state.topic_by_id(&table.topic)?;
        Some(Identity::of_topic(topic, location.clone(), &cluster))
    });
    let identity = identity.ok_or_else(|| missing(Missing::Table, table.authorized.name()))?;
    let metadata = lake::iceberg::empty(&identity);
    Ok(Loaded {
        location: format!("{location}/metadata/none.metadata.json"),
        metadata: metadata.map_err(|error| Problem::new(Code::Internal, error.to_string()))?,
    })
}

/// The metadata with the snapshots alone that a branch names.
fn only_refs(metadata: &[u8]) -> Result<Value, Problem> {
    let mut metadata: Value = serde_json::from_slice(metadata).map_err(damaged)?;
    let named: Vec<i64> = metadata["refs"]
        .as_object()
        .into_iter()
        .flat_map(|refs| refs.values().filter_map(|branch| branch["snapshot-id"].as_i64()))
        .collect();
    for list in ["snapshots", "snapshot-log"] {
        if let Some(list) = metadata[list].as_array_mut() {
            list.retain(|one| one["snapshot-id"].as_i64().is_some_and(|id| named.contains(&id)));
        }
    }
    Ok(metadata)
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over so")]
fn damaged(error: serde_json::Error) -> Problem {
    Problem::new(Code::DataCorrupt, format!("the table's metadata: {error}"))
}
