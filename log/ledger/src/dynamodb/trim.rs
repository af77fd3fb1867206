//! Deleting what lies below the base.
//!
//! The requests go one after another, the lowest entries first, but what lies in one request (25 entries) is deleted in
//! no order, and a request that is cut short leaves holes in that stretch. Nobody is misled by them. All of it lies
//! below the base, which every reader of the chain looks at before it judges. Who reads one body there asks that the next entry
//! follows it: a true entry whose next one went first counts as trimmed, which it is. A false one is followed by
//! nothing: its next was written by one who knew the true entry, or by nobody, for no false entry is ever folded.

use super::address::{Key, segment_of};
use super::client::{DELETE_ITEMS_MAX, Failure};
use super::{DynamoLedger, SEGMENT_ENTRIES, last_of, position_of};
use crate::error::LedgerError;
use crate::ids::Position;

/// So many empty segments, one below the other, and there is nothing further down.
const EMPTY_SEGMENTS: u32 = 2;

impl DynamoLedger {
    /// Deletes up to `limit` entries below `position`.
    pub(super) async fn trim(&self, position: Position, limit: u64) -> Result<u64, LedgerError> {
        let Some(last) = position.checked_sub(1).filter(|_| limit > 0) else {
            return Ok(0);
        };
        let top = segment_of(last);
        let Some(lowest) = self.lowest(top, last).await? else {
            return Ok(0);
        };
        let (mut deleted, mut empty, mut segment) = (0, 0, lowest);
        while deleted < limit && segment <= top && empty < EMPTY_SEGMENTS {
            let keys = self.lowest_keys(segment, last, limit - deleted).await;
            let keys = keys.map_err(|error| after(deleted, error))?;
            for keys in keys.chunks(DELETE_ITEMS_MAX) {
                self.delete_all(keys).await.map_err(|error| after(deleted, error))?;
                deleted += count(keys);
            }
            if keys.is_empty() {
                (segment, empty) = (segment + 1, empty + 1);
            } else {
                empty = 0;
            }
        }
        Ok(deleted)
    }

    /// The lowest segment that holds something at or below `last`.
    ///
    /// What is there is one stretch, for the lowest goes first. So the way is down, from where it was the last time or else
    /// from the top, until nothing is there. One empty segment may lie in between, if a loss made it.
    async fn lowest(&self, top: u64, last: Position) -> Result<Option<u64>, LedgerError> {
        let known = (*self.lowest.lock()).filter(|known| *known <= top);
        let lowest = match self.lowest_from(known.unwrap_or(top), last).await? {
            // Everything there is gone: what is left lies above.
            None if known.is_some() => self.lowest_from(top, last).await?,
            lowest => lowest,
        };
        *self.lowest.lock() = lowest;
        Ok(lowest)
    }

    async fn lowest_from(&self, segment: u64, last: Position) -> Result<Option<u64>, LedgerError> {
        let (mut lowest, mut empty) = (None, 0);
        for segment in (0..=segment).rev() {
            if !self.lowest_keys(segment, last, 1).await?.is_empty() {
                (lowest, empty) = (Some(segment), 0);
                continue;
            }
            empty += 1;
            if empty == EMPTY_SEGMENTS {
                break;
            }
        }
        Ok(lowest)
    }

    /// The keys of a segment's lowest entries up to `last`, at most `limit` of them.
    async fn lowest_keys(&self, segment: u64, last: Position, limit: u64) -> Result<Vec<Key>, LedgerError> {
        let first = last_of(segment) - (SEGMENT_ENTRIES - 1);
        let last = last.min(last_of(segment));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = self.page_of(segment, first, last, limit).await?;
        let key = |item| position_of(item).map(|position| self.address.entry(position));
        page.items.iter().map(key).collect()
    }

    /// Deletes these, and what a busy server left of them, before anything above.
    async fn delete_all(&self, keys: &[Key]) -> Result<(), LedgerError> {
        let left = &parking_lot::Mutex::new(keys.to_vec());
        let deleted = self.insist.write(|_| async move {
            let keys = left.lock().clone();
            let rest = self.client.delete(&keys).await?;
            left.lock().clone_from(&rest);
            let told = || format!("{} of {} entries are left to delete", rest.len(), keys.len());
            match rest.len() {
                0 => Ok(()),
                none if none == keys.len() => Err(Failure::Busy(told())),
                _ => Err(Failure::Unclear(told())),
            }
        });
        deleted.await
    }
}

fn count(keys: &[Key]) -> u64 {
    u64::try_from(keys.len()).unwrap_or(u64::MAX)
}

/// A failure after some were deleted. The one that deletes the first ones is told as it is.
fn after(deleted: u64, error: LedgerError) -> LedgerError {
    match deleted {
        0 => error,
        some => LedgerError::unknown(format!("{some} entries were deleted, then: {error}")),
    }
}
