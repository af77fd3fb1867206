//! Tells what is wrong, with the operations concerned. Of those nothing was kept but their lines, so the history is read
//! once more, and only when something is wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::anomaly::Anomaly;
use crate::operation::{Did, Operation, PollPart, SendPart};

/// Lists up to this long are told in full.
const WHOLE_MAX: usize = 8;

/// Operations by their lines.
pub type Concerned = BTreeMap<u32, Operation>;

/// Finds the operations that anomalies concern among those of the whole history.
pub fn concerned<E>(
    anomalies: &[Anomaly],
    operations: impl Iterator<Item = Result<Operation, E>>,
) -> Result<Concerned, E> {
    let mut lines: Vec<u32> = anomalies.iter().flat_map(|anomaly| &anomaly.lines).copied().collect();
    lines.sort_unstable();
    lines.dedup();
    let mut lines = lines.into_iter().peekable();
    let mut found = Concerned::new();
    for (line, operation) in (2..).zip(operations) {
        if lines.next_if_eq(&line).is_some() {
            found.insert(line, operation?);
        }
        if lines.peek().is_none() {
            break;
        }
    }
    Ok(found)
}

/// An anomaly in several lines: what it is, and who did what.
pub fn text(anomaly: &Anomaly, concerned: &Concerned) -> String {
    let mut text = format!("{anomaly}\n");
    for (line, operation) in anomaly.lines.iter().filter_map(|line| concerned.get_key_value(line)) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    line {line}: {}", one(operation, &anomaly.what));
    }
    text
}

/// An anomaly with its operations, to be written as JSON.
#[derive(Debug, Serialize)]
pub struct Explained<'a> {
    kind: crate::Kind,
    what: &'a str,
    operations: Vec<Numbered<'a>>,
}

#[derive(Debug, Serialize)]
struct Numbered<'a> {
    line: u32,
    operation: &'a Operation,
}

/// An anomaly with its operations.
pub fn explained<'a>(anomaly: &'a Anomaly, concerned: &'a Concerned) -> Explained<'a> {
    let operations = anomaly.lines.iter().filter_map(|line| concerned.get_key_value(line));
    Explained {
        kind: anomaly.kind,
        what: &anomaly.what,
        operations: operations
            .map(|(line, operation)| Numbered { line: *line, operation })
            .collect(),
    }
}

/// An operation in a line. Of long lists there remains what `what` speaks of.
fn one(operation: &Operation, what: &str) -> String {
    let Operation {
        process,
        invoked,
        completed,
        outcome,
        why,
        did,
    } = operation;
    let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!(
        "process {process}, {invoked} to {completed}, {outcome}{why}: {}",
        told(did, what)
    )
}

fn told(did: &Did, what: &str) -> String {
    match did {
        Did::Send(send) => {
            let parts: Vec<String> = send.parts.iter().map(|part| sent(part, what)).collect();
            let by = send.producer.as_ref().map(|producer| {
                format!(
                    " by {} epoch {} sequence {}",
                    producer.id, producer.epoch, producer.sequence
                )
            });
            let apart = if send.apart { " apart" } else { "" };
            format!("send{apart}{} {}", by.unwrap_or_default(), parts.join("; "))
        }
        Did::Poll(poll) => {
            let parts: Vec<String> = poll.parts.iter().map(|part| read(part, what)).collect();
            let last = if poll.last { "last " } else { "" };
            format!("{last}poll {}", parts.join("; "))
        }
        // The others are short, and look best as they were written.
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

fn sent(part: &SendPart, what: &str) -> String {
    let place = match (&part.offsets, part.base) {
        (Some(offsets), _) => format!(" at {offsets:?}"),
        (None, Some(base)) => format!(" at {base}"),
        (None, None) => String::new(),
    };
    let values = part.values.iter().map(|value| (value.clone(), speaks_of(what, value)));
    format!("{}{place}: {}", part.key, shortened(values.collect()))
}

fn read(part: &PollPart, what: &str) -> String {
    let from = part.from.map(|from| format!(" from {from}")).unwrap_or_default();
    let marks = part.marks.map(|marks| {
        let stable = marks.last_stable.map(|stable| format!(", stable to {stable}"));
        format!(
            " ({} to {}{})",
            marks.log_start,
            marks.high_watermark,
            stable.unwrap_or_default()
        )
    });
    let records = part.records.iter().map(|(offset, value)| {
        let meant = speaks_of(what, value) || speaks_of(what, &offset.to_string());
        (format!("{offset}={value}"), meant)
    });
    let records = shortened(records.collect());
    format!("{}{from}{}: {records}", part.key, marks.unwrap_or_default())
}

fn speaks_of(what: &str, word: &str) -> bool {
    what.split([' ', ',', ':']).any(|one| one == word)
}

/// A list; of a long one its ends, what is meant, and what lies beside that.
fn shortened(list: Vec<(String, bool)>) -> String {
    let all = list.len();
    let meant: Vec<bool> = list.iter().map(|(_, meant)| *meant).collect();
    let is_near = |at: usize| meant[at.saturating_sub(1)..(at + 2).min(all)].contains(&true);
    let (mut text, mut left_out) = (Vec::new(), false);
    for (at, (item, _)) in list.into_iter().enumerate() {
        let keep = all <= WHOLE_MAX || at == 0 || at + 1 == all || is_near(at);
        if keep {
            text.push(item);
        } else if !left_out {
            text.push("...".to_owned());
        }
        left_out = !keep;
    }
    text.join(" ")
}

#[cfg(test)]
mod tests;
