//! What compaction by key has left: of each key the last record, unless that was a tombstone; and nothing that was never
//! sent.

use std::collections::{BTreeMap, BTreeSet};

use engine::Engine;
use metadata::PartitionId;
use records::{Batch, Limits};

use crate::ground::Ground;
use crate::value::Name;

/// The offsets of a batch's records, if each is the one that was sent there.
pub(crate) fn offsets(sent: &BTreeMap<u64, Name>, base: u64, batch: &Batch) -> Option<Vec<u64>> {
    let mut offsets = Vec::new();
    for record in records::walk(batch, &Limits::default()).ok()? {
        let record = record.ok()?;
        let offset = base + u64::try_from(record.offset_delta).ok()?;
        let name = sent.get(&offset)?;
        if !name.is(&record) {
            return None;
        }
        offsets.push(offset);
    }
    Some(offsets)
}

/// Reads all that is left of the topic that is compacted by key, and judges it.
pub(super) async fn check(ground: &Ground, engine: &Engine) {
    let keyed = ground.history.lock().keyed;
    let Some(topic) = keyed else { return };
    let ids: Vec<PartitionId> = engine.read(|state| {
        let topic = state.topic(topic.number);
        topic.map(|topic| topic.partition_ids().collect()).unwrap_or_default()
    });
    for id in ids {
        let sent = ground.audit.names(id);
        let left = left(ground, engine, id, &sent).await;
        check_partition(ground, engine, id, &sent, &left);
    }
}

/// The offsets of all that can be read.
async fn left(ground: &Ground, engine: &Engine, id: PartitionId, sent: &BTreeMap<u64, Name>) -> BTreeSet<u64> {
    let extents: Vec<_> = engine.read(|state| {
        let partition = state.partition(id);
        partition
            .map(|partition| partition.extents().collect())
            .unwrap_or_default()
    });
    let mut left = BTreeSet::new();
    for extent in extents {
        let read = engine.read_extent(id, &extent).await;
        ground.journal.check("every extent can be read", read.is_ok(), || {
            format!("{id:?} {extent:?}: {read:?}")
        });
        for batch in read.into_iter().flatten() {
            let offsets = offsets(sent, batch.base_offset, &batch.batch);
            ground.journal.check("what is read was sent", offsets.is_some(), || {
                format!("the last reader {id:?} {}", batch.base_offset)
            });
            left.extend(offsets.into_iter().flatten());
        }
    }
    left
}

fn check_partition(
    ground: &Ground,
    engine: &Engine,
    id: PartitionId,
    sent: &BTreeMap<u64, Name>,
    left: &BTreeSet<u64>,
) {
    let known = engine.read(|state| state.partition(id).map(|known| (known.log_start(), known.cleaned())));
    let Some((log_start, cleaned)) = known else { return };
    let mut by_key: BTreeMap<Vec<u8>, Vec<(u64, Name)>> = BTreeMap::new();
    for (offset, name) in sent.range(log_start..) {
        by_key.entry(name.key()).or_default().push((*offset, *name));
    }
    let journal = &ground.journal;
    for (key, records) in by_key {
        let Some((last, name)) = records.last() else { continue };
        let what = || {
            format!(
                "{id:?} {}, {cleaned:?}: {records:?}, left {left:?}",
                String::from_utf8_lossy(&key)
            )
        };
        let stays = left.contains(last) || name.is_tombstone();
        journal.check("the last record of a key stays", stays, what);
        let gone = !left.contains(last);
        let older = records.iter().any(|(offset, _)| left.contains(offset));
        journal.check("what was deleted does not return", !(gone && older), what);
        let clean = records.iter().take_while(|(offset, _)| *offset < cleaned.through);
        let clean = clean.filter(|(offset, _)| left.contains(offset)).count();
        journal.check("what is clean has each key once", clean <= 1, what);
        let gone = records.iter().filter(|(offset, _)| !left.contains(offset));
        journal.count_by("records left out for their keys", gone.count() as u64);
    }
}
