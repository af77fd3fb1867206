//! Swaps: a compaction's "these inputs, exactly as I saw them, become these outputs", judged per partition.

use std::collections::BTreeMap;

use seeded::Bug;

use super::judge::Ask;
use crate::entry::extent::Place as WirePlace;
use crate::entry::{Extent as WireExtent, LakePlace, PartitionSwap, SegmentPlace};
use crate::ids::{ObjectName, PartitionId};
use crate::outcome::{Applied, Rejection};
use crate::state::extent::{Packed, Spot};
use crate::state::{Cleaned, LakeEnd, ObjectStatus, State};

/// A name is one object's for ever, a segment's or a lake file's with one end.
const TWO_OBJECTS: &str = "one's name is another object's";

/// An output that passed.
struct Output {
    wire: WireExtent,
    name: ObjectName,
    bytes_at: BytesAt,
}

/// Where in its object an output lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BytesAt {
    Segment(u64),
    Lake(LakeEnd),
}

impl BytesAt {
    /// What opens the object, if it is a lake file.
    fn end(self) -> Option<LakeEnd> {
        match self {
            Self::Segment(_) => None,
            Self::Lake(end) => Some(end),
        }
    }
}

/// The last offset of an extent on the wire; `None` beyond what a number can be.
fn last(extent: &WireExtent) -> Option<u64> {
    extent.first.checked_add(u64::from(extent.last_delta))
}

/// The first and the last offset of extents that lie one behind the other; `None` when they do not, or there are none.
fn range(extents: &[WireExtent]) -> Option<(u64, u64)> {
    let first = extents.first()?.first;
    let mut next = first;
    for extent in extents {
        if extent.first != next {
            return None;
        }
        next = last(extent)?.checked_add(1)?;
    }
    Some((first, next.checked_sub(1)?))
}

fn records(extents: &[WireExtent]) -> u64 {
    extents.iter().map(|extent| u64::from(extent.records)).sum()
}

/// Whether outputs hold as many records as they should, whose last offset is before `end`; what is said of compaction by key.
fn check_records(swap: &PartitionSwap, is_compacted: bool, end: u64) -> Result<Option<Cleaned>, Rejection> {
    let wrong = |why| Err(Rejection::OutputsWrong(why));
    let (stay, were) = (records(&swap.outputs), records(&swap.inputs));
    let cleaned = swap.cleaning.as_ref().map(Cleaned::from);
    match cleaned {
        None if stay != were => wrong("they do not hold the inputs' records"),
        Some(_) if !is_compacted => Err(Rejection::NotCompacted),
        Some(_) if stay > were => wrong("they hold more records than the inputs"),
        Some(cleaned) if !cleaned.can_be(end) => wrong("they are not cleaned as far as it says"),
        cleaned => Ok(cleaned),
    }
}

impl State {
    /// Inputs wholly below what is left of the partition have been trimmed since: they are ignored, and so are outputs there,
    /// and those below a log start that none of the inputs left lie below. All are still part of the ranges and the counts
    /// that must agree.
    pub(super) fn swap(&mut self, ask: &Ask, swap: &PartitionSwap) -> Result<Applied, Rejection> {
        let id = PartitionId {
            topic: swap.topic,
            partition: swap.partition,
        };
        let topic = self.topics.get(id.topic).ok_or(Rejection::UnknownTopic)?;
        let partition = topic
            .partitions
            .get(id.partition as usize)
            .ok_or(Rejection::UnknownPartition)?;
        let (log_start, left) = (partition.log_start, partition.first());
        let inputs = range(&swap.inputs).ok_or(Rejection::InputsChanged)?;
        let trimmed = swap
            .inputs
            .iter()
            .take_while(|input| last(input).is_some_and(|last| last < left))
            .count();
        let kept = swap.inputs.get(trimmed..).unwrap_or_default();
        let at = kept.first().map_or(0, |input| partition.extents.index_of(input.first));
        let stand = partition
            .extents
            .as_slice()
            .get(at..)
            .and_then(|rest| rest.get(..kept.len()));
        let stand = stand.ok_or(Rejection::InputsChanged)?;
        if !kept.iter().zip(stand).all(|(input, stand)| self.is_same(input, stand)) {
            return Err(Rejection::InputsChanged);
        }
        let gone = stand.to_vec();
        if range(&swap.outputs) != Some(inputs) {
            return Err(Rejection::OutputsWrong("they do not cover the inputs' offsets"));
        }
        let is_compacted = topic.config.key_compaction().is_some();
        let cleaned = check_records(swap, is_compacted, inputs.1.saturating_add(1))?;
        let outputs: Result<Vec<_>, _> = swap
            .outputs
            .iter()
            .map(|output| self.check_output(ask, output))
            .collect();
        let mut outputs = outputs?;
        let ends: BTreeMap<ObjectName, Option<LakeEnd>> = outputs
            .iter()
            .map(|output| (output.name, output.bytes_at.end()))
            .collect();
        if outputs
            .iter()
            .any(|output| ends.get(&output.name) != Some(&output.bytes_at.end()))
        {
            return Err(Rejection::OutputsWrong(TWO_OBJECTS));
        }
        let is_below = |extent: &WireExtent| last(extent).is_some_and(|last| last < log_start);
        let below = kept.first().filter(|input| is_below(input)).map(|input| input.first);
        outputs.retain(|output| last(&output.wire) >= Some(below.unwrap_or(log_start)));
        let is_elsewhere = |output: &Output| is_below(&output.wire) && output.bytes_at.end().is_none();
        if outputs.iter().any(is_elsewhere) {
            return Err(Rejection::OutputsWrong("one below the log start lies in no lake file"));
        }
        if !kept.is_empty() {
            self.replace(id, at, &gone, &outputs);
        }
        if let Some(cleaned) = cleaned
            && let Some(partition) = self.topics.partition_mut(id)
            && cleaned.through > 0
            && cleaned.through >= partition.cleaned.through
        {
            partition.cleaned = cleaned;
        }
        Ok(Applied::Swapped)
    }

    /// Whether an input is exactly the extent that stands there.
    fn is_same(&self, input: &WireExtent, stands: &Packed) -> bool {
        let numbers = input.first == stands.first
            && input.last_delta == stands.last_delta
            && input.records == stands.records
            && input.bytes == stands.bytes;
        let place = match (&input.place, stands.spot()) {
            (
                Some(WirePlace::Inline(seen)),
                Spot::Inline {
                    position,
                    proposal,
                    run,
                },
            ) => seen.position == position && seen.proposal == u32::from(proposal) && seen.run == run,
            (Some(WirePlace::Segment(seen)), Spot::Segment { slot, start }) => {
                let name = seen.name.as_ref().and_then(|name| ObjectName::try_from(name).ok());
                seen.start == start && name == Some(self.places.objects.name(slot))
            }
            (Some(WirePlace::Lake(seen)), Spot::Lake { slot }) => {
                let name = seen.name.as_ref().and_then(|name| ObjectName::try_from(name).ok());
                name == Some(self.places.objects.name(slot))
            }
            _ => false,
        };
        numbers && place || seeded::is(Bug::StaleSwap)
    }

    fn check_output(&self, ask: &Ask, output: &WireExtent) -> Result<Output, Rejection> {
        let wrong = |why| Err(Rejection::OutputsWrong(why));
        let in_rows = matches!(output.place, Some(WirePlace::Lake(_)));
        // Compaction by key may leave nothing of an extent, and its offsets still are somewhere.
        let empty = in_rows && output.bytes == 0 && output.records == 0;
        if !empty && (output.bytes == 0 || output.records == 0) {
            return wrong("one has no records or no bytes");
        }
        if u64::from(output.records) > u64::from(output.last_delta) + 1 {
            return wrong("one holds more records than offsets");
        }
        let (name, bytes_at) = match &output.place {
            Some(WirePlace::Segment(SegmentPlace {
                name: Some(name),
                start,
            })) => (name, BytesAt::Segment(*start)),
            Some(WirePlace::Lake(LakePlace {
                name: Some(name),
                end: Some(end),
            })) => (name, BytesAt::Lake(end.into())),
            _ => return wrong("one lies neither in a segment nor in a lake file"),
        };
        let Ok(name) = ObjectName::try_from(name) else {
            return wrong("one has no name that can be");
        };
        if name.incarnation != ask.incarnation || Some(name.flush) > ask.flush {
            return wrong("one is not the proposer's, or of a later flush than the proposal's");
        }
        // An object of a flush before the last that was taken is garbage for ever once nothing names it, and may be
        // gone. While something names it, it is there, and more may name it.
        let named = || matches!(self.object(&name), ObjectStatus::Named { .. });
        if Some(name.flush) < ask.flush_floor && !named() {
            return wrong("one is of a flush before the last that was taken");
        }
        match bytes_at {
            BytesAt::Segment(start) if start.checked_add(u64::from(output.bytes)).is_none() => {
                return wrong("one ends beyond what can be");
            }
            BytesAt::Lake(end) if !end.can_be() => return wrong("one's file is shorter than its end"),
            _ => {}
        }
        let known = self.places.objects.find(&name);
        if known.is_some_and(|slot| self.places.objects.end(slot) != bytes_at.end()) {
            return wrong(TWO_OBJECTS);
        }
        Ok(Output {
            wire: *output,
            name,
            bytes_at,
        })
    }

    /// Outputs are held before inputs are let go, so that an object which is both is not un-named in between.
    fn replace(&mut self, id: PartitionId, at: usize, gone: &[Packed], outputs: &[Output]) {
        let mut new = Vec::with_capacity(outputs.len());
        let mut lake_changed = false;
        for Output { wire, name, bytes_at } in outputs {
            let objects = &mut self.places.objects;
            let spot = match *bytes_at {
                BytesAt::Segment(start) => Spot::Segment {
                    slot: objects.intern(name),
                    start,
                },
                BytesAt::Lake(end) => Spot::Lake {
                    slot: objects.intern_lake(name, end),
                },
            };
            let (place, start) = spot.pack().expect("a slot fits");
            let extent = Packed {
                first: wire.first,
                start,
                max_timestamp: wire.max_timestamp,
                last_delta: wire.last_delta,
                records: wire.records,
                bytes: wire.bytes,
                place,
            };
            lake_changed |= self.places.hold(&extent);
            new.push(extent);
        }
        for extent in gone {
            lake_changed |= self.places.release(extent, self.position);
        }
        let Some(topic) = self.topics.get_mut(id.topic) else {
            return;
        };
        if lake_changed {
            topic.table.changed = self.position;
        }
        let Some(partition) = topic.partitions.get_mut(id.partition as usize) else {
            return;
        };
        let sum = |extents: &[Packed]| extents.iter().map(|extent| partition.log_bytes(extent)).sum::<u64>();
        partition.bytes = partition.bytes - sum(gone) + sum(&new);
        partition.extents.replace(at, gone.len(), &new);
    }
}
