//! `tidelog lake`: which records lie in lake files, and how to ask them, as files or as a table.

mod rebuild;

use std::collections::BTreeMap;

use anyhow::Result;
use clap::{Args, Subcommand};
use metadata::{LakeEnd, ObjectName, Place as Lies, State, Topic};
use serde_json::{Value, json};
use store::{Key, LakeFormat, Store};

use crate::context::Context;
use crate::existing::{self, Folded};
use crate::exit::{Ended, Exit};
use crate::out::{self, Format, OutputArgs};
use crate::place::{Place, PlaceArgs};

/// What can be asked of the lake.
#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    Files(FilesArgs),
    Describe(DescribeArgs),
    Rebuild(rebuild::RebuildArgs),
}

/// List a topic's lake files
///
/// Those that the ledger names now, the oldest first. Works while nothing runs, and while agents do. What a file was merged
/// into is listed in its place; the file itself stays for `lake.grace.ms`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog lake files orders --dir ./data -o json")]
pub(crate) struct FilesArgs {
    #[command(flatten)]
    of: OfTopic,
}

/// Show how far a topic is in lake files, and a query over them
///
/// Records become rows of a lake file when many have gathered, or have waited for the topic's `lake.max.delay.ms`. The query is
/// one that DuckDB answers over just the files that hold them now.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog lake describe orders --dir ./data")]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    of: OfTopic,
}

/// Of which topic, and where it lies.
#[derive(Debug, Args)]
struct OfTopic {
    /// The topic
    topic: String,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A file, and what the ledger says lies in it.
#[derive(Debug)]
struct File {
    path: String,
    end: LakeEnd,
    partitions: u32,
    records: u64,
    log_bytes: u64,
    max_timestamp: i64,
    /// The most extents of a partition that lie behind one of its own: about how long ago it was written.
    behind: usize,
}

/// The topic as a table.
#[derive(Debug)]
struct Table {
    name: String,
    /// Where its metadata lies, once something was published.
    metadata: Option<String>,
    /// Whether that tells of the lake files there are now.
    is_current: bool,
}

impl Table {
    fn told(&self) -> String {
        match &self.metadata {
            None => "nothing is published of it yet".to_owned(),
            Some(metadata) if self.is_current => metadata.clone(),
            Some(metadata) => format!("{metadata} (which tells of what was there before)"),
        }
    }
}

/// How far a partition is in lake files.
#[derive(Debug, Default)]
struct Line {
    partition: u32,
    /// From which offset on the table has it.
    lake_start: u64,
    log_start: u64,
    /// The offset after the last that a lake file holds, if one holds any.
    to: u64,
    high_watermark: u64,
    records_beside: u64,
}

/// Runs one of them.
pub(crate) async fn run(command: LakeCommand, context: &Context) -> Result<Exit> {
    let (args, describe) = match &command {
        LakeCommand::Files(args) => (&args.of, false),
        LakeCommand::Describe(args) => (&args.of, true),
        LakeCommand::Rebuild(args) => return rebuild::run(args, context).await,
    };
    let place = args.place.or_default();
    let log = existing::open(&place, &args.place, context).await?;
    let folded = existing::fold(&log.ledger(context).await?, &log.store).await?;
    let topic = folded.state.topic_by_name(&args.topic);
    let topic = topic.ok_or_else(|| Ended::new(Exit::NotFound, format!("there is no topic {}", args.topic)))?;
    let files = files(&folded, topic);
    match describe {
        true => {
            let table = table(&log.store, &folded.state, topic)?;
            show_lines(
                &place,
                topic,
                &lines(&folded.state, topic),
                &files,
                &table,
                args.output.output,
            )?;
        }
        false => show_files(&files, args.output.output)?,
    }
    Ok(Exit::Ok)
}

fn files(folded: &Folded, topic: &Topic) -> Vec<File> {
    let mut files: BTreeMap<ObjectName, File> = BTreeMap::new();
    for (_, partition) in folded.state.partitions(topic.number()) {
        let mut seen = None;
        for (behind, extent) in partition.extents().rev().enumerate() {
            let Lies::Lake { name, end } = extent.place else {
                continue;
            };
            let file = files.entry(name).or_insert_with(|| File {
                path: Key::LakeData(topic.id(), name).path(&folded.base.cluster),
                end,
                partitions: 0,
                records: 0,
                log_bytes: 0,
                max_timestamp: i64::MIN,
                behind: 0,
            });
            file.partitions += u32::from(seen != Some(name));
            seen = Some(name);
            file.records += u64::from(extent.records);
            file.log_bytes += u64::from(extent.bytes);
            file.max_timestamp = file.max_timestamp.max(extent.max_timestamp);
            file.behind = file.behind.max(behind);
        }
    }
    let mut files: Vec<File> = files.into_values().collect();
    files.sort_by(|one, other| (other.behind, &one.path).cmp(&(one.behind, &other.path)));
    files
}

fn table(store: &Store, state: &State, topic: &Topic) -> Result<Table> {
    let names = metadata::table_names(state);
    let name = names.into_iter().find(|(_, number)| *number == topic.number());
    let published = state.published(topic.number());
    let metadata = published.as_ref().and_then(metadata::Published::metadata);
    let metadata = metadata.map(|name| store.location(&Key::LakeMetadata(topic.id(), name, LakeFormat::Json)));
    Ok(Table {
        name: name.map(|(name, _)| name).unwrap_or_default(),
        metadata: metadata.transpose()?,
        is_current: published.map_or(0, |published| published.seen) >= topic.lake_changed(),
    })
}

fn lines(state: &State, topic: &Topic) -> Vec<Line> {
    let partitions = state.partitions(topic.number());
    let line = partitions.map(|(id, partition)| {
        let mut line = Line {
            partition: id.partition,
            lake_start: partition.lake_start(),
            log_start: partition.log_start(),
            to: partition.log_start(),
            high_watermark: partition.high_watermark(),
            records_beside: 0,
        };
        for extent in partition.extents() {
            match extent.place {
                Lies::Lake { .. } => line.to = extent.last().saturating_add(1),
                _ => line.records_beside += u64::from(extent.records),
            }
        }
        line
    });
    line.collect()
}

fn show_files(files: &[File], format: Format) -> Result<()> {
    if format == Format::Json {
        let all: Vec<Value> = files.iter().map(told).collect();
        return out::json(&all);
    }
    let row = |file: &File| {
        vec![
            file.path.clone(),
            out::human_bytes(file.end.object_bytes),
            out::human_bytes(file.log_bytes),
            file.records.to_string(),
            file.partitions.to_string(),
        ]
    };
    let rows: Vec<_> = files.iter().map(row).collect();
    Ok(out::table(&["file", "size", "of log", "records", "partitions"], &rows)?)
}

fn told(file: &File) -> Value {
    json!({
        "path": file.path,
        "bytes": file.end.object_bytes,
        "log_bytes": file.log_bytes,
        "records": file.records,
        "partitions": file.partitions,
        "max_timestamp": file.max_timestamp,
    })
}

fn show_lines(
    place: &Place,
    topic: &Topic,
    lines: &[Line],
    files: &[File],
    table: &Table,
    format: Format,
) -> Result<()> {
    let query = duckdb(place, files);
    let sum = |of: fn(&File) -> u64| files.iter().map(of).sum::<u64>();
    let (bytes, log_bytes, records) = (
        sum(|file| file.end.object_bytes),
        sum(|file| file.log_bytes),
        sum(|file| file.records),
    );
    if format == Format::Json {
        let partition = |line: &Line| {
            json!({
                "partition": line.partition,
                "lake_start": line.lake_start,
                "log_start": line.log_start,
                "in_lake_to": line.to,
                "high_watermark": line.high_watermark,
                "records_not_in_lake": line.records_beside,
            })
        };
        return out::json(&json!({
            "topic": topic.name(),
            "id": topic.id().to_string(),
            "files": files.len(),
            "bytes": bytes,
            "log_bytes": log_bytes,
            "records": records,
            "max_delay_ms": topic.config().lake_max_delay_ms(),
            "partitions": lines.iter().map(partition).collect::<Vec<_>>(),
            "table": table.name,
            "table_metadata": table.metadata,
            "table_is_current": table.is_current,
            "duckdb": query,
        }));
    }
    let sizes = format!("{} of {} of log", out::human_bytes(bytes), out::human_bytes(log_bytes));
    let head = [
        ("topic", topic.name().to_owned()),
        ("lake files", format!("{}, {sizes}, {records} records", files.len())),
        ("table", format!("default.{}, {}", table.name, table.told())),
    ];
    let head: Vec<_> = head
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    out::table(&["", ""], &head)?;
    let row = |line: &Line| {
        [
            u64::from(line.partition),
            line.lake_start,
            line.log_start,
            line.to,
            line.high_watermark,
            line.records_beside,
        ]
        .map(|number| number.to_string())
        .to_vec()
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    let titles = [
        "partition",
        "lake start",
        "log start",
        "in the lake to",
        "high watermark",
        "records not in it",
    ];
    out::table(&titles, &rows)?;
    if let Some(query) = query {
        out::line(query)?;
    }
    Ok(())
}

/// A query that DuckDB answers over just these files; none when there is none.
fn duckdb(place: &Place, files: &[File]) -> Option<String> {
    let quoted = |file: &File| format!("'{}'", url(place, &file.path).replace('\'', "''"));
    let all: Vec<String> = files.iter().map(quoted).collect();
    let list = all.join(", ");
    (!all.is_empty()).then(|| {
        format!(
            "SELECT kafka_partition, count(*), max(kafka_offset) FROM read_parquet([{list}], \
             union_by_name = true) WHERE NOT kafka_batch_attributes & 65536 GROUP BY 1 ORDER BY 1;"
        )
    })
}

fn url(place: &Place, path: &str) -> String {
    let root = place.store.strip_prefix("file:").unwrap_or(&place.store);
    format!("{}/{path}", root.trim_end_matches('/'))
}

#[cfg(test)]
mod tests;
