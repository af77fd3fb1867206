//! Plants that are seen in what was read: values that are elsewhere, twice, nowhere, or should not be.

use super::{Field, Plant, is_plain, plant, poll_of, send_of};
use crate::Kind;
use crate::operation::{Did, Outcome};

pub(super) const PLANTS: &[Plant] = &[
    plant(
        "an offset has another value for one reader",
        Kind::InconsistentOffsets,
        &[],
        another_value,
    ),
    plant("a record is there twice", Kind::Duplicate, &[], twice),
    plant(
        "an acknowledged record is not between its neighbours",
        Kind::LostWrite,
        &[Kind::Hole, Kind::IntPollSkip, Kind::PollSkip],
        lost,
    ),
    plant(
        "the end of a log is gone",
        Kind::LostWrite,
        &[Kind::Unseen, Kind::StaleEnd, Kind::TornRequest],
        cut,
    ),
    plant(
        "an acknowledged record is never seen",
        Kind::Unseen,
        &[Kind::StaleEnd],
        unseen,
    ),
    plant(
        "a record that was acknowledged without its place is never seen",
        Kind::Unseen,
        &[],
        unseen_anywhere,
    ),
    plant("a send that failed is read", Kind::AbortedRead, &[], failed),
    plant("nobody sent a record", Kind::Phantom, &[], nobody),
    plant("a record is in another partition", Kind::Phantom, &[], elsewhere),
    plant("a record is read before it is sent", Kind::FutureRead, &[], too_soon),
    plant("an offset has no record", Kind::Hole, &[], hole),
];

fn another_value(field: &mut Field<'_>) -> bool {
    let spots = field.spots(|poll, part| !poll.last && is_plain(&part.key));
    let Some(spot) = field
        .pick(&spots)
        .filter(|spot| field.is_in_the_end(&field.record(*spot).1))
    else {
        return false;
    };
    let key = field.part(spot.operation, spot.part).key.clone();
    field.part(spot.operation, spot.part).records[spot.record].1 = "other".to_owned();
    field.sow(&key, &["other"], None, (1, 2));
    true
}

fn twice(field: &mut Field<'_>) -> bool {
    let spots = field.spots(|poll, part| poll.last && is_plain(&part.key));
    let Some(spot) = field.pick(&spots) else { return false };
    let key = field.part(spot.operation, spot.part).key.clone();
    let (_, value) = field.record(spot);
    field.append(&key, &value)
}

fn lost(field: &mut Field<'_>) -> bool {
    let sends = field.simple_sends();
    let Some(at) = field.pick(&sends) else { return false };
    let part = field.send(at).parts[0].clone();
    let last = field
        .last_part(&part.key)
        .map(|(operation, index)| field.part(operation, index).records.last().cloned());
    let end = last.flatten().map_or(0, |(offset, _)| offset);
    let Some(value) = field
        .pick(&part.values)
        .filter(|_| part.base.is_some_and(|base| base + 5 < end))
    else {
        return false;
    };
    field.forget(&value);
    true
}

fn cut(field: &mut Field<'_>) -> bool {
    let spots = field.spots(|poll, part| !poll.last && is_plain(&part.key));
    let Some(spot) = field.pick(&spots) else { return false };
    let (from, _) = field.record(spot);
    let key = field.part(spot.operation, spot.part).key.clone();
    for done in field.operations.iter_mut() {
        let Did::Poll(poll) = &mut done.did else { continue };
        for part in poll.parts.iter_mut().filter(|part| part.key == key && poll.last) {
            let end = from.max(part.marks.map_or(0, |marks| marks.log_start));
            part.records.retain(|(offset, _)| *offset < from);
            if let Some(marks) = &mut part.marks {
                (marks.high_watermark, marks.last_stable) = (end, Some(end));
            }
        }
    }
    field
        .operations
        .retain(|done| !matches!(&done.did, Did::Prefix { key: of, .. } if *of == key));
    true
}

/// When the last reads began.
fn end(field: &Field<'_>) -> Option<u64> {
    field
        .operations
        .iter()
        .find(|done| poll_of(done).is_some_and(|poll| poll.last))
        .map(|done| done.invoked)
}

fn unseen(field: &mut Field<'_>) -> bool {
    let (Some(at), Some(end)) = (field.last_part("plain/0"), end(field)) else {
        return false;
    };
    let Some(marks) = field.part(at.0, at.1).marks else {
        return false;
    };
    field.sow("plain/0", &["unseen"], Some(marks.high_watermark), (end - 2, end - 1));
    true
}

fn unseen_anywhere(field: &mut Field<'_>) -> bool {
    let key = if field.chance.coin(0.5) { "plain" } else { "plain/1" };
    field.sow(key, &["unseen"], None, (1, 2));
    field.operations[0].outcome = Outcome::Ok;
    true
}

fn failed(field: &mut Field<'_>) -> bool {
    let sends = field.operations(|done| done.outcome != Outcome::Fail && send_of(done).is_some());
    let Some(at) = field.pick(&sends) else { return false };
    let values: Vec<String> = field
        .send(at)
        .parts
        .iter()
        .flat_map(|part| part.values.clone())
        .collect();
    field.unanswer(at);
    field.operations[at].outcome = Outcome::Fail;
    values.iter().any(|value| !field.reads_of(value).is_empty())
}

fn nobody(field: &mut Field<'_>) -> bool {
    field.append("plain/0", "nobody")
}

fn elsewhere(field: &mut Field<'_>) -> bool {
    field.sow("plain/1", &["elsewhere"], None, (1, 2));
    field.append("plain/0", "elsewhere")
}

fn too_soon(field: &mut Field<'_>) -> bool {
    let sends = field.simple_sends();
    let Some(at) = field.pick(&sends) else { return false };
    let value = field.send(at).parts[0].values[0].clone();
    let reads = field
        .reads_of(&value)
        .into_iter()
        .map(|spot| &field.operations[spot.operation]);
    let Some(read) = reads.map(|poll| poll.completed).min() else {
        return false;
    };
    field.unanswer(at);
    (field.operations[at].invoked, field.operations[at].completed) = (read + 1, read + 2);
    true
}

/// Nobody but its sender, who had no answer, has ever heard of a record.
fn hole(field: &mut Field<'_>) -> bool {
    let mut sends = field.simple_sends();
    sends.retain(|at| send_of(&field.operations[*at]).is_some_and(|send| send.parts[0].values.len() == 1));
    let Some(at) = field.pick(&sends) else { return false };
    let part = field.send(at).parts[0].clone();
    field.unanswer(at);
    let is_read = !field.reads_of(&part.values[0]).is_empty();
    field.forget(&part.values[0]);
    is_read
}
