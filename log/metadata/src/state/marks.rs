//! Marks: what the store's clock said when, told in positions. And the snapshots that are known.

use crate::ids::Incarnation;
use crate::limits::{MARKS_KEPT_MS, MARKS_MAX};

/// What was un-named by the entries through `folded` was so before `date_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MarkAt {
    /// A position that was folded before the date.
    pub folded: u64,
    /// The store's clock, milliseconds since 1970.
    pub date_ms: i64,
    /// The lowest position whose inline bytes were named at `folded`.
    pub lowest_inline: Option<u64>,
}

/// The marks of two days, and the newest before them.
///
/// Both numbers never fall along the list. A mark that names a lower position or an earlier date than the newest is
/// kept with the newest's number instead: "through 20 before 10:05" follows from "through 20 before 10:00", and only
/// makes a sweep wait longer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    kept: Vec<MarkAt>,
}

impl Marks {
    pub(crate) fn as_slice(&self) -> &[MarkAt] {
        &self.kept
    }

    /// The list that a snapshot held.
    pub(crate) fn restore(&mut self, kept: Vec<MarkAt>) {
        self.kept = kept;
    }

    pub(crate) fn newest(&self) -> Option<MarkAt> {
        self.kept.last().copied()
    }

    /// Takes a mark. The answer is the position of the newest that is older than two days, if there is one: what it
    /// covers has waited longer than any grace can be, so the caller forgets since when. Whatever asks about a position
    /// that low is answered by that mark, which is kept; those before it go.
    pub(crate) fn push(&mut self, mark: MarkAt) -> Option<u64> {
        let mut mark = mark;
        if let Some(newest) = self.newest() {
            // A newest date of more than two days ahead was no clock's: such marks go, which only delays.
            if newest.date_ms.saturating_sub(mark.date_ms) > MARKS_KEPT_MS {
                self.kept.retain(|kept| kept.date_ms <= mark.date_ms);
            }
        }
        if let Some(newest) = self.newest() {
            if mark.folded < newest.folded {
                (mark.folded, mark.lowest_inline) = (newest.folded, newest.lowest_inline);
            }
            mark.date_ms = mark.date_ms.max(newest.date_ms);
            // The newer of two with one date says all that both say; beyond the limit the newest gives way.
            if newest.date_ms == mark.date_ms || self.kept.len() >= MARKS_MAX {
                self.kept.pop();
            }
        }
        self.kept.push(mark);
        let old = self
            .kept
            .partition_point(|kept| kept.date_ms < mark.date_ms.saturating_sub(MARKS_KEPT_MS));
        let newest_old = old.checked_sub(1)?;
        self.kept.drain(..newest_old);
        self.kept.first().map(|mark| mark.folded)
    }

    /// Whether what became so at `position` has been so for `grace_ms` by the store's clock.
    pub(crate) fn older_than(&self, position: u64, grace_ms: u64) -> bool {
        let Some(newest) = self.newest() else { return false };
        let grace_ms = i64::try_from(grace_ms).unwrap_or(i64::MAX);
        let old = self
            .kept
            .partition_point(|mark| mark.date_ms <= newest.date_ms.saturating_sub(grace_ms));
        old.checked_sub(1)
            .and_then(|at| self.kept.get(at))
            .is_some_and(|mark| mark.folded >= position)
    }
}

/// A snapshot that was written and read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SnapshotRef {
    /// The era at its position.
    pub era: u64,
    /// The last position it holds.
    pub position: u64,
    /// Hash of the ledger entry there.
    pub entry_hash: [u8; 32],
    /// Who made it; with `attempt` the end of its name.
    pub incarnation: Incarnation,
    /// Tells attempts of one maker apart.
    pub attempt: u16,
    /// The state's hash.
    pub state_hash: [u8; 32],
    /// Its size.
    pub bytes: u64,
    /// The lowest position whose inline bytes it names.
    pub lowest_inline: Option<u64>,
    /// Position of the entry that made it known.
    pub taken_at: u64,
}
