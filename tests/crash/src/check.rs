//! Compares what clients were told with what the log holds. Pure.
//!
//! The log is what a reader finds at the very end, from the beginning to the end of every partition. Nothing may have
//! been trimmed from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::history::{Action, Operation, Outcome, Placed};

/// What cannot be in a log that keeps its promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Two values were seen at one offset.
    Inconsistent,
    /// One value is at two places.
    Duplicate,
    /// A record is not where it was acknowledged to be.
    Lost,
    /// A record of a request that was definitely refused was read.
    Aborted,
    /// A record was read that nobody sent, or before it was sent.
    Phantom,
    /// Offsets of a partition do not follow one another.
    Hole,
    /// Only some records of a request are in the log, or not one behind the other.
    Torn,
    /// A reader that went on where it had stopped left something out or got it twice.
    Skipped,
    /// A request that began after another was acknowledged got the smaller offset.
    OutOfOrder,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// What kind of thing.
    pub kind: Kind,
    /// Which records.
    pub what: String,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: {}", self.kind, self.what)
    }
}

type Place = (u32, u64);

/// Everything that is wrong with a history and the log it left.
pub fn check(operations: &[Operation], log: &[Placed]) -> Vec<Anomaly> {
    let mut found = Findings::default();
    let seen = places(operations, log, &mut found);
    found.duplicates(&seen);
    found.holes(log);
    let places = log
        .iter()
        .map(|record| (record.value.as_str(), place(record)))
        .collect();
    found.sends(operations, &places);
    found.writers(operations, log);
    found.polls(operations);
    found.real_time(operations);
    found.0
}

/// Checks, and says what is wrong in an error.
///
/// # Errors
/// When anything is.
pub fn must_hold(operations: &[Operation], log: &[Placed]) -> anyhow::Result<()> {
    let found = check(operations, log);
    let shown: Vec<String> = found.iter().take(20).map(Anomaly::to_string).collect();
    anyhow::ensure!(found.is_empty(), "{} anomalies:\n{}", found.len(), shown.join("\n"));
    Ok(())
}

fn place(record: &Placed) -> Place {
    (record.partition, record.offset)
}

/// The places where each value was seen, by anyone.
fn places<'a>(
    operations: &'a [Operation],
    log: &'a [Placed],
    found: &mut Findings,
) -> BTreeMap<&'a str, BTreeSet<Place>> {
    let acknowledged_or_read = operations.iter().flat_map(|operation| match &operation.action {
        Action::Send { placed, .. } => placed,
        Action::Poll { reads } => reads,
    });
    let mut at: HashMap<Place, &str> = HashMap::new();
    let mut seen: BTreeMap<&str, BTreeSet<Place>> = BTreeMap::new();
    for record in log.iter().chain(acknowledged_or_read) {
        let first = *at.entry(place(record)).or_insert(&record.value);
        if first != record.value {
            let text = format!("{}/{}: {first} and {}", record.partition, record.offset, record.value);
            found.add(Kind::Inconsistent, text);
        }
        seen.entry(&record.value).or_default().insert(place(record));
    }
    seen
}

#[derive(Default)]
struct Findings(Vec<Anomaly>);

impl Findings {
    fn add(&mut self, kind: Kind, what: String) {
        self.0.push(Anomaly { kind, what });
    }

    fn duplicates(&mut self, seen: &BTreeMap<&str, BTreeSet<Place>>) {
        for (value, places) in seen.iter().filter(|(_, places)| places.len() > 1) {
            self.add(Kind::Duplicate, format!("{value} at {places:?}"));
        }
    }

    fn holes(&mut self, log: &[Placed]) {
        let mut partitions: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
        for record in log {
            partitions.entry(record.partition).or_default().insert(record.offset);
        }
        for (partition, offsets) in partitions {
            for (expected, offset) in (0..).zip(offsets) {
                if expected != offset {
                    self.add(Kind::Hole, format!("{partition}/{expected}: next is {offset}"));
                    break;
                }
            }
        }
    }

    /// What was acknowledged is where it was acknowledged to be; every request is there as a whole or not at all.
    fn sends(&mut self, operations: &[Operation], log: &HashMap<&str, Place>) {
        for operation in operations {
            let Action::Send { values, placed } = &operation.action else {
                continue;
            };
            for record in placed {
                match log.get(record.value.as_str()) {
                    Some(found) if *found == place(record) => {}
                    found => {
                        let text = format!("{} acknowledged at {:?}: {found:?}", record.value, place(record));
                        self.add(Kind::Lost, text);
                    }
                }
            }
            self.whole(values, log);
        }
    }

    fn whole(&mut self, values: &[String], log: &HashMap<&str, Place>) {
        let places: Vec<Option<Place>> = values.iter().map(|value| log.get(value.as_str()).copied()).collect();
        let follows = |pair: &[Option<Place>]| match (pair[0], pair[1]) {
            (None, None) => true,
            (Some((left, at)), Some((right, next))) => left == right && next == at + 1,
            _ => false,
        };
        if !places.windows(2).all(follows) {
            self.add(Kind::Torn, format!("{values:?} at {places:?}"));
        }
    }

    /// Every record that anyone read was sent before, by a request that was not refused.
    fn writers(&mut self, operations: &[Operation], log: &[Placed]) {
        let mut writers: HashMap<&str, &Operation> = HashMap::new();
        for operation in operations {
            if let Action::Send { values, .. } = &operation.action {
                writers.extend(values.iter().map(|value| (value.as_str(), operation)));
            }
        }
        let polls = operations.iter().filter_map(|operation| match &operation.action {
            Action::Poll { reads } => Some((reads.as_slice(), operation.completed)),
            Action::Send { .. } => None,
        });
        for (reads, when) in polls.chain([(log, u64::MAX)]) {
            for record in reads {
                self.writer(record, when, writers.get(record.value.as_str()).copied());
            }
        }
    }

    fn writer(&mut self, record: &Placed, read: u64, writer: Option<&Operation>) {
        let Placed {
            partition,
            offset,
            value,
        } = record;
        match writer {
            None => self.add(Kind::Phantom, format!("{partition}/{offset}: nobody sent {value}")),
            Some(writer) if writer.invoked > read => {
                self.add(
                    Kind::Phantom,
                    format!("{partition}/{offset}: {value} was read before it was sent"),
                );
            }
            Some(Operation {
                outcome: Outcome::Fail(why),
                ..
            }) => self.add(
                Kind::Aborted,
                format!("{partition}/{offset}: {value} was refused: {why}"),
            ),
            Some(_) => {}
        }
    }

    /// Each process reads each partition from where it began on, every offset once.
    fn polls(&mut self, operations: &[Operation]) {
        let mut next: HashMap<(u32, u32), u64> = HashMap::new();
        for operation in operations {
            let Action::Poll { reads } = &operation.action else {
                continue;
            };
            for record in reads {
                let reader = (operation.process, record.partition);
                if let Some(expected) = next.insert(reader, record.offset + 1)
                    && expected != record.offset
                {
                    let text = format!("process, partition {reader:?}: {} after {expected} - 1", record.offset);
                    self.add(Kind::Skipped, text);
                }
            }
        }
    }

    /// Walks through time, remembering in each partition the offset behind the highest that was acknowledged.
    fn real_time(&mut self, operations: &[Operation]) {
        let mut events: Vec<(u64, &Placed, Option<u64>)> = Vec::new();
        for operation in operations {
            if let Action::Send { placed, .. } = &operation.action
                && let (Some(first), Some(last)) = (placed.first(), placed.last())
            {
                events.push((operation.invoked, first, None));
                events.push((operation.completed, first, Some(last.offset + 1)));
            }
        }
        events.sort_by_key(|(when, _, _)| *when);
        let mut acknowledged: HashMap<u32, u64> = HashMap::new();
        for (when, first, end) in events {
            let next = acknowledged.entry(first.partition).or_default();
            match end {
                Some(end) => *next = end.max(*next),
                None if first.offset < *next => {
                    let text = format!(
                        "{} at {:?} began at {when}, when {next} was the end",
                        first.value,
                        place(first)
                    );
                    self.add(Kind::OutOfOrder, text);
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
