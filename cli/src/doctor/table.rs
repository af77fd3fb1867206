//! The ledger's table: how its server is set, whether it opens, how long it takes to answer.

use std::sync::Arc;
use std::time::Duration;

use ledger::finding::latency;
use ledger::{Appended, Backend, Base, ConnectOptions, Finding, Ledger, LedgerError, OpenError, ReadOutcome, Tip};

use super::report::Report;
use crate::context::Context;
use crate::existing::Folded;

/// How often a look, and an append, is measured.
const MEASURED: usize = 5;
/// A look, and an append, that takes longer is told.
const LOOK_WARN: Duration = Duration::from_millis(100);
const APPEND_WARN: Duration = Duration::from_millis(250);
/// How often an empty entry is tried again behind those of others.
const TRIES: usize = 20;
/// Bytes of entries that are read at once to find the end.
const READ_BYTES: usize = 1 << 20;

/// How the server is set, whether or not a ledger may be opened there.
pub(super) async fn settings(url: &str, options: &ConnectOptions, report: &mut Report, context: &Context) {
    match ledger::examine(url, options, &context.world).await {
        Ok(findings) => report.extend(findings),
        Err(error) => {
            report.unreachable |= is_transient(&error);
            report.add(Finding::warn(
                "ledger_settings",
                format!("cannot be seen: {error}"),
                "see ledger_open; docs/ledgers.md says what the role has to be allowed",
            ));
        }
    }
}

fn is_transient(error: &OpenError) -> bool {
    matches!(error, OpenError::Ledger(error) if error.is_transient())
}

/// The table, and where the ledger begins in it. Nothing is begun.
pub(super) async fn open(
    url: &str,
    options: &ConnectOptions,
    report: &mut Report,
    context: &Context,
) -> Option<(Arc<dyn Backend>, Option<Base>)> {
    // To open it would make them.
    if report.wants("postgres_tables") {
        return None;
    }
    let backend = match ledger::connect(url, options, &context.world).await {
        Ok(backend) => backend,
        Err(error) => {
            // One that says how it is set, and refuses all the same, was reached.
            report.unreachable |= is_transient(&error) && !report.fails();
            let advice = "do what it says; where it cannot be reached, check the URL, the credentials and the network";
            report.add(Finding::fail("ledger_open", error.to_string(), advice));
            return None;
        }
    };
    report.add(Finding::ok("ledger_open", "opens"));
    let name = "ledger_base";
    match backend.base().await {
        Ok(Some(base)) => {
            report.add(Finding::ok(
                name,
                format!("cluster {} begins at {}", base.cluster, base.position),
            ));
            Some((backend, Some(base)))
        }
        Ok(None) => {
            let what = "the ledger has not begun";
            report.add(Finding::warn(
                name,
                what,
                "start an agent, which begins it; where one ran before, the URL is wrong",
            ));
            Some((backend, None))
        }
        Err(error) => {
            report.unreachable |= error.is_transient();
            let advice = "allow the role to read (docs/ledgers.md); a damaged record has to be restored from a backup";
            report.add(Finding::fail(name, error.to_string(), advice));
            None
        }
    }
}

/// How long a look at one entry and the base takes.
pub(super) async fn look(backend: &Arc<dyn Backend>, base: &Base, report: &mut Report, context: &Context) {
    let (name, clock) = ("ledger_look_latency", &context.world.clock);
    let mut took = Vec::new();
    for _ in 0..MEASURED {
        let began = clock.now();
        let (read, looked) = futures::join!(backend.read(base.position, 0), backend.base());
        if let Err(error) = read.map(drop).and(looked.map(drop)) {
            report.unreachable |= error.is_transient();
            let advice = "see that the ledger's server is not overloaded, and run doctor again";
            report.add(Finding::fail(name, error.to_string(), advice));
            return;
        }
        took.push(clock.now().saturating_duration_since(began));
    }
    let advice = "run agents nearer to the ledger's server, or give it more; each final answer waits for such a look";
    report.add(latency(name, took, LOOK_WARN, advice));
}

/// Whether entries can be appended: only by appending some, which do nothing.
pub(super) async fn append(ledger: &Ledger, folded: &Folded, write: bool, report: &mut Report, context: &Context) {
    let name = "ledger_append";
    if !write || folded.state.halted() {
        let why = if write {
            "the ledger is halted"
        } else {
            "--write does it"
        };
        report.add(Finding::ok(
            name,
            format!("not tried ({why}): whether this role may append is not known"),
        ));
        return;
    }
    let mut tip = folded.tip;
    let mut took = Vec::new();
    for _ in 0..MEASURED {
        match append_one(ledger, &mut tip, context).await {
            Ok(one) => took.push(one),
            Err(error) => {
                let advice = "allow the role to append (docs/ledgers.md); nothing but empty entries was written";
                report.add(Finding::fail(name, error.to_string(), advice));
                return;
            }
        }
    }
    report.add(Finding::ok(
        name,
        format!("{MEASURED} empty entries, the last at {}", tip.position),
    ));
    let advice = "run agents nearer to the ledger's server, or give it faster disks; each write waits for an append";
    report.add(latency("ledger_append_latency", took, APPEND_WARN, advice));
}

/// Appends an empty entry behind whatever others append meanwhile, and says how long the append that went through took.
async fn append_one(ledger: &Ledger, tip: &mut Tip, context: &Context) -> Result<Duration, LedgerError> {
    let clock = &context.world.clock;
    for _ in 0..TRIES {
        let began = clock.now();
        match ledger
            .append(tip, metadata::encode_body(&metadata::entry::body(Vec::new())))
            .await?
        {
            Appended::At(at) => {
                *tip = at;
                return Ok(clock.now().saturating_duration_since(began));
            }
            Appended::Taken => {}
            Appended::Reload | Appended::Lost(_) => break,
        }
        let ReadOutcome::Entries { entries, .. } = ledger.read(tip, READ_BYTES).await? else {
            break;
        };
        *tip = entries.last().map_or(*tip, ledger::Entry::tip);
    }
    Err(LedgerError::Unavailable {
        reason: "others append faster than doctor can, or the ledger changed under it".to_owned(),
    })
}
