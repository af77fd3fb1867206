//! Appends as they are applied: each run is a send, whole and unchanged, at the end of its partition, once, in its
//! producer's sequence; and what repeats one is given its first offset.

use bytes::Bytes;
use metadata::entry::{Append, Group, Run as EntryRun};
use metadata::{Applied, Lane, ObjectName, PartitionId, RunAck, Verdict};
use records::BatchHeader;

use super::Books;
use super::account::{Account, Run};
use super::entries::Judged;
use crate::history::{Fate, History};
use crate::journal::Journal;
use crate::value;

/// A run that was applied, and where its bytes are.
struct Placed<'a> {
    run: &'a EntryRun,
    ack: &'a RunAck,
    position: u64,
    /// The bytes of its batch, if they are there.
    bytes: Option<Bytes>,
}

impl Books {
    pub(super) fn append(&mut self, judged: &Judged<'_>, append: &Append, journal: &Journal) {
        let applied = judged.verdicts.iter().any(|verdict| {
            let Verdict::Applied(Applied::Append(acks)) = verdict else {
                return false;
            };
            acks.iter().any(|ack| !ack.duplicate)
        });
        let object = match judged.proposal.lane == Lane::Object.number() && applied && !journal.is_deaf() {
            true => self.segment_of(judged, append, journal),
            false => None,
        };
        let Some(account) = &mut self.account else { return };
        let history = &mut *self.history.lock();
        for (group, verdict) in append.groups.iter().zip(judged.verdicts) {
            match verdict {
                Verdict::Applied(Applied::Append(acks)) => {
                    for (run, ack) in group.runs.iter().zip(acks) {
                        let placed = Placed {
                            run,
                            ack,
                            position: judged.position,
                            bytes: bytes_of(run, object.as_ref()),
                        };
                        enter(account, history, &placed, journal);
                    }
                }
                Verdict::Applied(Applied::RequestDuplicate { acks }) => repeat_all(account, group, acks, journal),
                _ => {}
            }
        }
    }

    /// The object that an append names, every checksum in it compared.
    fn segment_of(&self, judged: &Judged<'_>, append: &Append, journal: &Journal) -> Option<Bytes> {
        let segment = append.segment.as_ref()?;
        let name = ObjectName {
            incarnation: judged.incarnation()?,
            flush: segment.flush,
            attempt: u16::try_from(segment.attempt).ok()?,
        };
        self.whole_segment(&name, journal)
    }
}

fn bytes_of(run: &EntryRun, object: Option<&Bytes>) -> Option<Bytes> {
    let Some(object) = object else {
        return (!run.inline.is_empty()).then(|| run.inline.clone());
    };
    let start = usize::try_from(run.start).ok()?;
    let end = start.checked_add(usize::try_from(run.bytes).ok()?)?;
    (end <= object.len()).then(|| object.slice(start..end))
}

fn partition_of(run: &EntryRun) -> PartitionId {
    PartitionId {
        topic: run.topic,
        partition: run.partition,
    }
}

/// Enters an applied run, after checking all that must hold of it.
fn enter(account: &mut Account, history: &mut History, placed: &Placed<'_>, journal: &Journal) {
    let Placed { run, ack, .. } = placed;
    let (send, place) = (value::send_of(run.max_timestamp), (ack.partition, ack.base_offset));
    if ack.duplicate {
        return repeat(account, run, ack, journal);
    }
    if !journal.is_deaf() {
        check_send(account, history, placed, journal);
    }
    let (before, end) = (account.place_of(send), account.end_of(ack.partition));
    journal.check("a send is applied once", before.is_none(), || {
        format!("send {send} at {place:?} and at {before:?}")
    });
    journal.check(
        "each append begins where the partition ended",
        end == ack.base_offset,
        || format!("{ack:?} where {end} was the end"),
    );
    check_sequence(account, run, journal);
    let entered = Run {
        send,
        records: ack.records,
        position: placed.position,
    };
    let before = account.enter(place, entered);
    journal.check("an offset is given once", before.is_none(), || {
        format!("{ack:?} and {before:?}")
    });
    if !journal.is_deaf() {
        history.came_back(send, place);
    }
}

/// What is applied is what a client sent, to the byte, and none that was told that it failed.
fn check_send(account: &Account, history: &History, placed: &Placed<'_>, journal: &Journal) {
    let (run, ack) = (placed.run, placed.ack);
    let number = value::send_of(run.max_timestamp);
    let header = placed.bytes.as_ref().and_then(|bytes| {
        let batch = records::Batch::stored(bytes.clone()).ok()?;
        Some(*batch.header())
    });
    let send = history.send(number);
    let same = send.is_some_and(|send| {
        let shape = (send.partition, send.records, send.bytes) == (ack.partition, ack.records, run.bytes as usize);
        let checksum = header.as_ref().map(|header: &BatchHeader| header.checksum);
        shape && partition_of(run) == ack.partition && checksum == Some(send.checksum)
    });
    journal.check("what is applied is what was sent", same, || {
        format!("{ack:?} of send {number} {send:?}: {header:?}")
    });
    let Some(send) = send else { return };
    let topic = account.topic(run.topic);
    journal.check(
        "records go to the topic they were sent to",
        topic == Some(send.topic),
        || format!("send {number} to {:?} was applied in {topic:?}", send.topic),
    );
    let failed = matches!(send.fate, Fate::Failed { .. });
    journal.check("what failed is not applied", !failed, || {
        format!("send {number} {send:?}")
    });
}

/// A Kafka producer's batches leave no gap: each begins where the one before ended, an epoch at 0.
fn check_sequence(account: &mut Account, run: &EntryRun, journal: &Journal) {
    let Some(producer) = &run.producer else { return };
    let next = account.next_sequence((producer.id, producer.epoch, partition_of(run)));
    let expected = std::mem::replace(next, producer.base_sequence + run.records);
    journal.check("sequences leave no gap", expected == producer.base_sequence, || {
        format!("{producer:?} where {expected} is next")
    });
}

fn repeat_all(account: &Account, group: &Group, acks: &[RunAck], journal: &Journal) {
    for (run, ack) in group.runs.iter().zip(acks) {
        repeat(account, run, ack, journal);
    }
}

fn repeat(account: &Account, run: &EntryRun, ack: &RunAck, journal: &Journal) {
    let first = account.place_of(value::send_of(run.max_timestamp));
    let same = first == Some((ack.partition, ack.base_offset));
    journal.check("a repeat is given the first offset", same, || {
        format!("{ack:?}; at first: {first:?}")
    });
}
