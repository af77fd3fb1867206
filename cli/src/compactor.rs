//! `tidelog compactor`: upkeep by a process of its own, once or for as long as it lives.

use agent::http::HttpSettings;
use anyhow::Result;
use clap::Args;
use compactor::{CompactorConfig, Report, Rewritten};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::out::{self, Format, OutputArgs};
use crate::peers::SecretArgs;
use crate::place::PlaceArgs;
use crate::serve;

/// Keep a log up: snapshots, merging, retention, the sweep of garbage
///
/// Compactors need no lock: two at once only waste work. Agents keep up too unless their --roles say otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidelog compactor --store s3://bucket/prefix --ledger sqlite:ledger.db --once
  tidelog compactor --store s3://bucket/prefix --ledger sqlite:ledger.db --http-addr 127.0.0.1:8081")]
pub(crate) struct CompactorArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    secret: SecretArgs,
    /// Do everything that is due, print what was done, and end
    #[arg(long)]
    once: bool,
    /// Where to serve /healthz, /readyz and /metrics; nothing is served without it
    #[arg(long = "http-addr", value_name = "HOST:PORT", conflicts_with = "once")]
    tells_at: Option<String>,
    /// Serve without encryption and passwords at an address that other machines reach
    #[arg(long, requires = "tells_at")]
    insecure: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs it.
pub(crate) async fn run(args: CompactorArgs, context: &Context) -> Result<Exit> {
    let place = args.place.required()?;
    let listener = match &args.tells_at {
        Some(address) => Some(serve::bind(address, args.insecure).await?),
        None => None,
    };
    let engine = serve::open_compactor((&place, &args.place), &args.secret, "compactor", context).await?;
    if !args.once {
        serve::keep_up(&engine);
        let bound = listener.as_ref().map(tokio::net::TcpListener::local_addr).transpose()?;
        serve::say_keeps_up(bound, context);
        return serve::until_stopped(&engine, listener, HttpSettings::default(), context).await;
    }
    let config = CompactorConfig::eager();
    let report = serve::once(&engine, compactor::run_once(&engine, &config)).await?;
    show(&report, args.output.output)?;
    for failure in &report.failures {
        context.talk.say(format!("failed: {failure}"));
    }
    Ok(if report.failures.is_empty() {
        Exit::Ok
    } else {
        Exit::Failed
    })
}

fn show(report: &Report, format: Format) -> Result<()> {
    let fields = fields(report);
    if format == Format::Json {
        let object: serde_json::Map<String, Value> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        return out::json(&object);
    }
    let rows: Vec<_> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_null() && *value != json!(0) && *value != json!([]))
        .map(|(name, value)| vec![name.replace('_', " "), value.to_string()])
        .collect();
    Ok(out::table(&["done", ""], &rows)?)
}

fn fields(report: &Report) -> Vec<(&'static str, Value)> {
    let swept = report.swept.unwrap_or_default();
    let damaged: Vec<String> = report.damaged.iter().map(|damaged| damaged.what.clone()).collect();
    vec![
        ("moved_out", rewritten(&report.moved_out)),
        ("merged", rewritten(&report.merged)),
        ("to_lake", rewritten(&report.to_lake)),
        ("cleaned", rewritten(&report.cleaned)),
        ("lakes_merged", rewritten(&report.lakes_merged)),
        ("tables_published", report.published.into()),
        ("partitions_trimmed", report.trimmed.into()),
        ("expired", report.expired.into()),
        (
            "snapshot_position",
            report.snapshot.map(|snapshot| snapshot.position).into(),
        ),
        ("base_position", report.base.as_ref().map(|base| base.position).into()),
        ("entries_deleted", report.entries_deleted.into()),
        ("objects_deleted", swept.deleted.into()),
        ("orphans_deleted", swept.orphans.into()),
        ("garbage_waiting", swept.waiting.into()),
        ("staged_files_deleted", swept.staged.into()),
        ("unknown_names", swept.unknown.into()),
        ("clock_difference_ms", report.clock_difference_ms.into()),
        ("inline_overdue_ms", report.inline_overdue_ms.into()),
        ("damaged", json!(damaged)),
        ("failures", json!(report.failures)),
    ]
}

fn rewritten(rewritten: &Rewritten) -> Value {
    if *rewritten == Rewritten::default() {
        return Value::Null;
    }
    json!({
        "objects": rewritten.objects,
        "bytes": rewritten.bytes,
        "inputs": rewritten.inputs,
        "outputs": rewritten.outputs,
        "refused": rewritten.refused,
        "skipped": rewritten.skipped,
    })
}

#[cfg(test)]
mod tests;
