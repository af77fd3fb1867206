//! The command line: which commands there are, and the way from its words to a command that runs.

use std::path::Path;

use anyhow::Result;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use world::World;

use crate::config::{FILE, FileConfig};
use crate::context::{Context, until_interrupted};
use crate::exit::{self, Exit};
use crate::out::Talk;
#[cfg(feature = "query")]
use crate::query;
use crate::{
    agent, bench, cluster, compactor, consume, cost, dev, doctor, group, lake, ledger, out, produce, topic, verify,
};

const AFTER_HELP: &str = "\
Examples:
  tidelog dev                                      a whole log in one process, in ./data
  tidelog topic create orders -p 3
  echo '{\"id\":1}' | tidelog produce orders
  tidelog consume orders --follow -f '%p %o %k %s\\n'
  tidelog query 'SELECT count(*) FROM orders'
  tidelog verify --dir ./data
  tidelog doctor --dir ./data

Settings come from flags, then TIDELOG_* variables, then ./tidelog.toml (url, output, dir, store, ledger, http-addr).
Data goes to stdout, talk to stderr. Colours and progress are for terminals only; NO_COLOR is heeded.
Exit codes: 0 ok, 1 failed, 2 usage, 3 check not met, 4 not found, 5 conflict, 6 unreachable, 7 not permitted, 130 interrupted.";

/// A Kafka-like log on object storage
///
/// Topics, partitions, offsets and groups as in Kafka, with no disks of its own: records lie in objects, a ledger puts
/// them in order, and any agent serves all of it.
#[derive(Debug, Parser)]
#[command(name = "tidelog", version, propagate_version = true, after_help = AFTER_HELP, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, env = "TIDELOG_QUIET")]
    quiet: bool,
    /// What the log lines on stderr tell: error, warn, info, debug, or per room as in engine=debug,info
    #[arg(long, global = true, value_name = "FILTER", env = "TIDELOG_LOG")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(Box<dev::DevArgs>),
    Agent(Box<agent::AgentArgs>),
    Compactor(Box<compactor::CompactorArgs>),
    /// Create, list, describe, alter, delete and trim topics
    #[command(subcommand)]
    Topic(topic::TopicCommand),
    Produce(produce::ProduceArgs),
    Consume(consume::ConsumeArgs),
    /// List, describe, reset and delete consumer groups
    #[command(subcommand)]
    Group(group::GroupCommand),
    /// Describe and alter the cluster
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Describe the ledger, and accept that it lost its end
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// List a topic's lake files, and show how to query them
    #[command(subcommand)]
    Lake(lake::LakeCommand),
    #[cfg(feature = "query")]
    Query(Box<query::QueryArgs>),
    Verify(verify::VerifyArgs),
    Doctor(doctor::DoctorArgs),
    Bench(Box<bench::BenchArgs>),
    Cost(cost::CostArgs),
    Completions(CompletionsArgs),
}

/// Print what completes commands in a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog completions bash > ~/.local/share/bash-completion/completions/tidelog")]
struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// The command line of this process, with the file's settings behind it. Help, version and usage errors are told
/// here; the code to end with is returned for them.
pub(crate) fn parse() -> Result<Cli, Exit> {
    let config = FileConfig::read(Path::new(FILE)).map_err(|error| {
        out::error(&error);
        exit::of(&error)
    })?;
    let matches = config.apply(Cli::command()).try_get_matches();
    matches
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| {
            let told = error.print();
            if error.use_stderr() || told.is_err() {
                Exit::Usage
            } else {
                Exit::Ok
            }
        })
}

/// Runs the command.
pub(crate) async fn run(cli: Cli) -> Result<Exit> {
    start_logging(cli.log.as_deref().unwrap_or(cli.command.log_default()))?;
    let context = Context {
        world: World::real(),
        talk: Talk::new(cli.quiet),
    };
    match cli.command {
        Command::Dev(args) => dev::run(*args, &context).await,
        Command::Agent(args) => agent::run(*args, &context).await,
        Command::Compactor(args) => compactor::run(*args, &context).await,
        Command::Topic(command) => until_interrupted(topic::run(command, &context)).await,
        Command::Produce(args) => until_interrupted(produce::run(args, &context)).await,
        Command::Consume(args) => until_interrupted(consume::run(args, &context)).await,
        Command::Group(command) => until_interrupted(group::run(command, &context)).await,
        Command::Cluster(command) => until_interrupted(cluster::run(command, &context)).await,
        Command::Ledger(command) => Box::pin(until_interrupted(ledger::run(command, &context))).await,
        Command::Lake(command) => Box::pin(until_interrupted(lake::run(command, &context))).await,
        #[cfg(feature = "query")]
        Command::Query(args) => Box::pin(until_interrupted(query::run(*args, &context))).await,
        Command::Completions(args) => completions(&args),
        Command::Cost(args) => cost::run(&args),
        Command::Bench(args) => until_interrupted(bench::run(*args, &context)).await,
        Command::Verify(args) => Box::pin(until_interrupted(verify::run(args, &context))).await,
        Command::Doctor(args) => Box::pin(until_interrupted(doctor::run(args, &context))).await,
    }
}

impl Command {
    /// Processes that serve tell what they do; commands tell what went wrong.
    fn log_default(&self) -> &'static str {
        match self {
            Command::Agent(_) | Command::Compactor(_) => "info",
            // What backends warn of when they are opened is among the findings.
            Command::Doctor(_) => "error",
            _ => "warn",
        }
    }
}

/// A zone as it is given on the command line. A variable may be set to nothing: that is none.
pub(crate) fn zone(text: &str) -> Result<String, metadata::NotAZone> {
    match text {
        "" => Ok(String::new()),
        _ => metadata::zone(text).map(str::to_owned),
    }
}

fn completions(args: &CompletionsArgs) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tidelog", &mut script);
    out::bytes(&script)?;
    Ok(Exit::Ok)
}

fn start_logging(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| exit::Ended::usage(format!("--log: {error}")))?;
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
        .init();
    Ok(())
}

#[cfg(test)]
mod tests;
