//! The order of records: by each producer's sequence, and by real time.

use std::collections::BTreeMap;

use super::Read;
use crate::ground::Ground;
use crate::history::{Fate, Send};

pub(super) fn check(ground: &Ground, read: &Read) {
    for batches in read.values() {
        by_sequence(ground, batches.iter().map(|batch| batch.send));
    }
    by_real_time(ground);
}

/// Batches of one producer lie in the order of its sequences.
fn by_sequence(ground: &Ground, sends: impl Iterator<Item = u64>) {
    let history = ground.history.lock();
    let mut last: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for number in sends {
        let Some(send) = history.send(number) else { continue };
        let Some(order) = send.order else { continue };
        if let Some((before, earlier)) = last.insert(send.session, (order, number)) {
            ground
                .journal
                .check("records are in their producer's order", before < order, || {
                    format!("send {number} of order {order} lies behind send {earlier} of order {before}")
                });
        }
    }
}

/// What was acknowledged before something else was asked for has the smaller offset.
fn by_real_time(ground: &Ground) {
    let history = ground.history.lock();
    let mut by_partition: BTreeMap<_, Vec<(u64, u64, &Send)>> = BTreeMap::new();
    for send in &history.sends {
        if let Fate::Acked { base, at } = send.fate {
            by_partition.entry(send.partition).or_default().push((base, at, send));
        }
    }
    for acked in by_partition.values_mut() {
        acked.sort_unstable_by_key(|(base, ..)| *base);
        let mut soonest = u64::MAX;
        for (base, at, send) in acked.iter().rev() {
            ground
                .journal
                .check("what came first has the smaller offset", send.invoked < soonest, || {
                    format!("{send:?} at {base} was asked for after something behind it was acknowledged")
                });
            soonest = soonest.min(*at);
        }
    }
}
