mod numbers;
mod readers;
mod requests;
mod values;

use super::*;
use crate::operation::{PollPart, Producer, Send, SendPart, TopicLike};

fn operation(process: u32, (invoked, completed): (u64, u64), outcome: Outcome, did: Did) -> Operation {
    Operation {
        process,
        invoked,
        completed,
        outcome,
        why: None,
        did,
    }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn part(key: &str, base: Option<u64>, values: &[&str]) -> SendPart {
    SendPart {
        key: key.to_owned(),
        values: texts(values),
        base,
        offsets: None,
    }
}

fn send(times: (u64, u64), outcome: Outcome, parts: &[SendPart]) -> Operation {
    let parts = parts.to_vec();
    operation(
        1,
        times,
        outcome,
        Did::Send(Send {
            parts,
            ..Send::default()
        }),
    )
}

/// Acknowledged in `t/0`.
fn ok(times: (u64, u64), base: u64, values: &[&str]) -> Operation {
    send(times, Outcome::Ok, &[part("t/0", Some(base), values)])
}

fn fail(times: (u64, u64), values: &[&str]) -> Operation {
    send(times, Outcome::Fail, &[part("t/0", None, values)])
}

fn info(times: (u64, u64), values: &[&str]) -> Operation {
    send(times, Outcome::Info, &[part("t/0", None, values)])
}

fn numbered(mut sent: Operation, sequence: u64) -> Operation {
    if let Did::Send(send) = &mut sent.did {
        send.producer = Some(Producer {
            id: "p".to_owned(),
            epoch: 0,
            sequence,
        });
    }
    sent
}

/// Several requests, each value at its own offset.
fn apart(times: (u64, u64), placed: &[(u64, &str)]) -> Operation {
    let part = SendPart {
        key: "t/0".to_owned(),
        values: placed.iter().map(|(_, value)| (*value).to_owned()).collect(),
        base: None,
        offsets: Some(placed.iter().map(|(offset, _)| *offset).collect()),
    };
    let send = Send {
        parts: vec![part],
        apart: true,
        producer: None,
    };
    operation(1, times, Outcome::Ok, Did::Send(send))
}

fn read(key: &str, records: &[(u64, &str)]) -> PollPart {
    PollPart {
        key: key.to_owned(),
        records: records
            .iter()
            .map(|(offset, value)| (*offset, (*value).to_owned()))
            .collect(),
        ..PollPart::default()
    }
}

fn poll_parts(process: u32, times: (u64, u64), last: bool, parts: &[PollPart]) -> Operation {
    let poll = Poll {
        parts: parts.to_vec(),
        last,
        basis: Basis::Hint,
    };
    operation(process, times, Outcome::Ok, Did::Poll(poll))
}

fn poll(times: (u64, u64), records: &[(u64, &str)]) -> Operation {
    poll_parts(2, times, false, &[read("t/0", records)])
}

/// What there is at the end in `t/0`, and nothing in `t/1`.
fn last(records: &[(u64, &str)]) -> Operation {
    poll_parts(9, (90, 91), true, &[read("t/0", records), read("t/1", &[])])
}

fn last_from(log_start: u64, records: &[(u64, &str)]) -> Operation {
    let mut part = read("t/0", records);
    part.marks = Some(Marks {
        log_start,
        high_watermark: records.last().map_or(log_start, |(offset, _)| offset + 1),
        last_stable: None,
    });
    poll_parts(9, (90, 91), true, &[part])
}

fn like(retained: bool, holes: bool, compacted: bool) -> Operation {
    let topic = "t".to_owned();
    let like = TopicLike {
        topic,
        retained,
        holes,
        compacted,
    };
    operation(0, (0, 0), Outcome::Ok, Did::Topic(like))
}

fn trim(times: (u64, u64), outcome: Outcome, before: u64) -> Operation {
    let key = "t/0".to_owned();
    operation(3, times, outcome, Did::Trim { key, before })
}

fn seek(mut poll: Operation, from: u64) -> Operation {
    if let Did::Poll(poll) = &mut poll.did {
        poll.parts[0].from = Some(from);
    }
    poll
}

fn commit(times: (u64, u64), outcome: Outcome, offset: u64, settles: bool) -> Operation {
    let offsets = vec![("t/0".to_owned(), offset)];
    let did = Did::Commit {
        group: "g".to_owned(),
        offsets,
        settles,
    };
    // Each has a process of its own.
    operation(1_000 + u32::try_from(offset).unwrap(), times, outcome, did)
}

fn committed(times: (u64, u64), offset: Option<u64>) -> Operation {
    let offsets = vec![("t/0".to_owned(), offset)];
    let group = "g".to_owned();
    operation(
        100 + u32::try_from(times.0).unwrap(),
        times,
        Outcome::Ok,
        Did::Committed { group, offsets },
    )
}

fn watermarks(process: u32, times: (u64, u64), basis: Basis, (log_start, high_watermark): (u64, u64)) -> Operation {
    let marks = Marks {
        log_start,
        high_watermark,
        last_stable: None,
    };
    let marks = vec![("t/0".to_owned(), marks)];
    operation(process, times, Outcome::Ok, Did::Watermarks { basis, marks })
}

#[track_caller]
fn check(operations: &[Operation], expect: &[Kind]) {
    let mut checker = Checker::default();
    for operation in operations {
        checker.take(operation).unwrap();
    }
    let verdict = checker.finish();
    let kinds: Vec<Kind> = verdict.counts.keys().copied().collect();
    assert_eq!(kinds, expect, "{:#?}", verdict.anomalies);
}

const INFO: Outcome = Outcome::Info;
const OK: Outcome = Outcome::Ok;

#[test]
fn what_is_no_history() {
    let refuse = |operations: &[Operation], what: &str| {
        let mut checker = Checker::default();
        let taken: Result<(), Malformed> = operations.iter().try_for_each(|operation| checker.take(operation));
        let error = taken.unwrap_err();
        assert_eq!(error.to_string(), format!("line {}: {what}", operations.len() + 1));
    };
    refuse(&[ok((1, 0), 0, &["a"])], "it ends before it begins");
    refuse(&[info((0, 1), &["a"]), info((0, 1), &["a"])], "a was sent before");
    refuse(
        &[poll((0, 5), &[]), poll((4, 6), &[])],
        "process 2 does two things at once",
    );
    refuse(
        &[send((0, 1), OK, &[part("t", Some(0), &["a"])])],
        "\"t\" is no partition",
    );
    refuse(
        &[send((0, 1), OK, &[part("t/x", None, &["a"])])],
        "\"t/x\" is neither a topic nor a partition",
    );
    refuse(&[poll((0, 1), &[(u64::MAX, "a")])], "18446744073709551615 is no offset");
    refuse(
        &[send((0, 1), OK, &[part("t/0", Some(u64::MAX - 1), &["a", "b"])])],
        "2 values and 1 offsets",
    );
}

#[test]
fn many_of_a_kind_are_counted_and_the_first_are_kept() {
    let records: Vec<(u64, String)> = (0..100).map(|at| (at, format!("x{at}"))).collect();
    let records: Vec<(u64, &str)> = records
        .iter()
        .map(|(offset, value)| (*offset, value.as_str()))
        .collect();
    let mut checker = Checker::default();
    checker.take(&last(&records)).unwrap();
    let verdict = checker.finish();
    assert_eq!(verdict.counts[&Kind::Phantom], 100);
    assert_eq!(verdict.anomalies.len(), crate::anomaly::KEPT_MAX);
    assert_eq!(verdict.anomalies[0].what, "nobody sent x0, which is at t/0 0");
    assert_eq!(verdict.anomalies[0].lines, [2]);
}
