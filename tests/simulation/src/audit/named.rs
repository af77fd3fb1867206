//! Objects that entries name: there before they are named, whole, and, where one stands for others, holding just what
//! those held.

use std::collections::BTreeMap;

use bytes::Bytes;
use metadata::entry::proposal::Kind;
use metadata::entry::{Extent, PartitionSwap, Swap, extent::Place};
use metadata::{ObjectName, ObjectStatus, PartitionId, Verdict};
use store::{Key, Objects as _};

use super::entries::Judged;
use super::{Books, now};
use crate::journal::Journal;

impl Books {
    /// Objects that a proposal names were durable before it was.
    pub(super) fn check_named(&self, judged: &Judged<'_>, journal: &Journal) {
        let names: Vec<ObjectName> = match (&judged.proposal.kind, judged.incarnation()) {
            (Some(Kind::Append(append)), Some(incarnation)) => {
                let named = append.segment.iter().map(|segment| ObjectName {
                    incarnation,
                    flush: segment.flush,
                    attempt: u16::try_from(segment.attempt).unwrap_or(u16::MAX),
                });
                named.collect()
            }
            (Some(Kind::Swap(swap)), _) => outputs(swap).collect(),
            _ => return,
        };
        for name in names {
            // A swap may name an object of which every part was rejected.
            let named = matches!(self.status(&name), Some(ObjectStatus::Named { .. }));
            let there = !named || self.is_segment_there(&name);
            journal.check("what an entry names is durable", there, || name.to_string());
        }
    }

    /// What a swap puts in the place of others holds the same batches at the same offsets, and where it was refused it
    /// changes nothing.
    pub(super) fn swap(&self, judged: &Judged<'_>, swap: &Swap, journal: &Journal) {
        let mut objects: BTreeMap<ObjectName, Option<Bytes>> = BTreeMap::new();
        for (partition, verdict) in swap.partitions.iter().zip(judged.verdicts) {
            match verdict {
                Verdict::Applied(_) => self.check_outputs(partition, &mut objects, journal),
                Verdict::Rejected(_) => self.check_refused(partition, journal),
            }
        }
    }

    /// Whoever else has replaced the inputs: nothing of this swap stands in the partition.
    fn check_refused(&self, partition: &PartitionSwap, journal: &Journal) {
        let (id, Some(account)) = (partition_of(partition), &self.account) else {
            return;
        };
        let stands = account.state.partition(id).is_some_and(|known| {
            let mut stand = known.extents().map(|extent| Extent::from(&extent));
            stand.any(|extent| partition.outputs.contains(&extent))
        });
        journal.check("a refused swap changes nothing", !stands, || format!("{partition:?}"));
    }

    fn check_outputs(
        &self,
        partition: &PartitionSwap,
        objects: &mut BTreeMap<ObjectName, Option<Bytes>>,
        journal: &Journal,
    ) {
        let id = partition_of(partition);
        for output in &partition.outputs {
            let Some(name) = object_of(output) else { continue };
            let object = objects
                .entry(name)
                .or_insert_with(|| self.whole_segment(&name, journal))
                .clone();
            let same = object.is_some_and(|object| self.holds(id, output, &object));
            journal.check("a swap changes no record", same, || format!("{id:?} {output:?}"));
        }
    }

    /// Whether an extent's bytes are the batches that were applied at its offsets.
    fn holds(&self, id: PartitionId, extent: &Extent, object: &Bytes) -> bool {
        let (Some(Place::Segment(place)), Some(account)) = (&extent.place, &self.account) else {
            return false;
        };
        let range = usize::try_from(place.start).ok().and_then(|start| {
            let end = start.checked_add(extent.bytes as usize)?;
            (end <= object.len()).then_some(start..end)
        });
        let Some(range) = range else { return false };
        let history = self.history.lock();
        let (mut offset, end) = (extent.first, extent.first + u64::from(extent.last_delta) + 1);
        for batch in records::split_checked(object.slice(range)) {
            let run = account.run_at(id, offset);
            let send = run.and_then(|run| history.send(run.send));
            let (Ok(batch), Some(send)) = (batch, send) else {
                return false;
            };
            if (batch.header().checksum, batch.bytes().len()) != (send.checksum, send.bytes) {
                return false;
            }
            offset += u64::from(send.records);
        }
        offset == end
    }

    /// A segment, every checksum in it compared.
    pub(super) fn whole_segment(&self, name: &ObjectName, journal: &Journal) -> Option<Bytes> {
        let path = Key::Segment(*name).path(&self.ledger.as_ref()?.cluster());
        let object = now(self.place.get(&path, None)).ok().map(|fetched| fetched.bytes);
        let whole = object.as_ref().map(|object| segment::verify_whole(object).map(drop));
        journal.check("what an entry names is whole", whole == Some(Ok(())), || {
            format!("{name}: {whole:?}")
        });
        object
    }
}

fn partition_of(swap: &PartitionSwap) -> PartitionId {
    PartitionId {
        topic: swap.topic,
        partition: swap.partition,
    }
}

fn outputs(swap: &Swap) -> impl Iterator<Item = ObjectName> + '_ {
    swap.partitions
        .iter()
        .flat_map(|partition| &partition.outputs)
        .filter_map(object_of)
}

fn object_of(extent: &Extent) -> Option<ObjectName> {
    match &extent.place {
        Some(Place::Segment(place)) => place.name.as_ref().and_then(|name| name.try_into().ok()),
        _ => None,
    }
}
