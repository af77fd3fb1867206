//! The description of the API, made from the handlers, and the problems that they share.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use utoipa::openapi::response::{Response as Described, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{IntoResponses, OpenApi, ToSchema};

use super::problem::PROBLEM_JSON;

/// Everything but the paths, which the router adds.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Tidelog",
        description = "An ordered log on object storage. Every answer carries Tidelog-Position; a request that carries it \
                       is answered by an agent that has seen as much.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemShape, super::shapes::RecordShape)),
    tags(
        (name = "records", description = "Append and read records"),
        (name = "topics", description = "Make and change topics"),
        (name = "groups", description = "Offsets of consumer groups"),
        (name = "cluster", description = "The cluster and its agents"),
        (name = "operations", description = "Health, metrics, this description"),
    ),
)]
pub(crate) struct Api;

/// What went wrong (RFC 9457), with members of its own for some codes.
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
#[expect(
    dead_code,
    reason = "the shape of the documentation; problems are written without it"
)]
pub(crate) struct ProblemShape {
    /// `urn:tidelog:error:` and the code.
    #[schema(rename = "type")]
    kind: String,
    /// What went wrong, for people.
    title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong, for programs.
    #[schema(examples("offset_mismatch"))]
    code: String,
    /// Whether the same request may be answered otherwise before long.
    retryable: bool,
    /// Whether certainly nothing was done.
    no_side_effects: bool,
    /// Kafka's error.
    kafka: KafkaErrorShape,
    /// The request's id, as in the header X-Request-Id.
    request_id: String,
}

/// The name and number of an error of Kafka.
#[derive(Debug, ToSchema)]
#[schema(as = KafkaError)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) struct KafkaErrorShape {
    /// Its name.
    name: String,
    /// Its number.
    code: i16,
}

fn problems(statuses: &[(u16, &str)]) -> BTreeMap<String, RefOr<Described>> {
    let described = |text: &str| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        ResponseBuilder::new()
            .description(text)
            .content(PROBLEM_JSON, content)
            .build()
    };
    statuses
        .iter()
        .map(|(status, text)| (status.to_string(), RefOr::T(described(text))))
        .collect()
}

const ASK: [(u16, &str); 7] = [
    (400, "The request makes no sense"),
    (403, "Not allowed"),
    (404, "There is no such thing"),
    (408, "The request came too slowly"),
    (
        409,
        "It contradicts what is there, or the history it comes from was lost",
    ),
    (500, "A fault of the agent, or damaged data"),
    (503, "Not now; Retry-After says when"),
];
const CHANGE: [(u16, &str); 5] = [
    (412, "What the request rests on has changed"),
    (413, "The body is too large"),
    (415, "The body is in a form that is not taken"),
    (504, "It is not known whether it was done"),
    (507, "Storage is full"),
];
const READ: [(u16, &str); 4] = [
    (406, "The form asked for is not given"),
    (410, "The records are older than what is kept"),
    (416, "The offset lies beyond the end"),
    (422, "The records cannot be decoded; the raw form gives them"),
];

macro_rules! groups_of_problems {
    ($($(#[doc = $doc:literal])+ $name:ident = $($part:ident)+;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Described>> {
                let mut all = BTreeMap::new();
                $(all.extend(problems(&$part));)+
                all
            }
        }
    )+};
}

groups_of_problems! {
    /// Of routes that only ask.
    AskProblems = ASK;
    /// Of routes that change something.
    ChangeProblems = ASK CHANGE;
    /// Of routes that append.
    AppendProblems = ASK CHANGE;
    /// Of routes that trim.
    TrimProblems = ASK CHANGE READ;
    /// Of routes that read records.
    ReadProblems = ASK READ;
}

/// The description as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Description(pub(crate) bytes::Bytes);

/// This description
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, content_type = "application/json")),
)]
pub(crate) async fn describe(State(description): State<Description>) -> Response {
    (
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        description.0,
    )
        .into_response()
}
