//! Snapshots that were taken, and marks of the store's clock.

use seeded::Bug;

use super::judge::Ask;
use crate::entry::{Mark, SnapshotTaken};
use crate::limits::{MARK_DATE_FALL_MS, MARKS_KEPT_MS, SNAPSHOTS_KEPT};
use crate::outcome::{Applied, Rejection};
use crate::state::State;
use crate::state::marks::{MarkAt, SnapshotRef};

impl State {
    pub(super) fn snapshot_taken(&mut self, ask: &Ask, taken: &SnapshotTaken) -> Result<Applied, Rejection> {
        let malformed = Rejection::Malformed("a hash has 32 bytes, an attempt 16 bits, an era has begun");
        let hash = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).ok();
        let hashes = hash(&taken.entry_hash).zip(hash(&taken.state_hash));
        let attempt = u16::try_from(taken.attempt).ok();
        let (Some((entry_hash, state_hash)), Some(attempt), true) = (hashes, attempt, taken.era <= self.era) else {
            return Err(malformed);
        };
        self.check_folded(taken.position)?;
        if let Some(newest) = self.snapshots.last().filter(|newest| newest.position >= taken.position) {
            return Err(Rejection::SnapshotOld {
                newest: newest.position,
            });
        }
        if self.snapshots.len() >= SNAPSHOTS_KEPT {
            self.snapshots.remove(0);
        }
        self.snapshots.push(SnapshotRef {
            era: taken.era,
            position: taken.position,
            entry_hash,
            incarnation: ask.incarnation,
            attempt,
            state_hash,
            bytes: taken.bytes,
            lowest_inline: taken.lowest_inline,
            taken_at: self.position,
        });
        Ok(Applied::Done)
    }

    /// Nobody has folded the entry that is being folded: what it un-names cannot have been seen by its proposer.
    pub(super) fn check_folded(&self, position: u64) -> Result<(), Rejection> {
        if position < self.position {
            Ok(())
        } else {
            Err(Rejection::NotFolded { position })
        }
    }

    /// A date a little before the newest is taken, since the servers of one store differ a little. One further back
    /// comes from a wrong clock or from long ago and is rejected; but when it lies so far back that the newest must
    /// have been wrong, the marks that are ahead of it go, or no mark would ever be taken again.
    pub(super) fn mark(&mut self, mark: &Mark) -> Result<Applied, Rejection> {
        self.check_folded(mark.folded)?;
        if let Some(newest) = self.marks.newest() {
            let fell = newest.date_ms.saturating_sub(mark.date);
            if fell > MARK_DATE_FALL_MS && fell <= MARKS_KEPT_MS {
                return Err(Rejection::DateFell {
                    newest_ms: newest.date_ms,
                });
            }
        }
        if seeded::is(Bug::ExpiryInFold) {
            self.forget_silent(mark.folded);
        }
        let forget = self.marks.push(MarkAt {
            folded: mark.folded,
            date_ms: mark.date,
            lowest_inline: mark.lowest_inline,
        });
        if let Some(position) = forget {
            self.places.objects.forget_unnamed(position);
            self.lives.ended.forget(position);
        }
        Ok(Applied::Done)
    }

    /// What [`Bug::ExpiryInFold`] does: the producers of whom nothing came since the last mark are forgotten.
    fn forget_silent(&mut self, folded: u64) {
        let Some(before) = self.marks.newest().filter(|before| before.folded < folded) else {
            return;
        };
        for number in self.topics.numbers() {
            let partitions = self.topics.get_mut(number).map(|topic| topic.partitions.iter_mut());
            for partition in partitions.into_iter().flatten() {
                let known = partition.producers.len();
                partition
                    .producers
                    .retain(|_, producer| producer.position > before.folded);
                self.counts.producers -= (known - partition.producers.len()) as u64;
            }
        }
    }
}
