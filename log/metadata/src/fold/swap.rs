//! Swaps: a compaction's "these inputs, exactly as I saw them, become these outputs", judged per partition.

use seeded::Bug;

use super::judge::Ask;
use crate::entry::extent::Place as WirePlace;
use crate::entry::{Extent as WireExtent, PartitionSwap, SegmentPlace};
use crate::ids::{ObjectName, PartitionId};
use crate::outcome::{Applied, Rejection};
use crate::state::extent::{Packed, Spot};
use crate::state::{ObjectStatus, State};

/// An output that passed.
struct Output {
    wire: WireExtent,
    name: ObjectName,
    start: u64,
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

impl State {
    /// Inputs wholly below the log start have been trimmed since: they are ignored, and so are outputs there. Both are
    /// still part of the ranges and the counts that must agree.
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
        let log_start = partition.log_start;
        let inputs = range(&swap.inputs).ok_or(Rejection::InputsChanged)?;
        let trimmed = swap
            .inputs
            .iter()
            .take_while(|input| last(input).is_some_and(|last| last < log_start))
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
        if records(&swap.outputs) != records(&swap.inputs) {
            return Err(Rejection::OutputsWrong("they do not hold the inputs' records"));
        }
        let outputs: Result<Vec<_>, _> = swap
            .outputs
            .iter()
            .map(|output| self.check_output(ask, output))
            .collect();
        let mut outputs = outputs?;
        outputs.retain(|output| last(&output.wire).is_some_and(|last| last >= log_start));
        if !kept.is_empty() {
            self.replace(id, at, &gone, &outputs);
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
            _ => false,
        };
        numbers && place || seeded::is(Bug::StaleSwap)
    }

    fn check_output(&self, ask: &Ask, output: &WireExtent) -> Result<Output, Rejection> {
        let wrong = |why| Err(Rejection::OutputsWrong(why));
        if output.bytes == 0 || output.records == 0 {
            return wrong("one has no records or no bytes");
        }
        if u64::from(output.records) > u64::from(output.last_delta) + 1 {
            return wrong("one holds more records than offsets");
        }
        let Some(WirePlace::Segment(SegmentPlace {
            name: Some(name),
            start,
        })) = &output.place
        else {
            return wrong("one does not lie in a segment");
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
        if start.checked_add(u64::from(output.bytes)).is_none() {
            return wrong("one ends beyond what can be");
        }
        Ok(Output {
            wire: *output,
            name,
            start: *start,
        })
    }

    /// Outputs are held before inputs are let go, so that an object which is both is not un-named in between.
    fn replace(&mut self, id: PartitionId, at: usize, gone: &[Packed], outputs: &[Output]) {
        let mut new = Vec::with_capacity(outputs.len());
        for Output { wire, name, start } in outputs {
            let slot = self.places.objects.intern(name);
            let spot = Spot::Segment { slot, start: *start };
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
            self.places.hold(&extent);
            new.push(extent);
        }
        for extent in gone {
            self.places.release(extent, self.position);
        }
        let Some(partition) = self.topics.partition_mut(id) else {
            return;
        };
        let sum = |extents: &[Packed]| extents.iter().map(|extent| u64::from(extent.bytes)).sum::<u64>();
        partition.bytes = partition.bytes - sum(gone) + sum(&new);
        partition.extents.replace(at, gone.len(), &new);
    }
}
