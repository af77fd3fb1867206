//! `tidelog verify`: whether everything the ledger promises is there, byte for byte. It only looks; it registers no
//! life, and works while nothing runs.
//!
//! It trusts no process' word: entries are folded anew, and what they name is read back whole.

use anyhow::Result;
use clap::Args;
use ledger::{LedgerError, WitnessOutcome};
use metadata::State;

use crate::context::Context;
use crate::existing::{self, Log};
use crate::exit::Exit;
use crate::out::{self, Format, OutputArgs};
use crate::place::{Place, PlaceArgs};

mod batches;
mod chain;
mod extents;
mod finding;
mod fold;
mod garbage;
mod inline;
mod lakes;
mod objects;
mod snapshots;
mod tables;

use finding::{Finding, Kind, Report};

/// Check that everything the ledger promises is there
///
/// Folds the ledger anew, reads every object it names, and checks: the chain of entries, snapshots, offsets without
/// holes, every checksum, every count. Lists garbage: objects that nothing names, files of killed puts, unknown names.
/// Ends with 3 when anything is wrong; garbage alone is not wrong. Works while nothing runs, and while agents do.
#[derive(Debug, Args)]
#[command(after_help = "\
Kinds of faults:  missing_object damaged_object damaged_records wrong_count hole missing_entry damaged_entry broken_chain
                  lost_end halted missing_snapshot damaged_snapshot wrong_state wrong_cluster wrong_table
Kinds of garbage: orphan unnamed old_snapshot staged_file unknown_name; `pending` is not yet named, and may be soon

Examples:
  tidelog verify --dir ./data
  tidelog verify --store s3://bucket/prefix --ledger sqlite:ledger.db -o json")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs it.
pub(crate) async fn run(args: VerifyArgs, context: &Context) -> Result<Exit> {
    let place = args.place.or_default();
    let report = verify(&place, &args.place, context).await?;
    report.show(args.output.output)?;
    context.talk.say(report.summary());
    Ok(if report.faults() > 0 {
        Exit::CheckNotMet
    } else {
        Exit::Ok
    })
}

async fn verify(place: &Place, args: &PlaceArgs, context: &Context) -> Result<Report> {
    let log = existing::open(place, args, context).await?;
    let mut report = Report::default();
    check_cluster(&log, &mut report).await?;
    let folded = fold::fold(&log, &mut report, context.talk).await?;
    check_witness(&log, &mut report, context).await?;
    if let Some(state) = &folded.state {
        check_state(&log, state, folded.complete, &mut report, context).await?;
    }
    Ok(report)
}

/// `cluster.json` is the ledger's own.
async fn check_cluster(log: &Log, report: &mut Report) -> Result<()> {
    let found = match log.store.cluster().await {
        Ok(found) => found,
        Err(store::StoreError::Corrupt { path, reason }) => {
            report.add(Finding::object(Kind::DamagedObject, path, reason));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    match found {
        None => report.add(Finding::object(
            Kind::MissingObject,
            "cluster.json",
            "the store does not say whose it is",
        )),
        Some(file) if file.cluster != log.base.cluster => {
            let what = format!(
                "the store is of cluster {}, the ledger of {}",
                file.cluster, log.base.cluster
            );
            report.add(Finding::object(Kind::WrongCluster, "cluster.json", what));
        }
        Some(_) => {}
    }
    Ok(())
}

/// The ledger has the entry that the witness remembers.
async fn check_witness(log: &Log, report: &mut Report, context: &Context) -> Result<()> {
    match log.ledger(context).await?.check_witness().await {
        Ok(WitnessOutcome::Lost(loss)) => report.add(Finding::new(Kind::LostEnd, loss.to_string())),
        Ok(_) => {}
        Err(error @ LedgerError::CorruptWitness { .. }) => {
            report.add(Finding::object(Kind::DamagedObject, "witness", error.to_string()));
        }
        // The fold has named it.
        Err(LedgerError::Corrupt { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

async fn check_state(log: &Log, state: &State, complete: bool, report: &mut Report, context: &Context) -> Result<()> {
    if state.halted() {
        report.add(Finding::new(
            Kind::Halted,
            "the ledger is halted: a lost end was seen, and no operator has accepted it",
        ));
    }
    snapshots::check(log, state, report).await?;
    extents::check(state, report);
    inline::check(log, state, report, context.talk).await?;
    objects::check(log, state, report, context.talk).await?;
    lakes::check(log, state, report, context.talk).await?;
    tables::check(log, state, report).await?;
    // What an incomplete fold does not name may well be named by what it could not fold.
    if complete {
        garbage::list(log, state, report).await?;
    } else {
        context
            .talk
            .say("garbage is not listed: the ledger could not be folded to its end");
    }
    Ok(())
}

impl Report {
    fn show(&self, format: Format) -> Result<()> {
        if format == Format::Json {
            return out::json(self);
        }
        if self.findings.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.findings.iter().map(Finding::row).collect();
        Ok(out::table(&["finding", "where", "offsets", "what"], &rows)?)
    }
}
