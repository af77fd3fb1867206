//! Plants that are seen in watermarks.

use super::{Field, Plant, is_plain, plant, poll_of, send_of};
use crate::Kind;
use crate::operation::{Basis, Did, Marks, Outcome};

pub(super) const PLANTS: &[Plant] = &[
    plant("a high watermark falls", Kind::WatermarkFell, &[], end_falls),
    plant("a log start falls", Kind::WatermarkFell, &[], start_falls),
    plant(
        "the last stable offset lies behind the end",
        Kind::WatermarkOrder,
        &[],
        unstable,
    ),
    plant(
        "a log begins behind its end",
        Kind::WatermarkOrder,
        &[Kind::UnaskedTrim, Kind::StaleEnd],
        inverted,
    ),
    plant("a record is read behind the end", Kind::WatermarkOrder, &[], beyond),
    plant("the end is older than an acknowledgement", Kind::StaleEnd, &[], stale),
    plant(
        "a log start rises that nobody moved",
        Kind::UnaskedTrim,
        &[Kind::StaleEnd],
        unasked,
    ),
];

/// Where watermarks stand: an operation, and which of its answers.
type Told = (usize, usize);

/// The watermarks that somebody asked for.
fn told(field: &Field<'_>, of: Basis) -> Vec<Told> {
    let all = field.operations.iter().enumerate().flat_map(|(at, done)| {
        let marks = match &done.did {
            Did::Watermarks { basis, marks } if *basis == of => marks.len(),
            _ => 0,
        };
        (0..marks).map(move |index| (at, index))
    });
    all.collect()
}

fn marks<'a>(field: &'a mut Field<'_>, (at, index): Told) -> &'a mut (String, Marks) {
    match &mut field.operations[at].did {
        Did::Watermarks { marks, .. } => &mut marks[index],
        other => panic!("no watermarks: {other:?}"),
    }
}

/// An answer to a process that carries its position, and what it had been told before.
fn second(field: &mut Field<'_>, is: impl Fn(&Marks, &Marks) -> bool) -> Option<(Told, Marks)> {
    let all = told(field, Basis::Carried);
    let mut found = Vec::new();
    for (number, second) in all.iter().enumerate() {
        let (key, now) = marks(field, *second).clone();
        let process = field.operations[second.0].process;
        let before = all[..number].iter().rev().find_map(|first| {
            let same = field.operations[first.0].process == process && marks(field, *first).0 == key;
            same.then(|| marks(field, *first).1)
        });
        if let Some(before) = before.filter(|before| is(before, &now)) {
            found.push((*second, before));
        }
    }
    field.pick(&found)
}

fn end_falls(field: &mut Field<'_>) -> bool {
    let Some((at, before)) = second(field, |before, now| before.high_watermark > now.log_start) else {
        return false;
    };
    let marks = &mut marks(field, at).1;
    marks.high_watermark = before.high_watermark - 1;
    marks.last_stable = Some(marks.high_watermark);
    true
}

fn start_falls(field: &mut Field<'_>) -> bool {
    let Some((at, before)) = second(field, |before, _| before.log_start > 0) else {
        return false;
    };
    marks(field, at).1.log_start = before.log_start - 1;
    true
}

fn unstable(field: &mut Field<'_>) -> bool {
    let all = told(field, Basis::Hint);
    let Some(at) = field.pick(&all) else { return false };
    let marks = &mut marks(field, at).1;
    marks.last_stable = Some(marks.high_watermark + 1);
    true
}

fn inverted(field: &mut Field<'_>) -> bool {
    let all = told(field, Basis::Hint);
    let Some(at) = field.pick(&all) else { return false };
    let marks = &mut marks(field, at).1;
    marks.log_start = marks.high_watermark + 1;
    true
}

fn beyond(field: &mut Field<'_>) -> bool {
    let mut spots = field.spots(|poll, part| poll.basis == Basis::Hint && !poll.last && part.marks.is_some());
    spots.retain(|spot| {
        let part = poll_of(&field.operations[spot.operation]).map(|poll| &poll.parts[spot.part]);
        part.is_some_and(|part| spot.record + 1 == part.records.len() && !part.rebalanced)
    });
    let Some(spot) = field.pick(&spots) else { return false };
    let (last, _) = field.record(spot);
    let Some(marks) = &mut field.part(spot.operation, spot.part).marks else {
        return false;
    };
    (marks.high_watermark, marks.last_stable) = (last, Some(last));
    true
}

fn stale(field: &mut Field<'_>) -> bool {
    let mut found = Vec::new();
    for at in told(field, Basis::Tip) {
        let (key, answer) = marks(field, at).clone();
        let asked = field.operations[at.0].invoked;
        let acknowledged = field
            .operations
            .iter()
            .filter(|done| done.outcome == Outcome::Ok && done.completed < asked);
        let parts = acknowledged
            .filter_map(send_of)
            .flat_map(|send| &send.parts)
            .filter(|part| part.key == key);
        let end = parts
            .filter_map(|part| Some(part.base? + part.values.len() as u64))
            .max();
        if let Some(end) = end.filter(|end| *end > answer.log_start) {
            found.push((at, end));
        }
    }
    let Some((at, end)) = field.pick(&found) else {
        return false;
    };
    let marks = &mut marks(field, at).1;
    (marks.high_watermark, marks.last_stable) = (end - 1, Some(end - 1));
    true
}

fn unasked(field: &mut Field<'_>) -> bool {
    let mut all = told(field, Basis::Hint);
    all.retain(|at| {
        let (key, marks) = marks(field, *at);
        is_plain(key) && marks.high_watermark > 0
    });
    let Some(at) = field.pick(&all) else { return false };
    marks(field, at).1.log_start = 1;
    true
}
