//! The names by which the ledger speaks of lives, objects, topics and changes. Knows nothing of what they hold.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::entry;

/// One life of an agent or compactor: where its register entry stands, and the random number it bore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation {
    /// Position of the register's entry.
    pub position: u64,
    /// Index of the register among the entry's proposals.
    pub index: u16,
    /// The random number of the register.
    pub nonce: u64,
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:04x}-{:016x}", self.position, self.index, self.nonce)
    }
}

/// A text that names nothing of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed {0}")]
pub struct ParseIdError(pub &'static str);

impl FromStr for Incarnation {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let error = ParseIdError("incarnation");
        let plain = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let (place, nonce) = text.split_once('-').ok_or(error)?;
        if place.len() != 20 || nonce.len() != 16 || !plain(place) || !plain(nonce) {
            return Err(error);
        }
        let (position, index) = place.split_at(16);
        Ok(Self {
            position: u64::from_str_radix(position, 16).map_err(|_| error)?,
            index: u16::from_str_radix(index, 16).map_err(|_| error)?,
            nonce: u64::from_str_radix(nonce, 16).map_err(|_| error)?,
        })
    }
}

impl From<Incarnation> for entry::Incarnation {
    fn from(from: Incarnation) -> Self {
        Self {
            position: from.position,
            index: u32::from(from.index),
            nonce: from.nonce,
        }
    }
}

impl TryFrom<&entry::Incarnation> for Incarnation {
    type Error = ParseIdError;

    fn try_from(from: &entry::Incarnation) -> Result<Self, ParseIdError> {
        let index = u16::try_from(from.index).map_err(|_| ParseIdError("incarnation"))?;
        Ok(Self {
            position: from.position,
            index,
            nonce: from.nonce,
        })
    }
}

impl TryFrom<entry::Incarnation> for Incarnation {
    type Error = ParseIdError;

    fn try_from(from: entry::Incarnation) -> Result<Self, ParseIdError> {
        Self::try_from(&from)
    }
}

/// A queue of proposals of one life, each with its own sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Lane {
    /// All but appends.
    Control = 0,
    /// Appends whose bytes travel in the entry.
    Inline = 1,
    /// Appends whose bytes lie in a segment.
    Object = 2,
}

impl Lane {
    /// Every lane, by number.
    pub const ALL: [Self; 3] = [Self::Control, Self::Inline, Self::Object];

    /// The lane of a number on the wire.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// The lane's number on the wire.
    pub fn number(self) -> u32 {
        self as u32
    }
}

/// The name of a segment: who made it, in which flush, at which attempt to put it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The life that made it.
    pub incarnation: Incarnation,
    /// Counts that life's flushes.
    pub flush: u64,
    /// Tells hedged puts of one flush apart.
    pub attempt: u16,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:010}-{:02}", self.incarnation, self.flush, self.attempt)
    }
}

impl From<ObjectName> for entry::ObjectName {
    fn from(from: ObjectName) -> Self {
        Self {
            incarnation: Some(from.incarnation.into()),
            flush: from.flush,
            attempt: u32::from(from.attempt),
        }
    }
}

impl TryFrom<&entry::ObjectName> for ObjectName {
    type Error = ParseIdError;

    fn try_from(from: &entry::ObjectName) -> Result<Self, ParseIdError> {
        let error = ParseIdError("object name");
        let incarnation = from.incarnation.as_ref().ok_or(error)?;
        Ok(Self {
            incarnation: incarnation.try_into()?,
            flush: from.flush,
            attempt: u16::try_from(from.attempt).map_err(|_| error)?,
        })
    }
}

/// A place in the order of changes: an entry and a proposal in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// Position of the entry.
    pub position: u64,
    /// Index of the proposal in it.
    pub index: u32,
}

impl From<Change> for entry::Change {
    fn from(from: Change) -> Self {
        Self {
            position: from.position,
            index: from.index,
        }
    }
}

impl From<entry::Change> for Change {
    fn from(from: entry::Change) -> Self {
        Self {
            position: from.position,
            index: from.index,
        }
    }
}

/// The number the fold gives a topic; never given again.
pub type TopicNumber = u32;

/// Kafka's topic id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for TopicId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ParseIdError("topic id"))?;
        bytes.try_into().map(Self).map_err(|_| ParseIdError("topic id"))
    }
}

/// A partition of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId {
    /// The topic's number.
    pub topic: TopicNumber,
    /// The partition's index in it.
    pub partition: u32,
}

#[cfg(test)]
mod tests;
