//! Those who read everything at the end: every offset from the log start to the end, once.

use std::collections::BTreeMap;

use super::book::{At, Book};
use crate::anomaly::Kind;
use crate::operation::PollPart;

/// What one process has read of one partition at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastRead {
    /// When its first poll began.
    pub(crate) began: u64,
    /// Where the partition begins, if that was told.
    pub(crate) log_start: Option<u64>,
    /// Where the partition ends, as it was told or has read.
    pub(crate) end: u64,
    /// The first offset it read, and the one behind the last.
    read: Option<(u64, u64)>,
    /// The line of its last poll.
    pub(crate) line: u32,
}

/// Two offsets that do not follow one another.
#[derive(Clone, Copy, Debug)]
struct Jump {
    key: u32,
    next: u64,
    offset: u64,
    line: u32,
}

/// All last reads.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    reads: BTreeMap<(u32, u32), LastRead>,
    jumps: Vec<Jump>,
}

impl Ends {
    /// A part of a last poll.
    pub(crate) fn take(&mut self, at: &At, key: u32, part: &PollPart) {
        let read = self.reads.entry((key, at.process)).or_insert(LastRead {
            began: at.invoked,
            log_start: None,
            end: 0,
            read: None,
            line: at.line,
        });
        read.line = at.line;
        if let Some(marks) = part.marks {
            read.log_start = read.log_start.max(Some(marks.log_start));
            read.end = marks.high_watermark.max(read.end);
        }
        for (offset, _) in &part.records {
            let (first, next) = read.read.unwrap_or((*offset, *offset));
            if *offset != next {
                self.jumps.push(Jump {
                    key,
                    next,
                    offset: *offset,
                    line: at.line,
                });
            }
            read.read = Some((first, offset + 1));
            read.end = read.end.max(offset + 1);
        }
    }

    /// The last reads of a partition.
    pub(crate) fn of(&self, key: u32) -> impl Iterator<Item = &LastRead> {
        self.reads.range((key, 0)..=(key, u32::MAX)).map(|(_, read)| read)
    }

    /// When the latest of a partition's last reads began.
    pub(crate) fn began(&self, key: u32) -> Option<u64> {
        self.of(key).map(|read| read.began).max()
    }

    /// The offset below which nothing is missed: what the last readers were told, or as much as may be gone.
    pub(crate) fn floor(&self, book: &Book, key: u32) -> u64 {
        let may_be_gone = book.keys.floor(key, u64::MAX);
        if may_be_gone == u64::MAX {
            return may_be_gone;
        }
        self.of(key)
            .filter_map(|read| read.log_start)
            .max()
            .unwrap_or(may_be_gone)
    }

    /// Judges the last reads: no holes, and nothing that was known lies behind what they found to be the end.
    pub(crate) fn judge(&self, book: &mut Book) {
        for jump in self.jumps.iter().filter(|jump| jump.next < jump.offset) {
            hole(book, jump.key, (jump.next, jump.offset), jump.line);
        }
        for ((key, _), read) in &self.reads {
            let (first, next) = read.read.unwrap_or((read.end, read.end));
            let log_start = read.log_start.unwrap_or_else(|| book.keys.floor(*key, u64::MAX));
            if first > log_start {
                hole(book, *key, (log_start, first), read.line);
            }
            if next < read.end {
                hole(book, *key, (next, read.end), read.line);
            }
            let from = read.end.max(self.floor(book, *key));
            gone(book, *key, read, from);
        }
    }
}

fn hole(book: &mut Book, key: u32, (from, to): (u64, u64), line: u32) {
    if book.keys.has_holes(key) || book.keys.is_deleted(key) {
        return;
    }
    let name = book.keys.name(key);
    book.found.add(Kind::Hole, &[line], &[], || match to - from {
        1 => format!("{name} {from} has no record"),
        _ => format!("{name} {from} to {} have no record", to - 1),
    });
}

/// What somebody knew before the last read began, and what lies behind its end.
fn gone(book: &mut Book, key: u32, read: &LastRead, from: u64) {
    if book.keys.is_deleted(key) || book.keys.is_compacted(key) {
        return;
    }
    let Book {
        keys,
        names,
        values,
        logs,
        found,
        ..
    } = book;
    for known in logs[key as usize].within(from..u64::MAX) {
        // One that was acknowledged and that nobody read has not been seen yet, which is told as that.
        let value = &values[known.value as usize];
        if value.read_at < read.began {
            found.add(
                Kind::LostWrite,
                &[known.line, value.reader, read.line],
                &[known.value],
                || {
                    let (name, value) = (keys.name(key), names.text(known.value));
                    format!(
                        "{value} was at {name} {}, which ended at {} at the end",
                        known.offset, read.end
                    )
                },
            );
        }
    }
}
