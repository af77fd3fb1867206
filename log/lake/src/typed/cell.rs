//! A value of a typed column, read of a JSON value.
//!
//! Numbers may stand in strings, as in the JSON form of Protocol Buffers (<https://protobuf.dev/programming-guides/json/>),
//! since JavaScript has no whole numbers of 64 bits; so may NaN and the infinities. Days and times are those of RFC 3339.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use metadata::ColumnType;

use super::number::Number;
use crate::rows::TIMESTAMPS;

/// Bytes of a value that a reason repeats.
const SHOWN_BYTES_MAX: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// Times ten to the scale.
    Decimal(i128),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970: of no zone, or of UTC.
    Timestamp(i64),
    String(Cow<'a, str>),
    Uuid([u8; 16]),
    Binary(Vec<u8>),
}

impl<'a> Cell<'a> {
    /// Reads a JSON value, which is not null, as one of a type.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn read(kind: ColumnType, json: &'a str) -> Result<Self, String> {
        let wrong = || {
            let shown = json
                .get(..json.floor_char_boundary(SHOWN_BYTES_MAX))
                .unwrap_or_default();
            let more = if shown.len() < json.len() { "..." } else { "" };
            let hint = match kind {
                ColumnType::Timestamptz => ", which is written as 2026-01-31T12:00:00Z",
                ColumnType::Timestamp => ", which is written as 2026-01-31T12:00:00, without a zone",
                ColumnType::Date => ", which is written as 2026-01-31",
                ColumnType::Time => ", which is written as 12:00:00",
                ColumnType::Binary => ", which is written in base64",
                _ => "",
            };
            format!("{shown}{more} is no {kind}{hint}")
        };
        let text = || string(json);
        let read = match kind {
            ColumnType::Boolean => json.parse().ok().map(Self::Boolean),
            ColumnType::String if json.starts_with('"') => text().map(Self::String),
            ColumnType::String => Some(Self::String(Cow::Borrowed(json))),
            ColumnType::Int => number(json, |number| number.whole()?.try_into().ok()).map(Self::Int),
            ColumnType::Long => number(json, |number| number.whole()).map(Self::Long),
            ColumnType::Decimal { precision, scale } => {
                number(json, |number| number.scaled(precision, scale)).map(Self::Decimal)
            }
            ColumnType::Float => match beyond(json) {
                Some(beyond) => Some(Self::Float(beyond.into())),
                None => number(json, |number| number.float()).map(Self::Float),
            },
            ColumnType::Double => match beyond(json) {
                Some(beyond) => Some(Self::Double(f32::from(beyond).into())),
                None => number(json, |number| number.double()).map(Self::Double),
            },
            ColumnType::Date => text().and_then(|text| date(&text)).map(Self::Date),
            ColumnType::Time => text().and_then(|text| time(&text)).map(Self::Time),
            ColumnType::Timestamp => text().and_then(|text| timestamp(&text)).map(Self::Timestamp),
            ColumnType::Timestamptz => text().and_then(|text| instant(&text)).map(Self::Timestamp),
            ColumnType::Uuid => text().and_then(|text| uuid(&text)).map(Self::Uuid),
            ColumnType::Binary => text().and_then(|text| STANDARD.decode(&*text).ok()).map(Self::Binary),
        };
        read.ok_or_else(wrong)
    }
}

/// What is said in a string alone.
enum Beyond {
    NotANumber,
    Infinity,
    NegativeInfinity,
}

impl From<Beyond> for f32 {
    fn from(beyond: Beyond) -> Self {
        match beyond {
            Beyond::NotANumber => Self::NAN,
            Beyond::Infinity => Self::INFINITY,
            Beyond::NegativeInfinity => Self::NEG_INFINITY,
        }
    }
}

fn beyond(json: &str) -> Option<Beyond> {
    match json {
        "\"NaN\"" => Some(Beyond::NotANumber),
        "\"Infinity\"" => Some(Beyond::Infinity),
        "\"-Infinity\"" => Some(Beyond::NegativeInfinity),
        _ => None,
    }
}

/// Reads a number, or one in a string.
fn number<T>(json: &str, read: impl Fn(Number<'_>) -> Option<T>) -> Option<T> {
    match json.starts_with('"') {
        false => read(Number::read(json)?),
        true => read(Number::read(&string(json)?)?),
    }
}

/// The content of a string; none for another value, and for one that names half a character.
fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

fn date(text: &str) -> Option<i32> {
    // A time behind it would be passed over.
    let date: Date = text.parse().ok().filter(|_| text.len() == "2026-01-31".len())?;
    let midnight = micros(date.to_datetime(Time::midnight()))?;
    i32::try_from(midnight.div_euclid(86_400_000_000)).ok()
}

fn time(text: &str) -> Option<i64> {
    // A time and nothing else: an offset behind it would be passed over.
    let is_plain =
        text.as_bytes().get(2) == Some(&b':') && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.'));
    let time: Time = text.parse().ok().filter(|_| is_plain)?;
    let seconds = (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
    Some(seconds * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1000)
}

fn timestamp(text: &str) -> Option<i64> {
    let pieces = Pieces::parse(text).ok()?;
    // An offset would be passed over, and the time be another one than was meant; so would an annotation.
    let is_local = pieces.offset().is_none() && !text.contains('[');
    let time = pieces.time().filter(|_| is_local)?;
    micros(pieces.date().to_datetime(time))
}

fn instant(text: &str) -> Option<i64> {
    let pieces = Pieces::parse(text).ok()?;
    let (time, offset) = (pieces.time()?, pieces.to_numeric_offset()?);
    let is_plain = pieces.time_zone_annotation().is_none();
    let local = micros(pieces.date().to_datetime(time)).filter(|_| is_plain)?;
    can_be(local - i64::from(offset.seconds()) * 1_000_000)
}

/// Microseconds since 1970.
fn micros(time: DateTime) -> Option<i64> {
    let since = time.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    can_be(i64::try_from(since.as_nanos().div_euclid(1000)).ok()?)
}

/// Of years that every reader of tables takes.
fn can_be(micros: i64) -> Option<i64> {
    TIMESTAMPS.contains(&micros.div_euclid(1000)).then_some(micros)
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let uuid = uuid::Uuid::try_parse(text).ok();
    uuid.filter(|_| text.len() == 36).map(uuid::Uuid::into_bytes)
}
