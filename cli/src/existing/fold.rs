//! Folding a log that is there, to look at its state.

use ledger::{Base, Entry, EntryKind, Hash, Ledger, ReadOutcome, Tip};
use metadata::{EntryRef, Event, State};
use store::{Key, Store};

/// Bytes of entries that are read at once.
const READ_BYTES: usize = 4 << 20;
/// How often it begins anew because the base moved past it.
const RELOADS: usize = 3;

/// The state at the ledger's end.
#[derive(Debug)]
pub(crate) struct Folded {
    /// The state.
    pub(crate) state: State,
    /// The last entry it holds.
    pub(crate) tip: Tip,
    /// The base that it began at.
    pub(crate) base: Base,
}

/// Why a ledger could not be folded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfolded {
    /// It lost its end.
    #[error("the ledger lost its end: {0}")]
    Lost(String),
    /// Something in it, or its snapshot, cannot be read.
    #[error("the ledger cannot be folded: {0}")]
    Broken(String),
}

/// Folds a ledger from the base's snapshot on, as an agent that starts would.
pub(crate) async fn fold(ledger: &Ledger, store: &Store) -> Result<Folded, Unfolded> {
    let unreadable = |error: ledger::LedgerError| Unfolded::Broken(error.to_string());
    'reload: for _ in 0..RELOADS {
        let base = ledger.base().await.map_err(unreadable)?;
        let mut state = begin(&base, store).await?;
        let mut tip = Tip::new(state.era(), state.position(), Hash(state.entry_hash()));
        loop {
            match ledger.read(&tip, READ_BYTES).await.map_err(unreadable)? {
                ReadOutcome::Reload(_) => continue 'reload,
                ReadOutcome::Lost(loss) => return Err(Unfolded::Lost(loss.to_string())),
                ReadOutcome::Entries { entries, .. } if entries.is_empty() => {
                    return Ok(Folded { state, tip, base });
                }
                ReadOutcome::Entries { entries, .. } => {
                    for entry in &entries {
                        apply(&mut state, entry).map_err(Unfolded::Broken)?;
                        tip = entry.tip();
                    }
                }
            }
        }
    }
    let what = "the base moves faster than the entries behind it can be read";
    Err(Unfolded::Broken(what.to_owned()))
}

/// The state at the base, or at its snapshot.
async fn begin(base: &Base, store: &Store) -> Result<State, Unfolded> {
    let broken = Unfolded::Broken;
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
