//! Reading: blocks from the cache, one request for all who miss the same ones, neighbours in one request, and a bound
//! on the bytes under way. It knows no formats; checksums are for those who know what the bytes are.
//!
//! A request belongs to nobody: it is a task of its own, so a caller who goes away leaves it to the others who wait
//! for the same blocks.

mod flights;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use world::{Backoff, World};

use crate::allowance::Allowance;
use crate::blocks;
use crate::cache::Cache;
use crate::objects::{Fetched, Objects};
use crate::{Key, Op, StoreError, StoreOptions};
use flights::{Flights, Landed};

/// For whom a read is: the two have separate budgets, of cache and of bytes under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadClass {
    /// Readers who keep up, and everything a request waits for.
    #[default]
    Tail,
    /// Readers of history, and compaction.
    Backfill,
}

/// The wait before the second and third request for the same bytes.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(50),
    max: Duration::from_secs(1),
    deadline: Duration::MAX,
};

/// One of the two budgets.
#[derive(Debug)]
struct Lane {
    cache: Cache,
    /// In KiB, which fit a permit's u32.
    in_flight: Semaphore,
    in_flight_kib: u32,
}

impl Lane {
    fn new(objects: &dyn Objects, cache_bytes: u64, in_flight_bytes: u64) -> Lane {
        let in_flight_kib = kib(in_flight_bytes);
        Lane {
            cache: Cache::new(objects.backing(), cache_bytes),
            in_flight: Semaphore::new(usize::try_from(in_flight_kib).unwrap_or(Semaphore::MAX_PERMITS)),
            in_flight_kib,
        }
    }

    /// Waits until this many bytes may be under way; more than the whole budget counts as all of it.
    async fn admit(&self, bytes: u64) -> SemaphorePermit<'_> {
        let permits = kib(bytes).min(self.in_flight_kib);
        self.in_flight
            .acquire_many(permits)
            .await
            .expect("the semaphore is never closed")
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).max(1)
}

/// Bytes of the first piece of an object that is read whole. Most have no other.
const FIRST_PIECE_BYTES: u64 = 1 << 20;
/// Bytes of the others: of a large snapshot, say.
const PIECE_BYTES: u64 = 8 << 20;

#[derive(Debug)]
pub(crate) struct Reader {
    objects: Arc<dyn Objects>,
    tail: Lane,
    backfill: Lane,
    flights: Flights,
    retries: Arc<Allowance>,
    options: StoreOptions,
    world: World,
}

/// The blocks of an object that a caller has so far.
type Blocks = BTreeMap<u64, Bytes>;

impl Reader {
    pub(crate) fn new(
        objects: Arc<dyn Objects>,
        retries: Arc<Allowance>,
        options: StoreOptions,
        world: World,
    ) -> Reader {
        let backfill_cache = options.cache_bytes_max / 4;
        let tail_cache = options.cache_bytes_max - backfill_cache;
        Reader {
            tail: Lane::new(objects.as_ref(), tail_cache, options.tail_bytes_in_flight_max),
            backfill: Lane::new(objects.as_ref(), backfill_cache, options.backfill_bytes_in_flight_max),
            flights: Flights::default(),
            objects,
            retries,
            options,
            world,
        }
    }

    /// The bytes of each range.
    pub(crate) async fn read(
        self: &Arc<Self>,
        key: Key,
        path: &str,
        ranges: &[Range<u64>],
        class: ReadClass,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.check(path, ranges)?;
        let block_bytes = self.options.cache_block_bytes;
        let needed = blocks::needed(ranges, block_bytes);
        let (mut have, missing) = self.cached(key, &needed);
        let mut object_bytes = u64::MAX;
        if !missing.is_empty() {
            object_bytes = self.fetch_blocks(key, path, &missing, class, &mut have).await?;
        }
        let assemble = |range: &Range<u64>| {
            blocks::assemble(range, &have, block_bytes).map_err(|got| StoreError::Truncated {
                path: path.to_owned(),
                wanted: range.end,
                got: got.min(object_bytes),
            })
        };
        ranges.iter().map(assemble).collect()
    }

    fn check(&self, path: &str, ranges: &[Range<u64>]) -> Result<(), StoreError> {
        let mut bytes: u64 = 0;
        for range in ranges {
            let length = range.end.checked_sub(range.start).ok_or_else(|| {
                let reason = format!("the range {}..{} ends before it begins", range.start, range.end);
                StoreError::refused(Op::Get, path, reason)
            })?;
            bytes = bytes.saturating_add(length);
        }
        let most = self.options.read_bytes_max;
        if bytes > most {
            let reason = format!("{bytes} bytes are more than the {most} one read may have");
            return Err(StoreError::refused(Op::Get, path, reason));
        }
        Ok(())
    }

    /// Splits what is needed into what a cache holds and what it does not. A cached block that is too short is
    /// missing: it may have come of an answer that was cut off.
    fn cached(&self, key: Key, needed: &BTreeMap<u64, u64>) -> (Blocks, Vec<u64>) {
        let mut have = Blocks::new();
        let mut missing = Vec::new();
        for (&block, &bytes) in needed {
            match self.cached_block(key, block) {
                Some(cached) if length(&cached) >= bytes => drop(have.insert(block, cached)),
                _ => missing.push(block),
            }
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        metrics::counter!("tidelog_cache_hits_total").increment(count(have.len()));
        metrics::counter!("tidelog_cache_misses_total").increment(count(missing.len()));
        (have, missing)
    }

    fn cached_block(&self, key: Key, block: u64) -> Option<Bytes> {
        let place = (key, block);
        self.tail.cache.get(&place).or_else(|| self.backfill.cache.get(&place))
    }

    /// Joins the requests under way for these blocks, begins those that are not, and waits for all. How long the
    /// object is.
    async fn fetch_blocks(
        self: &Arc<Self>,
        key: Key,
        path: &str,
        missing: &[u64],
        class: ReadClass,
        have: &mut Blocks,
    ) -> Result<u64, StoreError> {
        let run_blocks_max = (self.options.read_run_bytes_max / self.options.cache_block_bytes).max(1);
        let (joined, departures) = self.flights.board(key, missing, run_blocks_max);
        for departure in departures {
            let (reader, path) = (Arc::clone(self), path.to_owned());
            self.world.tasks.spawn("store-read", async move {
                let landed = reader.fetch_run(key, &path, departure.run(), class).await;
                reader.flights.land(departure, landed);
            });
        }
        let mut object_bytes = u64::MAX;
        for flight in joined {
            let landed = flight.await?;
            object_bytes = landed.object_bytes;
            have.extend((landed.first..).zip(landed.blocks.iter().cloned()));
        }
        Ok(object_bytes)
    }

    /// Fetches a run of blocks, and has the cache hold them before anybody could ask again.
    async fn fetch_run(&self, key: Key, path: &str, run: Range<u64>, class: ReadClass) -> Result<Landed, StoreError> {
        let block_bytes = self.options.cache_block_bytes;
        let range = run.start.saturating_mul(block_bytes)..run.end.saturating_mul(block_bytes);
        let lane = self.lane(class);
        let permit = lane.admit(range.end - range.start).await;
        let fetched = match self.fetch(path, Some(range)).await {
            // Nothing of the run is there: whose range it is says so in its own terms.
            Err(StoreError::Truncated { got, .. }) if got < run.start.saturating_mul(block_bytes) => Fetched {
                bytes: Bytes::new(),
                object_bytes: got,
            },
            fetched => fetched?,
        };
        drop(permit);
        let blocks = blocks::cut(&fetched.bytes, block_bytes);
        lane.cache.insert(key, run.start, blocks.iter().cloned());
        self.note_bytes();
        Ok(Landed {
            first: run.start,
            blocks,
            object_bytes: fetched.object_bytes,
        })
    }

    /// Reads past the cache, and makes it forget the object.
    pub(crate) async fn read_fresh(
        &self,
        key: Key,
        path: &str,
        range: Option<Range<u64>>,
        class: ReadClass,
    ) -> Result<Bytes, StoreError> {
        let Some(range) = range else {
            return self.read_whole(key, path, class).await;
        };
        self.check(path, std::slice::from_ref(&range))?;
        self.forget(key, blocks::touched(&range, self.options.cache_block_bytes).end);
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let _permit = self.lane(class).admit(range.end - range.start).await;
        let fetched = self.fetch(path, Some(range.clone())).await?;
        self.forget(key, fetched.object_bytes.div_ceil(self.options.cache_block_bytes));
        if range.end > fetched.object_bytes {
            return Err(StoreError::Truncated {
                path: path.to_owned(),
                wanted: range.end,
                got: fetched.object_bytes,
            });
        }
        Ok(fetched.bytes)
    }

    /// Reads all of an object, whose length nobody has said, in pieces: so the room it takes among what is under way is that
    /// of a piece, and each piece has the time of a request.
    async fn read_whole(&self, key: Key, path: &str, class: ReadClass) -> Result<Bytes, StoreError> {
        let (mut pieces, mut at, mut object_bytes) = (Vec::new(), 0, None);
        loop {
            let bytes = if at == 0 { FIRST_PIECE_BYTES } else { PIECE_BYTES };
            let permit = self.lane(class).admit(bytes).await;
            let fetched = match self.fetch(path, Some(at..at + bytes)).await {
                // Some stores have no range of nothing.
                Err(StoreError::Truncated { got: 0, .. }) if at == 0 => Fetched {
                    bytes: Bytes::new(),
                    object_bytes: 0,
                },
                fetched => fetched?,
            };
            drop(permit);
            at += length(&fetched.bytes);
            pieces.push(fetched.bytes);
            let whole = *object_bytes.get_or_insert(fetched.object_bytes);
            if whole != fetched.object_bytes {
                // It was replaced meanwhile: pieces of two are none.
                return Err(StoreError::Truncated {
                    path: path.to_owned(),
                    wanted: whole,
                    got: fetched.object_bytes,
                });
            }
            if at >= whole {
                break;
            }
        }
        self.forget(key, at.div_ceil(self.options.cache_block_bytes));
        match pieces.len() {
            1 => Ok(pieces.swap_remove(0)),
            // Copied once, for who decodes it wants it in one piece.
            _ => Ok(pieces.concat().into()),
        }
    }

    /// Keeps what was just written.
    pub(crate) fn remember(&self, key: Key, parts: &[Bytes]) {
        let blocks = blocks::cut_parts(parts, self.options.cache_block_bytes);
        self.tail.cache.insert(key, 0, blocks);
        self.note_bytes();
    }

    /// Drops the first blocks of an object from the caches.
    pub(crate) fn forget(&self, key: Key, blocks: u64) {
        self.tail.cache.remove(key, 0..blocks);
        self.backfill.cache.remove(key, 0..blocks);
    }

    /// One request, tried again within the allowance when it failed in passing or came back short.
    async fn fetch(&self, path: &str, range: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        self.retries.earn();
        let mut attempt = 0;
        loop {
            let (failed, short) = match self.objects.get(path, range.clone()).await {
                Ok(fetched) => match whole(path, range.clone(), fetched) {
                    Ok(fetched) => return Ok(fetched),
                    Err(short) => (short, true),
                },
                Err(failed) => (failed, false),
            };
            attempt += 1;
            let last = attempt >= self.options.read_attempts_max;
            if last || !(short || failed.is_transient()) || !self.retries.spend() {
                return Err(failed);
            }
            let wait = self.world.chance.between(Duration::ZERO, BACKOFF.bound(attempt - 1));
            self.world.clock.sleep(wait).await;
        }
    }

    fn lane(&self, class: ReadClass) -> &Lane {
        match class {
            ReadClass::Tail => &self.tail,
            ReadClass::Backfill => &self.backfill,
        }
    }

    fn note_bytes(&self) {
        let bytes = self.tail.cache.bytes() + self.backfill.cache.bytes();
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("tidelog_cache_bytes").set(bytes as f64);
    }
}

/// Refuses an answer that does not bring all that the object has of the range.
fn whole(path: &str, range: Option<Range<u64>>, fetched: Fetched) -> Result<Fetched, StoreError> {
    let range = range.unwrap_or(0..fetched.object_bytes);
    let wanted = range.end.min(fetched.object_bytes);
    let got = range.start.saturating_add(length(&fetched.bytes));
    if got == wanted {
        return Ok(fetched);
    }
    let path = path.to_owned();
    Err(StoreError::Truncated { path, wanted, got })
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
