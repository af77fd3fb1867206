//! Committed offsets: what is read back is what was committed last, or what a commit of unknown outcome may have left.
//!
//! For each group and partition this is a register. A value that was read must have a writer that may be the last one:
//! one that was invoked before the read ended, and behind which nothing else is certain to have been written, or seen,
//! before the read began. Seen counts as written: who reads a value knows that it was there between the two ends of its
//! own operation. A writer of unknown outcome may take effect at any time after it was invoked, unless another one that
//! `settles` has succeeded: then not after that.

use std::collections::{BTreeMap, BTreeSet};

use super::book::{At, Book};
use super::names::Names;
use crate::anomaly::Kind;
use crate::operation::Outcome;

/// A commit, or a look at what is committed.
#[derive(Clone, Copy, Debug)]
struct Event {
    line: u32,
    invoked: u64,
    completed: u64,
    outcome: Outcome,
    offset: Option<u64>,
    settles: bool,
}

/// What happened to one partition of one group.
#[derive(Debug, Default)]
struct Register {
    writes: Vec<Event>,
    reads: Vec<Event>,
}

/// All groups.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    names: Names,
    registers: BTreeMap<(u32, u32), Register>,
}

impl Groups {
    /// A commit.
    pub(crate) fn commit(&mut self, at: &At, group: &str, key: u32, offset: u64, settles: bool) {
        if at.outcome == Outcome::Fail {
            return;
        }
        let event = event(at, Some(offset), settles);
        self.register(group, key).writes.push(event);
    }

    /// A look.
    pub(crate) fn committed(&mut self, at: &At, group: &str, key: u32, offset: Option<u64>) {
        let event = event(at, offset, false);
        self.register(group, key).reads.push(event);
    }

    fn register(&mut self, group: &str, key: u32) -> &mut Register {
        let group = self.names.number(group);
        self.registers.entry((group, key)).or_default()
    }

    /// Judges all looks.
    pub(crate) fn judge(&self, book: &mut Book) {
        for ((group, key), register) in &self.registers {
            let (group, key) = (self.names.text(*group), book.keys.name(*key).to_owned());
            register.judge(|read, lines, why| {
                book.found.add(Kind::CommittedOffset, lines, &[], || {
                    let offset = read
                        .offset
                        .map_or_else(|| "nothing".to_owned(), |offset| offset.to_string());
                    format!("{group} was found to have {offset} for {key}: {why}")
                });
            });
        }
    }
}

fn event(at: &At, offset: Option<u64>, settles: bool) -> Event {
    Event {
        line: at.line,
        invoked: at.invoked,
        completed: at.completed,
        outcome: at.outcome,
        offset,
        settles,
    }
}

/// The event that was invoked last among those that had ended, and the last one with another value than its.
#[derive(Clone, Copy, Debug, Default)]
struct Certain {
    last: Option<Event>,
    other: Option<Event>,
}

impl Certain {
    fn add(&mut self, event: Event) {
        let later = |than: Option<Event>| than.is_none_or(|than| event.invoked > than.invoked);
        let same = self.last.is_some_and(|last| last.offset == event.offset);
        if later(self.last) {
            if !same {
                self.other = self.last;
            }
            self.last = Some(event);
        } else if !same && later(self.other) {
            self.other = Some(event);
        }
    }

    /// The last of them that has another value.
    fn but(&self, offset: Option<u64>) -> Option<Event> {
        self.last
            .filter(|last| last.offset != offset)
            .or_else(|| self.other.filter(|other| other.offset != offset))
    }
}

impl Register {
    fn judge(&self, mut found: impl FnMut(&Event, &[u32], &str)) {
        let mut ended: Vec<Event> = self
            .writes
            .iter()
            .filter(|write| write.outcome == Outcome::Ok)
            .copied()
            .collect();
        ended.extend(self.reads.iter().filter(|read| read.outcome == Outcome::Ok));
        ended.sort_by_key(|event| event.completed);
        let mut reads: Vec<&Event> = self.reads.iter().filter(|read| read.outcome == Outcome::Ok).collect();
        reads.sort_by_key(|read| read.invoked);
        let mut writes: BTreeMap<Option<u64>, Vec<Event>> = BTreeMap::new();
        for write in &self.writes {
            writes.entry(write.offset).or_default().push(*write);
        }
        let (mut ended, mut certain) = (ended.into_iter().peekable(), Certain::default());
        // What was read wrongly is no sign of anything.
        let mut wrong = BTreeSet::new();
        // When the last of those that keep out others began.
        let mut settled = 0;
        for read in reads {
            while let Some(event) = ended.next_if(|event| event.completed < read.invoked) {
                if event.settles {
                    settled = event.invoked.max(settled);
                }
                if !wrong.contains(&event.line) {
                    certain.add(event);
                }
            }
            let of_it = writes.get(&read.offset).map_or(&[][..], Vec::as_slice);
            let after = certain.but(read.offset);
            let may_be = |write: &&Event| {
                let open = write.outcome == Outcome::Info && write.completed >= settled;
                write.invoked < read.completed && (open || after.is_none_or(|after| write.completed >= after.invoked))
            };
            let nothing_yet = read.offset.is_none() && after.is_none();
            if nothing_yet || of_it.iter().any(|write| may_be(&write)) {
                continue;
            }
            let lines: Vec<u32> = of_it
                .iter()
                .chain(&after)
                .chain([read])
                .map(|event| event.line)
                .collect();
            let why = match after {
                Some(Event {
                    offset: Some(offset), ..
                }) => format!("{offset} had come later"),
                Some(_) => "nothing was there before".to_owned(),
                None => "nobody had committed that".to_owned(),
            };
            wrong.insert(read.line);
            found(read, &lines, &why);
        }
    }
}
