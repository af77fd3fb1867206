//! The order of records: by each producer's sequence, and by real time.

use std::collections::BTreeMap;

use super::Read;
use crate::ground::Ground;
use crate::history::{Fate, Send};
use crate::value::Name;

pub(super) fn check(ground: &Ground, read: &Read) {
    for records in read.values() {
        by_sequence(ground, records.iter().filter_map(|(_, value)| Name::of(value)));
    }
    by_real_time(ground);
}

/// Records of one producer lie in the order of its sequences, and those of a batch in that of the batch.
fn by_sequence(ground: &Ground, names: impl Iterator<Item = Name>) {
    let history = ground.history.lock();
    let mut last: BTreeMap<u32, (u64, Name)> = BTreeMap::new();
    for name in names {
        let Some(send) = history.send(name.send) else { continue };
        let Some(order) = send.order else { continue };
        if let Some((before, earlier)) = last.insert(send.session, (order, name)) {
            let rises = (before, earlier.index) < (order, name.index) && before <= order;
            ground
                .journal
                .check("records are in their producer's order", rises, || {
                    format!("{name:?} of order {order} lies behind {earlier:?} of order {before}")
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
