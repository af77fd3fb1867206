//! Plants that are seen in the order of what was sent, and in requests that are not whole.

use super::{Field, Plant, plant, send_of};
use crate::Kind;
use crate::operation::{Operation, Outcome, Send, SendPart};

pub(super) const PLANTS: &[Plant] = &[
    plant(
        "a producer's second send lies before its first",
        Kind::NonmonotonicSend,
        &[],
        swapped,
    ),
    plant(
        "numbered records lie in another order",
        Kind::IntNonmonotonicSend,
        &[],
        reversed,
    ),
    plant(
        "another's record lies between those of a client",
        Kind::IntSendSkip,
        &[],
        parted,
    ),
    plant(
        "a send that began later has the smaller offset",
        Kind::RealtimeSendOrder,
        &[Kind::StaleEnd],
        overtaken,
    ),
    plant("a request lacks its last record", Kind::TornRequest, &[], short),
    plant(
        "a request lacks one of its partitions",
        Kind::TornRequest,
        &[],
        one_sided,
    ),
    plant(
        "records of two requests are mixed",
        Kind::TornRequest,
        &[Kind::RealtimeSendOrder, Kind::FutureRead],
        mixed,
    ),
];

/// Numbered sends of one part each that were acknowledged: producer, epoch and partition, and which operation.
fn numbered(field: &Field<'_>) -> Vec<((String, u64, String), usize)> {
    let sends = field.operations(|done| done.outcome == Outcome::Ok);
    let numbered = sends.into_iter().filter_map(|at| {
        let send = send_of(&field.operations[at]).filter(|send| !send.apart && send.parts.len() == 1)?;
        let (producer, part) = (send.producer.as_ref()?, &send.parts[0]);
        part.base?;
        Some(((producer.id.clone(), producer.epoch, part.key.clone()), at))
    });
    numbered.collect()
}

fn swapped(field: &mut Field<'_>) -> bool {
    let all = numbered(field);
    let Some((of, one)) = field.pick(&all) else {
        return false;
    };
    let others: Vec<usize> = all
        .iter()
        .filter(|(same, at)| *same == of && *at != one)
        .map(|(_, at)| *at)
        .collect();
    let Some(other) = field.pick(&others) else { return false };
    let number = |field: &mut Field<'_>, at: usize| field.send(at).producer.clone();
    let (first, second) = (number(field, one), number(field, other));
    (field.send(one).producer, field.send(other).producer) = (second, None);
    field.send(other).producer = first;
    true
}

/// Sends of several requests that were acknowledged.
fn apart(field: &Field<'_>) -> Vec<usize> {
    field.operations(|done| {
        let told = |send: &Send| send.apart && send.parts[0].offsets.is_some();
        done.outcome == Outcome::Ok && send_of(done).is_some_and(told)
    })
}

fn reversed(field: &mut Field<'_>) -> bool {
    let all = apart(field);
    let Some(at) = field.pick(&all) else { return false };
    let part = &mut field.send(at).parts[0];
    part.values.reverse();
    part.offsets.iter_mut().for_each(|offsets| offsets.reverse());
    true
}

fn parted(field: &mut Field<'_>) -> bool {
    let all = apart(field);
    let Some(at) = field.pick(&all) else { return false };
    let part = &mut field.send(at).parts[0];
    let (key, value) = (part.key.clone(), part.values.remove(1));
    let offset = part.offsets.as_mut().map(|offsets| offsets.remove(1));
    let Operation { invoked, completed, .. } = field.operations[at];
    field.sow(&key, &[&value], offset, (invoked, completed));
    true
}

fn overtaken(field: &mut Field<'_>) -> bool {
    let sends = field.simple_sends();
    let Some(late) = field.pick(&sends) else { return false };
    let place = |field: &mut Field<'_>, at: usize| {
        let part = &field.send(at).parts[0];
        (part.key.clone(), part.base.unwrap_or(0))
    };
    let (key, base) = place(field, late);
    let behind = sends.into_iter().filter(|at| {
        let (other, at) = place(field, *at);
        other == key && at > base && at < base + 20
    });
    let behind: Vec<usize> = behind.collect();
    let (Some(early), began) = (field.pick(&behind), field.operations[late].invoked) else {
        return false;
    };
    (field.operations[early].invoked, field.operations[early].completed) = (began - 2, began - 1);
    true
}

/// A send without an answer that somebody has read.
fn read_but_unanswered(field: &mut Field<'_>) -> Option<usize> {
    let sends = field.simple_sends();
    let at = field.pick(&sends)?;
    field.unanswer(at);
    let value = field.send(at).parts[0].values[0].clone();
    (!field.reads_of(&value).is_empty()).then_some(at)
}

fn short(field: &mut Field<'_>) -> bool {
    let Some(at) = read_but_unanswered(field) else {
        return false;
    };
    field.send(at).parts[0].values.push("missing".to_owned());
    true
}

fn one_sided(field: &mut Field<'_>) -> bool {
    let Some(at) = read_but_unanswered(field) else {
        return false;
    };
    let other = ["plain/0", "plain/1", "plain/2"]
        .into_iter()
        .find(|key| field.send(at).parts[0].key != **key);
    field.send(at).parts.push(SendPart {
        key: other.unwrap_or("plain").to_owned(),
        values: vec!["missing".to_owned()],
        ..SendPart::default()
    });
    true
}

/// The last record of one request and the first of the next one change their senders.
fn mixed(field: &mut Field<'_>) -> bool {
    let sends = field.simple_sends();
    let place = |at: &usize| {
        let part = &send_of(&field.operations[*at])?.parts[0];
        let base = part.base?;
        Some((part.key.clone(), base, base + part.values.len() as u64))
    };
    let pairs = sends.iter().flat_map(|one| sends.iter().map(move |two| (*one, *two)));
    let next = |(one, two): &(usize, usize)| match (place(one), place(two)) {
        (Some((key, base, end)), Some((same, begin, _))) => key == same && end == begin && end > base + 1,
        _ => false,
    };
    let pairs: Vec<(usize, usize)> = pairs.filter(next).collect();
    let Some((one, two)) = field.pick(&pairs) else {
        return false;
    };
    for at in [one, two] {
        let part = &mut field.send(at).parts[0];
        let base = part.base.take().unwrap_or(0);
        part.offsets = Some((base..).take(part.values.len()).collect());
    }
    let last = |part: &mut SendPart| (part.values.pop(), part.offsets.as_mut().and_then(Vec::pop));
    let (value, offset) = last(&mut field.send(one).parts[0]);
    let next = &mut field.send(two).parts[0];
    let first = (
        next.values.remove(0),
        next.offsets.as_mut().map(|offsets| offsets.remove(0)),
    );
    next.values.splice(0..0, value);
    next.offsets
        .iter_mut()
        .for_each(|offsets| drop(offsets.splice(0..0, offset)));
    let part = &mut field.send(one).parts[0];
    part.values.push(first.0);
    part.offsets.iter_mut().for_each(|offsets| offsets.extend(first.1));
    true
}
