//! Makes a right history wrong in one way: each plant is one anomaly, and the checker has to find that and little else.
//!
//! A plant knows how [`crate::generate`] names its topics: nothing is ever trimmed, retained or compacted in `plain`, so
//! what is taken from it is missed.

mod groups;
mod marks;
mod polls;
mod sends;
mod values;

use world::Chance;

use crate::Kind;
use crate::operation::{Did, Operation, Outcome, Poll, PollPart, Send, SendPart};

/// One way to make a history wrong.
#[derive(Clone, Copy, Debug)]
pub struct Plant {
    /// What is done.
    pub name: &'static str,
    /// What has to be found.
    pub kind: Kind,
    /// What follows from it and may be found as well.
    pub also: &'static [Kind],
    /// Does it; false when the history has no place for it.
    apply: fn(&mut Field<'_>) -> bool,
}

/// All ways.
pub fn plants() -> impl Iterator<Item = &'static Plant> {
    [
        values::PLANTS,
        polls::PLANTS,
        sends::PLANTS,
        marks::PLANTS,
        groups::PLANTS,
    ]
    .into_iter()
    .flatten()
}

impl Plant {
    /// Makes a history wrong. False when it has no place for this.
    pub fn apply(&self, operations: &mut Vec<Operation>, chance: &Chance) -> bool {
        (self.apply)(&mut Field { operations, chance })
    }
}

const fn plant(name: &'static str, kind: Kind, also: &'static [Kind], apply: fn(&mut Field<'_>) -> bool) -> Plant {
    Plant {
        name,
        kind,
        also,
        apply,
    }
}

/// A history to plant in.
struct Field<'a> {
    operations: &'a mut Vec<Operation>,
    chance: &'a Chance,
}

/// Where a record was read.
#[derive(Clone, Copy, Debug)]
struct Spot {
    operation: usize,
    part: usize,
    record: usize,
}

fn is_plain(key: &str) -> bool {
    key.starts_with("plain/")
}

fn poll_of(operation: &Operation) -> Option<&Poll> {
    match &operation.did {
        Did::Poll(poll) => Some(poll),
        _ => None,
    }
}

fn send_of(operation: &Operation) -> Option<&Send> {
    match &operation.did {
        Did::Send(send) => Some(send),
        _ => None,
    }
}

impl Field<'_> {
    /// One of several.
    fn pick<T: Clone>(&self, from: &[T]) -> Option<T> {
        let bound = u64::try_from(from.len()).ok().filter(|bound| *bound > 0)?;
        from.get(usize::try_from(self.chance.below(bound)).ok()?).cloned()
    }

    /// The operations that satisfy a condition.
    fn operations(&self, is: impl Fn(&Operation) -> bool) -> Vec<usize> {
        (0..self.operations.len())
            .filter(|at| is(&self.operations[*at]))
            .collect()
    }

    /// Where records were read, in polls and parts that satisfy a condition.
    fn spots(&self, is: impl Fn(&Poll, &PollPart) -> bool) -> Vec<Spot> {
        let mut spots = Vec::new();
        for (operation, done) in self.operations.iter().enumerate() {
            for (poll, (part, read)) in poll_of(done)
                .into_iter()
                .flat_map(|poll| poll.parts.iter().enumerate().map(move |part| (poll, part)))
            {
                if is(poll, read) {
                    spots.extend((0..read.records.len()).map(|record| Spot {
                        operation,
                        part,
                        record,
                    }));
                }
            }
        }
        spots
    }

    fn part(&mut self, operation: usize, part: usize) -> &mut PollPart {
        match &mut self.operations[operation].did {
            Did::Poll(poll) => &mut poll.parts[part],
            other => panic!("not a poll: {other:?}"),
        }
    }

    fn send(&mut self, operation: usize) -> &mut Send {
        match &mut self.operations[operation].did {
            Did::Send(send) => send,
            other => panic!("not a send: {other:?}"),
        }
    }

    fn record(&self, spot: Spot) -> (u64, String) {
        let poll = poll_of(&self.operations[spot.operation]).expect("a poll");
        poll.parts[spot.part].records[spot.record].clone()
    }

    /// Where a value was read.
    fn reads_of(&self, value: &str) -> Vec<Spot> {
        let all = self.spots(|_, part| part.records.iter().any(|(_, read)| read == value));
        all.into_iter().filter(|spot| self.record(*spot).1 == value).collect()
    }

    /// Whether a value was read by those who read everything.
    fn is_in_the_end(&self, value: &str) -> bool {
        self.reads_of(value)
            .iter()
            .any(|spot| poll_of(&self.operations[spot.operation]).is_some_and(|poll| poll.last))
    }

    /// Nobody has read this value.
    fn forget(&mut self, value: &str) {
        for spot in self.reads_of(value) {
            self.part(spot.operation, spot.part)
                .records
                .retain(|(_, read)| read != value);
        }
    }

    /// The last part of the last reads of a partition.
    fn last_part(&self, key: &str) -> Option<(usize, usize)> {
        let parts = self.operations.iter().enumerate().flat_map(|(operation, done)| {
            let poll = poll_of(done).filter(|poll| poll.last);
            let parts = poll.into_iter().flat_map(|poll| poll.parts.iter().enumerate());
            parts
                .filter(|(_, part)| part.key == key)
                .map(move |(part, _)| (operation, part))
        });
        parts.last()
    }

    /// A record behind the end, which only those read who read everything. False without any of them.
    fn append(&mut self, key: &str, value: &str) -> bool {
        let Some((operation, part)) = self.last_part(key) else {
            return false;
        };
        let part = self.part(operation, part);
        let Some(marks) = &mut part.marks else { return false };
        part.records.push((marks.high_watermark, value.to_owned()));
        marks.high_watermark += 1;
        marks.last_stable = Some(marks.high_watermark);
        true
    }

    /// Another client sends before all others, without an answer unless there is a base.
    fn sow(&mut self, key: &str, values: &[&str], base: Option<u64>, (invoked, completed): (u64, u64)) {
        let part = SendPart {
            key: key.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            base,
            offsets: None,
        };
        let send = Send {
            parts: vec![part],
            ..Send::default()
        };
        let operation = Operation {
            process: 1_000,
            invoked,
            completed,
            outcome: if base.is_some() { Outcome::Ok } else { Outcome::Info },
            why: None,
            did: Did::Send(send),
        };
        self.operations.insert(0, operation);
    }

    /// A send of one part in a partition of which nothing goes, by no producer, that was acknowledged.
    fn simple_sends(&self) -> Vec<usize> {
        self.operations(|done| {
            done.outcome == Outcome::Ok
                && send_of(done).is_some_and(|send| {
                    let simple = send.producer.is_none() && !send.apart && send.parts.len() == 1;
                    simple && is_plain(&send.parts[0].key) && send.parts[0].base.is_some()
                })
        })
    }

    /// The client of a send has never had an answer.
    fn unanswer(&mut self, operation: usize) {
        self.operations[operation].outcome = Outcome::Info;
        for part in &mut self.send(operation).parts {
            (part.base, part.offsets) = (None, None);
        }
    }
}
