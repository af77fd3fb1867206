//! The order of sends: by each producer's sequence, and by real time. What answers about the end rest on is judged along
//! with the latter.

use super::book::{Book, NEVER, Value};
use super::marks::Answer;
use super::names::NONE;
use super::sends::Numbered;
use crate::anomaly::Kind;
use crate::operation::Outcome;

/// Judges the order of each producer's sends in each partition.
pub(crate) fn by_producer(book: &mut Book) {
    let mut numbered = book.sends.numbered.clone();
    numbered.sort_unstable();
    // Key, then where in the producer's order, then the lowest and the highest offset.
    let mut placed: Vec<(u32, usize, u64, u64)> = Vec::new();
    let mut begin = 0;
    while begin < numbered.len() {
        let producer = numbered[begin].producer;
        let own = numbered[begin..]
            .iter()
            .take_while(|one| one.producer == producer)
            .count();
        let own = &numbered[begin..begin + own];
        placed.clear();
        for (index, one) in own.iter().enumerate() {
            extents(book, one, index, &mut placed);
        }
        placed.sort_unstable_by_key(|(key, index, ..)| (*key, *index));
        for pair in placed.windows(2) {
            let [(key, one, _, highest), (same, two, lowest, _)] = [pair[0], pair[1]];
            if key == same && lowest < highest {
                tell_nonmonotonic(book, key, (&own[one], highest), (&own[two], lowest));
            }
        }
        begin += own.len();
    }
}

/// Where the records of a send lie.
fn extents(book: &Book, one: &Numbered, index: usize, placed: &mut Vec<(u32, usize, u64, u64)>) {
    if book.sends.sends[one.send as usize].outcome == Outcome::Fail {
        return;
    }
    let values = book
        .sends
        .parts_of(one.send)
        .flat_map(|part| book.sends.values_of(part));
    let values = values
        .map(|value| book.values[*value as usize])
        .filter(Value::is_placed);
    let mut all: Vec<(u32, u64)> = values.map(|value| (value.key, value.offset)).collect();
    all.sort_unstable();
    for chunk in all.chunk_by(|one, two| one.0 == two.0) {
        placed.push((chunk[0].0, index, chunk[0].1, chunk[chunk.len() - 1].1));
    }
}

fn tell_nonmonotonic(book: &mut Book, key: u32, (one, highest): (&Numbered, u64), (two, lowest): (&Numbered, u64)) {
    let line = |one: &Numbered| book.sends.sends[one.send as usize].line;
    let lines = [line(one), line(two)];
    let (name, producer) = (book.keys.name(key), book.sends.producers.text(one.producer));
    let number = |one: &Numbered| format!("epoch {} sequence {}", one.epoch, one.sequence);
    book.found.add(Kind::NonmonotonicSend, &lines, &[], || {
        let (one, two) = (number(one), number(two));
        format!("{producer}'s {one} is at {name} {highest}, and {two} at {lowest}")
    });
}

/// What was known of a partition at some moment, and who was told.
#[derive(Clone, Copy, Debug)]
struct Known {
    offset: u64,
    line: u32,
}

const NOTHING: Known = Known { offset: 0, line: NONE };

impl Known {
    fn rise(&mut self, offset: u64, line: u32) {
        if offset > self.offset {
            *self = Known { offset, line };
        }
    }
}

/// Partitions as they were known at a moment.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// The offset behind the highest that was acknowledged.
    acknowledged: Known,
    /// The highest end, by acknowledgement or answer.
    end: Known,
    log_start: Known,
}

/// Walks through time. What was told before something began binds it.
pub(crate) fn by_real_time(book: &mut Book, answers: &[Answer]) {
    let mut moments = vec![
        Moment {
            acknowledged: NOTHING,
            end: NOTHING,
            log_start: NOTHING,
        };
        book.keys.len()
    ];
    let acknowledged = |part: &u32| book.sends.parts[*part as usize].lowest != NEVER;
    let count = u32::try_from(book.sends.parts.len()).expect("parts have such numbers");
    let mut begun: Vec<u32> = (0..count).filter(acknowledged).collect();
    let mut ended = begun.clone();
    begun.sort_by_key(|part| book.sends.of_part(*part).invoked);
    ended.sort_by_key(|part| book.sends.of_part(*part).completed);
    let mut asked: Vec<&Answer> = answers.iter().filter(|answer| answer.is_of_tip).collect();
    let mut answered: Vec<&Answer> = answers.iter().collect();
    asked.sort_by_key(|answer| answer.invoked);
    answered.sort_by_key(|answer| answer.completed);

    let (mut ended, mut answered) = (ended.into_iter().peekable(), answered.into_iter().peekable());
    let (mut begun, mut asked) = (begun.into_iter().peekable(), asked.into_iter().peekable());
    loop {
        let send = begun.peek().map(|part| book.sends.of_part(*part).invoked);
        let question = asked.peek().map(|answer| answer.invoked);
        let Some(now) = send.into_iter().chain(question).min() else {
            return;
        };
        while let Some(part) = ended.next_if(|part| book.sends.of_part(*part).completed < now) {
            let line = book.sends.of_part(part).line;
            let part = &book.sends.parts[part as usize];
            let moment = &mut moments[part.key as usize];
            moment.acknowledged.rise(part.highest + 1, line);
            moment.end.rise(part.highest + 1, line);
        }
        while let Some(answer) = answered.next_if(|answer| answer.completed < now) {
            let moment = &mut moments[answer.key as usize];
            moment.end.rise(answer.high_watermark, answer.line);
            moment.log_start.rise(answer.log_start, answer.line);
        }
        if let Some(part) = begun.next_if(|_| send == Some(now)) {
            send_is_behind(book, part, &moments);
        } else if let Some(answer) = asked.next() {
            answer_is_fresh(book, answer, &moments[answer.key as usize]);
        }
    }
}

fn send_is_behind(book: &mut Book, part: u32, moments: &[Moment]) {
    let line = book.sends.of_part(part).line;
    let part = book.sends.parts[part as usize];
    let before = moments[part.key as usize].acknowledged;
    if part.lowest < before.offset {
        let name = book.keys.name(part.key);
        book.found.add(Kind::RealtimeSendOrder, &[before.line, line], &[], || {
            format!(
                "a send got {name} {}, and {} had been acknowledged before it began",
                part.lowest,
                before.offset - 1
            )
        });
    }
}

fn answer_is_fresh(book: &mut Book, answer: &Answer, moment: &Moment) {
    let both = [
        ("ended", answer.high_watermark, moment.end),
        ("began", answer.log_start, moment.log_start),
    ];
    for (word, told, known) in both {
        if told < known.offset {
            let name = book.keys.name(answer.key);
            book.found.add(Kind::StaleEnd, &[known.line, answer.line], &[], || {
                format!(
                    "{name} {word} at {told}, it was said, and at {} before that was asked",
                    known.offset
                )
            });
        }
    }
}
