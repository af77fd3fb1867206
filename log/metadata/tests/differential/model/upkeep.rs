//! Snapshots, marks and what may be swept in the model.

use metadata::entry::{Mark, SnapshotTaken};
use metadata::{Applied, ObjectName, Rejection, Role};

use super::{DAY_MS, Judged, Model};

impl Model {
    pub(super) fn snapshot(&mut self, taken: &SnapshotTaken) -> Judged {
        let hashes = taken.entry_hash.len() == 32 && taken.state_hash.len() == 32;
        if !hashes || taken.attempt > 0xffff || taken.era > self.era {
            return Err(Rejection::Malformed(""));
        }
        if taken.position >= self.position {
            return Err(Rejection::NotFolded {
                position: taken.position,
            });
        }
        if let Some(&newest) = self.snapshots.last()
            && newest >= taken.position
        {
            return Err(Rejection::SnapshotOld { newest });
        }
        self.snapshots.push(taken.position);
        Ok(Applied::Done)
    }

    /// Every mark of two days stands as it was taken, but that dates do not fall.
    pub(super) fn mark(&mut self, mark: &Mark) -> Judged {
        if mark.folded >= self.position {
            return Err(Rejection::NotFolded { position: mark.folded });
        }
        let mut date = mark.date;
        if let Some(newest) = self.newest_date() {
            let fell = newest - mark.date;
            if fell > 2 * DAY_MS {
                self.marks.retain(|&(_, kept)| kept <= mark.date);
            } else if fell > 60_000 {
                return Err(Rejection::DateFell { newest_ms: newest });
            }
        }
        if let Some(newest) = self.newest_date() {
            date = date.max(newest);
        }
        self.marks.push((mark.folded, date));
        let old = |at: i64| at < date - 2 * DAY_MS;
        let marks = &self.marks;
        self.unnamed
            .retain(|_, &mut at| !marks.iter().any(|&(folded, date)| folded >= at && old(date)));
        // What the old ones say together is kept.
        let gone: Vec<(u64, i64)> = self.marks.extract_if(.., |&mut (_, date)| old(date)).collect();
        let said = |what: fn(&(u64, i64)) -> i64| gone.iter().map(what).max();
        if let (Some(folded), Some(date)) = (said(|mark| mark.0 as i64), said(|mark| mark.1)) {
            self.marks.insert(0, (folded as u64, date));
        }
        Ok(Applied::Done)
    }

    pub(crate) fn newest_date(&self) -> Option<i64> {
        self.marks.iter().map(|&(_, date)| date).max()
    }

    pub(crate) fn sweepable(&self, name: &ObjectName, grace_ms: i64) -> bool {
        if self.halted || self.named.contains(name) || name.incarnation.position > self.position {
            return false;
        }
        let over = self.lives.get(&name.incarnation).is_none_or(|life| {
            let lane = if life.role == Role::Agent { 2 } else { 0 };
            life.flush[lane].is_some_and(|flush| flush > name.flush)
        });
        let dead = (!self.lives.contains_key(&name.incarnation)).then(|| {
            let ended = self.ended.get(&name.incarnation);
            ended.copied().unwrap_or(name.incarnation.position)
        });
        let Some(at) = self.unnamed.get(name).copied().max(dead) else {
            return over;
        };
        let newest = self.newest_date().unwrap_or(i64::MIN);
        over && self
            .marks
            .iter()
            .any(|&(folded, date)| folded >= at && newest - date >= grace_ms)
    }
}
