//! `tidelog cluster`: what all processes of a cluster share.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::UrlArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::out::{self, Format, OutputArgs};
use crate::settings::{self, Pair};

/// What can be done with the cluster.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    Describe(DescribeArgs),
    Alter(AlterArgs),
}

/// Show the cluster's id, ledger position, settings and agents
#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Change settings of the cluster
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog cluster alter -c agent.timeout.ms=60000 --unset segment.grace.ms")]
pub(crate) struct AlterArgs {
    /// A setting to set; may be given several times
    #[arg(short, long = "config", value_name = "NAME=VALUE", required_unless_present = "unset")]
    config: Vec<Pair>,
    /// A setting to put back to its default; may be given several times
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs one of them.
pub(crate) async fn run(command: ClusterCommand, context: &Context) -> Result<Exit> {
    match command {
        ClusterCommand::Describe(args) => describe(&args).await,
        ClusterCommand::Alter(args) => alter(&args, context).await,
    }
}

async fn describe(args: &DescribeArgs) -> Result<Exit> {
    let client = args.url.client()?;
    let cluster: Value = client.get(&["v1", "cluster"]).fetch().await?;
    let agents: Value = client.get(&["v1", "agents"]).fetch().await?;
    if args.output.output == Format::Json {
        let agents = agents.get("agents").cloned().unwrap_or(agents);
        out::json(&json!({"cluster": cluster, "agents": agents}))?;
        return Ok(Exit::Ok);
    }
    show_fields(&cluster)?;
    show_agents(&agents)?;
    Ok(Exit::Ok)
}

async fn alter(args: &AlterArgs, context: &Context) -> Result<Exit> {
    let body = json!({"set": settings::map(&args.config)?, "unset": args.unset});
    let cluster: Value = args.url.client()?.patch(&["v1", "cluster"]).json(&body).fetch().await?;
    context.talk.say("cluster altered");
    match args.output.output {
        Format::Json => out::json(&cluster)?,
        Format::Table => show_fields(&cluster)?,
    }
    Ok(Exit::Ok)
}

/// The fields of an object that are plain, then its settings.
fn show_fields(cluster: &Value) -> Result<()> {
    out::table(&["cluster", ""], &plain_rows(cluster))?;
    let rows = setting_rows(cluster.get("config").unwrap_or(&Value::Null));
    if !rows.is_empty() {
        out::line("")?;
        out::table(&["setting", "value", "source"], &rows)?;
    }
    Ok(())
}

fn plain_rows(object: &Value) -> Vec<Vec<String>> {
    let fields = object.as_object().into_iter().flatten();
    fields
        .filter(|(_, value)| !value.is_object() && !value.is_array())
        .map(|(name, value)| vec![name.replace('_', " "), plain(value)])
        .collect()
}

/// Settings are either plain values or objects with a value and where it is from.
fn setting_rows(config: &Value) -> Vec<Vec<String>> {
    let fields = config.as_object().into_iter().flatten();
    fields
        .map(|(name, setting)| {
            let value = setting.get("value").unwrap_or(setting);
            let source = setting.get("source").map(plain).unwrap_or_default();
            vec![name.clone(), plain(value), source]
        })
        .collect()
}

fn show_agents(agents: &Value) -> Result<()> {
    let list = agents.get("agents").unwrap_or(agents).as_array();
    let rows: Vec<Vec<String>> = list
        .into_iter()
        .flatten()
        .map(|agent| {
            let field = |name: &str| agent.get(name).map(plain).unwrap_or_default();
            ["node_id", "role", "name", "zone", "http_address", "version"]
                .map(field)
                .to_vec()
        })
        .collect();
    out::line("")?;
    Ok(out::table(
        &["node", "role", "name", "zone", "http address", "version"],
        &rows,
    )?)
}

/// A plain JSON value without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
