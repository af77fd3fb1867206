//! What is asked next: numbers small and near enough to what is there that the calls meet.

use bytes::Bytes;
use world::Chance;

use super::Call;
use crate::backend::{Base, RawEntry};
use crate::ids::{ClusterId, Hash, Position};

/// Where half of the tables begin: a backend may keep its entries in stretches of a power of two.
const FAR: Position = (1 << 16) - 12;
/// Bytes of most entries, and of some.
const SMALL_BYTES: u64 = 120;
const MIDDLE_BYTES: u64 = 9000;
/// Once in so many appends the entry is as large as may be, and once one byte larger.
const LARGE_ONE_IN: u64 = 500;

/// Draws calls for one table.
#[derive(Debug)]
pub(super) struct Draw {
    chance: Chance,
    entry_bytes_max: usize,
    first: Position,
}

impl Draw {
    pub(super) fn new(chance: Chance, entry_bytes_max: usize) -> Draw {
        let first = if chance.coin(0.5) { FAR } else { 0 };
        Draw {
            chance,
            entry_bytes_max,
            first,
        }
    }

    /// Which of two handles.
    pub(super) fn handle(&self) -> usize {
        usize::from(self.chance.coin(0.5))
    }

    /// The next call on a table that holds these.
    pub(super) fn call(&self, entries: &[RawEntry], base: Option<&Base>) -> Call {
        let Some(last) = entries.last() else {
            return self.begin();
        };
        match self.chance.below(100) {
            0..40 => self.append(entries, last.position),
            40..62 => self.read(entries, last.position),
            62..66 => Call::Base,
            66..69 => Call::CreateBase(self.base_at(entries, base, self.near(last.position))),
            69..82 => self.advance(entries, base, last.position),
            82..90 => self.delete(base),
            90..94 => match last.position {
                0 => Call::Base,
                last => Call::Watch(self.below(last)),
            },
            94..97 => Call::LoseEnd(1 + self.index(3)),
            _ => self.plant(entries, last.position),
        }
    }

    /// On an empty table: the first entry, by whatever way this table begins.
    fn begin(&self) -> Call {
        match (self.first, self.chance.below(4)) {
            (_, 0) => Call::Read(self.first, self.index(1000)),
            (0, 1) => Call::Append(1 + self.below(3), Hash::ZERO, self.bytes()),
            (0, _) => Call::Append(0, self.hash(&[], 0), self.bytes()),
            (first, _) => Call::Plant(first, Some(self.bytes())),
        }
    }

    fn append(&self, entries: &[RawEntry], last: Position) -> Call {
        let end = self.chance.coin(0.65);
        let position = if end { last + 1 } else { self.near(last) };
        // The right one mostly; that of another entry, or of none.
        let previous = match (position.checked_sub(1), self.chance.coin(0.85)) {
            (Some(before), true) => self.hash(entries, before),
            _ => self.any_hash(entries),
        };
        Call::Append(position, previous, self.bytes())
    }

    fn read(&self, entries: &[RawEntry], last: Position) -> Call {
        let from = match self.chance.below(24) {
            0 => Position::try_from(i64::MAX).unwrap_or(Position::MAX),
            1 => last,
            2 => last + 1,
            _ => self.near(last),
        };
        let max_bytes = match self.chance.below(6) {
            0 => 0,
            1 => usize::MAX,
            2 => self.index(2000),
            // Just as many as some entries after the first have, one less and one more.
            _ => {
                let rest = entries.iter().filter(|entry| entry.position > from);
                let sum: usize = rest.take(self.index(6)).map(|entry| entry.bytes.len()).sum();
                (sum + self.index(3)).saturating_sub(1)
            }
        };
        Call::Read(from, max_bytes)
    }

    fn advance(&self, entries: &[RawEntry], base: Option<&Base>, last: Position) -> Call {
        let Some(base) = base else {
            let [old, new] = [0, 1].map(|_| self.base_at(entries, base, self.near(last)));
            return Call::AdvanceBase(old, new);
        };
        let position = match self.chance.below(5) {
            0 => self.near(last),
            1 => base.position,
            // Not far, or the base is soon at the end for good.
            _ => base.position + self.below(4),
        };
        let new = self.base_at(entries, Some(base), position);
        let old = if self.chance.coin(0.8) {
            base.clone()
        } else {
            self.other_than(base)
        };
        Call::AdvanceBase(old, new)
    }

    /// Below the base, as the caller must see to.
    fn delete(&self, base: Option<&Base>) -> Call {
        let below = base.map_or(0, |base| match self.chance.coin(0.5) {
            true => base.position,
            false => self.below(base.position + 1),
        });
        Call::DeleteBelow(below, u32::try_from(self.below(6)).unwrap_or(0))
    }

    fn plant(&self, entries: &[RawEntry], last: Position) -> Call {
        let position = match self.chance.coin(0.5) {
            true => entries
                .get(self.index(entries.len()))
                .map_or(last, |entry| entry.position),
            false => self.near(last),
        };
        // What is taken away from the midst is a gap, which no backend may read across.
        let bytes = self.chance.coin(0.7).then(|| self.bytes());
        Call::Plant(position, bytes)
    }

    /// A base record that names what is at a position, or something else.
    fn base_at(&self, entries: &[RawEntry], base: Option<&Base>, position: Position) -> Base {
        let hash = if self.chance.coin(0.9) {
            self.hash(entries, position)
        } else {
            self.any_hash(entries)
        };
        Base {
            cluster: base.map_or(ClusterId([1; 16]), |base| base.cluster),
            era: base.map_or(1, |base| base.era) + self.below(2),
            position,
            hash,
            snapshot: match self.below(4) {
                0 => String::new(),
                n => format!("snapshot/{n}-{position}"),
            },
        }
    }

    /// The same record but for one field.
    fn other_than(&self, base: &Base) -> Base {
        let mut other = base.clone();
        match self.below(5) {
            0 => other.cluster.0[15] ^= 1,
            1 => other.era += 1,
            2 => other.position = base.position.saturating_sub(1),
            3 => other.hash.0[31] ^= 1,
            _ => other.snapshot.push('x'),
        }
        other
    }

    /// A position about where the entries are, now and then before or behind them.
    fn near(&self, last: Position) -> Position {
        (last + 3).saturating_sub(self.below(20))
    }

    fn hash(&self, entries: &[RawEntry], position: Position) -> Hash {
        let at = entries.binary_search_by_key(&position, |entry| entry.position);
        at.ok()
            .and_then(|at| entries.get(at))
            .map_or(Hash::ZERO, |entry| Hash::of(&entry.bytes))
    }

    fn any_hash(&self, entries: &[RawEntry]) -> Hash {
        match entries.len() {
            0 => Hash::ZERO,
            some if self.chance.coin(0.7) => Hash::of(&entries[self.index(some)].bytes),
            _ => Hash(self.chance.bytes()),
        }
    }

    fn bytes(&self) -> Bytes {
        let length = match self.below(LARGE_ONE_IN) {
            0 => self.entry_bytes_max,
            1 => self.entry_bytes_max + 1,
            2..40 => 1 + self.index(usize::try_from(MIDDLE_BYTES).unwrap_or(1)),
            _ => 1 + self.index(usize::try_from(SMALL_BYTES).unwrap_or(1)),
        };
        // Few different ones, so that now and then two entries have one hash.
        let fill = u8::try_from(self.below(256)).unwrap_or(0);
        Bytes::from(vec![fill; length])
    }

    fn below(&self, bound: u64) -> u64 {
        self.chance.below(bound.max(1))
    }

    fn index(&self, bound: usize) -> usize {
        usize::try_from(self.below(u64::try_from(bound).unwrap_or(u64::MAX))).unwrap_or(0)
    }
}
