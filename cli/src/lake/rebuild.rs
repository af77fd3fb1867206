//! `tidelog lake rebuild`: topics are published as tables anew, from what the ledger says.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use compactor::CompactorConfig;
use serde_json::json;

use crate::context::Context;
use crate::exit::{Ended, Exit};
use crate::out::{self, Format, OutputArgs};
use crate::peers::SecretArgs;
use crate::place::PlaceArgs;
use crate::serve;

/// Publish a topic as a table anew
///
/// What is published of a topic as an Iceberg table follows from the ledger and from the lake files themselves. This makes it
/// anew without a look at what is published: for a table whose objects were lost, or for a log that was copied to another
/// place. Older snapshots are told of no more. Works while nothing runs, and while agents do.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidelog lake rebuild orders --dir ./data
  tidelog lake rebuild --all --store s3://bucket/prefix --ledger dynamodb://tidelog")]
pub(crate) struct RebuildArgs {
    /// The topic
    #[arg(required_unless_present = "all")]
    topic: Option<String>,
    /// Every topic that has lake files
    #[arg(long, conflicts_with = "topic")]
    all: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs it.
pub(crate) async fn run(args: &RebuildArgs, context: &Context) -> Result<Exit> {
    let place = args.place.or_default();
    place.must_exist()?;
    let engine = serve::open_compactor((&place, &args.place), &args.secret, "lake rebuild", context).await?;
    let asked = args.topic.as_deref();
    let known = |state: &metadata::State| asked.is_none_or(|topic| state.topic_by_name(topic).is_some());
    engine.look().await?;
    if !engine.read(known) {
        engine.stop(Duration::from_secs(10)).await;
        let what = format!("there is no topic {}", asked.unwrap_or_default());
        return Err(Ended::new(Exit::NotFound, what).into());
    }
    let config = CompactorConfig::default();
    let rebuilding = compactor::rebuild_tables(&engine, &config, |name| asked.is_none_or(|topic| topic == name));
    let report = serve::once(&engine, rebuilding).await?;
    match args.output.output {
        Format::Json => out::json(&json!({"tables_published": report.published, "failures": report.failures}))?,
        _ => out::line(format!("{} tables were published anew", report.published))?,
    }
    for failure in &report.failures {
        context.talk.say(format!("failed: {failure}"));
    }
    Ok(if report.failures.is_empty() {
        Exit::Ok
    } else {
        Exit::Failed
    })
}
