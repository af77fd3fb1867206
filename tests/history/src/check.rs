//! The checker: takes one operation after another, keeps what it needs of each, and judges.
//!
//! What one line shows to be wrong is found at once; what rests on lines that may come later, when all are there. A value
//! is kept once, as a number; of an operation there remain a few dozen bytes.

mod book;
mod ends;
mod groups;
mod keys;
mod log;
mod losses;
mod marks;
mod names;
mod order;
mod prefix;
mod reads;
mod requests;
mod sends;
mod writers;

use std::collections::BTreeMap;

use crate::anomaly::{Anomaly, Kind};
use crate::operation::{Basis, Did, Marks, Operation, Outcome, Poll};

use book::{At, Book};
use ends::Ends;
use groups::Groups;
use marks::Watermarks;
use reads::Reads;

pub use prefix::Chain;

/// What makes no history: lines that contradict what every history promises.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Malformed {
    /// The line, from 1, which is the head.
    pub line: u32,
    /// What is wrong with it.
    pub what: String,
}

/// What a history was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong, the first of each kind.
    pub anomalies: Vec<Anomaly>,
    /// How often, by kind.
    pub counts: BTreeMap<Kind, u64>,
    /// Operations.
    pub operations: u64,
    /// Operations that ended well, certainly badly, and unknown.
    pub outcomes: [u64; 3],
    /// Different values.
    pub values: u64,
    /// Prefixes of which a record is known to nobody else.
    pub prefixes_unjudged: u64,
}

/// Judges one history.
#[derive(Debug, Default)]
pub struct Checker {
    book: Book,
    reads: Reads,
    ends: Ends,
    watermarks: Watermarks,
    groups: Groups,
    prefixes: Vec<prefix::Said>,
    operations: u32,
    outcomes: [u64; 3],
}

impl Checker {
    /// Takes the next operation.
    ///
    /// # Errors
    /// When it is one that no history has. Nothing can be judged then.
    pub fn take(&mut self, operation: &Operation) -> Result<(), Malformed> {
        // The head is line 1.
        let line = self.operations.saturating_add(2);
        self.operations += 1;
        let at = At::of(line, operation);
        let counted = match at.outcome {
            Outcome::Ok => 0,
            Outcome::Fail => 1,
            Outcome::Info => 2,
        };
        self.outcomes[counted] += 1;
        let taken = if at.completed < at.invoked {
            Err("it ends before it begins".to_owned())
        } else {
            self.one(&at, &operation.did)
        };
        taken.map_err(|what| Malformed { line, what })
    }

    fn one(&mut self, at: &At, did: &Did) -> Result<(), String> {
        if !matches!(did, Did::Send(_)) {
            self.reads.begins(at)?;
        }
        let happened = at.outcome != Outcome::Fail;
        match did {
            Did::Send(send) => sends::take(&mut self.book, at, send)?,
            Did::Poll(poll) => self.poll(at, poll)?,
            Did::Topic(like) => self.book.keys.like(like),
            Did::Delete { topic } if happened => self.book.keys.delete(topic, at.invoked),
            Did::Trim { key, before } if happened => {
                let key = self.book.partition(key)?;
                self.book.keys.trim(key, at.invoked, *before);
            }
            Did::Delete { .. } | Did::Trim { .. } => {}
            Did::Assign { from } => {
                let mut places = Vec::with_capacity(from.len());
                for (key, offset) in from {
                    places.push((self.book.partition(key)?, *offset));
                }
                self.reads.assign(at.process, &places);
            }
            Did::Subscribe { .. } => self.reads.subscribe(at.process),
            Did::Crash => {
                self.reads.assign(at.process, &[]);
                self.watermarks.crash(at.process);
            }
            Did::Watermarks { basis, marks } => self.marks(at, *basis, marks)?,
            _ => self.registers(at, did)?,
        }
        Ok(())
    }

    /// Whatever is compared with one number.
    fn registers(&mut self, at: &At, did: &Did) -> Result<(), String> {
        match did {
            Did::Commit {
                group,
                offsets,
                settles,
            } => {
                for (key, offset) in offsets {
                    let key = self.book.partition(key)?;
                    self.groups.commit(at, group, key, *offset, *settles);
                }
            }
            Did::Committed { group, offsets } => {
                for (key, offset) in offsets {
                    let key = self.book.partition(key)?;
                    self.groups.committed(at, group, key, *offset);
                }
            }
            Did::Prefix { key, from, end, hash } if at.outcome == Outcome::Ok => {
                let key = self.book.partition(key)?;
                self.prefixes.push(prefix::Said {
                    key,
                    from: *from,
                    end: *end,
                    hash: hash.clone(),
                    line: at.line,
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn poll(&mut self, at: &At, poll: &Poll) -> Result<(), String> {
        for part in &poll.parts {
            let key = self.book.partition(&part.key)?;
            if part.records.iter().any(|(offset, _)| *offset == book::NEVER) {
                return Err(format!("{} is no offset", book::NEVER));
            }
            self.reads.part(&mut self.book, at, key, part, poll.last);
            if poll.last {
                self.ends.take(at, key, part);
            }
            if let Some(marks) = part.marks {
                let read = part.records.iter().map(|(offset, _)| *offset).max();
                self.watermarks.take(&mut self.book, at, key, (marks, poll.basis), read);
            }
        }
        Ok(())
    }

    fn marks(&mut self, at: &At, basis: Basis, marks: &[(String, Marks)]) -> Result<(), String> {
        if at.outcome != Outcome::Ok {
            return Ok(());
        }
        for (key, marks) in marks {
            let key = self.book.partition(key)?;
            self.watermarks.take(&mut self.book, at, key, (*marks, basis), None);
        }
        Ok(())
    }

    /// All operations are there: judges the rest.
    pub fn finish(self) -> Verdict {
        let Checker {
            mut book,
            mut reads,
            ends,
            watermarks,
            groups,
            prefixes,
            operations,
            outcomes,
        } = self;
        // A send to a topic may have named more keys than were read.
        book.logs.resize_with(book.keys.len(), log::Log::default);
        book.keys.end();
        reads.end();
        requests::settle_claims(&mut book);
        writers::judge(&mut book);
        losses::gaps(&mut book, &reads.gaps);
        losses::writes(&mut book, &reads, &ends);
        ends.judge(&mut book);
        requests::judge(&mut book, &ends);
        order::by_producer(&mut book);
        order::by_real_time(&mut book, &watermarks.answers);
        watermarks.judge(&mut book);
        groups.judge(&mut book);
        let prefixes_unjudged = prefix::judge(&mut book, &ends, prefixes);
        let found = std::mem::take(&mut book.found);
        Verdict {
            counts: found.counts(),
            anomalies: found.into_anomalies(|value| book.writer(value)),
            operations: u64::from(operations),
            outcomes,
            values: book.values.len() as u64,
            prefixes_unjudged,
        }
    }
}

impl Verdict {
    /// The kinds that were found and may not be.
    pub fn kinds(&self) -> Vec<Kind> {
        self.counts.keys().filter(|kind| !kind.may_be()).copied().collect()
    }
}

#[cfg(test)]
mod tests;
