//! `tidelog group`: what consumer groups have committed.

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use crate::client::{Client, UrlArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::out::{self, Format, OutputArgs};
use crate::position::Position;
use crate::wire::{Committed, GroupOffsets};

/// What can be done with groups.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    List(ListArgs),
    Describe(NameArgs),
    Reset(ResetArgs),
    Delete(DeleteArgs),
}

/// List groups by name
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only groups whose names begin so
    prefix: Option<String>,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Show a group's committed offsets and lag
#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// The group's name
    group: String,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Move a group's committed offsets
///
/// Prints the plan; with --yes it is carried out. What is carried out is the plan that was printed: if the group
/// commits in between, the reset is refused (exit code 5).
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("where").required(true),
    after_help = "Examples:\n  tidelog group reset billing --to earliest\n  tidelog group reset billing --topic orders --to @-1h --yes\n  tidelog group reset billing --shift-by -100 --yes"
)]
pub(crate) struct ResetArgs {
    /// The group's name
    group: String,
    /// Only this topic; may be given several times. A group that is not there yet needs it, with --to
    #[arg(short, long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    /// The next record to be read: OFFSET, earliest, latest, -N, @TIME, @-1h
    #[arg(long, value_name = "POS", allow_hyphen_values = true, group = "where")]
    to: Option<Position>,
    /// Move by so many records, forward or, negative, back
    #[arg(long, value_name = "N", allow_hyphen_values = true, group = "where")]
    shift_by: Option<i64>,
    /// Do it
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Delete groups with what they have committed
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The groups' names
    #[arg(required = true)]
    groups: Vec<String>,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs one of them.
pub(crate) async fn run(command: GroupCommand, context: &Context) -> Result<Exit> {
    match command {
        GroupCommand::List(args) => list(&args).await,
        GroupCommand::Describe(args) => describe(&args).await,
        GroupCommand::Reset(args) => reset(&args, context).await,
        GroupCommand::Delete(args) => delete(&args, context).await,
    }
}

async fn list(args: &ListArgs) -> Result<Exit> {
    let client = args.url.client()?;
    let mut groups: Vec<Value> = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let ask = client.get(&["v1", "groups"]).query_opt("prefix", args.prefix.as_ref());
        let mut page: Value = ask.query_opt("page_token", token.as_ref()).fetch().await?;
        groups.extend(page["groups"].as_array_mut().map(std::mem::take).unwrap_or_default());
        token = page["next_page_token"].as_str().map(ToOwned::to_owned);
        if token.is_none() {
            break;
        }
    }
    if args.output.output == Format::Json {
        out::json(&json!({"groups": groups}))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<_> = groups.iter().map(|group| vec![group_name(group)]).collect();
    out::table(&["group"], &rows)?;
    Ok(Exit::Ok)
}

/// A group in a list is its name or an object that has it.
fn group_name(group: &Value) -> String {
    let name = group.as_str().or_else(|| group.get("group")?.as_str());
    name.unwrap_or_default().to_owned()
}

async fn describe(args: &NameArgs) -> Result<Exit> {
    let group: Value = args.url.client()?.get(&["v1", "groups", &args.group]).fetch().await?;
    if args.output.output == Format::Json {
        out::json(&group)?;
        return Ok(Exit::Ok);
    }
    let group: GroupOffsets = serde_json::from_value(group)?;
    let rows: Vec<_> = group.offsets.iter().map(committed_row).collect();
    out::table(&["topic", "partition", "offset", "lag", "metadata"], &rows)?;
    Ok(Exit::Ok)
}

fn committed_row(committed: &Committed) -> Vec<String> {
    vec![
        committed.topic.clone(),
        committed.partition.to_string(),
        committed.offset.to_string(),
        committed.lag.map(|lag| lag.to_string()).unwrap_or_default(),
        committed.metadata.clone(),
    ]
}

async fn reset(args: &ResetArgs, context: &Context) -> Result<Exit> {
    let client = args.url.client()?;
    let before = offsets(&client, &args.group).await?;
    let mut wish = json!({});
    if let Some(to) = &args.to {
        wish["to"] = to.to_string().into();
    }
    if let Some(by) = args.shift_by {
        wish["shift_by"] = by.into();
    }
    if !args.topics.is_empty() {
        wish["topics"] = json!(args.topics);
    }
    wish["dry_run"] = true.into();
    let route = ["v1", "groups", args.group.as_str(), "offsets"];
    let plan: GroupOffsets = client.put(&route).json(&wish).fetch().await?;
    if args.yes {
        client
            .put(&route)
            .header_opt("If-Match", before.change.as_ref().map(|change| format!("\"{change}\"")))
            .json(&plan_body(&plan))
            .send()
            .await?;
    }
    show_plan(&before, &plan, args)?;
    context.talk.say(if args.yes {
        "reset"
    } else {
        "this is the plan; --yes does it"
    });
    Ok(Exit::Ok)
}

/// The commit that carries out exactly the plan that was shown.
fn plan_body(plan: &GroupOffsets) -> Value {
    let offsets: Vec<Value> = plan
        .offsets
        .iter()
        .map(|item| json!({"topic": item.topic, "partition": item.partition, "offset": item.offset, "metadata": item.metadata}))
        .collect();
    json!({"offsets": offsets})
}

fn show_plan(before: &GroupOffsets, plan: &GroupOffsets, args: &ResetArgs) -> Result<()> {
    let old = |item: &Committed| {
        let same = |old: &&Committed| (&old.topic, old.partition) == (&item.topic, item.partition);
        before.offsets.iter().find(same).map(|old| old.offset)
    };
    if args.output.output == Format::Json {
        let offsets: Vec<Value> = plan
            .offsets
            .iter()
            .map(|item| json!({"topic": item.topic, "partition": item.partition, "before": old(item), "offset": item.offset}))
            .collect();
        return out::json(&json!({"group": args.group, "offsets": offsets, "done": args.yes}));
    }
    let rows: Vec<_> = plan
        .offsets
        .iter()
        .map(|item| {
            let before = old(item).map(|offset| offset.to_string()).unwrap_or_default();
            vec![
                item.topic.clone(),
                item.partition.to_string(),
                before,
                item.offset.to_string(),
            ]
        })
        .collect();
    Ok(out::table(&["topic", "partition", "offset", "new offset"], &rows)?)
}

/// What a group has committed; nothing, when the group is not there.
pub(crate) async fn offsets(client: &Client, group: &str) -> Result<GroupOffsets> {
    match client.get(&["v1", "groups", group, "offsets"]).fetch().await {
        Ok(offsets) => Ok(offsets),
        Err(error) if error.problem().is_some_and(|problem| problem.status == 404) => Ok(GroupOffsets {
            offsets: Vec::new(),
            change: None,
        }),
        Err(error) => Err(error.into()),
    }
}

async fn delete(args: &DeleteArgs, context: &Context) -> Result<Exit> {
    let client = args.url.client()?;
    for group in &args.groups {
        client.delete(&["v1", "groups", group]).send().await?;
        context.talk.say(format!("{group} deleted"));
    }
    if args.output.output == Format::Json {
        out::json(&json!({"deleted": args.groups}))?;
    }
    Ok(Exit::Ok)
}
