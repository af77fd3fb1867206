//! Writing the folded state as an object, and proving that it can be read back.

use std::sync::Arc;

use metadata::entry::{self, proposal::Kind};
use metadata::{Incarnation, Role, SnapshotRef, State, Verdict};
use store::{Key, SnapshotName};

use crate::change::propose_named;
use crate::shared::Shared;
use crate::{ChangeError, UpkeepError};

/// A state, encoded under a lock that is held for no longer than that takes.
struct Encoded {
    name: SnapshotName,
    entry_hash: [u8; 32],
    lowest_inline: Option<u64>,
    snapshot: metadata::snapshot::Snapshot,
}

/// Takes a snapshot of what is folded here: encodes it, puts it, reads it back, compares the state hash, and proposes
/// it. Gives the snapshot there is already when nothing was folded since but the entry that told of it.
pub(crate) async fn take_snapshot(shared: &Arc<Shared>, role: Role) -> Result<SnapshotRef, UpkeepError> {
    if let Some(current) = shared.view.read(up_to_date) {
        return Ok(current);
    }
    let named_by = shared.intake.lock().lives.incarnation(role);
    let incarnation = named_by.ok_or_else(|| ChangeError::Unavailable("this process has no life yet".to_owned()))?;
    let behind_misfit = || ChangeError::Unavailable("the ledger's last entry does not fit where it stands".to_owned());
    let encoded = encode(shared, incarnation).await.ok_or_else(behind_misfit)?;
    let key = Key::Snapshot(encoded.name);
    let bytes = write(shared, &key, &encoded).await?;
    let kind = Kind::SnapshotTaken(entry::SnapshotTaken {
        era: encoded.name.era,
        position: encoded.name.position,
        entry_hash: encoded.entry_hash.to_vec().into(),
        attempt: u32::from(encoded.name.attempt),
        state_hash: encoded.snapshot.state_hash.to_vec().into(),
        bytes,
        lowest_inline: encoded.lowest_inline,
    });
    // The name holds the incarnation: were the process in another life by now, it would be another's.
    let verdicts = propose_named(shared, role, kind, incarnation).await?;
    if let Some(Verdict::Rejected(rejection)) = verdicts.into_iter().next() {
        return Err(ChangeError::Rejected(rejection).into());
    }
    let taken = |state: &State| {
        state
            .snapshots()
            .iter()
            .rev()
            .find(|taken| taken.position == encoded.name.position)
            .cloned()
    };
    let missing = || UpkeepError::Damaged("a newer snapshot was taken meanwhile".to_owned());
    shared.view.read(taken).ok_or_else(missing)
}

/// The newest snapshot, when nothing happened since but that it was taken.
fn up_to_date(state: &State) -> Option<SnapshotRef> {
    state
        .snapshots()
        .last()
        .filter(|newest| newest.position + 1 >= state.position())
        .cloned()
}

/// None where the last entry does not fit: its bytes alone do not say which history the snapshot is of. Rarely also when
/// an entry is just being folded.
async fn encode(shared: &Arc<Shared>, incarnation: Incarnation) -> Option<Encoded> {
    let attempt = u16::try_from(shared.world.chance.below(100)).unwrap_or(0);
    let reader = Arc::clone(shared);
    let work = move || {
        reader.view.read(|state| {
            let tip = reader.view.progress().tip;
            (tip.fits() && tip.hash.0 == state.entry_hash()).then(|| Encoded {
                name: SnapshotName::new(state.era(), state.position(), &state.entry_hash(), incarnation, attempt),
                entry_hash: state.entry_hash(),
                lowest_inline: state.lowest_inline(),
                snapshot: metadata::snapshot::encode(state),
            })
        })
    };
    shared.world.tasks.blocking(work).await
}

/// Puts the snapshot and reads it back; its size.
async fn write(shared: &Shared, key: &Key, encoded: &Encoded) -> Result<u64, UpkeepError> {
    let bytes = encoded.snapshot.to_bytes();
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    shared.store.put(key, vec![bytes]).await?;
    let read = shared.store.read_fresh(key, None).await?;
    let decoded = shared
        .world
        .tasks
        .blocking(move || metadata::snapshot::decode(read))
        .await;
    let (_, hash) = decoded.map_err(|error| UpkeepError::Damaged(format!("{}: {error}", shared.path(key))))?;
    if hash != encoded.snapshot.state_hash {
        return Err(UpkeepError::Damaged(format!(
            "{} reads back as another state",
            shared.path(key)
        )));
    }
    Ok(length)
}
