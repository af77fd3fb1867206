//! The format strings of `consume -f`, with kcat's letters: what each record prints. Knows no HTTP.
//!
//!     %s value   %S its length (-1: none)   %R its length, 4 bytes big-endian   %T timestamp in ms   %t topic
//!     %k key     %K its length (-1: none)   %h headers as n=v,n=v               %p partition         %o offset
//!     %% a percent sign;   \n \r \t \\ \0 and \xHH as in C

use std::str::FromStr;

/// A record as it came out of the log, bytes exactly as produced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The partition.
    pub(crate) partition: u32,
    /// The offset.
    pub(crate) offset: u64,
    /// The timestamp, in milliseconds since 1970.
    pub(crate) timestamp_ms: i64,
    /// The key, if it has one.
    pub(crate) key: Option<Vec<u8>>,
    /// The value; none is a tombstone.
    pub(crate) value: Option<Vec<u8>>,
    /// The headers, in order; a value may be none.
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A compiled format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordFormat {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(Vec<u8>),
    Topic,
    Partition,
    Offset,
    Key,
    KeyLength,
    Value,
    ValueLength,
    ValueLengthBinary,
    Timestamp,
    Headers,
}

/// Why a text is no format string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    /// A letter that means nothing.
    #[error("`%{0}` means nothing in a format; there are %t %p %o %k %K %s %S %R %h %T and %%")]
    Letter(char),
    /// A `%` with nothing behind it.
    #[error("a format cannot end in `%`; `%%` prints a percent sign")]
    DanglingPercent,
    /// An escape that means nothing.
    #[error("a format knows the escapes \\n \\r \\t \\\\ \\0 and \\xHH")]
    Escape,
}

impl FromStr for RecordFormat {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<RecordFormat, FormatError> {
        let mut pieces = Vec::new();
        let mut literal = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => literal.push(escape(&mut letters)?),
                '%' => match letters.next().ok_or(FormatError::DanglingPercent)? {
                    '%' => literal.push(b'%'),
                    letter => {
                        let piece = piece(letter)?;
                        flush(&mut literal, &mut pieces);
                        pieces.push(piece);
                    }
                },
                other => literal.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        flush(&mut literal, &mut pieces);
        Ok(RecordFormat { pieces })
    }
}

fn flush(literal: &mut Vec<u8>, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

fn escape(letters: &mut std::str::Chars<'_>) -> Result<u8, FormatError> {
    match letters.next() {
        Some('n') => Ok(b'\n'),
        Some('r') => Ok(b'\r'),
        Some('t') => Ok(b'\t'),
        Some('\\') => Ok(b'\\'),
        Some('0') => Ok(0),
        Some('x') => {
            let high = letters.next().and_then(|letter| letter.to_digit(16));
            let low = letters.next().and_then(|letter| letter.to_digit(16));
            let (high, low) = high.zip(low).ok_or(FormatError::Escape)?;
            u8::try_from(high * 16 + low).map_err(|_| FormatError::Escape)
        }
        _ => Err(FormatError::Escape),
    }
}

fn piece(letter: char) -> Result<Piece, FormatError> {
    Ok(match letter {
        't' => Piece::Topic,
        'p' => Piece::Partition,
        'o' => Piece::Offset,
        'k' => Piece::Key,
        'K' => Piece::KeyLength,
        's' => Piece::Value,
        'S' => Piece::ValueLength,
        'R' => Piece::ValueLengthBinary,
        'T' => Piece::Timestamp,
        'h' => Piece::Headers,
        other => return Err(FormatError::Letter(other)),
    })
}

impl RecordFormat {
    /// Adds what this record prints.
    pub(crate) fn render(&self, topic: &str, record: &Record, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(bytes) => out.extend_from_slice(bytes),
                Piece::Topic => out.extend_from_slice(topic.as_bytes()),
                Piece::Partition => number(out, record.partition),
                Piece::Offset => number(out, record.offset),
                Piece::Key => out.extend_from_slice(record.key.as_deref().unwrap_or_default()),
                Piece::KeyLength => number(out, length(record.key.as_deref())),
                Piece::Value => out.extend_from_slice(record.value.as_deref().unwrap_or_default()),
                Piece::ValueLength => number(out, length(record.value.as_deref())),
                Piece::ValueLengthBinary => binary_length(out, record.value.as_deref()),
                Piece::Timestamp => number(out, record.timestamp_ms),
                Piece::Headers => headers(out, &record.headers),
            }
        }
    }
}

fn number(out: &mut Vec<u8>, number: impl Into<i128>) {
    out.extend_from_slice(number.into().to_string().as_bytes());
}

/// The length as kcat tells it: -1 for none.
fn length(bytes: Option<&[u8]>) -> i64 {
    bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX))
}

fn binary_length(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let length = i32::try_from(length(bytes)).unwrap_or(i32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
}

fn headers(out: &mut Vec<u8>, headers: &[(String, Option<Vec<u8>>)]) {
    for (index, (name, value)) in headers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        out.extend_from_slice(value.as_deref().unwrap_or(b"NULL"));
    }
}

#[cfg(test)]
mod tests;
