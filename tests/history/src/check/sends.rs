//! What was sent, as it was told: the material of all that is judged at the end.

use super::book::{At, Book, NEVER};
use super::names::{NONE, Names};
use crate::operation::{Outcome, Send, SendPart};

/// One send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) line: u32,
    pub(crate) invoked: u64,
    pub(crate) completed: u64,
    pub(crate) outcome: Outcome,
    /// Whether it was several requests.
    pub(crate) apart: bool,
    /// The first of its parts; they end where the next one's begin.
    first_part: u32,
}

/// What was sent to one partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) send: u32,
    /// A partition, or a topic when any might have taken it.
    pub(crate) key: u32,
    /// Where its values begin.
    first_value: u32,
    /// The lowest and the highest offset that were acknowledged; [`NEVER`] when none was.
    pub(crate) lowest: u64,
    pub(crate) highest: u64,
}

/// A place that a send of unknown outcome was told. It counts only if there are signs of the send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) value: u32,
    pub(crate) key: u32,
    pub(crate) offset: u64,
}

/// A send's place among those of its producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Numbered {
    pub(crate) producer: u32,
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
    pub(crate) send: u32,
}

/// All sends.
#[derive(Debug, Default)]
pub(crate) struct Sends {
    pub(crate) sends: Vec<Sent>,
    pub(crate) parts: Vec<Part>,
    /// The values of all parts, one part behind the other.
    values: Vec<u32>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) numbered: Vec<Numbered>,
    pub(crate) producers: Names,
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("memory ends before the numbers do")
}

impl Sends {
    pub(crate) fn of_part(&self, part: u32) -> &Sent {
        &self.sends[self.parts[part as usize].send as usize]
    }

    /// Whether it was numbered by its producer.
    pub(crate) fn is_numbered(&self, send: u32) -> bool {
        self.numbered
            .binary_search_by_key(&send, |numbered| numbered.send)
            .is_ok()
    }

    /// The parts of a send.
    pub(crate) fn parts_of(&self, send: u32) -> std::ops::Range<u32> {
        let first = |send: usize| {
            self.sends
                .get(send)
                .map_or(number(self.parts.len()), |sent| sent.first_part)
        };
        first(send as usize)..first(send as usize + 1)
    }

    /// The values of a part.
    pub(crate) fn values_of(&self, part: u32) -> &[u32] {
        let first = |part: usize| {
            self.parts
                .get(part)
                .map_or(self.values.len(), |part| part.first_value as usize)
        };
        &self.values[first(part as usize)..first(part as usize + 1)]
    }
}

/// Notes a send.
pub(crate) fn take(book: &mut Book, at: &At, sent: &Send) -> Result<(), String> {
    let send = number(book.sends.sends.len());
    book.sends.sends.push(Sent {
        line: at.line,
        invoked: at.invoked,
        completed: at.completed,
        outcome: at.outcome,
        apart: sent.apart,
        first_part: number(book.sends.parts.len()),
    });
    if let Some(producer) = &sent.producer {
        let numbered = Numbered {
            producer: book.sends.producers.number(&producer.id),
            epoch: producer.epoch,
            sequence: producer.sequence,
            send,
        };
        book.sends.numbered.push(numbered);
    }
    for part in &sent.parts {
        take_part(book, at, send, part)?;
    }
    Ok(())
}

fn take_part(book: &mut Book, at: &At, send: u32, part: &SendPart) -> Result<(), String> {
    let offsets = offsets_of(part)?;
    let key = match &offsets {
        Some(_) => book.partition(&part.key)?,
        None => book.keys.number(&part.key)?,
    };
    let taken = at.outcome == Outcome::Ok;
    let end = |offset: Option<&u64>| offset.copied().filter(|_| taken).unwrap_or(NEVER);
    let own = number(book.sends.parts.len());
    book.sends.parts.push(Part {
        send,
        key,
        first_value: number(book.sends.values.len()),
        lowest: end(offsets.iter().flatten().min()),
        highest: end(offsets.iter().flatten().max()),
    });
    for (at_index, name) in part.values.iter().enumerate() {
        let value = book.value(name);
        let known = &mut book.values[value as usize];
        if known.part != NONE {
            return Err(format!("{name} was sent before"));
        }
        known.part = own;
        book.sends.values.push(value);
        let Some(offset) = offsets.as_ref().map(|offsets| offsets[at_index]) else {
            continue;
        };
        match at.outcome {
            Outcome::Ok => book.place(at.line, key, offset, value),
            Outcome::Info => book.sends.claims.push(Claim { value, key, offset }),
            Outcome::Fail => {}
        }
    }
    Ok(())
}

/// The offset of each value, if they were told.
fn offsets_of(part: &SendPart) -> Result<Option<Vec<u64>>, String> {
    let count = part.values.len() as u64;
    let offsets = match (&part.offsets, part.base) {
        (Some(offsets), None) => offsets.clone(),
        (None, Some(base)) => (base..base.saturating_add(count)).collect(),
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err("a part has base and offsets".to_owned()),
    };
    if offsets.len() as u64 != count {
        return Err(format!("{count} values and {} offsets", offsets.len()));
    }
    if offsets.contains(&NEVER) {
        return Err(format!("{NEVER} is no offset"));
    }
    Ok(Some(offsets))
}
