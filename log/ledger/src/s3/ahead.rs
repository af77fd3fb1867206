//! Reading entries one object each, several requests at a time: many for one who is behind, two for a look at the tip.

use std::collections::VecDeque;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use parking_lot::Mutex;

use super::S3Ledger;
use crate::backend::RawRead;
use crate::error::LedgerError;
use crate::ids::Position;
use crate::memory::Collect;

/// The most requests that one read has under way, and so the most entries it holds beyond its limit.
const AHEAD_MAX: usize = 32;
/// The most entries that one read takes, whatever their size: about a second's worth.
const READ_ENTRIES_MAX: usize = 1024;

/// How the last read went that stopped at its limit: the one that goes on from there need not begin slowly again.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<VecDeque<Stopped>>);

/// Readers of one process whose pace is remembered.
const PACES_MAX: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Stopped {
    at: Position,
    entries: usize,
    bytes: usize,
}

impl Pace {
    fn of(&self, from: Position) -> Option<Stopped> {
        self.0.lock().iter().copied().find(|stopped| stopped.at == from)
    }

    fn remember(&self, from: Position, stopped: Stopped) {
        let paces = &mut *self.0.lock();
        paces.retain(|other| other.at != from && other.at != stopped.at);
        paces.truncate(PACES_MAX - 1);
        paces.push_front(stopped);
    }
}

/// How many requests to have under way, pure. `entries` of together `bytes` were found so far, the first of which is the
/// reader's own; `left` bytes may still be taken.
///
/// One's own entry and the next are asked for together. After that it grows with what was found, and so doubles with
/// every round trip: one who finds a single new entry has asked for one key too many, and so has one who finds a thousand.
fn window(entries: usize, bytes: usize, left: usize) -> usize {
    let grown = match entries {
        0 => 2,
        found => (found - 1).max(1),
    };
    // As many as fit, by the size they had so far, and one that tells whether more follow.
    let fitting = left / bytes.checked_div(entries).unwrap_or(0).max(1);
    grown.min(fitting.saturating_add(1)).clamp(1, AHEAD_MAX)
}

impl S3Ledger {
    pub(super) async fn read_ahead(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let known = self.watched.newest();
        let mut collect = Collect::new(from, max_bytes);
        let (mut entries, mut bytes) = (0, 0);
        if let Some(before) = self.pace.of(from) {
            (entries, bytes) = (before.entries, before.bytes);
        }
        let mut left = max_bytes;
        let mut asked = Some(from);
        let mut under_way = FuturesOrdered::new();
        loop {
            let most = match max_bytes {
                0 => 1,
                _ => window(entries, bytes, left).max(if collect.read.entries.is_empty() { 2 } else { 1 }),
            };
            while under_way.len() < most
                && let Some(at) = asked.filter(|&at| at == from || max_bytes > 0)
            {
                under_way.push_back(async move { (at, self.get_entry(at).await) });
                asked = at.checked_add(1);
            }
            let Some((at, found)) = under_way.next().await else {
                break;
            };
            let stop = self.take(&mut collect, at, found, known)?;
            if stop {
                break;
            }
            let length = collect.read.entries.last().map_or(0, |last| last.bytes.len());
            (entries, bytes) = (entries + 1, bytes + length);
            left = left.saturating_sub(if at == from { 0 } else { length });
        }
        if collect.read.more
            && let Some(last) = collect.read.entries.last()
        {
            let at = last.position;
            self.pace.remember(from, Stopped { at, entries, bytes });
        }
        Ok(collect.read)
    }

    /// Takes the answer about the next position. True when the read is over.
    fn take(
        &self,
        collect: &mut Collect,
        at: Position,
        found: Result<Option<Bytes>, LedgerError>,
        known: Option<Position>,
    ) -> Result<bool, LedgerError> {
        let taken = collect.read.entries.len();
        match found {
            Ok(Some(_)) if taken == READ_ENTRIES_MAX => {
                collect.read.more = true;
                Ok(true)
            }
            Ok(Some(bytes)) => Ok(!collect.take(at, bytes.len(), || bytes)),
            Ok(None) => {
                if let Some(last) = collect.read.entries.last() {
                    self.watched.ends_at(last.position, known);
                }
                Ok(true)
            }
            // What came before is whole, and not the end; the next read meets the failure, if it lasts.
            Err(_) if taken > 1 => {
                collect.read.more = true;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
