//! The grammar of places in a topic, one for every command: an offset, an end, a distance from the end, a time; and
//! ranges of two of them. Knows no topic: what a position means is asked of an agent.

use std::fmt;
use std::str::FromStr;

/// A place in each partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Position {
    /// The oldest record that is kept.
    Earliest,
    /// Behind the newest record.
    Latest,
    /// An offset.
    Offset(u64),
    /// So many records before the end of each partition.
    FromEnd(u64),
    /// The first record at or after a time, in milliseconds since 1970.
    At(i64),
    /// The first record at or after the time that was so many milliseconds ago.
    Ago(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Earliest => out.write_str("earliest"),
            Position::Latest => out.write_str("latest"),
            Position::Offset(offset) => write!(out, "{offset}"),
            Position::FromEnd(count) => write!(out, "-{count}"),
            Position::At(ms) => write!(out, "@{ms}"),
            Position::Ago(ms) => write!(out, "@-{ms}ms"),
        }
    }
}

/// Why a text is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no position: give an offset, earliest, latest, -N, @TIME (as 2026-11-22T10:00Z), @MILLISECONDS or @-1h"
)]
pub(crate) struct PositionError(String);

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Position, PositionError> {
        parse(text).ok_or_else(|| PositionError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Position> {
    match text {
        "earliest" | "beginning" | "start" => return Some(Position::Earliest),
        "latest" | "end" => return Some(Position::Latest),
        _ => {}
    }
    if let Some(time) = text.strip_prefix('@') {
        return parse_time(time);
    }
    if let Some(count) = text.strip_prefix('-') {
        return digits(count).map(Position::FromEnd);
    }
    digits(text).map(Position::Offset)
}

fn parse_time(text: &str) -> Option<Position> {
    if let Some(ago) = text.strip_prefix('-') {
        return duration_ms(ago).map(Position::Ago);
    }
    if let Some(ms) = digits(text) {
        return i64::try_from(ms).ok().map(Position::At);
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Position::At(time.as_millisecond()))
}

/// A whole number without sign or blank.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A span such as `90s`, `1h30m` or `7d`, in milliseconds.
pub(crate) fn duration_ms(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let number_end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        total = total.checked_add(digits(number)?.checked_mul(unit_ms(unit)?)?)?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

fn unit_ms(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    })
}

/// From one position to another, the second excluded; without a second, to where the reader stops by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    /// The first record.
    pub(crate) from: Position,
    /// The record behind the last.
    pub(crate) to: Option<Position>,
}

impl FromStr for Range {
    type Err = PositionError;

    /// `POS`, `POS:POS`, `:POS` or `POS:`. Times hold colons themselves, so the whole text is tried first, and then
    /// every colon from the left until both sides are positions.
    fn from_str(text: &str) -> Result<Range, PositionError> {
        if let Some(from) = parse(text) {
            return Ok(Range { from, to: None });
        }
        text.match_indices(':')
            .find_map(|(at, _)| split_range(&text[..at], &text[at + 1..]))
            .ok_or_else(|| PositionError(text.to_owned()))
    }
}

fn split_range(from: &str, to: &str) -> Option<Range> {
    if from.is_empty() && to.is_empty() {
        return None;
    }
    let from = if from.is_empty() {
        Position::Earliest
    } else {
        parse(from)?
    };
    let to = if to.is_empty() { None } else { Some(parse(to)?) };
    Some(Range { from, to })
}

#[cfg(test)]
mod tests;
