//! `tidelog bench`: what an agent does on this machine, in numbers, beside a plain loop that writes and fsyncs.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::client::{Client, UrlArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::out::{Format, OutputArgs};
use crate::settings::{self, Pair};

mod agent;
mod consume;
mod floor;
mod meter;
mod payload;
mod process;
mod produce;
mod prometheus;
mod report;

use agent::OwnAgent;
use meter::Meter;
use payload::Encoding;
use process::Process;
use report::Report;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Large requests from a few clients
    Produce,
    /// Reading back what was produced
    Consume,
    /// One record a request from 1, 16 and 256 clients
    Latency,
    /// All of it
    All,
}

/// Measure an agent
///
/// Against a running agent (--url), or with --self against one of its own, a process apart, in a temporary folder. In
/// the same run a plain loop writes and fsyncs the same bytes to a file in the same folder: that is what the disk can
/// do. Records are random bytes, so nothing is gained by compressing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidelog bench --self
  tidelog bench produce --self --encoding ndjson --clients 8 -o json
  tidelog bench latency --url http://127.0.0.1:8080 --pid 4711
  TIDELOG_PUTS_PER_SECOND=4 tidelog bench produce --self --clients 64      with the limits of S3; --self passes them on")]
pub(crate) struct BenchArgs {
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Start an agent of its own, and remove its folder afterwards
    #[arg(long = "self")]
    own: bool,
    /// The folder for --self, and of the plain loop; by default one in the system's folder for temporary files
    #[arg(long = "dir", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The process id of the agent, to read its CPU seconds and memory from /proc
    #[arg(long, conflicts_with = "own")]
    pid: Option<u32>,
    /// The topic, which is made and deleted; by default a name of this run's own
    #[arg(long)]
    topic: Option<String>,
    /// Its partitions
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    partitions: u32,
    /// A setting of the topic; may be given several times
    #[arg(short, long = "config", value_name = "NAME=VALUE")]
    config: Vec<Pair>,
    /// Bytes of a record's value
    #[arg(long, value_name = "BYTES", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(16..1 << 20))]
    record_bytes: u32,
    /// Records of a large request
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// Clients that send large requests
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    clients: u32,
    /// How many MiB to produce in large requests
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    mib: u32,
    /// How long each round of single records takes
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// How large requests are encoded
    #[arg(long, value_enum, default_value = "batch")]
    encoding: Encoding,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl BenchArgs {
    fn wants(&self, what: What) -> bool {
        self.what == What::All || self.what == what
    }

    /// Bytes of values to produce in large requests.
    fn bytes(&self) -> u64 {
        u64::from(self.mib) << 20
    }
}

/// What is measured, and how it is reached.
#[derive(Debug, Clone)]
struct Target {
    client: Client,
    topic: String,
    partitions: u32,
    process: Option<Process>,
}

impl Target {
    fn meter(&self, context: &Context) -> Meter {
        Meter::new(self.client.clone(), self.process, context.world.clock.clone())
    }
}

/// Runs it.
pub(crate) async fn run(args: BenchArgs, context: &Context) -> Result<Exit> {
    let mut report = Report::default();
    let folder = Folder::make(&args, context)?;
    let own = match args.own {
        true => Some(OwnAgent::start(&folder.path, context, &mut report).await?),
        false => None,
    };
    let client = match &own {
        Some(own) => own.client.clone(),
        None => args.url.client()?,
    };
    let process = own.as_ref().map(|own| own.process).or(args.pid.map(Process::new));
    let target = Target {
        client,
        topic: args
            .topic
            .clone()
            .unwrap_or_else(|| format!("bench-{:08x}", context.world.chance.u64() >> 32)),
        partitions: args.partitions,
        process,
    };
    let measured = measure(&args, context, &target, &folder, &mut report).await;
    if let Some(own) = own {
        own.stop(context, &mut report).await;
    }
    measured?;
    report.show(args.output.output)?;
    Ok(Exit::Ok)
}

async fn measure(
    args: &BenchArgs,
    context: &Context,
    target: &Target,
    folder: &Folder,
    report: &mut Report,
) -> Result<()> {
    if let Some(process) = target.process.filter(|_| args.own) {
        context.talk.say("idle...");
        report.idle = Some(process.idle(&context.world.clock, Duration::from_secs(5)).await?);
    }
    create_topic(args, target).await?;
    let outcome = rounds(args, context, target, folder, report).await;
    // The topic is of this run's own: what is left of a failed run is deleted too.
    let deleted = target.client.delete(&["v1", "topics", &target.topic]).send().await;
    outcome?;
    deleted.context("cannot delete the topic of this run")?;
    Ok(())
}

async fn rounds(
    args: &BenchArgs,
    context: &Context,
    target: &Target,
    folder: &Folder,
    report: &mut Report,
) -> Result<()> {
    if args.wants(What::Produce) || args.wants(What::Consume) {
        context.talk.say(format!("producing {} MiB...", args.mib));
        report.produce = Some(produce::large(args, context, target).await?);
    }
    if args.wants(What::Consume) {
        for encoding in [Encoding::Batch, Encoding::Ndjson] {
            context.talk.say(format!("consuming as {}...", encoding.name()));
            report.consume.push(consume::all(context, target, encoding).await?);
        }
    }
    if args.wants(What::Latency) {
        for clients in [1, 16, 256] {
            context.talk.say(format!("single records from {clients} clients..."));
            report
                .latency
                .push(produce::single(args, context, target, clients).await?);
        }
    }
    context.talk.say("the plain loop...");
    report.floor = Some(floor::run(&folder.path, args.bytes(), args.record_bytes, &context.world).await?);
    Ok(())
}

async fn create_topic(args: &BenchArgs, target: &Target) -> Result<()> {
    let body = json!({"partitions": target.partitions, "config": settings::map(&args.config)?});
    let answer = target
        .client
        .put(&["v1", "topics", &target.topic])
        .json(&body)
        .send()
        .await?;
    if answer.status != reqwest::StatusCode::CREATED {
        bail!(
            "there is a topic {} already; it would be deleted afterwards",
            target.topic
        );
    }
    Ok(())
}

/// The folder of the agent and of the plain loop.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A fresh folder below the one named or the system's for temporary files.
    fn make(args: &BenchArgs, context: &Context) -> Result<Folder> {
        let above = args.folder.clone().unwrap_or_else(std::env::temp_dir);
        let path = above.join(format!("tidelog-bench-{:016x}", context.world.chance.u64()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Folder { path })
    }
}

impl Drop for Folder {
    /// Also when the run failed or was interrupted.
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the folder of this run");
        }
    }
}

impl Report {
    fn show(&self, format: Format) -> Result<()> {
        match format {
            Format::Json => crate::out::json(self),
            Format::Table => Ok(crate::out::table(&["what", "value"], &self.rows())?),
        }
    }
}
