//! Whether requests are whole: in the log with all their records, one behind the other, or not at all.

use super::book::{Book, Value};
use super::ends::Ends;
use super::losses::is_absent;
use crate::anomaly::Kind;
use crate::operation::Outcome;

/// Brings in the places of sends of unknown outcome of which there are signs.
pub(crate) fn settle_claims(book: &mut Book) {
    for claim in std::mem::take(&mut book.sends.claims) {
        let part = book.values[claim.value as usize].part;
        let send = book.sends.parts[part as usize].send;
        let sent = book.sends.sends[send as usize];
        let signs = if sent.apart {
            book.values[claim.value as usize].is_read()
        } else {
            let mut values = book.sends.parts_of(send).flat_map(|part| book.sends.values_of(part));
            values.any(|value| book.values[*value as usize].is_read())
        };
        if signs {
            book.place(sent.line, claim.key, claim.offset, claim.value);
        }
    }
}

/// Judges every request.
pub(crate) fn judge(book: &mut Book, ends: &Ends) {
    for number in 0..book.sends.sends.len() {
        let send = u32::try_from(number).expect("sends have such numbers");
        let sent = book.sends.sends[number];
        if sent.outcome == Outcome::Fail {
            continue;
        }
        let parts = book.sends.parts_of(send);
        for part in parts.clone() {
            order(book, send, part);
        }
        if !sent.apart {
            whole(book, ends, send);
        }
    }
}

/// Compares each record of a part with the one before it.
fn order(book: &mut Book, send: u32, part: u32) {
    let values = book.sends.values_of(part);
    let steps = values.windows(2).filter_map(|pair| {
        let [one, two] = [pair[0], pair[1]].map(|value| (value, book.values[value as usize]));
        let placed = one.1.is_placed() && two.1.is_placed();
        let follows = (one.1.key, one.1.offset.wrapping_add(1)) == (two.1.key, two.1.offset);
        (placed && !follows).then_some([one, two])
    });
    // In nearly every part there is nothing to be told.
    let odd: Vec<[(u32, Value); 2]> = steps.collect();
    for [one, two] in odd {
        step(book, send, one, two);
    }
}

fn step(book: &mut Book, send: u32, (one, first): (u32, Value), (two, second): (u32, Value)) {
    let sent = book.sends.sends[send as usize];
    let numbered = book.sends.is_numbered(send);
    let Book {
        keys,
        names,
        logs,
        found,
        ..
    } = book;
    let tell = || {
        let place = |value: &Value| format!("{} {}", keys.name(value.key), value.offset);
        let (first, second) = (place(&first), place(&second));
        format!(
            "{} at {first} is followed by {} at {second}",
            names.text(one),
            names.text(two)
        )
    };
    if !sent.apart {
        found.add(Kind::TornRequest, &[sent.line], &[], tell);
    }
    if first.key != second.key {
        return;
    }
    if second.offset <= first.offset {
        if numbered {
            found.add(Kind::IntNonmonotonicSend, &[sent.line], &[], tell);
        }
    } else if sent.apart
        && let Some(foreign) = logs[first.key as usize].within(first.offset + 1..second.offset).next()
    {
        found.add(Kind::IntSendSkip, &[sent.line], &[foreign.value], tell);
    }
}

/// Some records are there and others are not.
fn whole(book: &mut Book, ends: &Ends, send: u32) {
    let parts = book.sends.parts_of(send);
    let values = parts.clone().flat_map(|part| book.sends.values_of(part));
    let (mut there, mut all) = (0, 0);
    for value in values {
        all += 1;
        there += u64::from(book.values[*value as usize].is_placed());
    }
    if there == 0 || there == all {
        return;
    }
    let completed = book.sends.sends[send as usize].completed;
    let missing = parts.clone().find_map(|part| missing(book, ends, part, completed));
    let seen = parts.flat_map(|part| book.sends.values_of(part)).copied();
    let seen = seen.into_iter().find(|value| book.values[*value as usize].is_placed());
    let (Some(missing), Some(seen)) = (missing, seen) else {
        return;
    };
    let line = book.sends.sends[send as usize].line;
    let place = book.values[seen as usize];
    let Book { keys, names, found, .. } = book;
    found.add(Kind::TornRequest, &[line, place.reader], &[], || {
        let (one, two) = (names.text(seen), names.text(missing));
        format!(
            "{one} is at {} {}, and {two} of the same request is nowhere",
            keys.name(place.key),
            place.offset
        )
    });
}

/// A value of a part that is certainly not there.
fn missing(book: &Book, ends: &Ends, part: u32, completed: u64) -> Option<u32> {
    let values = book.sends.values_of(part);
    let known = values.iter().zip(0_u64..).find_map(|(value, index)| {
        let value = book.values[*value as usize];
        value.is_placed().then_some((value, index))
    });
    let absent = |index: u64| match known {
        // Beside another one of its part: it would be at just this offset, for whoever at the end read the other.
        Some((value, at)) => {
            let offset = (value.offset + index).checked_sub(at);
            let kept = offset.is_none_or(|offset| offset >= ends.floor(book, value.key));
            let passed = ends.of(value.key).any(|read| value.offset < read.end);
            kept && passed && !book.keys.is_compacted(value.key)
        }
        None => is_absent(book, ends, book.sends.parts[part as usize].key, completed),
    };
    let missing = values
        .iter()
        .zip(0..)
        .find(|(value, index)| !book.values[**value as usize].is_placed() && absent(*index));
    missing.map(|(value, _)| *value)
}
