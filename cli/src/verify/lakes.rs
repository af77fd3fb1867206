//! Lake files: that each one the ledger names is there, holds what it was made of, and what extents say.

use std::collections::BTreeMap;

use anyhow::Result;
use bytes::Bytes;
use lake::{LakeError, LakeFile, Rebuilt};
use metadata::{Extent, LakeEnd, ObjectName, PartitionId, Place, State, TopicId};
use records::Batch;
use store::{Key, StoreError};

use super::batches::{Claim, check_rows};
use super::extents::spot;
use super::finding::{Finding, Kind, Report};
use super::{Log, objects};
use crate::out::Talk;

/// A file, and what extents say lies in it.
struct Named {
    end: LakeEnd,
    parts: Vec<(PartitionId, Extent)>,
}

/// Checks them all, each read once and whole.
pub(super) async fn check(log: &Log, state: &State, report: &mut Report, talk: Talk) -> Result<()> {
    let files = by_file(state);
    let bar = talk.bar(files.len() as u64, "{bar:30} {pos}/{len} lake files {eta}");
    for ((topic, name), named) in files {
        let key = Key::LakeData(topic, name);
        let path = key.path(&log.base.cluster);
        match log.store.read_fresh(&key, None).await {
            Ok(object) => {
                report.checked.objects += 1;
                report.checked.bytes += object.len() as u64;
                check_file(state, &path, &named, &object, report);
            }
            Err(StoreError::NotFound { .. }) => {
                report.add(Finding::object(Kind::MissingObject, &path, "the ledger names it"));
                unreadable(state, &path, &named, Kind::MissingObject, report);
            }
            Err(error) => return Err(error.into()),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn by_file(state: &State) -> BTreeMap<(TopicId, ObjectName), Named> {
    let mut files: BTreeMap<(TopicId, ObjectName), Named> = BTreeMap::new();
    for topic in state.topics() {
        for (id, partition) in state.partitions(topic.number()) {
            for extent in partition.extents() {
                if let Place::Lake { name, end } = extent.place {
                    let fresh = || Named { end, parts: Vec::new() };
                    let named = files.entry((topic.id(), name)).or_insert_with(fresh);
                    named.parts.push((id, extent));
                }
            }
        }
    }
    files
}

/// The records that a file has not: named one partition after the other, for that is what is asked for.
fn unreadable(state: &State, path: &str, named: &Named, kind: Kind, report: &mut Report) {
    for (id, extent) in &named.parts {
        let at = spot(state, *id, (extent.first, extent.last()));
        report.add(Finding::object(kind, path, "these records lie in it").at(&at));
    }
}

fn check_file(state: &State, path: &str, named: &Named, object: &Bytes, report: &mut Report) {
    let file = match open(&named.end, object) {
        Ok(file) => file,
        Err(what) => {
            report.add(Finding::object(Kind::DamagedObject, path, what));
            return unreadable(state, path, named, Kind::DamagedRecords, report);
        }
    };
    if let Err(error) = file.verify(object) {
        report.add(Finding::object(Kind::DamagedObject, path, error.to_string()));
    }
    for (id, extent) in &named.parts {
        match batches(&file, object, *id, extent) {
            Ok(batches) => {
                let claim = Claim::of(extent);
                objects::note(state, *id, &claim, check_rows(&batches, claim), Some(path), report);
            }
            Err(error) => {
                let at = spot(state, *id, (extent.first, extent.last()));
                report.add(Finding::object(Kind::DamagedRecords, path, error.to_string()).at(&at));
            }
        }
    }
}

fn open(end: &LakeEnd, object: &Bytes) -> Result<LakeFile, String> {
    let bytes = object.len() as u64;
    if bytes != end.object_bytes {
        return Err(format!("{bytes} bytes, the ledger says {}", end.object_bytes));
    }
    let tail = usize::try_from(end.tail_bytes).unwrap_or(usize::MAX);
    let tail = object.slice(object.len().saturating_sub(tail)..);
    LakeFile::open(&tail, bytes, end.tail_checksum).map_err(|error| error.to_string())
}

/// The batches of an extent as they would be served, each with its base offset.
fn batches(file: &LakeFile, object: &Bytes, id: PartitionId, extent: &Extent) -> Result<Vec<(u64, Batch)>, LakeError> {
    let signed = |offset| i64::try_from(offset).unwrap_or(i64::MAX);
    let (mut all, mut next, last) = (Vec::new(), signed(extent.first), signed(extent.last()));
    let partition = i32::try_from(id.partition).unwrap_or(-1);
    while next <= last {
        let Some(reading) = file.read(partition, next, u64::MAX)? else {
            break;
        };
        let read = reading.over(object)?;
        let placed = |one: Rebuilt| (u64::try_from(one.base_offset).unwrap_or(0), one.batch);
        all.extend(read.batches.into_iter().map(placed));
        if read.next <= next {
            break;
        }
        next = read.next;
    }
    Ok(all)
}
