//! `tidelog ledger`: what the ordering table says of itself, and the one decision about it that only a person can make.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use ledger::{Accepted, Description};
use serde_json::{Value, json};

use crate::context::Context;
use crate::existing;
use crate::exit::{Ended, Exit};
use crate::out::{self, Format, OutputArgs};
use crate::place::{AwsArgs, PlaceArgs};

/// What can be done with the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    Create(CreateArgs),
    Describe(DescribeArgs),
    AcceptLoss(AcceptLossArgs),
}

/// Make what a ledger needs, if it is not there
///
/// Of dynamodb: the table, of sqlite: the file, of postgres: the tables. What is there is left as it is, and checked. The
/// log itself begins when the first agent opens it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog ledger create --ledger dynamodb://TABLE")]
pub(crate) struct CreateArgs {
    /// The ledger: dynamodb://TABLE, postgres://USER@HOST/DATABASE, s3://BUCKET/PREFIX or sqlite:PATH
    #[arg(long, value_name = "URL", env = "TIDELOG_LEDGER")]
    ledger: String,
    #[command(flatten)]
    aws: AwsArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Show where the ledger begins and ends, its era, and whether it lost its end
///
/// Works while nothing runs, and while agents do. Ends with 3 when the ledger is halted or lost its end.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidelog ledger describe --dir ./data")]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Accept that the ledger lost its end, and begin a new era
///
/// A ledger that was restored from a backup, or failed over to a replica that was behind, lacks entries that were
/// acknowledged. Agents see that and write nothing. If the end cannot be restored, this says so: what was lost is lost,
/// its offsets are given to other records, and writing goes on in a new era. Prints what it would do; with --yes it does
/// it. Agents that run go on by themselves.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidelog ledger accept-loss --dir ./data --note 'restored from the backup of Monday' --yes"
)]
pub(crate) struct AcceptLossArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Kept in the ledger: who accepted the loss, and why
    #[arg(long, default_value = "")]
    note: String,
    /// Do it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// The longest note, in bytes.
const NOTE_BYTES_MAX: usize = 4096;

/// Runs one of them.
pub(crate) async fn run(command: LedgerCommand, context: &Context) -> Result<Exit> {
    match command {
        LedgerCommand::Create(args) => create(&args, context).await,
        LedgerCommand::Describe(args) => describe(&args, context).await,
        LedgerCommand::AcceptLoss(args) => accept_loss(&args, context).await,
    }
}

async fn create(args: &CreateArgs, context: &Context) -> Result<Exit> {
    let created = ledger::create(&args.ledger, &args.aws.connect_options(), &context.world)
        .await
        .context("cannot make the ledger")?;
    let fields = vec![
        ("ledger", json!(created.what)),
        ("made", json!(created.made)),
        ("notes", json!(created.notes)),
    ];
    show(&fields, args.output.output)?;
    Ok(Exit::Ok)
}

async fn describe(args: &DescribeArgs, context: &Context) -> Result<Exit> {
    let log = existing::open(&args.place.or_default(), &args.place, context).await?;
    let described = log.ledger(context).await?.describe().await?;
    show(&fields(&described), args.output.output)?;
    Ok(match described.halted || described.loss.is_some() {
        true => Exit::CheckNotMet,
        false => Exit::Ok,
    })
}

async fn accept_loss(args: &AcceptLossArgs, context: &Context) -> Result<Exit> {
    if args.note.len() > NOTE_BYTES_MAX {
        let bytes = args.note.len();
        return Err(Ended::usage(format!("--note has {bytes} bytes, more than {NOTE_BYTES_MAX}")).into());
    }
    let log = existing::open(&args.place.required()?, &args.place, context).await?;
    let ledger = log.ledger(context).await?;
    let described = ledger.describe().await?;
    if !described.halted && described.loss.is_none() {
        return Err(nothing_lost().into());
    }
    if !args.yes {
        show(&fields(&described), args.output.output)?;
        context
            .talk
            .say("this is what is there; --yes accepts the loss of what is not");
        return Ok(Exit::Ok);
    }
    let accepted = ledger.accept_loss(args.note.clone().into()).await;
    match accepted.context("run it again: a loss is accepted once, however often it is said")? {
        // An earlier try that seemed to fail, or somebody else, was there before.
        Accepted::NotHalted(_) => Err(nothing_lost().into()),
        Accepted::At(tip) => {
            context
                .talk
                .say(format!("era {} begins at position {}", tip.era, tip.position));
            show(&fields(&ledger.describe().await?), args.output.output)?;
            Ok(Exit::Ok)
        }
    }
}

fn nothing_lost() -> Ended {
    Ended::new(
        Exit::Conflict,
        "the ledger is not halted, and has what the witness remembers",
    )
}

fn fields(described: &Description) -> Vec<(&'static str, Value)> {
    let Description {
        base,
        tip,
        halted,
        loss,
    } = described;
    vec![
        ("cluster", base.cluster.to_string().into()),
        ("era", tip.era.into()),
        ("base_position", base.position.into()),
        ("base_hash", base.hash.to_string().into()),
        ("base_snapshot", base.snapshot.clone().into()),
        ("end_position", tip.position.into()),
        ("end_hash", tip.hash.to_string().into()),
        ("halted", (*halted).into()),
        ("lost_end", loss.map(|loss| loss.to_string()).into()),
    ]
}

fn show(fields: &[(&'static str, Value)], format: Format) -> Result<()> {
    if format == Format::Json {
        let named = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        return out::json(&json!(named.collect::<serde_json::Map<_, _>>()));
    }
    let rows: Vec<_> = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| vec![name.replace('_', " "), plain(value)])
        .collect();
    Ok(out::table(&["ledger", ""], &rows)?)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
