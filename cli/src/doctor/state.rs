//! The state of the log: folded from the base's snapshot as an agent that starts would, and judged. Whether it holds what it
//! promises, byte for byte, is for `tidelog verify`.

use std::sync::Arc;

use ledger::{Backend, Finding, Ledger, Tip, WitnessOutcome};
use store::Store;

use super::report::Report;
use crate::context::Context;
use crate::existing::{Folded, Unfolded, fold};

/// More entries than this many times `snapshot.entries` behind the newest snapshot: none is taken.
const SNAPSHOT_WARN: u64 = 2;
/// The same for the base, which stays behind the second newest snapshot: it does not move.
const BASE_WARN: u64 = 4;

/// Where the ledger stands, apart from what it holds.
#[derive(Debug, Clone, Copy)]
struct Stand {
    base: u64,
    /// The newest snapshot; the base's position where there is none.
    snapshot: u64,
    end: u64,
    snapshot_entries: u64,
}

/// Opens the ledger, folds it and judges its state; none when that is not possible, which is a finding.
pub(super) async fn examine(
    backend: Arc<dyn Backend>,
    store: Store,
    report: &mut Report,
    context: &Context,
) -> Option<(Ledger, Folded)> {
    let opened = Ledger::open(backend, Arc::new(store.clone()), context.world.clone()).await;
    let folded = match opened {
        Ok(ledger) => match fold(&ledger, &store).await {
            Ok(folded) => Ok((ledger, folded)),
            Err(Unfolded::Lost(what)) => Err(lost(&what)),
            Err(Unfolded::Broken(what)) => Err(broken(what)),
        },
        Err(error) => Err(broken(error.to_string())),
    };
    let (ledger, folded) = match folded {
        Ok(folded) => folded,
        Err(finding) => {
            report.add(finding);
            return None;
        }
    };
    report.add(end(&ledger, &folded).await);
    let newest = folded.state.snapshots().iter().map(|snapshot| snapshot.position).max();
    let stand = Stand {
        base: folded.base.position,
        snapshot: newest.unwrap_or(0).max(folded.base.position),
        end: folded.tip.position,
        snapshot_entries: folded.state.cluster_config().snapshot_entries(),
    };
    report.extend(judge(stand));
    Some((ledger, folded))
}

fn broken(what: impl Into<String>) -> Finding {
    Finding::fail(
        "state_fold",
        what,
        "run `tidelog verify`, which names what is wrong; docs/operations.md says what to do about it",
    )
}

fn lost(what: &str) -> Finding {
    Finding::fail(
        "state_end",
        format!("the ledger lost its end: {what}"),
        "restore the end with every agent stopped, or accept the loss: `tidelog ledger accept-loss` (docs/operations.md)",
    )
}

/// Whether the ledger has all that anybody remembers of it.
async fn end(ledger: &Ledger, folded: &Folded) -> Finding {
    if folded.state.halted() {
        return lost("it is halted, and no operator has accepted the loss");
    }
    match ledger.check_witness().await {
        Ok(WitnessOutcome::Lost(loss)) => lost(&loss.to_string()),
        Ok(_) => {
            let Tip { era, position, .. } = folded.tip;
            Finding::ok("state_end", format!("era {era}, position {position}"))
        }
        Err(error) => Finding::warn(
            "state_end",
            format!("the witness cannot be compared: {error}"),
            "allow s3:GetObject under the prefix; a damaged witness is replaced by the next agent that writes it",
        ),
    }
}

fn judge(stand: Stand) -> [Finding; 2] {
    let behind = |from: u64| stand.end.saturating_sub(from);
    let check = |name, what: &str, entries: u64, times: u64| {
        let limit = stand.snapshot_entries.saturating_mul(times);
        let what = format!(
            "{entries} entries behind the {what}; snapshot.entries is {}",
            stand.snapshot_entries
        );
        match entries > limit {
            true => Finding::warn(
                name,
                what,
                "run a compactor (`tidelog compactor`, or an agent with that role), or look into its log: until then starts \
                 take longer and the ledger grows",
            ),
            false => Finding::ok(name, what),
        }
    };
    [
        check(
            "state_snapshot",
            "newest snapshot",
            behind(stand.snapshot),
            SNAPSHOT_WARN,
        ),
        check("state_base", "base", behind(stand.base), BASE_WARN),
    ]
}

#[cfg(test)]
mod tests;
