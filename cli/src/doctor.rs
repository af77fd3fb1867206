//! `tidelog doctor`: whether a log's surroundings are such that it can keep its promises: the ledger's server, the store,
//! clocks, addresses, and how far the upkeep has come. It registers no life; what it writes to the store is garbage from the
//! start, and it writes to the ledger only when it is told to.

use anyhow::{Context as _, Result};
use clap::Args;
use ledger::{ClusterId, Finding};
use store::{Store, StoreError};

use crate::context::Context;
use crate::exit::Exit;
use crate::out::OutputArgs;
use crate::place::{Place, PlaceArgs};

mod addresses;
mod report;
mod state;
mod table;

use report::Report;

/// Examine the ledger, the store, clocks, addresses and settings of a log
///
/// Prints a line for each point that it examined: OK, WARN or FAIL, and what to do. Ends with 3 when something fails, and with
/// 6 when the ledger or the store cannot be reached. Works while nothing runs, and while agents do. Run it where agents run
/// and as whom they run: it sees what they would see. It writes and deletes a few objects of a KiB that nothing names.
#[derive(Debug, Args)]
#[command(after_help = "\
docs/doctor.md lists the points by name, and when they are WARN and FAIL.

Examples:
  tidelog doctor --dir ./data
  tidelog doctor --store s3://bucket/prefix --ledger postgres://me@db/tidelog --write -o json")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Append a few empty entries to the ledger, to see whether that is allowed and how long it takes
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs it.
pub(crate) async fn run(args: DoctorArgs, context: &Context) -> Result<Exit> {
    let place = args.place.or_default();
    place.must_exist()?;
    let report = examine(&place, &args, context).await?;
    report.show(args.output.output)?;
    context.talk.say(report.summary());
    Ok(report.exit())
}

async fn examine(place: &Place, args: &DoctorArgs, context: &Context) -> Result<Report> {
    let options = args.place.aws.connect_options();
    let mut report = Report::default();
    table::settings(&place.ledger, &options, &mut report, context).await;
    let opened = table::open(&place.ledger, &options, &mut report, context).await;
    let store = Store::open(&place.store, args.place.aws.store_options(), context.world.clone()).await;
    let store = store.context("cannot open the store")?;
    let base = opened.as_ref().and_then(|(_, base)| base.clone());
    let cluster = base.as_ref().map(|base| base.cluster);
    let reached = examine_store(&store, cluster, &mut report, context).await;
    report.extend(store::examine_rules(&place.store, &args.place.aws.store_options()).await?);
    let (Some((backend, _)), Some(base), true) = (opened, base, reached) else {
        return Ok(report);
    };
    table::look(&backend, &base, &mut report, context).await;
    let store = store.with_cluster(base.cluster);
    let Some((ledger, folded)) = state::examine(backend, store, &mut report, context).await else {
        return Ok(report);
    };
    report.extend(addresses::examine(&folded.state, context).await);
    table::append(&ledger, &folded, args.write, &mut report, context).await;
    Ok(report)
}

/// Whether the store could be asked. Where the ledger does not say whose it is, the store's own word is taken.
async fn examine_store(store: &Store, cluster: Option<ClusterId>, report: &mut Report, context: &Context) -> bool {
    let cluster = match cluster {
        Some(cluster) => Ok(Some(cluster)),
        None => store.cluster().await.map(|file| file.map(|file| file.cluster)),
    };
    let examined = match cluster {
        Ok(Some(cluster)) => store.examine(cluster, &context.world).await,
        Ok(None) => {
            report.add(Finding::warn(
                "store_cluster",
                "there is no cluster.json, and no ledger that says whose the store is: it is not examined",
                "see ledger_base; the first agent that starts makes both",
            ));
            return false;
        }
        Err(error) => Err(error),
    };
    match examined {
        Ok(findings) => {
            report.extend(findings);
            true
        }
        Err(error) => {
            report.unreachable |= error.is_transient();
            report.add(unreachable_store(&error));
            false
        }
    }
}

fn unreachable_store(error: &StoreError) -> Finding {
    Finding::fail(
        "store_reach",
        error.to_string(),
        "check the URL, --s3-endpoint, --aws-region, the credentials and the network between here and the store",
    )
}
