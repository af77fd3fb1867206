//! What readers should have found: records that were acknowledged and never read, and those that were left out between
//! two others. Judged once all is known.

use super::book::{Book, NEVER, Value};
use super::ends::Ends;
use super::names::NONE;
use super::reads::{Gap, Reads};
use crate::anomaly::Kind;
use crate::operation::Outcome;

/// Judges what readers have passed over.
pub(crate) fn gaps(book: &mut Book, gaps: &[Gap]) {
    let Book {
        keys,
        names,
        logs,
        found,
        ..
    } = book;
    for gap in gaps.iter().filter(|gap| !keys.is_compacted(gap.key)) {
        let from = gap.from.max(keys.floor(gap.key, gap.when));
        if let Some(known) = logs[gap.key as usize].within(from..gap.to.max(from)).next() {
            let lines = [gap.lines[0], gap.lines[1], known.line];
            found.add(gap.kind, &lines, &[known.value], || {
                let (name, value) = (keys.name(gap.key), names.text(known.value));
                format!(
                    "{name}: {value} at {} was left out between {} and {}",
                    known.offset, gap.from, gap.to
                )
            });
        }
    }
}

/// Judges what was acknowledged and never read.
pub(crate) fn writes(book: &mut Book, reads: &Reads, ends: &Ends) {
    for number in 0..book.values.len() {
        let value = book.values[number];
        if value.part == NONE || value.is_read() {
            continue;
        }
        let sent = book.sends.of_part(value.part);
        let committed = match sent.outcome {
            Outcome::Ok => true,
            // It has a place only if there are signs of its send.
            Outcome::Info => value.is_placed(),
            Outcome::Fail => false,
        };
        if !committed {
            continue;
        }
        let completed = sent.completed;
        let number = u32::try_from(number).expect("values have such numbers");
        if value.is_placed() {
            placed(book, reads, ends, number, &value, completed);
        } else {
            unplaced(book, ends, number, &value, completed);
        }
    }
}

fn placed(book: &mut Book, reads: &Reads, ends: &Ends, number: u32, value: &Value, completed: u64) {
    let Value { key, offset, .. } = *value;
    if book.keys.is_compacted(key) || offset < ends.floor(book, key) {
        return;
    }
    let covered = reads.is_covered(key, offset);
    if !covered && ends.began(key).is_none_or(|began| completed >= began) {
        return;
    }
    let mut lines: Vec<u32> = ends.of(key).map(|read| read.line).collect();
    let Book {
        keys,
        names,
        values,
        logs,
        found,
        ..
    } = book;
    // Whoever read around it.
    let around = [offset.saturating_sub(1)..offset, offset + 1..offset + 2];
    let around = around.into_iter().filter_map(|at| logs[key as usize].within(at).next());
    let around = around.map(|known| values[known.value as usize]).filter(Value::is_read);
    lines.extend(around.map(|value| value.reader));
    let kind = if covered { Kind::LostWrite } else { Kind::Unseen };
    found.add(kind, &lines, &[number], || {
        let (name, text) = (keys.name(key), names.text(number));
        format!("{text} was acknowledged at {name} {offset}, and nobody ever read it")
    });
}

/// One that was acknowledged without a word of where it is: it has to be in one of the partitions that it was sent to.
fn unplaced(book: &mut Book, ends: &Ends, number: u32, value: &Value, completed: u64) {
    let target = book.sends.parts[value.part as usize].key;
    if !is_absent(book, ends, target, completed) {
        return;
    }
    let lines: Vec<u32> = book
        .keys
        .partitions(target)
        .flat_map(|key| ends.of(key))
        .map(|read| read.line)
        .collect();
    let Book { keys, names, found, .. } = book;
    found.add(Kind::Unseen, &lines, &[number], || {
        let (name, text) = (keys.name(target), names.text(number));
        format!("{text} was acknowledged in {name}, and nobody ever read it")
    });
}

/// Whether a record that was sent until then, and that nobody read, is not there: everything was read, and nothing may be
/// gone.
pub(crate) fn is_absent(book: &Book, ends: &Ends, target: u32, completed: u64) -> bool {
    let mut partitions = book.keys.partitions(target).peekable();
    let some = partitions.peek().is_some();
    let whole = |key: u32| {
        let kept = !book.keys.is_compacted(key) && book.keys.floor(key, NEVER) == 0 && ends.floor(book, key) == 0;
        kept && ends.began(key).is_some_and(|began| completed < began)
    };
    some && partitions.all(whole)
}
