//! Objects that entries name: there before they are named, whole, and, where one stands for others, holding just what
//! those held.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use lake::LakeFile;
use metadata::entry::proposal::Kind;
use metadata::entry::{Extent, PartitionSwap, Swap, extent::Place};
use metadata::{ObjectName, ObjectStatus, PartitionId, Verdict};
use records::Batch;
use store::{Key, Objects as _};

use super::account::Account;
use super::entries::Judged;
use super::{Books, now};
use crate::journal::Journal;

/// An object, whole.
#[derive(Clone)]
enum Object {
    Segment(Bytes),
    Lake(Box<LakeFile>, Bytes),
}

/// Objects that were looked into; none where one is not there.
type Whole = BTreeMap<Key, Option<Object>>;

impl Books {
    /// Objects that a proposal names were durable before it was.
    pub(super) fn check_named(&self, judged: &Judged<'_>, journal: &Journal) {
        let named: Vec<(ObjectName, Key)> = match (&judged.proposal.kind, judged.incarnation()) {
            (Some(Kind::Append(append)), Some(incarnation)) => {
                let named = append.segment.iter().map(|segment| ObjectName {
                    incarnation,
                    flush: segment.flush,
                    attempt: u16::try_from(segment.attempt).unwrap_or(u16::MAX),
                });
                named.map(|name| (name, Key::Segment(name))).collect()
            }
            (Some(Kind::Swap(swap)), _) => self.outputs(swap).collect(),
            (Some(Kind::Publish(publish)), _) => self.described(publish),
            _ => return,
        };
        for (name, key) in named {
            // A swap may name an object of which every part was rejected.
            let named = matches!(self.status(&name), Some(ObjectStatus::Named { .. }));
            let there = !named || self.is_key_there(&key);
            journal.check("what an entry names is durable", there, || name.to_string());
        }
    }

    /// What a swap puts in the place of others holds the same batches at the same offsets, and where it was refused it
    /// changes nothing.
    pub(super) fn swap(&self, judged: &Judged<'_>, swap: &Swap, journal: &Journal) {
        let mut objects: Whole = BTreeMap::new();
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

    fn check_outputs(&self, partition: &PartitionSwap, objects: &mut Whole, journal: &Journal) {
        let id = partition_of(partition);
        for output in &partition.outputs {
            let Some(key) = self.key_of(id, output) else { continue };
            let object = objects
                .entry(key)
                .or_insert_with(|| self.whole_object(&key, output, journal))
                .clone();
            if self.history.lock().keyed.is_some_and(|topic| topic.number == id.topic) {
                let fine = object.is_some_and(|object| self.leaves(id, output, &object));
                journal.check("a swap leaves out what a later record replaces", fine, || {
                    format!("{id:?} {output:?}")
                });
                continue;
            }
            let batches = object.and_then(|object| batches(id, output, &object));
            let same = batches.is_some_and(|batches| self.holds(id, output, batches));
            journal.check("a swap changes no record", same, || format!("{id:?} {output:?}"));
        }
    }

    /// Whether these are the batches that were applied at an extent's offsets. Rows become the very batches they were made
    /// of, for the encoder that makes them is the one that clients have here.
    fn holds(&self, id: PartitionId, extent: &Extent, batches: Vec<(u64, Batch)>) -> bool {
        let Some(account) = &self.account else { return false };
        let history = self.history.lock();
        let (mut offset, end) = (extent.first, extent.first + u64::from(extent.last_delta) + 1);
        for (_, batch) in batches {
            let run = account.run_at(id, offset);
            let Some(send) = run.and_then(|run| history.send(run.send)) else {
                return false;
            };
            if (batch.header().checksum, batch.bytes().len()) != (send.checksum, send.bytes) {
                return false;
            }
            offset += u64::from(send.records);
        }
        offset == end
    }

    /// Whether an output in a topic that is compacted by key has of its offsets every record whose key no later one has, but
    /// for tombstones; and nothing else than what was sent.
    fn leaves(&self, id: PartitionId, extent: &Extent, object: &Object) -> bool {
        let (Some(account), Some(batches)) = (&self.account, batches(id, extent, object)) else {
            return false;
        };
        let sent = account.names(id);
        let mut left = BTreeSet::new();
        for (base, batch) in batches {
            match crate::check::offsets(&sent, base, &batch) {
                Some(offsets) => left.extend(offsets),
                None => return false,
            }
        }
        let last: BTreeMap<Vec<u8>, u64> = sent.iter().map(|(offset, name)| (name.key(), *offset)).collect();
        let mut here = sent.range(extent.first..=extent.first + u64::from(extent.last_delta));
        left.len() == extent.records as usize
            && here.all(|(offset, name)| {
                let replaced = last.get(&name.key()).is_some_and(|last| last > offset);
                left.contains(offset) || replaced || name.is_tombstone() && self.has_stayed(id, *offset)
            })
    }

    /// Whether a tombstone has been there for as long as it has to, at least.
    fn has_stayed(&self, id: PartitionId, offset: u64) -> bool {
        let stays_ms = |account: &Account| {
            let rules = account.state.topic(id.topic)?.config().key_compaction()?;
            let put = self.followed(account.position_of(id, offset)?)?.at_ms;
            let age_ms = self.world.clock.wall_ms().saturating_sub(put);
            Some(u64::try_from(age_ms).unwrap_or(0) >= rules.tombstones_ms)
        };
        self.account.as_ref().and_then(stays_ms).unwrap_or(true)
    }

    /// Where an output lies.
    fn key_of(&self, id: PartitionId, output: &Extent) -> Option<Key> {
        match output.place.as_ref()? {
            Place::Segment(place) => Some(Key::Segment(place.name.as_ref()?.try_into().ok()?)),
            Place::Lake(place) => {
                let topic = self.account.as_ref()?.state.topic(id.topic)?.id();
                Some(Key::LakeData(topic, place.name.as_ref()?.try_into().ok()?))
            }
            Place::Inline(_) => None,
        }
    }

    fn outputs<'a>(&'a self, swap: &'a Swap) -> impl Iterator<Item = (ObjectName, Key)> + 'a {
        let keys = swap.partitions.iter().flat_map(move |partition| {
            let id = partition_of(partition);
            partition
                .outputs
                .iter()
                .filter_map(move |output| self.key_of(id, output))
        });
        keys.filter_map(|key| match key {
            Key::Segment(name) | Key::LakeData(_, name) => Some((name, key)),
            _ => None,
        })
    }

    /// An object that a swap names, every checksum in it compared.
    fn whole_object(&self, key: &Key, output: &Extent, journal: &Journal) -> Option<Object> {
        if let Key::Segment(name) = key {
            return self.whole_segment(name, journal).map(Object::Segment);
        }
        let path = key.path(&self.ledger.as_ref()?.cluster());
        let bytes = now(self.place.get(&path, None)).ok().map(|fetched| fetched.bytes);
        let file = bytes.as_ref().and_then(|bytes| open(output, bytes));
        let whole = bytes.as_ref().zip(file.as_ref());
        let whole = whole.is_some_and(|(bytes, file)| file.verify(bytes).is_ok());
        journal.check("what an entry names is whole", whole, || path.clone());
        Some(Object::Lake(Box::new(file?), bytes?))
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

/// A lake file as a reader opens it, by what the ledger says of its end.
fn open(output: &Extent, bytes: &Bytes) -> Option<LakeFile> {
    let Some(Place::Lake(place)) = &output.place else {
        return None;
    };
    let end = place.end?;
    let tail = bytes.len().checked_sub(usize::try_from(end.tail_bytes).ok()?)?;
    LakeFile::open(&bytes.slice(tail..), end.object_bytes, end.tail_checksum).ok()
}

/// The batches of an extent in an object, each with its base offset; none when they cannot be told.
fn batches(id: PartitionId, extent: &Extent, object: &Object) -> Option<Vec<(u64, Batch)>> {
    match (object, &extent.place) {
        (Object::Segment(bytes), Some(Place::Segment(place))) => {
            let start = usize::try_from(place.start).ok()?;
            let end = start.checked_add(extent.bytes as usize)?;
            let range = (end <= bytes.len()).then(|| bytes.slice(start..end))?;
            let mut next = extent.first;
            let placed = records::split_checked(range).map(|batch| {
                let batch = batch.ok()?;
                let base = next;
                next += u64::try_from(batch.header().last_offset_delta).ok()? + 1;
                Some((base, batch))
            });
            placed.collect()
        }
        (Object::Lake(file, bytes), _) => {
            let last = i64::try_from(extent.first).ok()? + i64::from(extent.last_delta);
            let mut next = i64::try_from(extent.first).ok()?;
            let mut all = Vec::new();
            while next <= last {
                let reading = file.read(i32::try_from(id.partition).ok()?, next, u64::MAX).ok()??;
                let read = reading.over(bytes).ok()?;
                let placed = |one: lake::Rebuilt| (u64::try_from(one.base_offset).unwrap_or(0), one.batch);
                all.extend(read.batches.into_iter().map(placed));
                next = read.next;
            }
            Some(all)
        }
        _ => None,
    }
}
