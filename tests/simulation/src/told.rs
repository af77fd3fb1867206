//! What clients did as the history checker takes it, and its verdict. What was sent is in the history anyway; what was
//! read, committed and deleted is written down here when a client was told. Judges nothing itself.

use std::collections::BTreeMap;

use engine::{FetchError, FetchPart, Fetched, FetchedPart};
use history::{
    Basis, Checker, Did, Marks, Operation, Outcome, Poll, PollPart, Producer, SendPart, TopicLike, Verdict, explain,
};
use metadata::PartitionId;

use crate::ground::Ground;
use crate::history::{Fate, Send};
use crate::value;

/// Clients' sessions are numbered from 1. As another process each asks where partitions end, and others read at the end.
const ASKERS: u32 = 1_000_000;
const LAST_READERS: u32 = 2_000_000;

/// The name of a partition.
pub(crate) fn key(partition: PartitionId) -> String {
    format!("{}/{}", partition.topic, partition.partition)
}

fn name(send: u64, index: u32) -> String {
    format!("{send}.{index}")
}

/// Writes down that an operation that began at `invoked` has ended.
pub(crate) fn note(ground: &Ground, process: u32, invoked: u64, outcome: Outcome, did: Did) {
    let operation = Operation {
        process,
        invoked,
        completed: ground.journal.ordinal(),
        outcome,
        why: None,
        did,
    };
    ground.history.lock().told.push(operation);
}

/// Writes down that something is asked for: whatever comes of it, from now on it may have been done.
pub(crate) fn asked_for(ground: &Ground, process: u32, did: Did) {
    note(ground, process, ground.journal.ordinal(), Outcome::Info, did);
}

/// Writes down what a fetch gave.
pub(crate) fn fetched<'a>(
    ground: &Ground,
    process: u32,
    invoked: u64,
    basis: Basis,
    answers: impl Iterator<Item = (&'a FetchPart, &'a FetchedPart)>,
) {
    let (mut parts, mut marks) = (Vec::new(), Vec::new());
    for (part, answer) in answers {
        match &answer.result {
            Ok(fetched) => parts.push(read(part, fetched)),
            Err(FetchError::OutOfRange {
                log_start,
                high_watermark,
            }) => marks.push((key(part.partition), marks_of(*log_start, *high_watermark))),
            Err(_) => {}
        }
    }
    let last = false;
    note(
        ground,
        process,
        invoked,
        Outcome::Ok,
        Did::Poll(Poll { parts, last, basis }),
    );
    if !marks.is_empty() {
        let basis = Basis::Tip;
        note(
            ground,
            process + ASKERS,
            invoked,
            Outcome::Ok,
            Did::Watermarks { basis, marks },
        );
    }
}

fn marks_of(log_start: u64, high_watermark: u64) -> Marks {
    Marks {
        log_start,
        high_watermark,
        last_stable: None,
    }
}

fn read(part: &FetchPart, fetched: &Fetched) -> PollPart {
    let mut records = Vec::new();
    for batch in &fetched.batches {
        // Its header says whose it is; that its records do, too, is looked at elsewhere.
        let send = value::send_of(batch.batch.header().max_timestamp);
        let all = (batch.base_offset..).zip(0..batch.batch.records());
        // The batch that holds the offset comes as a whole.
        let wanted = all.filter(|(offset, _)| *offset >= part.offset);
        records.extend(wanted.map(|(offset, index)| (offset, name(send, index))));
    }
    PollPart {
        key: key(part.partition),
        from: Some(part.offset),
        records,
        rebalanced: false,
        marks: Some(marks_of(fetched.log_start, fetched.high_watermark)),
    }
}

/// Writes down what one who reads everything finds: by partition the first offset of each batch, its send and how many
/// records it has.
pub(crate) fn last_read(
    ground: &Ground,
    reader: u32,
    batches: impl Iterator<Item = (PartitionId, Vec<(u64, u64, u32)>)>,
    marks: &BTreeMap<PartitionId, (u64, u64)>,
) {
    let invoked = ground.journal.ordinal();
    let records =
        |(base, send, records): (u64, u64, u32)| (base..).zip((0..records).map(move |index| name(send, index)));
    let part = |(id, batches): (PartitionId, Vec<(u64, u64, u32)>)| PollPart {
        key: key(id),
        records: batches.into_iter().flat_map(records).collect(),
        marks: marks.get(&id).map(|(log_start, end)| marks_of(*log_start, *end)),
        ..PollPart::default()
    };
    let poll = Poll {
        parts: batches.map(part).collect(),
        last: true,
        basis: Basis::Tip,
    };
    note(ground, LAST_READERS + reader, invoked, Outcome::Ok, Did::Poll(poll));
}

/// Requests as operations.
fn sent(sends: &[Send]) -> impl Iterator<Item = Operation> {
    // What is compacted by key is judged by those who know what keys are.
    let judged = sends.iter().zip(0_u64..).filter(|(send, _)| !send.keyed);
    let numbered = judged.collect::<Vec<_>>();
    let requests: Vec<Operation> = numbered
        .chunk_by(|one, two| one.0.group == two.0.group)
        .map(request)
        .collect();
    requests.into_iter()
}

fn request(parts: &[(&Send, u64)]) -> Operation {
    let (first, _) = parts[0];
    let all = |is: fn(&Fate) -> bool| parts.iter().all(|(send, _)| is(&send.fate));
    let outcome = if all(|fate| matches!(fate, Fate::Acked { .. })) {
        Outcome::Ok
    } else if all(|fate| matches!(fate, Fate::Failed { .. })) {
        Outcome::Fail
    } else {
        Outcome::Info
    };
    let at = |send: &Send| match send.fate {
        Fate::Acked { at, .. } | Fate::Failed { at } => at,
        _ => send.invoked,
    };
    let part = |(send, number): &(&Send, u64)| SendPart {
        key: key(send.partition),
        values: (0..send.records).map(|index| name(*number, index)).collect(),
        base: match send.fate {
            Fate::Acked { base, .. } => Some(base),
            _ => None,
        },
        offsets: None,
    };
    let producer = first.order.map(|order| Producer {
        id: first.session.to_string(),
        epoch: 0,
        sequence: order,
    });
    let send = history::Send {
        parts: parts.iter().map(part).collect(),
        apart: false,
        producer,
    };
    Operation {
        process: first.session,
        invoked: parts.iter().map(|(send, _)| send.invoked).min().unwrap_or(0),
        completed: parts.iter().map(|(send, _)| at(send)).max().unwrap_or(0),
        outcome,
        why: None,
        did: Did::Send(send),
    }
}

/// All operations of a run.
fn operations(ground: &Ground) -> Vec<Operation> {
    let history = &mut *ground.history.lock();
    let like = |topic: &u32| Operation {
        process: 0,
        invoked: 0,
        completed: 0,
        outcome: Outcome::Ok,
        why: None,
        did: Did::Topic(TopicLike {
            topic: topic.to_string(),
            retained: true,
            ..TopicLike::default()
        }),
    };
    let likes: Vec<Operation> = history.retained.iter().map(like).collect();
    let told = std::mem::take(&mut history.told);
    likes.into_iter().chain(sent(&history.sends)).chain(told).collect()
}

/// Has the history judged that the run has made.
///
/// A ledger that has lost its end has two histories, and what clients were told of the one is not to be judged by the other:
/// there the books say what may be.
pub(crate) fn judge(ground: &Ground) {
    if ground.history.lock().has_any_loss() {
        return;
    }
    let operations = operations(ground);
    let mut checker = Checker::default();
    let taken = operations.iter().try_for_each(|operation| checker.take(operation));
    let verdict = checker.finish();
    let journal = &ground.journal;
    journal.count_by("operations judged", verdict.operations);
    journal.count("histories judged");
    journal.check("the history is one", taken.is_ok(), || format!("{taken:?}"));
    let sound = verdict.kinds().is_empty();
    journal.check("the history has no anomaly", sound, || told(&verdict, operations));
}

fn told(verdict: &Verdict, operations: Vec<Operation>) -> String {
    let all = operations.into_iter().map(Ok::<_, std::convert::Infallible>);
    let Ok(concerned) = explain::concerned(&verdict.anomalies, all);
    let told = verdict
        .anomalies
        .iter()
        .take(5)
        .map(|anomaly| explain::text(anomaly, &concerned));
    format!("{:?}\n{}", verdict.counts, told.collect::<String>())
}
