//! Objects that nothing names. Listed after the fold; what its lives may name still is told apart.

use anyhow::Result;
use futures::TryStreamExt as _;
use metadata::{Lane, ObjectName, ObjectStatus, Role, State};
use store::{Key, Listed};

use super::finding::{Finding, Kind, Report};
use super::{Log, snapshots};

/// Lists it all.
pub(super) async fn list(log: &Log, state: &State, report: &mut Report) -> Result<()> {
    let needed = needed_snapshots(log, state);
    let newest = snapshots::base_position(log);
    let mut listed: Vec<Listed> = log.store.list_stream(None)?.try_collect().await?;
    listed.sort_unstable();
    listed.sort_by(|left, right| left.path.cmp(&right.path));
    for object in listed {
        let size = crate::out::human_bytes(object.bytes);
        let found = match object.key {
            None => Some((Kind::UnknownName, "no name of ours".to_owned())),
            Some(Key::Cluster | Key::Witness) => None,
            Some(key @ Key::Snapshot(name)) => {
                let kept = name.position >= log.base.position && needed.contains(&key);
                snapshot(kept, name.position < newest)
            }
            Some(Key::Segment(name) | Key::LakeData(_, name) | Key::LakeMetadata(_, name, _)) => named(state, &name),
            Some(_) => Some((Kind::Orphan, "nothing names objects of this kind yet".to_owned())),
        };
        if let Some((kind, what)) = found {
            report.add(Finding::object(kind, object.path, format!("{what} ({size})")));
        }
    }
    for staged in log.store.staged().await? {
        let size = crate::out::human_bytes(staged.bytes);
        let what = format!("a put that was killed left it, or one is under way ({size})");
        report.add(Finding::object(Kind::StagedFile, staged.path, what));
    }
    Ok(())
}

fn needed_snapshots(log: &Log, state: &State) -> Vec<Key> {
    let of_base = Key::parse(&log.base.snapshot, &log.base.cluster);
    let known = state.snapshots().iter().map(snapshots::key);
    known.chain(of_base).collect()
}

/// The one at the base itself is kept beside the newer one that the base names: it is what remains if that is damaged.
fn snapshot(kept: bool, older_than_newest: bool) -> Option<(Kind, String)> {
    match (kept, older_than_newest) {
        (true, _) => None,
        (false, true) => Some((Kind::OldSnapshot, "the base names a newer one".to_owned())),
        (false, false) => Some((Kind::Orphan, "no entry tells of this snapshot".to_owned())),
    }
}

fn named(state: &State, name: &ObjectName) -> Option<(Kind, String)> {
    match state.object(name) {
        ObjectStatus::Named { .. } => None,
        ObjectStatus::Unnamed { at } => Some((
            Kind::Unnamed,
            format!("nothing names it since entry {at}; the sweep takes it after the grace"),
        )),
        ObjectStatus::Unknown if may_be_named(state, name) => {
            Some((Kind::Pending, "its life may name it still".to_owned()))
        }
        ObjectStatus::Unknown => Some((Kind::Orphan, "nothing ever named it, nor will".to_owned())),
    }
}

/// Whether the life in the name may still propose it: it is not known here yet, or it is live and no later flush of
/// the lane that names such objects was taken.
fn may_be_named(state: &State, name: &ObjectName) -> bool {
    if name.incarnation.position > state.position() {
        return true;
    }
    let Some(life) = state.incarnation(&name.incarnation) else {
        return false;
    };
    let lane = match life.role() {
        Role::Compactor => Lane::Control,
        _ => Lane::Object,
    };
    life.last_flush(lane).is_none_or(|last| last <= name.flush)
}

#[cfg(test)]
mod tests;
