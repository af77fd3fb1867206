//! The cluster and its agents.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use metadata::{Role, config::CLUSTER_CONFIGS};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authorize::{Allowed, AlterCluster, DescribeCluster};
use super::extract::{JsonBody, NoQuery};
use super::front::Front;
use super::openapi::{AskProblems, ChangeProblems};
use super::problem::Problem;
use super::shapes::{ConfigValue, Configs, configs};

/// The cluster.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClusterAnswer {
    /// Its id.
    id: String,
    /// The era: it rises when an operator accepts a loss.
    era: u64,
    /// The entry folded last.
    position: u64,
    /// The features that may be used.
    feature_level: u32,
    /// Whether it takes no writes until an operator accepts a loss.
    halted: bool,
    /// Its configs.
    #[schema(value_type = BTreeMap<String, ConfigValue>)]
    config: Configs,
    /// How many topics there are.
    topics: u64,
    /// How many partitions they have.
    partitions: u64,
    /// Bytes of memory that the fold takes, estimated.
    fold_bytes: u64,
}

/// What is to change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlterClusterBody {
    /// Configs and their values.
    #[serde(default)]
    set: BTreeMap<String, String>,
    /// Configs to be put back to their defaults.
    #[serde(default)]
    unset: Vec<String>,
}

/// Processes that take part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentsAnswer {
    /// By when they registered.
    agents: Vec<AgentAnswer>,
}

/// The life of a process in a role.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentAnswer {
    /// Its number, as Kafka's clients see it.
    node_id: u32,
    /// Which life.
    incarnation: String,
    /// `agent` or `compactor`.
    role: &'static str,
    /// Its name.
    name: String,
    /// Its zone.
    zone: String,
    /// Where it serves HTTP; empty when it does not.
    http_address: String,
    /// Its version.
    version: String,
    /// The position of the last entry that it wrote.
    last_position: u64,
}

/// Describe the cluster
#[utoipa::path(
    get, path = "/v1/cluster", tag = "cluster",
    responses((status = 200, description = "The cluster", body = ClusterAnswer), AskProblems),
)]
pub(crate) async fn describe(
    State(front): State<Front>,
    _: Allowed<DescribeCluster>,
    NoQuery: NoQuery,
) -> Result<Json<ClusterAnswer>, Problem> {
    front.look().await?;
    Ok(Json(now(&front)))
}

fn now(front: &Front) -> ClusterAnswer {
    let halted = front.engine().health().halted;
    let id = front.engine().cluster().to_string();
    front.engine().read(|state| {
        let config = state.cluster_config();
        ClusterAnswer {
            id,
            era: state.era(),
            position: state.position(),
            feature_level: state.feature_level(),
            halted: halted || state.halted(),
            config: configs(
                CLUSTER_CONFIGS,
                config.overrides(),
                |name| config.value(name),
                "cluster",
            ),
            topics: state.topic_count() as u64,
            partitions: state.partition_count(),
            fold_bytes: state.memory_bytes(),
        }
    })
}

/// Change the cluster's configs
#[utoipa::path(
    patch, path = "/v1/cluster", tag = "cluster",
    request_body = AlterClusterBody,
    responses((status = 200, description = "As it is now", body = ClusterAnswer), ChangeProblems),
)]
pub(crate) async fn alter(
    State(front): State<Front>,
    authorized: Allowed<AlterCluster>,
    NoQuery: NoQuery,
    JsonBody(body): JsonBody<AlterClusterBody>,
) -> Result<Json<ClusterAnswer>, Problem> {
    if !body.set.is_empty() || !body.unset.is_empty() {
        front
            .engine()
            .alter_cluster(body.set, body.unset, authorized.principal().name())
            .await?;
    }
    Ok(Json(now(&front)))
}

/// List the processes that take part
#[utoipa::path(
    get, path = "/v1/agents", tag = "cluster",
    responses((status = 200, description = "Those that are not retired", body = AgentsAnswer), AskProblems),
)]
pub(crate) async fn agents(
    State(front): State<Front>,
    _: Allowed<DescribeCluster>,
    NoQuery: NoQuery,
) -> Result<Json<AgentsAnswer>, Problem> {
    front.look().await?;
    let agents = front.engine().read(|state| {
        let answer = |life: &metadata::Life| AgentAnswer {
            node_id: life.node_id(),
            incarnation: life.incarnation().to_string(),
            role: match life.role() {
                Role::Compactor => "compactor",
                _ => "agent",
            },
            name: life.name().to_owned(),
            zone: life.zone().to_owned(),
            http_address: life.http_address().to_owned(),
            version: life.software_version().to_owned(),
            last_position: life.last_taken(),
        };
        state.incarnations().map(answer).collect()
    });
    Ok(Json(AgentsAnswer { agents }))
}
