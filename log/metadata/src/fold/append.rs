//! Appends: each group is judged whole, then applied.
//!
//! Judging changes nothing. What earlier runs of a group would do (the partition's next offset, the producer's last
//! batches) is kept in a [`Scratch`] for the later ones to see; when the last run has passed, the group is applied from
//! what judging found, so a rejected group needs no undoing and no large state is copied.

use bytes::Bytes;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use seeded::Bug;

use super::judge::Ask;
use crate::entry::{Append, Group, RequestSequence, Run};
use crate::ids::{Lane, ObjectName, PartitionId};
use crate::limits::{OFFSET_MAX, REQUEST_PRODUCER_BYTES_MAX, RUNS_PER_GROUP_MAX};
use crate::outcome::{Applied, Rejection, RunAck, Verdict};
use crate::state::State;
use crate::state::extent::{Packed, Spot};
use crate::state::producer::{self, Batch, Judged, Producer};
use crate::state::request::{self, Ack, Asked, RequestProducer};

/// What the runs of a group that passed would do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scratch {
    runs: Vec<Passed>,
    ends: HashMap<PartitionId, u64, FxBuildHasher>,
    producers: HashMap<(PartitionId, u64), Producer, FxBuildHasher>,
}

/// A run that passed.
#[derive(Debug, Clone, Copy)]
struct Passed {
    base_offset: u64,
    duplicate: bool,
    /// Epoch and sequences of a producer's batch that is new.
    batch: Option<(u16, Batch)>,
}

/// Where a proposal's runs lie.
#[derive(Debug, Clone, Copy)]
enum Source {
    Inline { position: u64, proposal: u16 },
    Segment { slot: u32 },
}

/// A partition's id as a run names it.
fn partition_of(run: &Run) -> PartitionId {
    PartitionId {
        topic: run.topic,
        partition: run.partition,
    }
}

impl State {
    pub(super) fn append(&mut self, ask: &Ask, append: &Append) -> Vec<Verdict> {
        let source = match self.source(ask, append) {
            Ok(source) => source,
            Err(rejection) => return vec![Verdict::Rejected(rejection); append.groups.len()],
        };
        let full = self.refuse_growth();
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut first_run = 0u32;
        let mut verdicts = Vec::with_capacity(append.groups.len());
        for group in &append.groups {
            let asked = self.judge_group(&mut scratch, source, group, &full);
            verdicts.push(
                asked
                    .map(|found| found.unwrap_or_else(|| self.apply_group(&scratch, source, group, first_run)))
                    .into(),
            );
            first_run = first_run.saturating_add(u32::try_from(group.runs.len()).unwrap_or(u32::MAX));
        }
        scratch.clear();
        self.scratch = scratch;
        if let Source::Segment { slot } = source {
            self.places.objects.discard(slot);
        }
        verdicts
    }

    /// Where the runs lie, if the proposal says so without contradiction. The segment's flush must be the proposal's:
    /// an older one could be garbage already.
    fn source(&mut self, ask: &Ask, append: &Append) -> Result<Source, Rejection> {
        if ask.lane == Lane::Inline {
            let proposal = u16::try_from(ask.change.index)
                .ok()
                .filter(|_| append.segment.is_none());
            let proposal = proposal.ok_or(Rejection::Malformed("an inline append has no segment"))?;
            return Ok(Source::Inline {
                position: ask.change.position,
                proposal,
            });
        }
        let segment = append
            .segment
            .ok_or(Rejection::Malformed("an append of the object lane has a segment"))?;
        let attempt = u16::try_from(segment.attempt).map_err(|_| Rejection::Malformed("attempt out of range"))?;
        if ask.flush != Some(segment.flush) && !seeded::is(Bug::FlushAtProposing) {
            return Err(Rejection::Malformed(
                "the segment is of another flush than the proposal",
            ));
        }
        let name = ObjectName {
            incarnation: ask.incarnation,
            flush: segment.flush,
            attempt,
        };
        Ok(Source::Segment {
            slot: self.places.objects.intern(&name),
        })
    }

    /// `None` when the group is to be applied as the scratch says; an answer when a request was answered before.
    fn judge_group(
        &self,
        scratch: &mut Scratch,
        source: Source,
        group: &Group,
        full: &Result<(), Rejection>,
    ) -> Result<Option<Applied>, Rejection> {
        check_shape(source, group)?;
        for run in &group.runs {
            let topic = self.topics.get(run.topic).ok_or(Rejection::UnknownTopic)?;
            if run.partition >= topic.partition_count() {
                return Err(Rejection::UnknownPartition);
            }
        }
        if let Some(answered) = self.judge_request(group)? {
            return Ok(Some(answered));
        }
        scratch.clear();
        let several = group.runs.len() > 1;
        for run in &group.runs {
            let passed = match self.judge_run(scratch, run, several) {
                Err(_) if seeded::is(Bug::PartialGroup) && !scratch.runs.is_empty() => break,
                judged => judged?,
            };
            scratch.runs.push(passed);
        }
        // A group of mere repeats adds nothing, and may be answered by a full fold too.
        if scratch.runs.iter().any(|run| !run.duplicate) || group.request.is_some() {
            full.clone()?;
        }
        Ok(None)
    }

    /// The answer to a request that was taken before; `None` to one that is new, or to a group without.
    fn judge_request(&self, group: &Group) -> Result<Option<Applied>, Rejection> {
        let (Some(asked), Some(first)) = (&group.request, group.runs.first()) else {
            return Ok(None);
        };
        let known = self
            .topics
            .get(first.topic)
            .and_then(|topic| topic.requests.get(&asked.producer));
        Ok(match request::judge(known, asked)? {
            Asked::Next => None,
            Asked::TooOld => Some(Applied::RequestTooOld),
            Asked::Repeat(acks) => {
                let acks = acks.iter().map(|ack| RunAck {
                    partition: PartitionId {
                        topic: first.topic,
                        partition: ack.partition,
                    },
                    base_offset: ack.base_offset,
                    records: ack.records,
                    duplicate: true,
                });
                Some(Applied::RequestDuplicate { acks: acks.collect() })
            }
        })
    }

    /// A repeat of a producer's batch is found before its expected offset is looked at: the condition held when the
    /// batch was taken, and whoever repeats it asks for that answer.
    fn judge_run(&self, scratch: &mut Scratch, run: &Run, several: bool) -> Result<Passed, Rejection> {
        let id = partition_of(run);
        let partition = self.topics.partition(id).ok_or(Rejection::UnknownPartition)?;
        let base_offset = scratch.ends.get(&id).copied().unwrap_or(partition.end);
        let mut batch = None;
        if let Some(asked) = &run.producer {
            let known = scratch
                .producers
                .get(&(id, asked.id))
                .or_else(|| partition.producers.get(&asked.id));
            match producer::judge(known, asked, run.records, partition.log_start)? {
                Judged::Duplicate(offset) => {
                    return Ok(Passed {
                        base_offset: offset,
                        duplicate: true,
                        batch: None,
                    });
                }
                Judged::Next { epoch, base, last } => {
                    let new = Batch {
                        base,
                        last,
                        offset: base_offset,
                    };
                    batch = Some((epoch, new));
                    if several {
                        let after = Producer::after(known, epoch, new, self.position);
                        scratch.producers.insert((id, asked.id), after);
                    }
                }
            }
        }
        if run.expected_offset.is_some_and(|expected| expected != base_offset) {
            return Err(Rejection::OffsetMismatch { actual: base_offset });
        }
        let end = base_offset
            .checked_add(u64::from(run.records))
            .filter(|&end| end <= OFFSET_MAX);
        let end = end.ok_or(Rejection::OffsetsExhausted)?;
        if several {
            scratch.ends.insert(id, end);
        }
        Ok(Passed {
            base_offset,
            duplicate: false,
            batch,
        })
    }

    fn apply_group(&mut self, scratch: &Scratch, source: Source, group: &Group, first_run: u32) -> Applied {
        let mut acks = Vec::with_capacity(group.runs.len());
        for ((index, run), passed) in (first_run..).zip(&group.runs).zip(&scratch.runs) {
            let partition = partition_of(run);
            if !passed.duplicate {
                self.apply_run(source, index, run, passed);
            }
            let Passed {
                base_offset, duplicate, ..
            } = *passed;
            acks.push(RunAck {
                partition,
                base_offset,
                records: run.records,
                duplicate,
            });
        }
        if let (Some(asked), Some(first)) = (&group.request, acks.first()) {
            self.remember_request(first.partition.topic, asked, &acks);
        }
        Applied::Append(acks)
    }

    fn apply_run(&mut self, source: Source, index: u32, run: &Run, passed: &Passed) {
        let spot = match source {
            Source::Inline { position, proposal } => Spot::Inline {
                position,
                proposal,
                run: index,
            },
            Source::Segment { slot } => Spot::Segment { slot, start: run.start },
        };
        let (place, start) = spot
            .pack()
            .expect("positions, slots and runs are bounded where they come from");
        let extent = Packed {
            first: passed.base_offset,
            start,
            max_timestamp: run.max_timestamp,
            last_delta: run.records - 1,
            records: run.records,
            bytes: run.bytes,
            place,
        };
        let Some(partition) = self.topics.partition_mut(partition_of(run)) else {
            return;
        };
        let hole = run.records > 3 && seeded::is(Bug::OffsetHole);
        partition.end = passed.base_offset + u64::from(run.records) + u64::from(hole);
        partition.bytes += u64::from(run.bytes);
        if !partition.extents.last_mut().is_some_and(|last| last.join(&extent)) {
            self.places.hold(&extent);
            partition.extents.push(extent);
        }
        if let (Some(asked), Some((epoch, batch))) = (&run.producer, passed.batch) {
            let known = partition.producers.get(&asked.id);
            let after = Producer::after(known, epoch, batch, self.position);
            if partition.producers.insert(asked.id, after).is_none() {
                self.counts.producers += 1;
            }
        }
    }

    fn remember_request(&mut self, topic: u32, asked: &RequestSequence, acks: &[RunAck]) {
        let position = self.position;
        let Some(topic) = self.topics.get_mut(topic) else {
            return;
        };
        let acks = acks.iter().map(|ack| Ack {
            partition: ack.partition.partition,
            records: ack.records,
            base_offset: ack.base_offset,
        });
        let known = topic.requests.remove_entry(&asked.producer);
        // The name is copied: as a slice of the entry it would keep all of that in memory.
        let (name, known) = match known {
            Some((name, known)) => (name, Some(known)),
            None => (Bytes::copy_from_slice(&asked.producer), None),
        };
        self.counts.requests -= known.as_ref().map_or(0, |known| known.weight() + name.len() as u64);
        let after = RequestProducer::take(known, asked, acks.collect(), position);
        self.counts.requests += after.weight() + name.len() as u64;
        topic.requests.insert(name, after);
    }
}

impl Scratch {
    fn clear(&mut self) {
        self.runs.clear();
        // Clearing a map walks its room, so it is spared where nothing was put in.
        if !self.ends.is_empty() {
            self.ends.clear();
        }
        if !self.producers.is_empty() {
            self.producers.clear();
        }
    }
}

/// What can be said of a group without the state.
fn check_shape(source: Source, group: &Group) -> Result<(), Rejection> {
    let Some(first) = group.runs.first() else {
        return Err(Rejection::Malformed("a group has runs"));
    };
    if group.runs.len() > RUNS_PER_GROUP_MAX as usize {
        return Err(Rejection::TooManyRuns {
            limit: RUNS_PER_GROUP_MAX,
        });
    }
    group.runs.iter().try_for_each(|run| check_run(source, run))?;
    if let Some(asked) = &group.request {
        if asked.producer.is_empty() || asked.producer.len() > REQUEST_PRODUCER_BYTES_MAX {
            return Err(Rejection::Malformed("a request's producer has 1 to 255 bytes"));
        }
        if group.runs.iter().any(|run| run.topic != first.topic) {
            return Err(Rejection::Malformed("a request is to one topic"));
        }
    }
    Ok(())
}

fn check_run(source: Source, run: &Run) -> Result<(), Rejection> {
    if run.records == 0 || run.bytes == 0 {
        return Err(Rejection::Malformed("a run has records and bytes"));
    }
    let fits = match source {
        Source::Inline { .. } => run.inline.len() as u64 == u64::from(run.bytes) && run.start == 0,
        Source::Segment { .. } => run.inline.is_empty() && run.start.checked_add(u64::from(run.bytes)).is_some(),
    };
    if fits {
        Ok(())
    } else {
        Err(Rejection::Malformed("a run's bytes are not where its lane has them"))
    }
}
