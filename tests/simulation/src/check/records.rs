//! Every record that was acknowledged is at its offset, no record is there twice, none is that failed, and none that
//! was never sent.

use std::collections::{BTreeMap, BTreeSet};

use engine::Engine;
use metadata::PartitionId;

use super::{Found, Read, Watermarks};
use crate::ground::Ground;
use crate::history::{Fate, Send};

pub(super) fn check(ground: &Ground, engine: &Engine, read: &Read) {
    let marks = engine.read(super::watermarks);
    for (id, batches) in read {
        check_dense(ground, *id, batches, &marks);
    }
    let found = places(read);
    check_sends(ground, &marks, &found);
    check_trims(ground, &marks);
}

/// What two reads have in common is equal, and the second begins no earlier.
pub(super) fn compare(ground: &Ground, before: &Read, after: &Read) {
    for (id, batches) in after {
        let earlier: BTreeMap<u64, Found> = before
            .get(id)
            .into_iter()
            .flatten()
            .map(|one| (one.base, *one))
            .collect();
        let same = batches.iter().all(|batch| earlier.get(&batch.base) == Some(batch));
        ground
            .journal
            .check("compaction and sweeps change no record", same, || format!("{id:?}"));
        let ends = [before.get(id), Some(batches)].map(|batches| batches.and_then(|all| all.last().copied()));
        // Time passes between the two, and may have passed by all there was.
        let aged = batches.is_empty() && ground.history.lock().may_lose(*id);
        ground.journal.check(
            "compaction and sweeps lose no record",
            ends[0] == ends[1] || aged,
            || format!("{id:?}"),
        );
    }
}

/// Where each send is.
fn places(read: &Read) -> BTreeMap<u64, (PartitionId, u64)> {
    let all = read
        .iter()
        .flat_map(|(id, batches)| batches.iter().map(|batch| (*id, batch)));
    all.map(|(id, batch)| (batch.send, (id, batch.base))).collect()
}

/// From the log start, or from within the first batch, to the end without a hole.
fn check_dense(ground: &Ground, id: PartitionId, batches: &[Found], marks: &Watermarks) {
    let Some(&(log_start, end)) = marks.get(&id) else {
        return;
    };
    let first = batches.first().map_or(end, |batch| batch.base);
    let follow = batches.windows(2).all(|pair| pair[0].end() == pair[1].base);
    let last = batches.last().map_or(end, Found::end);
    ground.journal.check(
        "offsets have no holes",
        follow && last == end && first <= log_start,
        || format!("{id:?} from {log_start} to {end}: {batches:?}"),
    );
}

fn check_sends(ground: &Ground, marks: &Watermarks, found: &BTreeMap<u64, (PartitionId, u64)>) {
    let history = ground.history.lock();
    let mut groups: BTreeMap<u64, BTreeSet<bool>> = BTreeMap::new();
    for (number, send) in (0..).zip(&history.sends) {
        if send.keyed || history.gone.contains(&send.topic) {
            continue;
        }
        let log_start = marks.get(&send.partition).map_or(0, |(log_start, _)| *log_start);
        let place = found.get(&number).copied();
        check_send(ground, number, send, place, log_start);
        // What is trimmed tells nothing of its group.
        if log_start == 0 {
            groups.entry(send.group).or_default().insert(place.is_some());
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

fn check_send(ground: &Ground, number: u64, send: &Send, place: Option<(PartitionId, u64)>, log_start: u64) {
    let journal = &ground.journal;
    let what = || format!("send {number} {send:?} at {place:?}, log start {log_start}");
    match send.fate {
        Fate::Acked { base, .. } => {
            journal.count("records sent, acknowledged");
            let there = match place {
                Some(place) => place == (send.partition, base),
                None => base + u64::from(send.records) <= log_start,
            };
            journal.check("what is acknowledged is at its offset", there, what);
        }
        Fate::Failed { .. } => {
            journal.count("records sent, failed");
            journal.check("what failed is not there", place.is_none(), what);
        }
        Fate::Lost { .. } => journal.count(match place {
            Some(_) => "records sent, lost and there again",
            None => "records sent, lost and not there",
        }),
        Fate::Unknown => journal.count(match place {
            Some(_) => "records sent, unknown and there",
            None => "records sent, unknown and not there",
        }),
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
