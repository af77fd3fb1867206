//! `tidelog consume`: records of a topic to stdout.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::client::{Client, UrlArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::format::RecordFormat;
use crate::out::{self, Format};
use crate::position::{Position, Range};

mod commit;
mod envelope;
mod follow;
mod plan;
mod read;

use envelope::Envelope;
use follow::Follower;
use plan::Part;
use read::{PartitionRead, TopicRead};

/// Consume records of a topic
///
/// Without --follow it ends at the end of the topic; with it, it waits for more. Each partition's records come in
/// order. The `-o` here is an offset, as in kcat; the form of the output is --output.
#[derive(Debug, Args)]
#[command(after_help = "\
Positions: OFFSET, earliest, latest, -N (N before the end of each partition), @2026-11-22T10:00Z, @MILLISECONDS, @-1h;
           FROM:TO reads up to TO and without it.
Formats:   %s value  %S its length  %R its length in 4 bytes  %k key  %K its length  %t topic  %p partition  %o offset
           %T timestamp in ms  %h headers  %% percent;  \\n \\r \\t \\\\ \\0 \\xHH;  or the word `json`, as --output json

Examples:
  tidelog consume orders                                    all values, one a line
  tidelog consume orders --follow -o latest                 what comes from now on
  tidelog consume orders -o -10 -f '%p:%o %k %s\\n'          the last ten of each partition
  tidelog consume orders -o @-1h:@-30m --output json        half an hour of records as JSON lines
  tidelog consume orders -g billing                         go on where the group `billing` stopped")]
pub(crate) struct ConsumeArgs {
    /// The topic
    topic: String,
    /// Where to begin, and where to stop
    #[arg(
        short,
        long,
        value_name = "POS[:POS]",
        default_value = "earliest",
        allow_hyphen_values = true
    )]
    offset: Range,
    /// Stop after so many records
    #[arg(short = 'n', long, value_name = "N")]
    count: Option<u64>,
    /// Only this partition; may be given several times
    #[arg(short, long = "partition", value_name = "PARTITION")]
    partitions: Vec<u32>,
    /// At the end, wait for more
    #[arg(long)]
    follow: bool,
    /// What each record prints
    #[arg(short, long, value_name = "FORMAT", value_parser = parse_format, default_value = "%s\\n")]
    format: RecordPrint,
    /// Values for people (as --format says) or one JSON object a line
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        conflicts_with = "format"
    )]
    output: Format,
    /// The form of values in JSON output; base64 copies any value exactly
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "format")]
    decode: Option<Decode>,
    /// Go on where this group stopped, and commit what was printed; -o is for partitions it has not committed
    #[arg(short, long)]
    group: Option<String>,
    #[command(flatten)]
    url: UrlArgs,
}

/// The form of values in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Decode {
    /// As JSON where they are JSON
    Json,
    /// As text
    String,
    /// As base64
    Base64,
}

/// What to print of a record.
#[derive(Debug, Clone)]
enum RecordPrint {
    /// The envelope as the agent sent it.
    Json,
    /// By letters.
    Letters(RecordFormat),
}

fn parse_format(text: &str) -> Result<RecordPrint, crate::format::FormatError> {
    if text == "json" {
        return Ok(RecordPrint::Json);
    }
    text.parse().map(RecordPrint::Letters)
}

/// The bytes of values are asked for as bytes when letters print them, so that they are exactly those produced; as
/// JSON they come in the form that is good to read.
fn decode(print: &RecordPrint, wanted: Option<Decode>) -> Option<&'static str> {
    match (print, wanted) {
        (RecordPrint::Letters(_), _) | (_, Some(Decode::Base64)) => Some("base64"),
        (_, Some(Decode::Json)) => Some("json"),
        (_, Some(Decode::String)) => Some("string"),
        (RecordPrint::Json, None) => None,
    }
}

/// Where printing stands.
struct Printer<'a> {
    topic: &'a str,
    print: RecordPrint,
    left: u64,
    /// By partition, the offset behind the last record printed.
    next: BTreeMap<u32, u64>,
}

impl Printer<'_> {
    /// Prints records, as many as are wanted still.
    fn page(&mut self, records: &[Envelope]) -> Result<()> {
        let mut text = Vec::new();
        let take = usize::try_from(self.left).unwrap_or(usize::MAX).min(records.len());
        for envelope in &records[..take] {
            match &self.print {
                RecordPrint::Json => {
                    text.extend_from_slice(envelope.raw.get().as_bytes());
                    text.push(b'\n');
                }
                RecordPrint::Letters(format) => format.render(self.topic, &envelope.record()?, &mut text),
            }
            self.next.insert(envelope.partition, envelope.offset + 1);
        }
        self.left -= take as u64;
        Ok(out::bytes(&text)?)
    }

    fn done(&self) -> bool {
        self.left == 0
    }

    /// How many records the next request should ask for.
    fn limit(&self) -> u64 {
        self.left.min(read::PAGE_RECORDS_MAX)
    }
}

/// Runs it.
pub(crate) async fn run(args: ConsumeArgs, context: &Context) -> Result<Exit> {
    let client = args.url.client()?;
    let print = match args.output {
        Format::Json => RecordPrint::Json,
        Format::Table => args.format.clone(),
    };
    let mut printer = Printer {
        topic: &args.topic,
        print,
        left: args.count.unwrap_or(u64::MAX),
        next: BTreeMap::new(),
    };
    let simple = args.group.is_none() && args.partitions.is_empty() && args.offset.to.is_none();
    if simple {
        by_cursor(&args, &client, &mut printer).await?;
    } else {
        by_partition(&args, &client, &mut printer, context).await?;
    }
    let records = args.count.unwrap_or(u64::MAX) - printer.left;
    context.talk.say(format!("{records} records"));
    Ok(Exit::Ok)
}

/// All partitions through one cursor.
async fn by_cursor(args: &ConsumeArgs, client: &Client, printer: &mut Printer<'_>) -> Result<()> {
    let mut read = TopicRead::new(
        client,
        &args.topic,
        &args.offset.from,
        decode(&printer.print, args.decode),
        args.follow,
    );
    while !printer.done() {
        let page = read.next(printer.limit()).await?;
        printer.page(&page.records)?;
        if page.up_to_date && !args.follow {
            break;
        }
    }
    Ok(())
}

/// Each partition by offsets.
async fn by_partition(args: &ConsumeArgs, client: &Client, printer: &mut Printer<'_>, context: &Context) -> Result<()> {
    let parts = plan(args, client, context).await?;
    let read = PartitionRead::new(client, &args.topic, decode(&printer.print, args.decode));
    let committer = args
        .group
        .as_deref()
        .map(|group| commit::Committer::new(client, group, &args.topic));
    if args.follow && args.offset.to.is_none() {
        let mut follower = Follower::new(read, parts);
        while !printer.done() {
            printer.page(&follower.next(printer.limit()).await?)?;
            commit(committer.as_ref(), printer).await?;
        }
        return Ok(());
    }
    for mut part in parts {
        while !printer.done() && !part.is_done() {
            let records = read.next(&mut part, printer.limit(), None).await?;
            printer.page(&records)?;
            commit(committer.as_ref(), printer).await?;
        }
    }
    Ok(())
}

async fn commit(committer: Option<&commit::Committer<'_>>, printer: &mut Printer<'_>) -> Result<()> {
    match committer {
        Some(committer) => committer.commit(&std::mem::take(&mut printer.next)).await,
        None => Ok(()),
    }
}

/// Where each partition's reading begins and ends.
async fn plan(args: &ConsumeArgs, client: &Client, context: &Context) -> Result<Vec<Part>> {
    let from = plan::offsets(client, &args.topic, &args.offset.from).await?;
    let to = match (&args.offset.to, args.follow) {
        (Some(to), _) => Some(plan::offsets(client, &args.topic, to).await?),
        (None, false) => Some(plan::offsets(client, &args.topic, &Position::Latest).await?),
        (None, true) => None,
    };
    let start = plan::offsets(client, &args.topic, &Position::Earliest).await?;
    let committed = match &args.group {
        Some(group) => commit::committed(client, group, &args.topic).await?,
        None => BTreeMap::new(),
    };
    let parts = plan::parts(&args.partitions, &from, to.as_ref(), &start, &committed)?;
    for part in parts.iter().filter(|part| part.lost > 0) {
        let (partition, lost) = (part.partition, part.lost);
        context.talk.say(format!(
            "partition {partition}: {lost} records the group had not read are no longer kept"
        ));
    }
    Ok(parts)
}
