//! Consumer groups without members: what they have committed, and its change.

mod reset;

use axum::Json;
use axum::extract::State;
use engine::CommitBasis;
use http::{HeaderMap, StatusCode};
use metadata::{Change, Group};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::authorize::{Allowed, CommitGroup, DeleteGroup, DescribeCluster, DescribeGroup};
use super::extract::{self, JsonBody, NoQuery, UrlQuery};
use super::front::Front;
use super::openapi::{AskProblems, ChangeProblems};
use super::page::{self, Paged};
use super::problem::{Code, Problem};
use super::shapes::{GroupPath, PageQuery};
use reset::{Commit, Plan};

/// Groups.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupsAnswer {
    /// By name.
    groups: Vec<GroupLine>,
    /// Where the next page begins; null on the last.
    next_page_token: Option<String>,
}

/// A group in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupLine {
    /// Its name.
    group: String,
    /// For how many partitions it has committed an offset.
    partitions: u64,
    /// Its last change.
    change: String,
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupAnswer {
    /// Its name.
    group: String,
    /// What it has committed, by topic and partition.
    offsets: Vec<GroupOffset>,
    /// Its last change, for `If-Match`; null when there is no such group yet.
    change: Option<String>,
}

/// What a group has committed for a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct GroupOffset {
    /// The topic.
    pub(crate) topic: String,
    /// The partition.
    pub(crate) partition: u32,
    /// The offset that is read next.
    pub(crate) offset: u64,
    /// What was committed with it.
    pub(crate) metadata: String,
    /// How far it is behind the end.
    pub(crate) lag: u64,
}

/// What is to be committed: offsets themselves, or a way to find them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommitBody {
    /// Offsets by topic and partition.
    #[schema(min_items = 1, max_items = 10_000, nullable = false)]
    pub(crate) offsets: Option<Vec<CommitOffset>>,
    /// A position in every partition: `earliest`, `latest`, `-10`, `@2026-11-22T10:00Z`, `@-1h` or an offset.
    #[schema(max_length = 64, nullable = false)]
    pub(crate) to: Option<String>,
    /// By how much what was committed moves, held within what there is.
    #[schema(nullable = false)]
    pub(crate) shift_by: Option<i64>,
    /// With `to` and `shift_by`: these topics; without them those that the group has committed for.
    #[schema(min_items = 1, nullable = false)]
    pub(crate) topics: Option<Vec<String>>,
    /// Whether only to say what would be committed.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// An offset to be committed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommitOffset {
    /// The topic.
    pub(crate) topic: String,
    /// The partition.
    pub(crate) partition: u32,
    /// The offset that is to be read next.
    pub(crate) offset: u64,
    /// What is kept with it.
    #[serde(default)]
    #[schema(max_length = 4096)]
    pub(crate) metadata: String,
}

/// The condition of a change. It is read by name; this documents it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "the shape of the documentation")]
pub(crate) struct IfChange {
    /// Only while this is the group's last change.
    #[param(
        rename = "If-Match",
        pattern = r#"^("[0-9]{1,20}\.[0-9]{1,20}"|[0-9]{1,20}\.[0-9]{1,20})$"#
    )]
    if_match: Option<String>,
}

/// List groups
#[utoipa::path(
    get, path = "/v1/groups", tag = "groups",
    params(PageQuery),
    responses((status = 200, description = "A page of groups, by name", body = GroupsAnswer), AskProblems),
)]
pub(crate) async fn list(
    State(front): State<Front>,
    _: Allowed<DescribeCluster>,
    UrlQuery(query): UrlQuery<PageQuery>,
) -> Result<Json<GroupsAnswer>, Problem> {
    let ask = page::Ask::of(query)?;
    front.look().await?;
    let Paged { items, next_page_token } = front.engine().read(|state| {
        let line = |group: &Group| GroupLine {
            group: group.name().to_owned(),
            partitions: group.offsets().len() as u64,
            change: tag(group.changed()),
        };
        ask.page(state.groups(), Group::name, line)
    });
    Ok(Json(GroupsAnswer {
        groups: items,
        next_page_token,
    }))
}

/// Describe a group
#[utoipa::path(
    get, path = "/v1/groups/{group}", tag = "groups",
    params(GroupPath),
    responses((status = 200, description = "The group", body = GroupAnswer), AskProblems),
)]
pub(crate) async fn describe(
    State(front): State<Front>,
    authorized: Allowed<DescribeGroup>,
    NoQuery: NoQuery,
) -> Result<Json<GroupAnswer>, Problem> {
    front.look().await?;
    found(&front, authorized.name()).map(Json)
}

/// What a group has committed
#[utoipa::path(
    get, path = "/v1/groups/{group}/offsets", tag = "groups",
    params(GroupPath),
    responses((status = 200, description = "The group's offsets", body = GroupAnswer), AskProblems),
)]
pub(crate) async fn offsets(
    State(front): State<Front>,
    authorized: Allowed<DescribeGroup>,
    NoQuery: NoQuery,
) -> Result<Json<GroupAnswer>, Problem> {
    front.look().await?;
    found(&front, authorized.name()).map(Json)
}

fn found(front: &Front, name: &str) -> Result<GroupAnswer, Problem> {
    front
        .engine()
        .read(|state| state.group(name).map(|group| answer(state, group)))
        .ok_or_else(no_group)
}

fn no_group() -> Problem {
    Problem::new(Code::GroupNotFound, "there is no such group")
}

fn answer(state: &metadata::State, group: &Group) -> GroupAnswer {
    let mut offsets: Vec<GroupOffset> = Vec::with_capacity(group.offsets().len());
    for (&id, committed) in group.offsets() {
        let Some((topic, partition)) = state.topic(id.topic).zip(state.partition(id)) else {
            continue;
        };
        offsets.push(GroupOffset {
            topic: topic.name().to_owned(),
            partition: id.partition,
            offset: committed.offset,
            metadata: committed.metadata.clone(),
            lag: partition.high_watermark().saturating_sub(committed.offset),
        });
    }
    offsets.sort_by(|one, other| (&one.topic, one.partition).cmp(&(&other.topic, other.partition)));
    GroupAnswer {
        group: group.name().to_owned(),
        offsets,
        change: Some(tag(group.changed())),
    }
}

/// Commit offsets, or reset them
///
/// Either `offsets`, or one of `to` and `shift_by`. Other partitions keep what was committed for them. `shift_by`, and `to`
/// without `topics`, are of what was committed: the group has to be there. `offsets`, and `to` with `topics`, make it.
#[utoipa::path(
    put, path = "/v1/groups/{group}/offsets", tag = "groups",
    params(GroupPath, IfChange),
    request_body = CommitBody,
    responses(
        (status = 200, description = "What is committed now; with dry_run, what would be", body = GroupAnswer),
        ChangeProblems,
    ),
)]
pub(crate) async fn commit(
    State(front): State<Front>,
    authorized: Allowed<CommitGroup>,
    NoQuery: NoQuery,
    headers: HeaderMap,
    JsonBody(body): JsonBody<CommitBody>,
) -> Result<Json<GroupAnswer>, Problem> {
    let name = authorized.name();
    let condition = condition(&headers)?;
    front.look().await?;
    let before = front.engine().read(|state| state.group(name).map(Group::changed));
    if let Some(wanted) = condition.filter(|wanted| before != Some(*wanted)) {
        let text = format!("the group's last change is not {}", tag(wanted));
        return Err(Problem::new(Code::Fenced, text).with("change", before.map(tag)));
    }
    let dry_run = body.dry_run;
    // Offsets found from what was committed hold only while that has not changed.
    let derived = body.shift_by.is_some();
    let Plan { commits } = reset::plan(&front, name, body).await?;
    if dry_run {
        let offsets = commits.into_iter().map(|commit| commit.shown).collect();
        return Ok(Json(GroupAnswer {
            group: name.to_owned(),
            offsets,
            change: before.map(tag),
        }));
    }
    let basis = match condition {
        Some(change) => CommitBasis::Exactly(Some(change)),
        None if derived => CommitBasis::Exactly(before),
        None => CommitBasis::Latest,
    };
    let offsets: Vec<_> = commits.iter().map(Commit::entry).collect();
    front
        .engine()
        .commit_offsets(name, basis, &offsets, authorized.principal().name())
        .await?;
    found(&front, name).map(Json)
}

/// Delete a group and what it has committed
#[utoipa::path(
    delete, path = "/v1/groups/{group}", tag = "groups",
    params(GroupPath, IfChange),
    responses((status = 204, description = "It is gone"), ChangeProblems),
)]
pub(crate) async fn delete(
    State(front): State<Front>,
    authorized: Allowed<DeleteGroup>,
    NoQuery: NoQuery,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let condition = condition(&headers)?;
    front.look().await?;
    let found = found(&front, authorized.name())?;
    let seen = front
        .engine()
        .read(|state| state.group(authorized.name()).map(Group::changed));
    let seen = condition
        .or(seen)
        .ok_or_else(|| Problem::new(Code::GroupNotFound, format!("{} is gone", found.group)))?;
    front
        .engine()
        .delete_group(authorized.name(), seen, authorized.principal().name())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tag(change: Change) -> String {
    format!("{}.{}", change.position, change.index)
}

fn condition(headers: &HeaderMap) -> Result<Option<Change>, Problem> {
    let Some(text) = extract::if_match(headers)? else {
        return Ok(None);
    };
    let read = || {
        let (position, index) = text.split_once('.')?;
        let position = super::position::whole(position)?;
        Some(Change {
            position,
            index: u32::try_from(super::position::whole(index)?).ok()?,
        })
    };
    read()
        .map(Some)
        .ok_or_else(|| Problem::bad_request("if-match names a change of the group, as in \"17.0\""))
}
