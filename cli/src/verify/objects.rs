//! Segments: that each one the ledger names is there, is what its writer made, and holds what extents say.

use std::collections::BTreeMap;

use anyhow::Result;
use bytes::Bytes;
use metadata::{Extent, ObjectName, PartitionId, Place, State};
use segment::Index;
use store::{Key, StoreError};

use super::Log;
use super::batches::{self, Claim, Counted, Wrong};
use super::extents::spot;
use super::finding::{Finding, Kind, Report};
use crate::out::Talk;

/// What extents say lies in one object: from which byte on.
type Parts = Vec<(u64, PartitionId, Extent)>;

/// Checks them all, object by object, each read once and whole.
pub(super) async fn check(log: &Log, state: &State, report: &mut Report, talk: Talk) -> Result<()> {
    let objects = by_object(state);
    let bar = talk.bar(objects.len() as u64, "{bar:30} {pos}/{len} objects {eta} {msg}");
    for (name, parts) in objects {
        let key = Key::Segment(name);
        let path = key.path(&log.base.cluster);
        match log.store.read_fresh(&key, None).await {
            Ok(object) => {
                report.checked.objects += 1;
                report.checked.bytes += object.len() as u64;
                check_object(log, state, &name, &parts, &object, report);
            }
            Err(StoreError::NotFound { .. }) => {
                report.add(Finding::object(Kind::MissingObject, &path, "the ledger names it"));
                for (_, id, extent) in &parts {
                    let at = spot(state, *id, (extent.first, extent.last()));
                    report.add(Finding::object(Kind::MissingObject, &path, "these records lie in it").at(&at));
                }
            }
            Err(error) => return Err(error.into()),
        }
        bar.inc(1);
        bar.set_message(crate::out::human_bytes(report.checked.bytes));
    }
    bar.finish_and_clear();
    Ok(())
}

fn by_object(state: &State) -> BTreeMap<ObjectName, Parts> {
    let mut objects: BTreeMap<ObjectName, Parts> = BTreeMap::new();
    for topic in state.topics() {
        for (id, partition) in state.partitions(topic.number()) {
            for extent in partition.extents() {
                if let Place::Segment { name, start } = extent.place {
                    objects.entry(name).or_default().push((start, id, extent));
                }
            }
        }
    }
    objects
}

fn check_object(log: &Log, state: &State, name: &ObjectName, parts: &Parts, object: &Bytes, report: &mut Report) {
    let path = Key::Segment(*name).path(&log.base.cluster);
    let index = match segment::verify_whole(object) {
        Ok(index) => Some(index),
        Err(error) => {
            report.add(Finding::object(Kind::DamagedObject, &path, error.to_string()));
            None
        }
    };
    if let Some(what) = index.as_ref().and_then(|index| wrong_identity(log, name, index)) {
        report.add(Finding::object(Kind::DamagedObject, &path, what));
    }
    for (start, id, extent) in parts {
        let range = *start..start.saturating_add(u64::from(extent.bytes));
        let bytes = cut(object, &range);
        let of_run = |index: &Index| index.batches_in(range.clone()).next().is_some() && run_holds(index, *id, &range);
        if bytes.is_none() || index.as_ref().is_some_and(|index| !of_run(index)) {
            let at = spot(state, *id, (extent.first, extent.last()));
            let what = format!(
                "bytes {}..{} of the object are no batches of this partition",
                range.start, range.end
            );
            report.add(Finding::object(Kind::DamagedRecords, &path, what).at(&at));
            continue;
        }
        check_extent(state, *id, extent, bytes.unwrap_or_default(), Some(&path), report);
    }
}

/// A segment says whose it is.
fn wrong_identity(log: &Log, name: &ObjectName, index: &Index) -> Option<String> {
    let id = index.id();
    let life = name.incarnation;
    if id.cluster != log.base.cluster.0 {
        return Some("it belongs to another cluster".to_owned());
    }
    let named = ((life.position, life.index, life.nonce), name.flush);
    ((id.incarnation, id.flush) != named).then(|| "it is another segment than its name says".to_owned())
}

fn run_holds(index: &Index, id: PartitionId, range: &std::ops::Range<u64>) -> bool {
    let run = index.run(id.topic, id.partition);
    run.is_some_and(|run| run.range().start <= range.start && range.end <= run.range().end)
}

fn cut(object: &Bytes, range: &std::ops::Range<u64>) -> Option<Bytes> {
    let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
    (start <= end && end <= object.len()).then(|| object.slice(start..end))
}

/// Checks the bytes of an extent, wherever they lay.
pub(super) fn check_extent(
    state: &State,
    id: PartitionId,
    extent: &Extent,
    bytes: Bytes,
    object: Option<&str>,
    report: &mut Report,
) {
    report.checked.bytes += if object.is_none() { bytes.len() as u64 } else { 0 };
    let claim = Claim::of(extent);
    note(state, id, &claim, batches::check(bytes, claim), object, report);
}

/// Reports what was found of an extent's batches.
pub(super) fn note(
    state: &State,
    id: PartitionId,
    claim: &Claim,
    (counted, wrong): (Counted, Vec<Wrong>),
    object: Option<&str>,
    report: &mut Report,
) {
    report.checked.batches += counted.batches;
    report.checked.records += counted.records;
    for wrong in wrong {
        let mut finding = finding(state, id, claim, wrong);
        finding.object = object.map(ToOwned::to_owned);
        report.add(finding);
    }
}

fn finding(state: &State, id: PartitionId, claim: &Claim, wrong: Wrong) -> Finding {
    let at = |first, last| spot(state, id, (first, last));
    match wrong {
        Wrong::Damaged { from, what } => Finding::new(Kind::DamagedRecords, what).at(&at(from, claim.last.max(from))),
        Wrong::Hole { first, last } => Finding::new(Kind::Hole, "the batches end before").at(&at(first, last)),
        Wrong::Count { what } => Finding::new(Kind::WrongCount, what).at(&at(claim.first, claim.last)),
    }
}
