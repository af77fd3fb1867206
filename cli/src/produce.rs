//! `tidelog produce`: lines of a file or of stdin become records.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::json;

use crate::client::UrlArgs;
use crate::context::Context;
use crate::exit::{Ended, Exit};
use crate::out::{self, Format, OutputArgs};
use crate::settings::Pair;
use crate::wire::Ack;

mod encode;
mod input;
mod send;

use encode::{Body, Encoder};
use input::{Input, Limits};
use send::Sender;

/// What the input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// Each line is a value, whatever its bytes
    Lines,
    /// Each line is a JSON value
    Ndjson,
    /// The whole input is one JSON document; an array becomes one record an element
    Json,
    /// The whole input is one value, whatever its bytes
    Raw,
    /// Each line is a record as `consume --output json` prints it
    Records,
}

/// Produce records from a file or from stdin
///
/// Requests carry a producer id and a number, so one that is sent again after a lost answer appends nothing twice.
/// With a --producer-id of your own the same holds over a restart of the command: run it again with the same file and
/// the same options, and what was appended already is not appended again (the last five requests are remembered).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echo hello | tidelog produce greetings
  tidelog produce orders orders.ndjson -f ndjson --key-path '$.user.id'
  tidelog produce pairs -K : <<< 'key:value'
  tidelog produce photos photo.jpg -f raw -k photo.jpg -H content-type=image/jpeg
  tidelog consume orders --output json --decode base64 | tidelog produce copy -f records")]
pub(crate) struct ProduceArgs {
    /// The topic to append to
    topic: String,
    /// The input; `-` or nothing is stdin
    file: Option<PathBuf>,
    /// What the input holds
    #[arg(short, long, value_enum, default_value = "lines")]
    format: InputFormat,
    /// A key for all records
    #[arg(short, long, conflicts_with_all = ["key_path", "key_delimiter"])]
    key: Option<String>,
    /// Take the key from each JSON value: `$.user.id`
    #[arg(long, value_name = "PATH", conflicts_with_all = ["key_delimiter", "headers"])]
    key_path: Option<String>,
    /// With lines: the key is what stands before the first of these in the line
    #[arg(short = 'K', long, value_name = "TEXT")]
    key_delimiter: Option<String>,
    /// A header for all records; may be given several times
    #[arg(short = 'H', long = "header", value_name = "NAME=VALUE")]
    headers: Vec<Pair>,
    /// Append to this partition instead of the one the key chooses
    #[arg(short, long)]
    partition: Option<u32>,
    /// Who produces; by default a name drawn for this run
    #[arg(long, value_name = "ID")]
    producer_id: Option<String>,
    /// The life of that producer; a higher one fences the lower ones and starts at 0 again
    #[arg(long, value_name = "N", default_value_t = 0, requires = "producer_id")]
    producer_epoch: u32,
    /// The number of the first request of this run
    #[arg(long, value_name = "N", default_value_t = 0, requires = "producer_id")]
    producer_seq: u64,
    /// Most records in one request
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    batch_records_max: u64,
    /// Most bytes of input in one request, if one line is not longer
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    batch_bytes_max: usize,
    /// From stdin: send what has come after this many milliseconds without more
    #[arg(long, value_name = "MS", default_value_t = 50)]
    linger_ms: u64,
    /// Try a request that meets a busy or missing agent again for this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    retry_s: u64,
    #[command(flatten)]
    url: UrlArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What was appended, by partition.
#[derive(Debug, Default)]
struct Report {
    requests: u64,
    records: u64,
    replayed: u64,
    partitions: BTreeMap<u32, Appended>,
}

/// What was appended to one partition.
#[derive(Debug, PartialEq, Eq)]
struct Appended {
    first: u64,
    last: u64,
    records: u64,
}

impl Report {
    fn add(&mut self, acks: &[Ack], replayed: bool) {
        self.requests += 1;
        self.replayed += u64::from(replayed);
        for ack in acks.iter().filter(|ack| ack.count > 0) {
            let last = ack.base_offset + ack.count - 1;
            let entry = self.partitions.entry(ack.partition).or_insert(Appended {
                first: ack.base_offset,
                last,
                records: 0,
            });
            entry.last = entry.last.max(last);
            entry.records += ack.count;
            self.records += ack.count;
        }
    }

    fn show(&self, topic: &str, format: Format) -> Result<()> {
        if format == Format::Json {
            let partitions: Vec<_> = self
                .partitions
                .iter()
                .map(|(number, item)| json!({"partition": number, "first": item.first, "last": item.last, "records": item.records}))
                .collect();
            return out::json(
                &json!({"topic": topic, "requests": self.requests, "records": self.records, "replayed": self.replayed, "partitions": partitions}),
            );
        }
        let rows: Vec<_> = self
            .partitions
            .iter()
            .map(|(number, item)| [u64::from(*number), item.first, item.last, item.records])
            .map(|row| row.iter().map(ToString::to_string).collect())
            .collect();
        Ok(out::table(
            &["partition", "first offset", "last offset", "records"],
            &rows,
        )?)
    }
}

/// Runs it.
pub(crate) async fn run(args: ProduceArgs, context: &Context) -> Result<Exit> {
    let encoder = Encoder::new(&args)?;
    let mut sender = Sender::new(&args, context)?;
    let bar = progress(&args, context).await;
    let mut report = Report::default();
    let outcome = if matches!(args.format, InputFormat::Json | InputFormat::Raw) {
        whole(&args, &encoder, &mut sender, &mut report).await
    } else {
        batches(&args, context, &encoder, &mut sender, &mut report, &bar).await
    };
    bar.finish_and_clear();
    report.show(&args.topic, args.output.output)?;
    outcome?;
    context
        .talk
        .say(format!("{} records in {} requests", report.records, report.requests));
    if report.replayed > 0 {
        context
            .talk
            .say(format!("{} of them had been appended before", report.replayed));
    }
    Ok(Exit::Ok)
}

async fn progress(args: &ProduceArgs, context: &Context) -> ProgressBar {
    let bytes = match &args.file {
        Some(path) => tokio::fs::metadata(path).await.ok().filter(std::fs::Metadata::is_file),
        None => None,
    };
    match bytes {
        Some(meta) => context.talk.bar(
            meta.len(),
            "{bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} {msg}",
        ),
        None => context
            .talk
            .spinner("{spinner} {binary_bytes} {binary_bytes_per_sec} {msg}"),
    }
}

/// The whole input as one request.
async fn whole(args: &ProduceArgs, encoder: &Encoder, sender: &mut Sender, report: &mut Report) -> Result<()> {
    let bytes = input::whole(args.file.as_deref()).await?;
    let body = encoder.whole(Bytes::from(bytes))?;
    let (acks, replayed) = sender.send(body).await?;
    report.add(&acks, replayed);
    Ok(())
}

/// The input line by line, many lines a request.
async fn batches(
    args: &ProduceArgs,
    context: &Context,
    encoder: &Encoder,
    sender: &mut Sender,
    report: &mut Report,
    bar: &ProgressBar,
) -> Result<()> {
    let limits = Limits {
        records_max: usize::try_from(args.batch_records_max).unwrap_or(usize::MAX),
        bytes_max: args.batch_bytes_max,
        linger: Duration::from_millis(args.linger_ms),
    };
    let mut input = Input::open(args.file.as_deref(), limits, context.world.clock.clone()).await?;
    while let Some(batch) = input.batch().await? {
        let bytes: usize = batch.lines.iter().map(|line| line.len() + 1).sum();
        let body: Body = encoder
            .lines(&batch.lines, batch.first_line)
            .with_context(|| format!("in the lines from {}", batch.first_line))?;
        let sent = sender.send(body).await;
        let (acks, replayed) = sent.with_context(|| format!("lines from {}", batch.first_line))?;
        report.add(&acks, replayed);
        bar.inc(bytes as u64);
        bar.set_message(format!("{} records", report.records));
    }
    Ok(())
}

impl ProduceArgs {
    /// The name to produce under: the one given, or one of this run's own.
    fn producer(&self, context: &Context) -> Result<String, Ended> {
        match &self.producer_id {
            Some(id) if id.is_empty() || id.len() > 255 => {
                Err(Ended::usage("a producer id has between 1 and 255 bytes"))
            }
            Some(id) => Ok(id.clone()),
            None => Ok(format!("cli-{:016x}", context.world.chance.u64())),
        }
    }
}

#[cfg(test)]
mod tests;
