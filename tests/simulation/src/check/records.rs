//! Every record that was acknowledged is at its offset, no record is there twice, none is that failed, and none that
//! was never sent.

use std::collections::{BTreeMap, BTreeSet};

use engine::Engine;
use metadata::PartitionId;

use super::{Read, Watermarks};
use crate::ground::Ground;
use crate::history::{Fate, Send};
use crate::value::Name;

pub(super) fn check(ground: &Ground, engine: &Engine, read: &Read) {
    let marks = engine.read(super::watermarks);
    for (id, records) in read {
        check_dense(ground, *id, records.iter().map(|(offset, _)| *offset), &marks);
        ground
            .history
            .lock()
            .read(&ground.journal, "the last reader", *id, records);
    }
    let found = names(read);
    check_sends(ground, &marks, &found);
    check_trims(ground, &marks);
}

/// What two reads have in common is equal, and the second begins no earlier.
pub(super) fn compare(ground: &Ground, before: &Read, after: &Read) {
    for (id, records) in after {
        let earlier: BTreeMap<_, _> = before.get(id).into_iter().flatten().cloned().collect();
        let same = records.iter().all(|(offset, value)| earlier.get(offset) == Some(value));
        ground
            .journal
            .check("compaction and sweeps change no record", same, || format!("{id:?}"));
        let ends = [before.get(id), Some(records)].map(|records| records.and_then(|all| all.last().cloned()));
        ground
            .journal
            .check("compaction and sweeps lose no record", ends[0] == ends[1], || {
                format!("{id:?}")
            });
    }
}

fn names(read: &Read) -> BTreeMap<Name, (PartitionId, u64)> {
    let all = read
        .iter()
        .flat_map(|(id, records)| records.iter().map(|(offset, value)| (*id, *offset, value)));
    all.filter_map(|(id, offset, value)| Some((Name::of(value)?, (id, offset))))
        .collect()
}

/// From the log start, or from within the first batch, to the end without a hole.
fn check_dense(ground: &Ground, id: PartitionId, offsets: impl Iterator<Item = u64>, marks: &Watermarks) {
    let offsets: Vec<u64> = offsets.collect();
    let Some(&(log_start, end)) = marks.get(&id) else {
        return;
    };
    let first = offsets.first().copied().unwrap_or(end);
    let dense = offsets.iter().copied().eq(first..end);
    ground
        .journal
        .check("offsets have no holes", dense && first <= log_start, || {
            format!("{id:?} from {log_start} to {end}: {offsets:?}")
        });
}

fn check_sends(ground: &Ground, marks: &Watermarks, found: &BTreeMap<Name, (PartitionId, u64)>) {
    let history = ground.history.lock();
    let mut groups: BTreeMap<u64, BTreeSet<bool>> = BTreeMap::new();
    for (number, send) in (0..).zip(&history.sends) {
        if history.deleted.contains(&send.partition.topic) {
            continue;
        }
        let log_start = marks.get(&send.partition).map_or(0, |(log_start, _)| *log_start);
        let places: Vec<Option<u64>> = (0..send.records)
            .map(|index| found.get(&Name { send: number, index }).map(|(_, offset)| *offset))
            .collect();
        check_send(ground, number, send, &places, log_start);
        // What is trimmed tells nothing of its group.
        let trimmed = matches!(send.fate, Fate::Acked { base, .. } if base < log_start) || log_start > 0;
        if !trimmed {
            groups
                .entry(send.group)
                .or_default()
                .insert(places.iter().any(Option::is_some));
        }
    }
    for (group, visible) in groups {
        ground
            .journal
            .check("a group is whole or not at all", visible.len() == 1, || {
                format!("group {group}")
            });
    }
}

fn check_send(ground: &Ground, number: u64, send: &Send, places: &[Option<u64>], log_start: u64) {
    let journal = &ground.journal;
    match send.fate {
        Fate::Acked { base, .. } => {
            journal.count("records sent, acknowledged");
            let there = (base..).zip(places).all(|(offset, place)| match place {
                Some(place) => *place == offset,
                None => offset < log_start,
            });
            journal.check("what is acknowledged is at its offset", there, || {
                format!("send {number} {send:?} at {places:?}, log start {log_start}")
            });
        }
        Fate::Failed => {
            journal.count("records sent, failed");
            let absent = places.iter().all(Option::is_none);
            journal.check("what failed is not there", absent, || {
                format!("send {number} {send:?} at {places:?}")
            });
        }
        Fate::Unknown => {
            let there = places.iter().flatten().count();
            journal.count(if there > 0 {
                "records sent, unknown and there"
            } else {
                "records sent, unknown and not there"
            });
            let whole = there == places.len() || there == 0 || log_start > 0;
            journal.check("a batch is whole or not at all", whole, || {
                format!("send {number} {send:?} at {places:?}")
            });
        }
    }
}

/// No log start is beyond what somebody asked for.
fn check_trims(ground: &Ground, marks: &Watermarks) {
    let history = ground.history.lock();
    for (id, (log_start, _)) in marks {
        let asked = history.trims.get(id).copied().unwrap_or(0);
        let fine = *log_start <= asked || history.may_lose(*id);
        ground
            .journal
            .check("nothing is trimmed that nobody trimmed", fine, || {
                format!("{id:?} starts at {log_start}; asked for: {asked}")
            });
    }
}
