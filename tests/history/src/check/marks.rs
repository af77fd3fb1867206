//! Watermarks: their order, that they do not fall for who carries its position, and that no log start lies beyond what
//! somebody asked for.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::book::{At, Book};
use crate::anomaly::Kind;
use crate::operation::{Basis, Marks};

/// What somebody was told about a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) line: u32,
    pub(crate) key: u32,
    pub(crate) invoked: u64,
    pub(crate) completed: u64,
    pub(crate) log_start: u64,
    pub(crate) high_watermark: u64,
    /// Whether it rests on the end.
    pub(crate) is_of_tip: bool,
}

/// All watermarks.
#[derive(Debug, Default)]
pub(crate) struct Watermarks {
    carried: HashMap<(u32, u32), (Marks, u32), FxBuildHasher>,
    /// By key and log start, when it was first told and to whom.
    log_starts: HashMap<(u32, u64), (u64, u32), FxBuildHasher>,
    pub(crate) answers: Vec<Answer>,
    /// By key, the highest watermarks among the answers.
    highest: HashMap<u32, (u64, u64), FxBuildHasher>,
}

impl Watermarks {
    /// A client forgets what it was told.
    pub(crate) fn crash(&mut self, process: u32) {
        self.carried.retain(|(of, _), _| *of != process);
    }

    /// Somebody was told. `read` is the highest offset that came along.
    pub(crate) fn take(&mut self, book: &mut Book, at: &At, key: u32, told: (Marks, Basis), read: Option<u64>) {
        let (marks, basis) = told;
        order(book, at, key, &marks, read);
        book.keys.told(key, marks.log_start);
        let first = self
            .log_starts
            .entry((key, marks.log_start))
            .or_insert((at.completed, at.line));
        *first = (*first).min((at.completed, at.line));
        if basis == Basis::Carried {
            self.compare(book, at, key, &marks);
        }
        let (log_start, high_watermark) = self.highest.get(&key).copied().unwrap_or_default();
        // The others say nothing that those before them had not said.
        if basis == Basis::Tip || marks.log_start > log_start || marks.high_watermark > high_watermark {
            let both = (marks.log_start.max(log_start), marks.high_watermark.max(high_watermark));
            self.highest.insert(key, both);
            self.answers.push(Answer {
                line: at.line,
                key,
                invoked: at.invoked,
                completed: at.completed,
                log_start: marks.log_start,
                high_watermark: marks.high_watermark,
                is_of_tip: basis == Basis::Tip,
            });
        }
    }

    /// Compares with what the process was told before.
    fn compare(&mut self, book: &mut Book, at: &At, key: u32, marks: &Marks) {
        let Some((before, line)) = self.carried.insert((at.process, key), (*marks, at.line)) else {
            return;
        };
        let all = [
            ("log start", Some(before.log_start), Some(marks.log_start)),
            (
                "high watermark",
                Some(before.high_watermark),
                Some(marks.high_watermark),
            ),
            ("last stable offset", before.last_stable, marks.last_stable),
        ];
        for (name, before, now) in all {
            if let (Some(before), Some(now)) = (before, now)
                && now < before
            {
                let key = book.keys.name(key);
                book.found.add(Kind::WatermarkFell, &[line, at.line], &[], || {
                    format!("process {}: {key}'s {name} fell from {before} to {now}", at.process)
                });
            }
        }
    }

    /// Judges the log starts that nobody had asked for when they were told.
    pub(crate) fn judge(&self, book: &mut Book) {
        let mut log_starts: Vec<_> = self.log_starts.iter().collect();
        log_starts.sort_unstable();
        for (&(key, log_start), &(when, line)) in log_starts {
            let asked = book.keys.asked(key, when);
            if log_start > asked && !book.keys.is_retained(key) && !book.keys.is_deleted(key) {
                let name = book.keys.name(key);
                book.found.add(Kind::UnaskedTrim, &[line], &[], || {
                    format!("{name} begins at {log_start}, and nobody had asked for more than {asked}")
                });
            }
        }
    }
}

fn order(book: &mut Book, at: &At, key: u32, marks: &Marks, read: Option<u64>) {
    let Marks {
        log_start,
        high_watermark,
        last_stable,
    } = *marks;
    let stable = last_stable.unwrap_or(high_watermark);
    let beyond = read.filter(|read| *read >= high_watermark);
    if log_start <= stable && stable <= high_watermark && beyond.is_none() {
        return;
    }
    let name = book.keys.name(key);
    book.found.add(Kind::WatermarkOrder, &[at.line], &[], || {
        let read = beyond.map(|read| format!(", and {read} was read")).unwrap_or_default();
        format!("{name}: log start {log_start}, last stable offset {stable}, high watermark {high_watermark}{read}")
    });
}
