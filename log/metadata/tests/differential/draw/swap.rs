//! Draws trims and swaps.

use metadata::entry::extent::Place as Wire;
use metadata::entry::proposal::Kind;
use metadata::entry::{
    Cleaning, Extent, InlinePlace, LakeEnd, LakePlace, PartitionSwap, PartitionTrim, SegmentPlace, Swap, Tombstones,
    Trim,
};
use metadata::{Incarnation, ObjectName, Place};

use super::Drawer;
use crate::model::{Held, Model};

fn wire(held: &Held) -> Extent {
    let place = match held.place {
        Place::Inline {
            position,
            proposal,
            run,
        } => Wire::Inline(InlinePlace {
            position,
            proposal: u32::from(proposal),
            run,
        }),
        Place::Segment { name, start } => Wire::Segment(SegmentPlace {
            name: Some(name.into()),
            start,
        }),
        Place::Lake { name, end } => Wire::Lake(LakePlace {
            name: Some(name.into()),
            end: Some(end.into()),
        }),
    };
    Extent {
        first: held.first,
        last_delta: (held.last - held.first) as u32,
        records: held.records,
        bytes: held.bytes,
        max_timestamp: held.timestamp,
        place: Some(place),
    }
}

impl Drawer {
    pub(super) fn trim(&mut self, model: &Model) -> Kind {
        let count = self.dice.between(1, 2);
        let partitions = (0..count).map(|_| {
            let (topic, partition) = self.partition(model);
            let (start, end) = model
                .partition(topic, partition)
                .map_or((0, 0), |known| (known.start, known.end));
            let before = match self.dice.below(10) {
                0 => end + 1,
                1 => start.saturating_sub(1),
                2 | 3 => end,
                _ => self.dice.between(start, end.min(start + 20)),
            };
            let seen_start = match self.dice.below(8) {
                0 => Some(start + 1),
                1..4 => Some(start),
                _ => None,
            };
            let lake_before = match self.dice.below(6) {
                0 => Some(before + 1),
                1 | 2 => Some(0),
                3 => Some(self.dice.between(before.saturating_sub(20), before)),
                _ => None,
            };
            PartitionTrim {
                topic,
                partition,
                before,
                seen_start,
                lake_before,
            }
        });
        Kind::Trim(Trim {
            partitions: partitions.collect(),
        })
    }

    pub(super) fn swap(&mut self, model: &Model, life: Incarnation, flush: Option<u64>, floor: Option<u64>) -> Kind {
        let count = self.dice.between(1, 3);
        let flush = flush.or(floor).unwrap_or(0);
        let partitions = (0..count).map(|_| self.partition_swap(model, life, flush)).collect();
        Kind::Swap(Swap { partitions })
    }

    fn partition_swap(&mut self, model: &Model, life: Incarnation, flush: u64) -> PartitionSwap {
        let (topic, partition) = self.partition(model);
        let empty = PartitionSwap {
            topic,
            partition,
            ..Default::default()
        };
        let Ok(known) = model.partition(topic, partition) else {
            return empty;
        };
        // What was trimmed and what stands lie one behind the other, unless swaps changed what was seen.
        let mut seen = if self.dice.percent(30) {
            known.trimmed.clone()
        } else {
            Vec::new()
        };
        seen.extend(&known.extents);
        if seen.is_empty() {
            return empty;
        }
        let from = self.dice.below(seen.len().min(6));
        let to = (from + 1 + self.dice.below(5)).min(seen.len());
        let mut inputs: Vec<Extent> = seen[from..to].iter().map(wire).collect();
        let mut outputs = self.outputs(life, flush, &inputs);
        let cleaning = self.dice.percent(25).then(|| self.clean(&inputs, &mut outputs));
        if self.dice.percent(12) {
            let input = self.dice.below(inputs.len());
            self.bend_input(&mut inputs[input]);
        }
        if self.dice.percent(15) {
            let output = self.dice.below(outputs.len());
            let named = &mut outputs[output];
            self.bend_output(named, flush);
        }
        PartitionSwap {
            topic,
            partition,
            inputs,
            outputs,
            cleaning,
        }
    }

    /// Leaves records out of the outputs, and says how far that went.
    fn clean(&mut self, inputs: &[Extent], outputs: &mut [Extent]) -> Cleaning {
        for output in outputs.iter_mut() {
            let left_out = self.dice.between(0, u64::from(output.records)) as u32;
            output.records -= left_out;
            if output.records == 0 {
                output.bytes = 0;
            }
        }
        let end = inputs
            .last()
            .map_or(0, |last| last.first + u64::from(last.last_delta) + 1);
        let through = match self.dice.below(8) {
            0 => 0,
            1 => end + 1,
            2..5 => end,
            _ => self.dice.between(0, end),
        };
        let tombstones = self.dice.percent(50).then(|| Tombstones {
            before: through.saturating_sub(self.dice.between(0, 3)) + u64::from(self.dice.percent(5)),
            since: self.dice.between(0, 100) as i64,
        });
        Cleaning { through, tombstones }
    }

    /// One output over all inputs where that fits, else one for each; sometimes cut in two.
    fn outputs(&mut self, life: Incarnation, flush: u64, inputs: &[Extent]) -> Vec<Extent> {
        let first = inputs[0].first;
        let records: u32 = inputs.iter().map(|input| input.records).fold(0, u32::wrapping_add);
        let offsets: u64 = inputs.iter().map(|input| u64::from(input.last_delta) + 1).sum();
        // The first offset of each, how many it has, and how many records.
        let spans: Vec<(u64, u32, u32)> = match u32::try_from(offsets) {
            Ok(offsets) if offsets > 1 && self.dice.percent(40) => {
                let cut = self.dice.between(1, u64::from(offsets) - 1) as u32;
                let here = records.min(cut);
                vec![
                    (first, cut, here),
                    (first + u64::from(cut), offsets - cut, records - here),
                ]
            }
            Ok(offsets) => vec![(first, offsets, records)],
            Err(_) => {
                let same = |input: &Extent| (input.first, input.last_delta.saturating_add(1), input.records);
                inputs.iter().map(same).collect()
            }
        };
        let spans = spans.into_iter().map(|(first, offsets, records)| {
            let older = [0, 0, 0, 0, 0, 1, 2][self.dice.below(7)];
            let name = ObjectName {
                incarnation: life,
                flush: flush.saturating_sub(older),
                attempt: 0,
            };
            self.names.push(name);
            let place = Some(self.place(name));
            let (bytes, max_timestamp) = (self.dice.between(1, 50) as u32, self.dice.between(0, 100) as i64);
            Extent {
                first,
                last_delta: offsets - 1,
                records,
                bytes: if records == 0 { 0 } else { bytes },
                max_timestamp,
                place,
            }
        });
        spans.collect()
    }

    /// Mostly a name is always of one kind of object.
    fn place(&mut self, name: ObjectName) -> Wire {
        let (is_lake, object_bytes) = (name.flush.is_multiple_of(3), 100 + name.flush);
        match is_lake != self.dice.percent(4) {
            false => Wire::Segment(SegmentPlace {
                name: Some(name.into()),
                start: self.dice.between(0, 99),
            }),
            true => Wire::Lake(LakePlace {
                name: Some(name.into()),
                end: Some(LakeEnd {
                    object_bytes,
                    tail_bytes: 7,
                    tail_checksum: 8,
                }),
            }),
        }
    }

    fn bend_input(&mut self, input: &mut Extent) {
        match self.dice.below(6) {
            0 => input.first += 1,
            1 => input.last_delta = input.last_delta.wrapping_add(1),
            2 => input.bytes += 1,
            3 => input.records += 1,
            4 => input.place = None,
            _ => match &mut input.place {
                Some(Wire::Inline(at)) => at.run += 1,
                Some(Wire::Segment(at)) => at.start += 1,
                Some(Wire::Lake(at)) => at.name.as_mut().unwrap().attempt += 1,
                None => {}
            },
        }
    }

    fn bend_output(&mut self, output: &mut Extent, flush: u64) {
        let (place, name) = match &mut output.place {
            Some(Wire::Segment(SegmentPlace { name, start })) => (Ok(start), name),
            Some(Wire::Lake(LakePlace { name, end: Some(end) })) => (Err(end), name),
            _ => return,
        };
        let Some(name) = name else { return };
        match self.dice.below(9) {
            0 => output.first += 1,
            1 => output.last_delta = output.last_delta.wrapping_add(1),
            2 => output.bytes = 0,
            3 => output.records += 1,
            4 => name.flush = flush + 1,
            5 => name.flush = 0,
            6 => name.incarnation.as_mut().unwrap().nonce += 1,
            7 => match place {
                Ok(start) => *start = u64::MAX,
                Err(end) if self.dice.percent(50) => end.tail_checksum += 1,
                Err(end) => end.object_bytes = 6,
            },
            _ => output.place = Some(Wire::Inline(InlinePlace::default())),
        }
    }
}
