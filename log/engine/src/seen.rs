//! How far a process has folded, as clients carry it.

use std::fmt;
use std::str::FromStr;

/// A place in the ledger's history: the era and the position of the last entry folded. Written `era.position`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// The era of the entry.
    pub era: u64,
    /// Its position.
    pub position: u64,
}

impl fmt::Display for Seen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.era, self.position)
    }
}

/// A text that is not `era.position`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position in the ledger is written era.position, as in 1.42")]
pub struct NotSeen;

impl FromStr for Seen {
    type Err = NotSeen;

    fn from_str(text: &str) -> Result<Self, NotSeen> {
        let (era, position) = text.split_once('.').ok_or(NotSeen)?;
        Ok(Seen {
            era: era.parse().map_err(|_| NotSeen)?,
            position: position.parse().map_err(|_| NotSeen)?,
        })
    }
}
