//! Appends in the model.

use metadata::entry::{Append, Group, ProducerBatch, RequestSequence, Run};
use metadata::{Applied, ObjectName, PartitionId, Place, Rejection, RunAck, Verdict};

use super::{Ask, Held, Judged, Model, OFFSET_MAX, Partition, Producer, Requests};

const WRAP: u64 = 1 << 31;

impl Model {
    pub(super) fn append(&mut self, ask: &Ask, append: &Append) -> Vec<Judged> {
        let shape_is_wrong = match append.segment {
            None => ask.lane == 2,
            Some(segment) => ask.lane == 1 || Some(segment.flush) != ask.flush || segment.attempt > 0xffff,
        };
        if shape_is_wrong {
            return vec![Err(Rejection::Malformed("")); append.groups.len()];
        }
        let full = self.full();
        let mut run = 0;
        let mut judged = Vec::new();
        for group in &append.groups {
            let before = self.topics.clone();
            let result = self.group(ask, append, group, run, &full);
            if result.is_err() {
                self.topics = before;
            }
            judged.push(result);
            run += group.runs.len() as u32;
        }
        judged
    }

    fn group(
        &mut self,
        ask: &Ask,
        append: &Append,
        group: &Group,
        first_run: u32,
        full: &Result<(), Rejection>,
    ) -> Judged {
        check_shape(ask, group)?;
        for run in &group.runs {
            self.partition(run.topic, run.partition)?;
        }
        if let Some(asked) = &group.request
            && let Some(answer) = self.request(group.runs[0].topic, asked)?
        {
            return Ok(answer);
        }
        let mut acks = Vec::new();
        for (index, run) in group.runs.iter().enumerate() {
            let place = match append.segment {
                None => Place::Inline {
                    position: ask.change.position,
                    proposal: ask.change.index as u16,
                    run: first_run + index as u32,
                },
                Some(segment) => Place::Segment {
                    name: ObjectName {
                        incarnation: ask.life,
                        flush: segment.flush,
                        attempt: segment.attempt as u16,
                    },
                    start: run.start,
                },
            };
            let position = self.position;
            let partition = self.partition_mut(run.topic, run.partition)?;
            acks.push(append_run(partition, position, run, place)?);
        }
        if group.request.is_some() || acks.iter().any(|ack| !ack.duplicate) {
            full.clone()?;
        }
        if let Some(asked) = &group.request {
            let position = self.position;
            let topic = self.topics.get_mut(&group.runs[0].topic).unwrap();
            let known = topic.requests.entry(asked.producer.to_vec()).or_insert(Requests {
                epoch: 0,
                acks: vec![],
                position,
            });
            if known.epoch != asked.epoch {
                known.acks.clear();
            }
            known.epoch = asked.epoch;
            known.position = position;
            known.acks.push(
                acks.iter()
                    .map(|ack| (ack.partition.partition, ack.base_offset, ack.records))
                    .collect(),
            );
        }
        Ok(Applied::Append(acks))
    }

    fn request(&self, topic: u32, asked: &RequestSequence) -> Result<Option<Applied>, Rejection> {
        let known = self.topics[&topic].requests.get(asked.producer.as_ref());
        let (current, next) = known.map_or((None, 0), |known| (Some(known.epoch), known.acks.len() as u64));
        match current {
            Some(current) if asked.epoch < current => return Err(Rejection::StaleRequestEpoch { current }),
            Some(current) if asked.epoch == current => {}
            _ if asked.sequence == 0 => return Ok(None),
            _ => return Err(Rejection::RequestGap { expected: 0 }),
        }
        if asked.sequence == next {
            return Ok(None);
        }
        if asked.sequence > next {
            return Err(Rejection::RequestGap { expected: next });
        }
        if next - asked.sequence > 5 {
            return Ok(Some(Applied::RequestTooOld));
        }
        let acks = known.unwrap().acks[asked.sequence as usize]
            .iter()
            .map(|&(partition, base_offset, records)| RunAck {
                partition: PartitionId { topic, partition },
                base_offset,
                records,
                duplicate: true,
            });
        Ok(Some(Applied::RequestDuplicate { acks: acks.collect() }))
    }
}

fn check_shape(ask: &Ask, group: &Group) -> Result<(), Rejection> {
    let malformed = Err(Rejection::Malformed(""));
    if group.runs.is_empty() {
        return malformed;
    }
    if group.runs.len() > 8192 {
        return Err(Rejection::TooManyRuns { limit: 8192 });
    }
    for run in &group.runs {
        let lies_well = if ask.lane == 1 {
            run.inline.len() == run.bytes as usize && run.start == 0
        } else {
            run.inline.is_empty() && run.start <= u64::MAX - u64::from(run.bytes)
        };
        if run.records == 0 || run.bytes == 0 || !lies_well {
            return malformed;
        }
    }
    if let Some(request) = &group.request {
        let one_topic = group.runs.iter().all(|run| run.topic == group.runs[0].topic);
        if !one_topic || request.producer.is_empty() || request.producer.len() > 255 {
            return malformed;
        }
    }
    Ok(())
}

fn append_run(partition: &mut Partition, position: u64, run: &Run, place: Place) -> Result<RunAck, Rejection> {
    let id = PartitionId {
        topic: run.topic,
        partition: run.partition,
    };
    let base = partition.end;
    if let Some(batch) = &run.producer
        && let Some(base_offset) = check_producer(partition, batch, run.records)?
    {
        return Ok(RunAck {
            partition: id,
            base_offset,
            records: run.records,
            duplicate: true,
        });
    }
    if let Some(expected) = run.expected_offset
        && expected != base
    {
        return Err(Rejection::OffsetMismatch { actual: base });
    }
    if u64::from(run.records) > OFFSET_MAX - base {
        return Err(Rejection::OffsetsExhausted);
    }
    if let Some(batch) = &run.producer {
        let fresh = Producer {
            epoch: batch.epoch,
            batches: Vec::new(),
            position,
        };
        let known = partition.producers.entry(batch.id).or_insert_with(|| fresh.clone());
        if known.epoch != batch.epoch {
            *known = fresh;
        }
        known.position = position;
        known
            .batches
            .push((batch.base_sequence, last_sequence(batch, run.records), base));
    }
    partition.end = base + u64::from(run.records);
    let (first, last) = (base, partition.end - 1);
    let new = Held {
        first,
        last,
        records: run.records,
        bytes: run.bytes,
        timestamp: run.max_timestamp,
        place,
    };
    let joined = partition.extents.last().and_then(|before| join(before, &new));
    match joined {
        Some(joined) => *partition.extents.last_mut().unwrap() = joined,
        None => partition.extents.push(new),
    }
    Ok(RunAck {
        partition: id,
        base_offset: base,
        records: run.records,
        duplicate: false,
    })
}

fn join(before: &Held, new: &Held) -> Option<Held> {
    let (
        Place::Segment { name, start },
        Place::Segment {
            name: new_name,
            start: new_start,
        },
    ) = (before.place, new.place)
    else {
        return None;
    };
    if name != new_name || start + u64::from(before.bytes) != new_start {
        return None;
    }
    u32::try_from(new.last - before.first).ok()?;
    Some(Held {
        last: new.last,
        records: before.records.checked_add(new.records)?,
        bytes: before.bytes.checked_add(new.bytes)?,
        timestamp: before.timestamp.max(new.timestamp),
        ..*before
    })
}

fn last_sequence(batch: &ProducerBatch, records: u32) -> u32 {
    ((u64::from(batch.base_sequence) + u64::from(records) + WRAP - 1) % WRAP) as u32
}

/// The first offset of a repeated batch.
fn check_producer(partition: &Partition, batch: &ProducerBatch, records: u32) -> Result<Option<u64>, Rejection> {
    let base = batch.base_sequence;
    if batch.epoch > 32_767 || u64::from(base) >= WRAP || u64::from(records) > WRAP || batch.id > OFFSET_MAX {
        return Err(Rejection::Malformed(""));
    }
    let Some(known) = partition.producers.get(&batch.id) else {
        let unknown = Rejection::UnknownProducer {
            log_start: partition.start,
        };
        return if base == 0 { Ok(None) } else { Err(unknown) };
    };
    if batch.epoch < known.epoch {
        return Err(Rejection::StaleProducerEpoch { current: known.epoch });
    }
    let mut expected = 0;
    if batch.epoch == known.epoch {
        let newest_five = known.batches.iter().rev().take(5).collect::<Vec<_>>();
        let last = last_sequence(batch, records);
        // The oldest of equals, should sequences have gone all the way round among five.
        if let Some((_, _, offset)) = newest_five.iter().rev().find(|seen| (seen.0, seen.1) == (base, last)) {
            return Ok(Some(*offset));
        }
        expected = ((u64::from(newest_five[0].1) + 1) % WRAP) as u32;
    }
    if base == expected {
        Ok(None)
    } else {
        Err(Rejection::SequenceOutOfOrder { expected, got: base })
    }
}

impl Model {
    /// How often a verdict was a repeat of a producer's batch.
    pub(crate) fn repeats(verdict: &Verdict) -> usize {
        match verdict {
            Verdict::Applied(Applied::Append(acks)) => acks.iter().filter(|ack| ack.duplicate).count(),
            _ => 0,
        }
    }
}
