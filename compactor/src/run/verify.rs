//! Reading a new object back before anything names it: past the cache, every batch compared by hash with what was read
//! from its old place, and the index opened as any reader would.

use std::ops::Range;

use bytes::Bytes;
use engine::Engine;
use metadata::ObjectName;
use segment::{Built, Index};
use sha2::{Digest as _, Sha256};
use store::{Key, Store, StoreError};

use super::RunError;
use super::read::{Moved, Piece};

/// Bytes read back at once, but for a larger batch.
const READ_BYTES: u64 = 8 << 20;

/// A batch and where it should lie.
struct Expected<'a> {
    start: u64,
    batch: &'a Moved,
}

/// Compares the object with what it was built from.
pub(super) async fn read_back(
    engine: &Engine,
    name: ObjectName,
    built: &Built,
    pieces: &[Piece],
) -> Result<(), RunError> {
    let key = Key::Segment(name);
    let store = engine.store();
    let expected = expected(built, pieces);
    let payload_end = expected
        .last()
        .map_or(segment::HEADER_BYTES, |last| last.start + last.batch.bytes.len() as u64);
    open(store, &key, payload_end..built.bytes).await?;
    for (range, batches) in stretches(&expected) {
        let bytes = read(store, &key, range.clone()).await?;
        compare(&bytes, range.start, batches)?;
    }
    Ok(())
}

/// All batches by where they lie.
fn expected<'a>(built: &Built, pieces: &'a [Piece]) -> Vec<Expected<'a>> {
    let mut expected = Vec::new();
    for (piece, start) in pieces.iter().zip(&built.placed) {
        let mut start = *start;
        for batch in &piece.batches {
            expected.push(Expected { start, batch });
            start += batch.bytes.len() as u64;
        }
    }
    expected.sort_by_key(|expected| expected.start);
    expected
}

/// Cuts the batches, which lie one behind the other, into stretches to read.
fn stretches<'a>(expected: &'a [Expected<'a>]) -> Vec<(Range<u64>, &'a [Expected<'a>])> {
    let mut stretches = Vec::new();
    let mut rest = expected;
    while let Some(first) = rest.first() {
        let fits = rest.partition_point(|next| next.start + next.batch.bytes.len() as u64 <= first.start + READ_BYTES);
        let (now, later) = rest.split_at(fits.max(1));
        let end = now
            .last()
            .map_or(first.start, |last| last.start + last.batch.bytes.len() as u64);
        stretches.push((first.start..end, now));
        rest = later;
    }
    stretches
}

fn compare(bytes: &Bytes, start: u64, batches: &[Expected<'_>]) -> Result<(), RunError> {
    for expected in batches {
        let from = usize::try_from(expected.start - start).unwrap_or(usize::MAX);
        let found = bytes.get(from..from.saturating_add(expected.batch.bytes.len()));
        let same = found.is_some_and(|found| Sha256::digest(found)[..] == expected.batch.hash);
        if !same {
            return Err(RunError::Verify(format!(
                "the batch at byte {} is another",
                expected.start
            )));
        }
    }
    Ok(())
}

/// Opens the index, which is checked by doing so.
async fn open(store: &Store, key: &Key, footer: Range<u64>) -> Result<(), RunError> {
    let object_bytes = footer.end;
    let bytes = read(store, key, footer).await?;
    match Index::open(&bytes, object_bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(RunError::Verify(error.to_string())),
    }
}

async fn read(store: &Store, key: &Key, range: Range<u64>) -> Result<Bytes, RunError> {
    let read = store.read_fresh(key, Some(range)).await;
    read.map_err(|error: StoreError| RunError::Verify(error.to_string()))
}
