//! Snapshots: that those which are needed are there, whole, and of this history.

use anyhow::Result;
use metadata::{SnapshotRef, State};
use store::{Key, SnapshotName, StoreError};

use super::Log;
use super::finding::{Finding, Kind, Report};

/// The state of the snapshot that the base names; none at genesis, or when it cannot be had.
pub(super) async fn of_base(log: &Log, report: &mut Report) -> Result<Option<State>> {
    let path = &log.base.snapshot;
    if path.is_empty() {
        return Ok(None);
    }
    let Some(key @ Key::Snapshot(name)) = Key::parse(path, &log.base.cluster) else {
        report.add(Finding::object(
            Kind::DamagedSnapshot,
            path,
            "the base names it, but its name is none of a snapshot",
        ));
        return Ok(None);
    };
    let Some((state, _)) = read(log, key, path, report).await? else {
        return Ok(None);
    };
    if state.position() != name.position || !name.is_of(&state.entry_hash()) {
        report.add(Finding::object(
            Kind::WrongState,
            path,
            "it holds the state of another position than its name says",
        ));
        return Ok(None);
    }
    Ok(Some(state))
}

/// The snapshots that the fold knows and that must be there: the one of the base, and newer ones. Older ones may have
/// been swept.
pub(super) async fn check(log: &Log, state: &State, report: &mut Report) -> Result<()> {
    let oldest = base_position(log);
    for known in state.snapshots().iter().filter(|known| known.position >= oldest) {
        let key = key(known);
        let path = key.path(&log.base.cluster);
        if let Some((_, hash)) = read(log, key, &path, report).await?
            && hash != known.state_hash
        {
            report.add(Finding::object(
                Kind::WrongState,
                path,
                "its state hash is not the one that was announced",
            ));
        }
    }
    Ok(())
}

/// The position of the base's snapshot; that of the base when it has none.
pub(super) fn base_position(log: &Log) -> u64 {
    match Key::parse(&log.base.snapshot, &log.base.cluster) {
        Some(Key::Snapshot(name)) => name.position,
        _ => log.base.position,
    }
}

/// The key of a snapshot that the fold knows.
pub(super) fn key(known: &SnapshotRef) -> Key {
    let name = SnapshotName::new(
        known.era,
        known.position,
        &known.entry_hash,
        known.incarnation,
        known.attempt,
    );
    Key::Snapshot(name)
}

/// A snapshot's state and hash; what is wrong with it is noted.
async fn read(log: &Log, key: Key, path: &str, report: &mut Report) -> Result<Option<(State, [u8; 32])>> {
    let bytes = match log.store.read_fresh(&key, None).await {
        Ok(bytes) => bytes,
        Err(StoreError::NotFound { .. }) => {
            report.add(Finding::object(Kind::MissingSnapshot, path, "it is not there"));
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    report.checked.objects += 1;
    report.checked.bytes += bytes.len() as u64;
    match metadata::snapshot::decode(bytes) {
        Ok(read) => Ok(Some(read)),
        Err(error) => {
            report.add(Finding::object(Kind::DamagedSnapshot, path, error.to_string()));
            Ok(None)
        }
    }
}
