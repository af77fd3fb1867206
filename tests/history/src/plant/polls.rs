//! Plants that are seen in the order of what was read.

use super::{Field, Plant, is_plain, plant, poll_of};
use crate::Kind;
use crate::operation::{Did, Operation};

pub(super) const PLANTS: &[Plant] = &[
    plant("a poll leaves out a record", Kind::IntPollSkip, &[], skip_within),
    plant(
        "a poll gives a record twice",
        Kind::IntNonmonotonicPoll,
        &[],
        again_within,
    ),
    plant(
        "a record is left out between two polls",
        Kind::PollSkip,
        &[],
        skip_between,
    ),
    plant(
        "a record is left out behind a seek",
        Kind::PollSkip,
        &[],
        skip_behind_a_seek,
    ),
    plant(
        "a poll begins with the last record again",
        Kind::NonmonotonicPoll,
        &[],
        again_between,
    ),
    plant("a prefix has another hash", Kind::PrefixHash, &[], hash),
];

fn skip_within(field: &mut Field<'_>) -> bool {
    let mut spots = field.spots(|poll, part| !poll.last && !part.rebalanced && is_plain(&part.key));
    spots.retain(|spot| {
        let records = poll_of(&field.operations[spot.operation]).map_or(0, |poll| poll.parts[spot.part].records.len());
        spot.record > 0 && spot.record + 1 < records && field.is_in_the_end(&field.record(*spot).1)
    });
    let Some(spot) = field.pick(&spots) else { return false };
    field.part(spot.operation, spot.part).records.remove(spot.record);
    true
}

fn again_within(field: &mut Field<'_>) -> bool {
    let spots = field.spots(|poll, part| !poll.last && !part.rebalanced && is_plain(&part.key));
    let Some(spot) = field.pick(&spots) else { return false };
    let record = field.record(spot);
    field
        .part(spot.operation, spot.part)
        .records
        .insert(spot.record, record);
    true
}

/// Two polls of which the second goes on where the first had stopped: operation and part of each.
type Follows = ((usize, usize), (usize, usize));

/// Polls that follow one another, the second of so many records at least.
fn following(field: &Field<'_>, records_min: usize) -> Vec<Follows> {
    let mut found = Vec::new();
    for (second, done) in field.operations.iter().enumerate() {
        let parts = poll_of(done)
            .filter(|poll| !poll.last)
            .into_iter()
            .flat_map(|poll| poll.parts.iter().enumerate());
        for (index, part) in parts {
            let goes_on = part.from.is_none() && !part.rebalanced && is_plain(&part.key);
            if goes_on
                && part.records.len() >= records_min
                && let Some(first) = before(&field.operations[..second], done.process, &part.key)
            {
                found.push((first, (second, index)));
            }
        }
    }
    found
}

/// The last poll of this process that gave something of a partition, if nothing has happened since.
fn before(operations: &[Operation], process: u32, key: &str) -> Option<(usize, usize)> {
    for (at, done) in operations
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, done)| done.process == process)
    {
        let Did::Poll(poll) = &done.did else { return None };
        let part = poll
            .parts
            .iter()
            .position(|part| part.key == key && !part.records.is_empty());
        if let Some(part) = part {
            return Some((at, part));
        }
    }
    None
}

/// Whether somebody who subscribes does this: it has no order between polls.
fn subscribes(field: &Field<'_>, operation: usize) -> bool {
    let process = field.operations[operation].process;
    let all = field.operations.iter().filter(|done| done.process == process);
    all.into_iter().any(|done| matches!(done.did, Did::Subscribe { .. }))
}

fn skip_between(field: &mut Field<'_>) -> bool {
    let mut all = following(field, 2);
    all.retain(|(_, (operation, _))| !subscribes(field, *operation));
    let Some((_, (operation, part))) = field.pick(&all) else {
        return false;
    };
    let (_, value) = field.part(operation, part).records.remove(0);
    field.is_in_the_end(&value)
}

fn skip_behind_a_seek(field: &mut Field<'_>) -> bool {
    let mut spots = field.spots(|poll, part| {
        let sought = part.from.is_some() && part.records.len() > 1;
        !poll.last && sought && is_plain(&part.key)
    });
    spots.retain(|spot| spot.record == 0);
    let Some(spot) = field.pick(&spots) else { return false };
    let (_, value) = field.part(spot.operation, spot.part).records.remove(0);
    field.is_in_the_end(&value)
}

fn again_between(field: &mut Field<'_>) -> bool {
    let mut all = following(field, 1);
    all.retain(|(_, (operation, _))| !subscribes(field, *operation));
    let Some(((first, index), (operation, part))) = field.pick(&all) else {
        return false;
    };
    let last = field.part(first, index).records.last().cloned();
    field.part(operation, part).records.splice(0..0, last);
    true
}

fn hash(field: &mut Field<'_>) -> bool {
    let all =
        field.operations(|done| matches!(&done.did, Did::Prefix { key, from, end, .. } if is_plain(key) && from < end));
    // The last ones are of those who read everything.
    let Some(at) = all.last() else { return false };
    if let Did::Prefix { hash, .. } = &mut field.operations[*at].did {
        let digit = if hash.starts_with('0') { "1" } else { "0" };
        hash.replace_range(..1, digit);
    }
    true
}
