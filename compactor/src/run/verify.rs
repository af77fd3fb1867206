//! Reading a new object back before anything names it: past the cache, every batch compared by hash with what was read
//! from its old place, and the index opened as any reader would.

use std::ops::Range;

use bytes::Bytes;
use engine::Engine;
use metadata::ObjectName;
use segment::{Built, Index};
use sha2::{Digest as _, Sha256};
use store::{Key, ReadClass, Store, StoreError};

use super::RunError;
use super::read::{Moved, Piece};

/// Bytes read back at once, but for a larger batch.
const READ_BYTES: u64 = 8 << 20;

/// Where a batch should lie, and the hash of its bytes.
#[derive(Clone, Copy)]
struct Expected {
    start: u64,
    bytes: usize,
    hash: [u8; 32],
}

impl Expected {
    fn end(&self) -> u64 {
        self.start + self.bytes as u64
    }
}

/// Compares the object with what it was built from.
pub(super) async fn read_back(
    engine: &Engine,
    name: ObjectName,
    built: &Built,
    pieces: &[Piece],
) -> Result<(), RunError> {
    let key = Key::Segment(name);
    let store = engine.store().with_class(ReadClass::Backfill);
    let expected = expected(built, pieces);
    let payload_end = expected.last().map_or(segment::HEADER_BYTES, Expected::end);
    open(&store, &key, payload_end..built.bytes).await?;
    for (range, batches) in stretches(&expected) {
        let bytes = read(&store, &key, range.clone()).await?;
        let compared = engine
            .world()
            .tasks
            .blocking(move || compare(&bytes, range.start, &batches));
        compared.await?;
    }
    Ok(())
}

/// All batches by where they lie.
fn expected(built: &Built, pieces: &[Piece]) -> Vec<Expected> {
    let mut expected = Vec::new();
    for (piece, start) in pieces.iter().zip(&built.placed) {
        let mut start = *start;
        for Moved { bytes, hash, .. } in &piece.batches {
            let (bytes, hash) = (bytes.len(), *hash);
            expected.push(Expected { start, bytes, hash });
            start += bytes as u64;
        }
    }
    expected.sort_by_key(|expected| expected.start);
    expected
}

/// Cuts the batches, which lie one behind the other, into stretches to read.
fn stretches(expected: &[Expected]) -> Vec<(Range<u64>, Vec<Expected>)> {
    let mut stretches = Vec::new();
    let mut rest = expected;
    while let Some(first) = rest.first() {
        let fits = rest.partition_point(|next| next.end() <= first.start + READ_BYTES);
        let (now, later) = rest.split_at(fits.max(1));
        let end = now.last().map_or(first.start, Expected::end);
        stretches.push((first.start..end, now.to_vec()));
        rest = later;
    }
    stretches
}

fn compare(bytes: &Bytes, start: u64, batches: &[Expected]) -> Result<(), RunError> {
    for expected in batches {
        let from = usize::try_from(expected.start - start).unwrap_or(usize::MAX);
        let found = bytes.get(from..from.saturating_add(expected.bytes));
        let same = found.is_some_and(|found| Sha256::digest(found)[..] == expected.hash);
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
