//! Finding the bytes of a few batches inside a long extent, by the index at the segment's end.
//!
//! A short extent is read whole: its batches' lengths are found by walking them. For a long one of which only a part is
//! wanted, the index says where that part begins, so a reader that comes back again and again for the next piece does
//! not read what is before it.

use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use segment::{Index, OPEN_BYTES, SegmentError};
use store::{Key, ReadClass};

use super::extent::Failure;
use super::opened::Opened;
use super::plan::Step;
use crate::shared::Shared;

/// An extent of up to so many bytes is read whole.
const WHOLE_BYTES: u32 = 256 << 10;

/// The range of the object to read for a step, and the offset of the first record in it.
pub(super) async fn range(
    shared: &Shared,
    class: ReadClass,
    step: &Step,
    key: &Key,
    start: u64,
) -> Result<(Range<u64>, u64), Failure> {
    let extent = &step.extent;
    let whole = start..start + u64::from(extent.bytes);
    let all_wanted = step.offset == extent.first && step.bytes_max >= extent.bytes as usize;
    if extent.bytes <= WHOLE_BYTES || all_wanted {
        return Ok((whole, extent.first));
    }
    part(shared, class, step, key, whole).await
}

/// The range of the wanted batches among those of an extent, which lie at `whole`, and the offset of the first record
/// in it, by the index.
pub(super) async fn part(
    shared: &Shared,
    class: ReadClass,
    step: &Step,
    key: &Key,
    whole: Range<u64>,
) -> Result<(Range<u64>, u64), Failure> {
    let index = open(shared, class, key).await?;
    let mut first = step.extent.first;
    let mut part: Option<(Range<u64>, u64)> = None;
    for batch in index.batches_in(whole) {
        let end = first + u64::from(batch.records);
        if end > step.offset {
            let (range, _) = part.get_or_insert((batch.range(), first));
            range.end = batch.range().end;
            if range.end - range.start >= u64::try_from(step.bytes_max).unwrap_or(u64::MAX) {
                break;
            }
        }
        first = end;
    }
    part.ok_or_else(|| Failure::Damaged(format!("the index of {} does not cover the extent", shared.path(key))))
}

/// Bytes of indexes that are kept. One of a segment of a thousand batches takes about 12 KiB.
const INDEXES_BYTES_MAX: usize = 8 << 20;

/// Indexes of the segments that were read last.
#[derive(Debug)]
pub(crate) struct Indexes {
    opened: Mutex<Opened<Key, Arc<Index>>>,
}

impl Default for Indexes {
    fn default() -> Self {
        Indexes {
            opened: Mutex::new(Opened::new(INDEXES_BYTES_MAX)),
        }
    }
}

impl Indexes {
    fn get(&self, key: &Key) -> Option<Arc<Index>> {
        self.opened.lock().get(key)
    }

    fn keep(&self, key: Key, index: Arc<Index>) {
        let bytes = index.memory_bytes();
        self.opened.lock().keep(key, index, bytes);
    }
}

/// Opens a segment's index: one read of its end, or two when the index is longer. If what was read is damaged the store is
/// asked once more, past the cache.
async fn open(shared: &Shared, class: ReadClass, key: &Key) -> Result<Arc<Index>, Failure> {
    if let Some(index) = shared.indexes.get(key) {
        return Ok(index);
    }
    let store = shared.store.with_class(class);
    let object_bytes = store.object_bytes(key).await?;
    let (mut wanted, mut fresh) = (OPEN_BYTES, false);
    loop {
        let range = object_bytes.saturating_sub(wanted)..object_bytes;
        let tail = match fresh {
            true => store.read_fresh(key, Some(range)).await?,
            false => store.read(key, range).await?,
        };
        match Index::open(&tail, object_bytes) {
            Ok(index) => {
                let index = Arc::new(index);
                shared.indexes.keep(*key, Arc::clone(&index));
                return Ok(index);
            }
            Err(SegmentError::NeedMore { bytes }) if bytes > wanted => wanted = bytes,
            Err(error) if !fresh => {
                let object = shared.path(key);
                tracing::warn!(object, %error, "damaged index; reading it again past the cache");
                (wanted, fresh) = (OPEN_BYTES, true);
            }
            Err(error) => return Err(Failure::Damaged(format!("{}: {error}", shared.path(key)))),
        }
    }
}
