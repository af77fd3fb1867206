//! The latest entries as they are stored, for those who follow this process.

use std::collections::VecDeque;

use bytes::Bytes;
use ledger::{Entry, Position, Tip};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::MESSAGE_BYTES_MAX;

/// Bytes of entries that are kept for followers, at most, the latest one in any case.
const RECENT_BYTES_MAX: usize = 4 << 20;

/// The latest entries. The tail writes them and is never held up: a follower that is too slow finds that what it needs has
/// gone, and reads the ledger.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    kept: Mutex<Kept>,
    /// Wakes in the order of waiting.
    grown: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<(Tip, Bytes)>,
    bytes: usize,
    /// The entry before the first that is kept: who has folded it can go on from here.
    before: Option<Tip>,
    /// How many follow. Nothing is kept for nobody.
    followers: usize,
}

/// What follows a tip.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// These entries, and the tip after the last of them.
    Entries(Vec<Bytes>, Tip),
    /// Nothing yet.
    Nothing,
    /// It is not known here.
    Unknown,
}

impl Recent {
    /// One more follows; `tip` is what this process has folded.
    pub(crate) fn join(&self, tip: Tip) {
        let mut kept = self.kept.lock();
        kept.followers += 1;
        if kept.followers == 1 {
            kept.start_at(tip);
        }
    }

    /// One follows no more.
    pub(crate) fn leave(&self) {
        let mut kept = self.kept.lock();
        kept.followers = kept.followers.saturating_sub(1);
        if kept.followers == 0 {
            *kept = Kept::default();
        }
    }

    /// How many follow.
    pub(crate) fn followers(&self) -> usize {
        self.kept.lock().followers
    }

    /// An entry was folded.
    pub(crate) fn push(&self, entry: &Entry) {
        let mut kept = self.kept.lock();
        if kept.followers == 0 {
            return;
        }
        kept.bytes += entry.stored.len();
        kept.entries.push_back((entry.tip(), entry.stored.clone()));
        while kept.bytes > RECENT_BYTES_MAX && kept.entries.len() > 1 {
            if let Some((tip, gone)) = kept.entries.pop_front() {
                kept.bytes -= gone.len();
                kept.before = Some(tip);
            }
        }
        drop(kept);
        self.grown.notify_waiters();
    }

    /// The state was loaded anew, at `tip`: what was kept is not what follows.
    pub(crate) fn restart(&self, tip: Tip) {
        let mut kept = self.kept.lock();
        if kept.followers > 0 {
            kept.start_at(tip);
        }
        drop(kept);
        self.grown.notify_waiters();
    }

    /// What follows `tip`, up to what one message carries.
    pub(crate) fn after(&self, tip: &Tip) -> After {
        self.kept.lock().after(tip)
    }

    /// Whether this process has folded just this entry, as far as it remembers.
    pub(crate) fn knows(&self, tip: &Tip) -> bool {
        self.kept.lock().index_after(tip).is_some()
    }

    /// Waits until something may have come after `tip`.
    pub(crate) async fn grown(&self, tip: &Tip) {
        loop {
            let mut grown = std::pin::pin!(self.grown.notified());
            // From here on nothing is missed.
            grown.as_mut().enable();
            if !self.kept.lock().is_end(tip) {
                return;
            }
            grown.await;
        }
    }
}

impl Kept {
    fn start_at(&mut self, tip: Tip) {
        self.entries.clear();
        self.bytes = 0;
        self.before = Some(tip);
    }

    /// Whether nothing follows `tip` yet.
    fn is_end(&self, tip: &Tip) -> bool {
        match self.index_after(tip) {
            Some(from) => from == self.entries.len(),
            // It is ahead of this process, which may get there.
            None => self.newest().is_some_and(|newest| tip.position > newest),
        }
    }

    fn after(&self, tip: &Tip) -> After {
        if self.is_end(tip) {
            return After::Nothing;
        }
        let Some(from) = self.index_after(tip) else {
            return After::Unknown;
        };
        let (mut entries, mut bytes, mut last) = (Vec::new(), 0, *tip);
        for (at, stored) in self.entries.iter().skip(from) {
            bytes += stored.len();
            if bytes > MESSAGE_BYTES_MAX && !entries.is_empty() {
                break;
            }
            entries.push(stored.clone());
            last = *at;
        }
        After::Entries(entries, last)
    }

    /// Where the entry after `tip` stands, or will.
    fn index_after(&self, tip: &Tip) -> Option<usize> {
        let same = |known: &Tip| (known.position, known.hash) == (tip.position, tip.hash);
        if self.before.as_ref().is_some_and(same) {
            return Some(0);
        }
        let first = self.entries.front()?.0.position;
        let at = usize::try_from(tip.position.checked_sub(first)?).ok()?;
        self.entries.get(at).filter(|(known, _)| same(known)).map(|_| at + 1)
    }

    fn newest(&self) -> Option<Position> {
        let newest = self.entries.back().map(|(tip, _)| *tip).or(self.before);
        newest.map(|tip| tip.position)
    }
}

#[cfg(test)]
mod tests;
