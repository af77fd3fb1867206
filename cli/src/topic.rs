//! `tidelog topic`: create, list, describe, alter, delete, trim.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::client::{Client, UrlArgs};
use crate::context::Context;
use crate::exit::{Ended, Exit};
use crate::out::{self, Format, OutputArgs};
use crate::position::Position;
use crate::settings::{self, Pair};
use crate::wire::{OffsetsAnswer, Setting, Topic, TopicLine, TopicPage};

/// What can be done with topics.
#[derive(Debug, Subcommand)]
pub(crate) enum TopicCommand {
    Create(CreateArgs),
    List(ListArgs),
    Describe(DescribeArgs),
    Alter(AlterArgs),
    Delete(DeleteArgs),
    Trim(TrimArgs),
}

/// Create a topic, or confirm that it is there as asked
///
/// A topic that is there with the same partitions and settings is fine; one that is there with others is a conflict
/// (exit code 5), unless --if-not-exists.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog topic create orders -p 6 -c retention.ms=604800000")]
pub(crate) struct CreateArgs {
    /// The topic's name: letters, digits, `.`, `_` and `-`
    topic: String,
    /// How many partitions
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    partitions: u32,
    /// A setting, by Kafka's names; may be given several times
    #[arg(short, long = "config", value_name = "NAME=VALUE")]
    config: Vec<Pair>,
    /// The offset of the first record of each partition
    #[arg(long, value_name = "OFFSET")]
    first_offset: Option<u64>,
    /// Leave a topic of that name as it is
    #[arg(long)]
    if_not_exists: bool,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// List topics by name
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only topics whose names begin so
    prefix: Option<String>,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Show a topic's partitions, offsets, sizes, preferred agents and settings
#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    /// The topic's name
    topic: String,
    /// Show the settings that are at their defaults too
    #[arg(short, long)]
    all: bool,
    /// The zone of the clients for whom the preferred agents are shown; without it they are of any zone
    #[arg(long, env = "TIDELOG_ZONE", default_value = "", value_parser = crate::args::zone)]
    zone: String,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Change a topic's settings or add partitions
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog topic alter orders -c retention.ms=1000 --unset max.message.bytes -p 12")]
pub(crate) struct AlterArgs {
    /// The topic's name
    topic: String,
    /// A setting to set; may be given several times
    #[arg(short, long = "config", value_name = "NAME=VALUE", required_unless_present_any = ["unset", "partitions"])]
    config: Vec<Pair>,
    /// A setting to put back to its default; may be given several times
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
    /// How many partitions there shall be; never fewer than there are
    #[arg(short, long, value_name = "N")]
    partitions: Option<u32>,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Delete topics with all their records
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The topics' names
    #[arg(required = true)]
    topics: Vec<String>,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Delete the records before a position
///
/// Prints what would go; with --yes it goes. The records before the position are then gone for every consumer.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog topic trim orders --before @-7d --yes")]
pub(crate) struct TrimArgs {
    /// The topic's name
    topic: String,
    /// The first record to be kept: OFFSET, latest, -N, @TIME, @-1h
    #[arg(long, value_name = "POS", allow_hyphen_values = true)]
    before: Position,
    /// Only this partition; may be given several times
    #[arg(short, long = "partition", value_name = "PARTITION")]
    partitions: Vec<u32>,
    /// Do it
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs one of them.
pub(crate) async fn run(command: TopicCommand, context: &Context) -> Result<Exit> {
    match command {
        TopicCommand::Create(args) => create(&args, context).await,
        TopicCommand::List(args) => list(&args).await,
        TopicCommand::Describe(args) => describe(&args).await,
        TopicCommand::Alter(args) => alter(&args, context).await,
        TopicCommand::Delete(args) => delete(&args, context).await,
        TopicCommand::Trim(args) => trim(&args, context).await,
    }
}

async fn create(args: &CreateArgs, context: &Context) -> Result<Exit> {
    let mut body = json!({"partitions": args.partitions, "config": settings::map(&args.config)?});
    if let Some(first) = args.first_offset {
        body["first_offset"] = first.into();
    }
    let client = args.url.client()?;
    let answer = match client.put(&["v1", "topics", &args.topic]).json(&body).send().await {
        Ok(answer) => answer,
        Err(error) if args.if_not_exists && is_other_config(&error) => {
            context.talk.say(format!(
                "{} is there with other settings and was left as it is",
                args.topic
            ));
            client.get(&["v1", "topics", &args.topic]).send().await?
        }
        Err(error) => return Err(error.into()),
    };
    let created = answer.status == reqwest::StatusCode::CREATED;
    let said = if created { "created" } else { "was there already" };
    context.talk.say(format!("{} {said}", args.topic));
    show(&answer.json()?, args.output.output, false)?;
    Ok(Exit::Ok)
}

fn is_other_config(error: &crate::client::ClientError) -> bool {
    error
        .problem()
        .is_some_and(|problem| matches!(problem.code.as_str(), "topic_config_conflict" | "topic_exists"))
}

async fn list(args: &ListArgs) -> Result<Exit> {
    let client = args.url.client()?;
    let topics = all_topics(&client, args.prefix.as_deref()).await?;
    if args.output.output == Format::Json {
        out::json(&json!({"topics": topics}))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<_> = topics
        .into_iter()
        .map(|topic| vec![topic.name, topic.partitions.to_string(), topic.id])
        .collect();
    out::table(&["topic", "partitions", "id"], &rows)?;
    Ok(Exit::Ok)
}

/// All topics of a prefix, page after page.
async fn all_topics(client: &Client, prefix: Option<&str>) -> Result<Vec<TopicLine>> {
    let mut topics = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let ask = client.get(&["v1", "topics"]).query_opt("prefix", prefix);
        let page: TopicPage = ask.query_opt("page_token", token.as_ref()).fetch().await?;
        topics.extend(page.topics);
        token = page.next_page_token;
        if token.is_none() {
            return Ok(topics);
        }
    }
}

async fn describe(args: &DescribeArgs) -> Result<Exit> {
    let zone = Some(&args.zone).filter(|zone| !zone.is_empty());
    let ask = args.url.client()?.get(&["v1", "topics", &args.topic]);
    let topic: Value = ask.query_opt("zone", zone).fetch().await?;
    show(&topic, args.output.output, args.all)?;
    Ok(Exit::Ok)
}

/// Prints a topic as an agent describes it; of its settings those that were set, or all.
fn show(topic: &Value, format: Format, all: bool) -> Result<()> {
    if format == Format::Json {
        return out::json(topic);
    }
    let topic: Topic = serde_json::from_value(topic.clone())?;
    let partitions = topic.partitions.len().to_string();
    out::table(
        &["topic", "partitions", "id"],
        &[vec![topic.name, partitions, topic.id]],
    )?;
    out::line("")?;
    let rows: Vec<_> = topic
        .partitions
        .iter()
        .map(|partition| {
            let offsets = [partition.log_start, partition.high_watermark, partition.records];
            let mut row = vec![partition.partition.to_string()];
            row.extend(offsets.iter().map(ToString::to_string));
            row.push(out::human_bytes(partition.bytes));
            row.push(partition.preferred_agent.clone().unwrap_or_default());
            row
        })
        .collect();
    let heads = [
        "partition",
        "log start",
        "high watermark",
        "records",
        "bytes",
        "preferred agent",
    ];
    out::table(&heads, &rows)?;
    show_settings(&topic.config, all)
}

fn show_settings(config: &BTreeMap<String, Setting>, all: bool) -> Result<()> {
    let shown = config.iter().filter(|(_, setting)| all || setting.source != "default");
    let rows: Vec<_> = shown
        .map(|(name, setting)| {
            let effect = if setting.effect == "none" { "without effect" } else { "" };
            let value = setting.value.clone().unwrap_or_default();
            vec![name.clone(), value, setting.source.clone(), effect.to_owned()]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    out::line("")?;
    Ok(out::table(&["setting", "value", "source", ""], &rows)?)
}

async fn alter(args: &AlterArgs, context: &Context) -> Result<Exit> {
    let mut config: Map<String, Value> = Map::new();
    for (name, value) in settings::map(&args.config)? {
        config.insert(name, value.into());
    }
    for name in &args.unset {
        if config.insert(name.clone(), Value::Null).is_some() {
            return Err(Ended::usage(format!("{name} is both set and unset")).into());
        }
    }
    let mut body = json!({"config": config});
    if let Some(partitions) = args.partitions {
        body["partitions"] = partitions.into();
    }
    let ask = args.url.client()?.patch(&["v1", "topics", &args.topic]);
    let topic: Value = ask.json(&body).fetch().await?;
    context.talk.say(format!("{} altered", args.topic));
    show(&topic, args.output.output, false)?;
    Ok(Exit::Ok)
}

async fn delete(args: &DeleteArgs, context: &Context) -> Result<Exit> {
    let client = args.url.client()?;
    for topic in &args.topics {
        client.delete(&["v1", "topics", topic]).send().await?;
        context.talk.say(format!("{topic} deleted"));
    }
    if args.output.output == Format::Json {
        out::json(&json!({"deleted": args.topics}))?;
    }
    Ok(Exit::Ok)
}

/// What a trim does to one partition.
#[derive(Debug, PartialEq, Eq)]
struct Trim {
    partition: u32,
    log_start: u64,
    before: u64,
}

/// The partitions that lose records when all before these offsets go.
fn plan_trim(topic: &Topic, offsets: &OffsetsAnswer, only: &[u32]) -> Result<Vec<Trim>, Ended> {
    if let Some(missing) = only
        .iter()
        .find(|wanted| topic.partitions.iter().all(|partition| partition.partition != **wanted))
    {
        return Err(Ended::new(
            Exit::NotFound,
            format!("{} has no partition {missing}", topic.name),
        ));
    }
    let wanted = offsets
        .offsets
        .iter()
        .filter(|offset| only.is_empty() || only.contains(&offset.partition));
    let trims = wanted.filter_map(|offset| {
        let partition = topic
            .partitions
            .iter()
            .find(|partition| partition.partition == offset.partition)?;
        (offset.offset > partition.log_start).then_some(Trim {
            partition: offset.partition,
            log_start: partition.log_start,
            before: offset.offset,
        })
    });
    Ok(trims.collect())
}

async fn trim(args: &TrimArgs, context: &Context) -> Result<Exit> {
    let client = args.url.client()?;
    let topic: Topic = client.get(&["v1", "topics", &args.topic]).fetch().await?;
    let ask = client.get(&["v1", "topics", &args.topic, "offsets"]);
    let offsets: OffsetsAnswer = ask.query("at", args.before.to_string()).fetch().await?;
    let plan = plan_trim(&topic, &offsets, &args.partitions)?;
    let before: Map<String, Value> = plan
        .iter()
        .map(|trim| (trim.partition.to_string(), trim.before.into()))
        .collect();
    if args.yes && !plan.is_empty() {
        let ask = client.delete(&["v1", "topics", &args.topic, "records"]);
        ask.json(&json!({"before": before})).send().await?;
    }
    if args.output.output == Format::Json {
        out::json(&json!({"topic": args.topic, "before": before, "done": args.yes}))?;
    } else {
        let rows: Vec<_> = plan
            .iter()
            .map(|trim| {
                [
                    trim.partition.into(),
                    trim.log_start,
                    trim.before,
                    trim.before - trim.log_start,
                ]
            })
            .map(|row| row.iter().map(ToString::to_string).collect())
            .collect();
        out::table(&["partition", "log start", "new log start", "records"], &rows)?;
    }
    context.talk.say(match (plan.is_empty(), args.yes) {
        (true, _) => "nothing lies before that position",
        (false, true) => "trimmed",
        (false, false) => "this is the plan; --yes does it",
    });
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests;
