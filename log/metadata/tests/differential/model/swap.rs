//! Trims and swaps in the model.

use metadata::entry::extent::Place as Wire;
use metadata::entry::{Extent, PartitionSwap, PartitionTrim};
use metadata::{Applied, LakeEnd, ObjectName, Place, Rejection};

use super::{Ask, Held, Judged, Model};

impl Model {
    pub(super) fn trim(&mut self, trim: &PartitionTrim) -> Judged {
        let partition = self.partition_mut(trim.topic, trim.partition)?;
        if let Some(seen) = trim.seen_start
            && seen != partition.start
        {
            return Err(Rejection::SeenChanged {
                actual: Some(partition.start),
            });
        }
        if trim.before > partition.end {
            return Err(Rejection::OffsetBeyondEnd {
                high_watermark: partition.end,
            });
        }
        partition.start = partition.start.max(trim.before);
        let start = partition.start;
        let lake_before = trim.lake_before.unwrap_or(trim.before).min(trim.before);
        // From the last one on, until one has to go.
        let is_kept = |held: &&Held| {
            let is_lake = matches!(held.place, Place::Lake { .. });
            held.last >= start || is_lake && held.last >= lake_before
        };
        let stays = partition.extents.iter().rev().take_while(is_kept).count();
        let gone: Vec<Held> = partition.extents.drain(..partition.extents.len() - stays).collect();
        partition.trimmed.extend(gone);
        let excess = partition.trimmed.len().saturating_sub(4);
        partition.trimmed.drain(..excess);
        Ok(Applied::Trimmed { log_start: start })
    }

    pub(super) fn swap(&mut self, ask: &Ask, swap: &PartitionSwap) -> Judged {
        let partition = self.partition(swap.topic, swap.partition)?;
        let start = partition.start;
        let left = partition.extents.first().map_or(start, |first| first.first);
        let inputs: Option<Vec<Held>> = swap.inputs.iter().map(held).collect();
        let inputs = inputs.filter(|inputs| follow(inputs)).ok_or(Rejection::InputsChanged)?;
        let remaining: Vec<&Held> = inputs.iter().filter(|input| input.last >= left).collect();
        for input in &remaining {
            // What opens an input's file is not looked at: its name says which file it is.
            let same = |stands: &&Held| {
                let place = match (stands.place, input.place) {
                    (Place::Lake { name, .. }, Place::Lake { end, .. }) => Place::Lake { name, end },
                    (place, _) => place,
                };
                let timestamp = input.timestamp;
                Held {
                    timestamp,
                    place,
                    ..**stands
                } == **input
            };
            partition.extents.iter().find(same).ok_or(Rejection::InputsChanged)?;
        }
        let outputs: Option<Vec<Held>> = swap.outputs.iter().map(held).collect();
        let outputs = outputs
            .filter(|outputs| follow(outputs))
            .ok_or(Rejection::OutputsWrong(""))?;
        let records = |held: &[Held]| held.iter().map(|held| u64::from(held.records)).sum::<u64>();
        let one_kind = outputs.iter().all(|output| {
            outputs
                .iter()
                .chain(self.extents())
                .all(|other| can_both_be(output, other))
        });
        let end = inputs.last().unwrap().last + 1;
        let covers = outputs[0].first == inputs[0].first && outputs.last().unwrap().last + 1 == end;
        let (stay, were) = (records(&outputs), records(&inputs));
        if !covers || swap.cleaning.is_none() && stay != were {
            return Err(Rejection::OutputsWrong(""));
        }
        if swap.cleaning.is_some() && !self.is_compacted(swap.topic) {
            return Err(Rejection::NotCompacted);
        }
        let tombstones = swap.cleaning.as_ref().and_then(|cleaning| cleaning.tombstones);
        let through = swap.cleaning.as_ref().map_or(0, |cleaning| cleaning.through);
        let cleaned = through <= end && tombstones.is_none_or(|they| (1..=through).contains(&they.before));
        let stand = outputs.iter().all(|output| self.may_stand(ask, output));
        let below = remaining.first().filter(|input| input.last < start);
        let from = below.map_or(start, |input| input.first);
        let outputs: Vec<Held> = outputs.into_iter().filter(|output| output.last >= from).collect();
        let is_right = |output: &Held| output.last >= start || matches!(output.place, Place::Lake { .. });
        if stay > were || !cleaned || !stand || !one_kind || !outputs.iter().all(is_right) {
            return Err(Rejection::OutputsWrong(""));
        }
        let first = remaining.first().map(|input| input.first);
        let remaining = remaining.len();
        let partition = self.partition_mut(swap.topic, swap.partition)?;
        if let Some(first) = first {
            let at = partition.extents.iter().position(|held| held.first == first).unwrap();
            partition.extents.splice(at..at + remaining, outputs);
        }
        if through > 0 && through >= partition.cleaned.0 {
            partition.cleaned = (through, tombstones.map(|they| (they.before, they.since)));
        }
        Ok(Applied::Swapped)
    }

    fn is_compacted(&self, topic: u32) -> bool {
        let policy = self.topics[&topic].config.get("cleanup.policy");
        policy.is_some_and(|policy| policy != "delete")
    }

    fn may_stand(&self, ask: &Ask, output: &Held) -> bool {
        let Some((name, end)) = object(output) else {
            return false;
        };
        let fits = match (output.place, end) {
            (Place::Segment { start, .. }, _) => start <= u64::MAX - u64::from(output.bytes),
            (_, Some(end)) => end.tail_bytes > 0 && u64::from(end.tail_bytes) <= end.object_bytes,
            _ => false,
        };
        let named = || {
            self.extents()
                .any(|held| object(held).is_some_and(|(other, _)| other == name))
                || self.published().any(|other| other == name)
        };
        let not_garbage = ask.floor.is_none_or(|floor| name.flush >= floor) || named();
        let is_lake = matches!(output.place, Place::Lake { .. });
        let holds = output.bytes > 0 && output.records > 0;
        (holds || is_lake && output.bytes == 0 && output.records == 0)
            && u64::from(output.records) <= output.last - output.first + 1
            && name.incarnation == ask.life
            && name.flush <= ask.flush.unwrap()
            && not_garbage
            && fits
    }
}

/// The object that an extent lies in, and what opens it if it is a lake file.
pub(super) fn object(held: &Held) -> Option<(ObjectName, Option<LakeEnd>)> {
    match held.place {
        Place::Inline { .. } => None,
        Place::Segment { name, .. } => Some((name, None)),
        Place::Lake { name, end } => Some((name, Some(end))),
    }
}

/// A name is one object's.
fn can_both_be(one: &Held, other: &Held) -> bool {
    let (Some((name, end)), Some((other, other_end))) = (object(one), object(other)) else {
        return true;
    };
    name != other || end == other_end
}

fn follow(extents: &[Held]) -> bool {
    !extents.is_empty()
        && extents
            .windows(2)
            .all(|pair| pair[0].last.checked_add(1) == Some(pair[1].first))
}

/// An extent on the wire. What cannot be a place becomes one that nothing has: it matters only if it is looked at.
fn held(extent: &Extent) -> Option<Held> {
    let nowhere = Place::Inline {
        position: u64::MAX,
        proposal: 0,
        run: 0,
    };
    let place = match extent.place.as_ref() {
        Some(Wire::Inline(at)) => {
            let proposal = u16::try_from(at.proposal);
            proposal.map_or(nowhere, |proposal| Place::Inline {
                position: at.position,
                proposal,
                run: at.run,
            })
        }
        Some(Wire::Segment(at)) => {
            let name = at.name.as_ref().and_then(|name| ObjectName::try_from(name).ok());
            name.map_or(nowhere, |name| Place::Segment { name, start: at.start })
        }
        Some(Wire::Lake(at)) => {
            let name = at.name.as_ref().and_then(|name| ObjectName::try_from(name).ok());
            let end = at.end.as_ref().map(LakeEnd::from);
            name.zip(end).map_or(nowhere, |(name, end)| Place::Lake { name, end })
        }
        None => nowhere,
    };
    Some(Held {
        first: extent.first,
        last: extent.first.checked_add(u64::from(extent.last_delta))?,
        records: extent.records,
        bytes: extent.bytes,
        timestamp: extent.max_timestamp,
        place,
    })
}
