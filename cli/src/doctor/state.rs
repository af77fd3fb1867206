//! The state of the log: folded from the base's snapshot as an agent that starts would, and judged. Whether it holds what it
//! promises, byte for byte, is for `tidelog verify`.

use std::sync::Arc;

use ledger::{Backend, Base, Entry, EntryKind, Finding, Hash, Ledger, ReadOutcome, Tip, WitnessOutcome};
use metadata::{EntryRef, Event, State};
use store::{Key, Store};

use super::report::Report;
use crate::context::Context;

/// Bytes of entries that are read at once.
const READ_BYTES: usize = 4 << 20;
/// How often it begins anew because the base moved past it.
const RELOADS: usize = 3;
/// More entries than this many times `snapshot.entries` behind the newest snapshot: none is taken.
const SNAPSHOT_WARN: u64 = 2;
/// The same for the base, which stays behind the second newest snapshot: it does not move.
const BASE_WARN: u64 = 4;

/// The state at the ledger's end.
#[derive(Debug)]
pub(super) struct Folded {
    /// The state.
    pub(super) state: State,
    /// The last entry it holds.
    pub(super) tip: Tip,
}

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
        Ok(ledger) => fold(&ledger, &store).await.map(|folded| (ledger, folded)),
        Err(error) => Err(broken(error.to_string())),
    };
    let (ledger, (folded, base)) = match folded {
        Ok(folded) => folded,
        Err(finding) => {
            report.add(finding);
            return None;
        }
    };
    report.add(end(&ledger, &folded).await);
    let newest = folded.state.snapshots().iter().map(|snapshot| snapshot.position).max();
    let stand = Stand {
        base: base.position,
        snapshot: newest.unwrap_or(base.position).max(base.position),
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

async fn fold(ledger: &Ledger, store: &Store) -> Result<(Folded, Base), Finding> {
    let unreadable = |error: ledger::LedgerError| broken(error.to_string());
    'reload: for _ in 0..RELOADS {
        let base = ledger.base().await.map_err(unreadable)?;
        let mut state = begin(&base, store).await?;
        let mut tip = Tip::new(state.era(), state.position(), Hash(state.entry_hash()));
        loop {
            match ledger.read(&tip, READ_BYTES).await.map_err(unreadable)? {
                ReadOutcome::Reload(_) => continue 'reload,
                ReadOutcome::Lost(loss) => return Err(lost(&loss.to_string())),
                ReadOutcome::Entries { entries, .. } if entries.is_empty() => {
                    return Ok((Folded { state, tip }, base));
                }
                ReadOutcome::Entries { entries, .. } => {
                    for entry in &entries {
                        apply(&mut state, entry).map_err(broken)?;
                        tip = entry.tip();
                    }
                }
            }
        }
    }
    Err(broken("the base moves faster than the entries behind it can be read"))
}

/// The state at the base, or at its snapshot.
async fn begin(base: &Base, store: &Store) -> Result<State, Finding> {
    let path = &base.snapshot;
    if path.is_empty() {
        return Ok(State::genesis(base.cluster.0, base.era, base.hash.0));
    }
    let key = Key::parse(path, &base.cluster);
    let key = key.ok_or_else(|| broken(format!("{path}, which the base names, is no name of a snapshot")))?;
    let bytes = store
        .read_fresh(&key, None)
        .await
        .map_err(|error| broken(error.to_string()))?;
    let decoded = metadata::snapshot::decode(bytes);
    let (state, _) = decoded.map_err(|error| broken(format!("snapshot {path}: {error}")))?;
    Ok(state)
}

fn apply(state: &mut State, entry: &Entry) -> Result<(), String> {
    let at = |event| EntryRef {
        position: entry.position,
        era: entry.era,
        hash: entry.hash.0,
        event,
    };
    let applied = match &entry.kind {
        EntryKind::Proposals(bytes) => {
            let body = metadata::decode_body(bytes.clone());
            let body = body.map_err(|error| format!("entry {}: {error}", entry.position))?;
            state.apply(at(Event::Proposals(&body)))
        }
        EntryKind::Void => state.apply(at(Event::Void)),
        EntryKind::Halt { .. } => state.apply(at(Event::Halt)),
        EntryKind::NewEra => state.apply(at(Event::NewEra)),
    };
    applied
        .map(drop)
        .map_err(|error| format!("entry {}: {error}", entry.position))
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
