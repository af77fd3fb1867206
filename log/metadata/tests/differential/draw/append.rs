//! Draws appends.

use metadata::entry::proposal::Kind;
use metadata::entry::{Append, Group, ObjectNumber, ProducerBatch, RequestSequence, Run};
use metadata::{Incarnation, ObjectName};

use super::Drawer;
use crate::model::Model;

/// Where the runs of a proposal lie.
struct Layout {
    inline: bool,
    start: u64,
}

impl Drawer {
    pub(super) fn append(&mut self, model: &Model, life: Incarnation, lane: u32, flush: Option<u64>) -> Kind {
        if self.dice.permille(4) {
            return Kind::Append(self.crowded(lane, flush));
        }
        let number = flush.unwrap_or(0);
        let attempt = u16::from(self.dice.percent(5));
        let mut segment = (lane == 2).then_some(ObjectNumber {
            flush: number,
            attempt: u32::from(attempt),
        });
        if let Some(segment) = &mut segment {
            self.names.push(ObjectName {
                incarnation: life,
                flush: number,
                attempt,
            });
            match self.dice.below(300) {
                0 => segment.flush += 1,
                1 => segment.attempt = 1 << 16,
                _ => {}
            }
        }
        if self.dice.permille(4) {
            segment = if segment.is_some() {
                None
            } else {
                Some(ObjectNumber::default())
            };
        }
        let start = self.ends.get(&(life, number)).copied().unwrap_or(16);
        let mut layout = Layout {
            inline: lane == 1,
            start,
        };
        let groups = (0..self.dice.between(1, 3))
            .map(|_| self.group(model, &mut layout))
            .collect();
        if lane == 2 {
            self.ends.insert((life, number), layout.start);
        }
        Kind::Append(Append { segment, groups })
    }

    /// A group of more runs than there may be.
    fn crowded(&mut self, lane: u32, flush: Option<u64>) -> Append {
        let segment = (lane == 2).then_some(ObjectNumber {
            flush: flush.unwrap_or(0),
            attempt: 0,
        });
        Append {
            segment,
            groups: vec![Group {
                runs: vec![Run::default(); 8193],
                request: None,
            }],
        }
    }

    fn group(&mut self, model: &Model, layout: &mut Layout) -> Group {
        let (topic, partition) = self.partition(model);
        let count = match self.dice.below(10) {
            0 => 3,
            1..4 => 2,
            _ => 1,
        };
        let mut runs = Vec::new();
        for _ in 0..count {
            let (other_topic, other) = if self.dice.percent(50) {
                (topic, partition)
            } else {
                self.partition(model)
            };
            let run = self.run(model, layout, other_topic, other, runs.len() as u64);
            runs.push(run);
        }
        let mut request = None;
        if self.dice.percent(25) {
            runs.retain(|run| run.topic == topic);
            request = Some(self.request(model, topic));
        }
        match self.dice.below(400) {
            0 => runs.clear(),
            1 => runs.iter_mut().for_each(|run| run.records = 0),
            2 => runs.iter_mut().for_each(|run| run.start = u64::MAX),
            3 => runs.iter_mut().for_each(|run| run.bytes = 1000),
            4 => {
                request = Some(RequestSequence {
                    producer: vec![b'p'; 256].into(),
                    epoch: 0,
                    sequence: 0,
                })
            }
            _ => {}
        }
        Group { runs, request }
    }

    fn run(&mut self, model: &Model, layout: &mut Layout, topic: u32, partition: u32, before: u64) -> Run {
        let dice = &mut self.dice;
        let records = if dice.permille(5) {
            (1 << 31) - 5
        } else {
            dice.between(1, 4) as u32
        };
        let bytes = dice.between(1, 6) as u32;
        let max_timestamp = dice.between(0, 1000) as i64 - 100;
        let mut run = Run {
            topic,
            partition,
            records,
            bytes,
            max_timestamp,
            ..Default::default()
        };
        if layout.inline {
            run.inline = vec![b'x'; bytes as usize].into();
        } else {
            // Mostly right behind the run before.
            layout.start += if dice.percent(15) { 7 } else { 0 };
            run.start = layout.start;
            layout.start += u64::from(bytes);
        }
        let known = model.partition(topic, partition).ok();
        if dice.percent(40) {
            let id = dice.between(1, 5);
            run.producer = Some(self.batch(model, topic, partition, id, &mut run.records));
        }
        if self.dice.percent(6) {
            let end = known.map_or(0, |known| known.end);
            run.expected_offset = Some(end + [0, 0, before, 1][self.dice.below(4)]);
        }
        run
    }

    fn batch(&mut self, model: &Model, topic: u32, partition: u32, id: u64, records: &mut u32) -> ProducerBatch {
        let dice = &mut self.dice;
        let known = model
            .partition(topic, partition)
            .ok()
            .and_then(|known| known.producers.get(&id));
        let Some(known) = known else {
            let base_sequence = u32::from(dice.percent(10)) * 3;
            return ProducerBatch {
                id,
                epoch: dice.between(0, 2) as u32,
                base_sequence,
            };
        };
        let newest = known.batches.last().map_or(0, |batch| batch.1);
        let mut batch = ProducerBatch {
            id,
            epoch: known.epoch,
            base_sequence: (newest + 1) % (1 << 31),
        };
        match dice.below(20) {
            0..3 => {
                let at = known.batches.len().saturating_sub(1 + dice.below(7));
                let (base, last, _) = known.batches[at];
                batch.base_sequence = base;
                if last >= base {
                    *records = last - base + 1;
                }
            }
            3 => batch.base_sequence = (newest + 2) % (1 << 31),
            4 => batch.epoch += 1,
            5 => (batch.epoch, batch.base_sequence) = (batch.epoch + 1, 0),
            6 => batch.epoch = batch.epoch.saturating_sub(1),
            7 if dice.percent(10) => batch.epoch = 32_768,
            8 if dice.percent(10) => batch.base_sequence = 1 << 31,
            9 if dice.percent(10) => batch.id = 1 << 63,
            _ => {}
        }
        batch
    }

    fn request(&mut self, model: &Model, topic: u32) -> RequestSequence {
        let dice = &mut self.dice;
        let producer = format!("p{}", dice.below(2)).into_bytes();
        let known = model.topics.get(&topic).and_then(|topic| topic.requests.get(&producer));
        let (epoch, next) = known.map_or((1, 0), |known| (known.epoch, known.acks.len() as u64));
        let mut asked = RequestSequence {
            producer: producer.into(),
            epoch,
            sequence: next,
        };
        match dice.below(20) {
            0..4 => asked.sequence = next.saturating_sub(dice.between(1, 8)),
            4 => asked.sequence = next + 1,
            8..15 if next > 5 => asked.sequence = 0,
            5 => asked.epoch = epoch.saturating_sub(1),
            6 => asked.epoch += 1,
            7 => (asked.epoch, asked.sequence) = (epoch + 1, 0),
            _ => {}
        }
        asked
    }
}
