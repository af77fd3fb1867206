//! Moving the base, and deleting the entries below it.

use std::sync::Arc;

use ledger::{Base, Hash};
use metadata::{SnapshotRef, State};
use seeded::Bug;
use store::{Key, SnapshotName};

use crate::shared::Shared;
use crate::{UpkeepError, look};

/// Moves the base up to the second newest snapshot at most, and lets it name the newest, which is read first.
///
/// The base never passes an entry whose inline bytes the older of the two still names: whoever starts from it would
/// miss them. So it goes to the latest snapshot for which that holds. None when there is nothing to move.
pub(crate) async fn advance_base(shared: &Arc<Shared>) -> Result<Option<Base>, UpkeepError> {
    look::look(shared).await?;
    let old = shared.ledger.base().await?;
    let halted = shared.view.read(State::halted);
    let snapshots = shared.view.read(|state| state.snapshots().to_vec());
    let Some(new) = plan(&old, &snapshots).filter(|_| !halted) else {
        return Ok(None);
    };
    check(shared, &new).await?;
    let moved = shared.ledger.advance_base(&old, new.clone()).await?;
    Ok(moved.then_some(new))
}

/// Where the base should go; none when it is there. Pure.
///
/// The base never names an older snapshot than it did. One who looked before others took a newer one and let the base
/// name it would put the base back, to a snapshot that a sweep may already call garbage: those older than the base's are.
fn plan(old: &Base, snapshots: &[SnapshotRef]) -> Option<Base> {
    let (newest, older) = snapshots.split_last()?;
    if (newest.era, newest.position) < named(old) {
        return None;
    }
    let second = older.last()?;
    let bound = second
        .lowest_inline
        .filter(|_| !seeded::is(Bug::BaseOverInline))
        .map_or(second.position, |lowest| lowest.min(second.position));
    let name = key(newest).path(&old.cluster);
    let target = older
        .iter()
        .rev()
        .find(|taken| taken.position <= bound && taken.position > old.position);
    let new = match target {
        Some(taken) => Base {
            cluster: old.cluster,
            era: taken.era,
            position: taken.position,
            hash: Hash(taken.entry_hash),
            snapshot: name,
        },
        // It may take up a newer snapshot where it is.
        None if newest.position > old.position => Base {
            snapshot: name,
            ..old.clone()
        },
        None => return None,
    };
    (new != *old).then_some(new)
}

/// Era and position of the snapshot that the base names; zeros at genesis.
fn named(base: &Base) -> (u64, u64) {
    match Key::parse(&base.snapshot, &base.cluster) {
        Some(Key::Snapshot(name)) => (name.era, name.position),
        _ => (0, 0),
    }
}

fn key(taken: &SnapshotRef) -> Key {
    Key::Snapshot(SnapshotName::new(
        taken.era,
        taken.position,
        &taken.entry_hash,
        taken.incarnation,
        taken.attempt,
    ))
}

/// Reads the snapshot that the base is to name, as one would who starts from it.
async fn check(shared: &Arc<Shared>, new: &Base) -> Result<(), UpkeepError> {
    crate::tail::load::load_named(&shared.ledger, &shared.store, new)
        .await
        .map(drop)
}

/// Deletes entries below the base, the lowest first, as far as the grace of readers allows. How many are gone.
///
/// A reader that planned before a run was moved out of an entry may still want that entry. A mark says what was folded
/// when the store's clock showed its date, and from which entry on inline bytes were still named then: what lies below
/// was not named by any plan made since, and a mark that is older than the grace has outlived the plans made before.
pub(crate) async fn delete_entries(shared: &Arc<Shared>) -> Result<u64, UpkeepError> {
    look::look(shared).await?;
    let Some(limit) = shared.view.read(deletable) else {
        return Ok(0);
    };
    let mut deleted = 0;
    loop {
        let batch = shared.ledger.delete_below(limit).await?;
        deleted += batch;
        if batch == 0 {
            return Ok(deleted);
        }
    }
}

/// Entries below this position are in no reader's plan. Pure.
fn deletable(state: &State) -> Option<u64> {
    let newest = state.marks().last()?;
    let grace = i64::try_from(state.cluster_config().segment_grace_ms()).unwrap_or(i64::MAX);
    let outlived = |mark: &&metadata::MarkAt| newest.date_ms.saturating_sub(mark.date_ms) >= grace;
    let mark = state.marks().iter().rev().find(outlived)?;
    if state.halted() {
        return None;
    }
    Some(mark.lowest_inline.map_or(mark.folded, |lowest| lowest.min(mark.folded)))
}

#[cfg(test)]
mod tests;
