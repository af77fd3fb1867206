//! The grammar of places in a partition: `42`, `earliest`, `latest`, `-10`, `@2026-11-22T10:00Z`, `@1763800000000`,
//! `@-1h`. Knows no partition: what a place means there is for the caller to find.

use std::str::FromStr;

/// Digits of a number, leading zeros too, at most: no number of 64 bits needs more.
const DIGITS_MAX: usize = 20;
/// A place takes no more.
const TEXT_BYTES_MAX: usize = 64;

/// A place in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// The oldest record kept.
    Earliest,
    /// Behind the newest record.
    Latest,
    /// An offset.
    Offset(u64),
    /// So many records before the end.
    FromEnd(u64),
    /// The first record at or after a time, milliseconds since 1970.
    At(i64),
    /// The first record at or after what the time was so many milliseconds ago.
    Ago(u64),
}

/// A text that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position is an offset, earliest, latest, -N, @TIME as in @2026-11-22T10:00Z, @MILLISECONDS or @-1h")]
pub(crate) struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Position, NoPosition> {
        match text {
            "earliest" => Some(Position::Earliest),
            "latest" => Some(Position::Latest),
            _ if text.len() > TEXT_BYTES_MAX => None,
            _ => number_or_time(text),
        }
        .ok_or(NoPosition)
    }
}

fn number_or_time(text: &str) -> Option<Position> {
    if let Some(time) = text.strip_prefix('@') {
        return match time.strip_prefix('-') {
            Some(ago) => span_ms(ago).map(Position::Ago),
            None => time_ms(time).map(Position::At),
        };
    }
    match text.strip_prefix('-') {
        Some(count) => whole(count).map(Position::FromEnd),
        None => whole(text).map(Position::Offset),
    }
}

/// A time: milliseconds since 1970, or RFC 3339 with seconds and minutes that may be left out.
pub(crate) fn time_ms(text: &str) -> Option<i64> {
    if let Some(ms) = whole(text) {
        return i64::try_from(ms).ok();
    }
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_millisecond)
}

/// Digits only: no sign, no blank.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let plain = (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `90s`, `1h30m`, `7d`, in milliseconds.
fn span_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit())?);
        let (unit, next) = tail.split_at(tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len()));
        total = total.checked_add(whole(number)?.checked_mul(unit_ms(unit)?)?)?;
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

#[cfg(test)]
mod tests;
