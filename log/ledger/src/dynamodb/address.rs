//! What a URL of this backend names, and the keys of the items that follow from it.

use std::fmt;

use crate::ids::Position;

/// How many entries share a partition key.
pub(super) const SEGMENT_ENTRIES: u64 = 1 << 16;
/// The log when the URL names none.
const LOG_DEFAULT: &str = "tidelog";
/// The most bytes of a log's name.
const LOG_BYTES_MAX: usize = 128;

/// A table, and a log in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) table: String,
    pub(crate) log: String,
}

impl Address {
    /// What follows the scheme of `dynamodb://TABLE[?log=NAME]`.
    ///
    /// # Errors
    /// Says what is wrong with it. A table is named by 3 to 255 letters, digits, `_`, `-` and `.`, as DynamoDB has it; a
    /// log by 1 to 128 of them.
    pub(crate) fn parse(rest: &str) -> Result<Address, String> {
        let rest = rest
            .strip_prefix("//")
            .ok_or("a table must follow, as in dynamodb://TABLE")?;
        let (table, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !(3..=255).contains(&table.len()) || !is_name(table) {
            return Err("a table is named by 3 to 255 letters, digits, '_', '-' and '.'".to_owned());
        }
        let log = match query.split_once('=') {
            None if query.is_empty() => LOG_DEFAULT,
            Some(("log", log)) if (1..=LOG_BYTES_MAX).contains(&log.len()) && is_name(log) => log,
            Some(("log", _)) => return Err("a log is named by 1 to 128 letters, digits, '_', '-' and '.'".to_owned()),
            _ => return Err("the one setting is ?log=NAME".to_owned()),
        };
        Ok(Address {
            table: table.to_owned(),
            log: log.to_owned(),
        })
    }

    /// Where the entry at a position lies.
    pub(super) fn entry(&self, position: Position) -> Key {
        Key {
            segment: self.segment(segment_of(position)),
            position,
        }
    }

    /// The partition key of a segment.
    pub(super) fn segment(&self, segment: u64) -> String {
        format!("{}/{segment}", self.log)
    }

    /// Where the base lies. No entry can: its segment is a number, and a log's name has no slash.
    pub(super) fn base(&self) -> Key {
        Key {
            segment: format!("{}/base", self.log),
            position: 0,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "log {} in the DynamoDB table {}", self.log, self.table)
    }
}

/// The segment that a position lies in.
pub(super) fn segment_of(position: Position) -> u64 {
    position / SEGMENT_ENTRIES
}

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) segment: String,
    pub(super) position: Position,
}

fn is_name(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests;
