//! The fold: applying entries in order. Knows neither clock nor chance, and expires nothing by itself.

mod append;
mod cluster;
mod expire;
mod groups;
mod judge;
mod lives;
mod publish;
mod swap;
mod topics;
mod trim;
mod upkeep;

pub(crate) use append::Scratch;
pub(crate) use topics::check_topic_name;

use crate::entry::{Body, FormatError, check_versions};
use crate::limits::POSITION_END;
use crate::outcome::Outcome;
use crate::state::{EraBegun, State};

/// One entry of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct EntryRef<'a> {
    /// Its position.
    pub position: u64,
    /// The era it bears.
    pub era: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// What it says.
    pub event: Event<'a>,
}

/// What an entry says.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Proposals, to be judged in order.
    Proposals(&'a Body),
    /// An entry of an older era: it takes its position and has no effect.
    Void,
    /// The ledger lost its end.
    Halt,
    /// An operator accepted the loss; the entry bears the new era.
    NewEra,
}

/// Why an entry cannot be applied. Nothing was changed, and this fold goes no further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The entry is not the next.
    #[error("entry {got} where {expected} is next")]
    Gap {
        /// The next position.
        expected: u64,
        /// The position given.
        got: u64,
    },
    /// The entry's body cannot be understood.
    #[error("entry {position}: {source}")]
    Body {
        /// The entry's position.
        position: u64,
        /// What is wrong with it.
        source: FormatError,
    },
    /// Positions from here on do not fit in an extent.
    #[error("entry {position} is beyond the last position")]
    Full {
        /// The entry's position.
        position: u64,
    },
    /// The entry's era does not follow from what came before.
    #[error("entry {position} bears era {got} in era {current}")]
    Era {
        /// The entry's position.
        position: u64,
        /// The era before it.
        current: u64,
        /// The era it bears.
        got: u64,
    },
}

impl State {
    /// Applies the next entry and says what became of its proposals, in their order.
    ///
    /// # Errors
    /// [`FoldError`] when the entry is not the next, or cannot be understood; the state has not changed.
    pub fn apply(&mut self, entry: EntryRef<'_>) -> Result<Vec<Outcome>, FoldError> {
        self.check_place(&entry)?;
        let outcomes = match entry.event {
            Event::Proposals(body) => {
                let source = check_versions(body).err();
                if let Some(source) = source {
                    return Err(FoldError::Body {
                        position: entry.position,
                        source,
                    });
                }
                self.move_to(&entry);
                if entry.era == self.era {
                    self.judge_all(body)
                } else {
                    Vec::new()
                }
            }
            Event::Void => {
                self.move_to(&entry);
                Vec::new()
            }
            Event::Halt => {
                self.move_to(&entry);
                // A halt names the era whose loss it saw; that of an older era has been accepted since.
                if entry.era == self.era && !self.halted {
                    self.halted = true;
                    self.halted_at = entry.position;
                }
                Vec::new()
            }
            Event::NewEra => {
                self.move_to(&entry);
                self.begin_era(entry.era);
                Vec::new()
            }
        };
        Ok(outcomes)
    }

    /// Position and era of an entry. Only a new era's entry may bear a newer one; one of an older era is as good as
    /// void, whatever it says.
    fn check_place(&self, entry: &EntryRef<'_>) -> Result<(), FoldError> {
        let EntryRef {
            position, era, event, ..
        } = *entry;
        let expected = self.position.saturating_add(1);
        if position != expected {
            return Err(FoldError::Gap {
                expected,
                got: position,
            });
        }
        if position >= POSITION_END {
            return Err(FoldError::Full { position });
        }
        let follows = match event {
            Event::Void => true,
            Event::NewEra => era > self.era,
            Event::Proposals(_) | Event::Halt => era <= self.era,
        };
        if follows {
            Ok(())
        } else {
            Err(FoldError::Era {
                position,
                current: self.era,
                got: era,
            })
        }
    }

    fn move_to(&mut self, entry: &EntryRef<'_>) {
        self.position = entry.position;
        self.entry_hash = entry.hash;
        self.lives.nonces.prune(entry.position);
    }

    /// An operator accepted the loss: writes are taken again, and records from here on bear the new leader epoch.
    ///
    /// Every life ends. One may have been retired by what was lost, and what it had put have been swept since, by one who
    /// had folded that: it must not name it now.
    fn begin_era(&mut self, era: u64) {
        let lost_from = if self.halted { self.halted_at } else { self.position };
        self.eras.push(EraBegun { era, lost_from });
        self.era = era;
        self.halted = false;
        self.halted_at = 0;
        self.lives.end_all(self.position);
        for number in self.topics.numbers() {
            let partitions = self.topics.get_mut(number).map(|topic| topic.partitions.iter_mut());
            partitions
                .into_iter()
                .flatten()
                .for_each(|partition| partition.begin_era(era));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
