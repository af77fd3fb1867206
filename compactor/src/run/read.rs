//! Reading a window: each input as its writer made it, its checksums compared, in pieces that can become one extent each.

use bytes::{Bytes, BytesMut};
use engine::{Engine, FetchError, FetchedBatch};
use futures::StreamExt as _;
use metadata::{Extent, PartitionId, Place};
use seeded::Bug;
use sha2::{Digest as _, Sha256};

use super::RunError;
use crate::plan::{Item, Window};
use crate::{CompactorConfig, DamagedExtent};

/// Reads that fail in a row before the store counts as gone.
const FAILURES_MAX: usize = 3;

/// Extents of this size or more are hashed and copied away from the tasks.
const MOVE_INLINE_BYTES: u32 = 256 << 10;

/// A batch, and the hash of its bytes taken as soon as its checksum had been compared.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) base_offset: u64,
    pub(super) bytes: Bytes,
    pub(super) records: u32,
    pub(super) hash: [u8; 32],
}

/// An item, or what can be read of one without a gap, with its batches.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) item: Item,
    pub(super) batches: Vec<Moved>,
}

impl Piece {
    pub(super) fn bytes(&self) -> u64 {
        self.batches.iter().map(|batch| batch.bytes.len() as u64).sum()
    }
}

/// What a window gave.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// In the order of the items.
    pub(super) pieces: Vec<Piece>,
    pub(super) damaged: Vec<DamagedExtent>,
    /// Extents that could not be read now, or have changed.
    pub(super) skipped: u64,
}

/// What one input gave.
#[derive(Debug)]
pub(super) enum Read {
    Whole(Vec<Moved>),
    Damaged(String),
    Skipped,
}

/// Reads all inputs. One that is damaged is named and left out, and so holds up neither its partition's others nor other
/// partitions; when reads fail one after another it is the store, and the window is given up.
pub(super) async fn window(engine: &Engine, config: &CompactorConfig, window: Window) -> Result<Pieces, RunError> {
    let items = window.items;
    let mut read: Vec<Vec<Option<Read>>> = items
        .iter()
        .map(|item| item.inputs.iter().map(|_| None).collect())
        .collect();
    let order = super::in_reading_order(&items);
    let reads = order.into_iter().filter_map(|(at, input)| {
        let item = items.get(at)?;
        let (partition, extent) = (item.partition, *item.inputs.get(input)?);
        Some(async move { (at, input, one(engine, partition, &extent).await) })
    });
    let mut reads = futures::stream::iter(reads).buffered(config.reads_at_once.max(1));
    let mut failures = 0;
    while let Some((at, input, result)) = reads.next().await {
        let result = match result {
            Ok(result) => {
                failures = 0;
                result
            }
            Err(why) => {
                failures += 1;
                if failures >= FAILURES_MAX {
                    return Err(RunError::Unreadable(why));
                }
                Read::Skipped
            }
        };
        if let Some(slot) = read.get_mut(at).and_then(|inputs| inputs.get_mut(input)) {
            *slot = Some(result);
        }
    }
    drop(reads);
    Ok(pieces(items, read))
}

/// Joins what was read; a gap begins another piece.
fn pieces(items: Vec<Item>, read: Vec<Vec<Option<Read>>>) -> Pieces {
    let mut pieces = Pieces::default();
    for (item, inputs) in items.into_iter().zip(read) {
        let mut goes_on = false;
        for (extent, read) in item.inputs.into_iter().zip(inputs) {
            match read {
                Some(Read::Whole(batches)) => {
                    pieces.join(item.partition, extent, batches, goes_on);
                    goes_on = true;
                    continue;
                }
                Some(Read::Damaged(what)) => pieces.damaged.push(DamagedExtent {
                    partition: item.partition,
                    extent,
                    what,
                }),
                Some(Read::Skipped) | None => pieces.skipped += 1,
            }
            goes_on = false;
        }
    }
    if seeded::is(Bug::DropLastRow)
        && let Some(last) = pieces.pieces.last_mut()
    {
        last.batches.pop();
    }
    pieces
}

impl Pieces {
    fn join(&mut self, partition: PartitionId, extent: Extent, batches: Vec<Moved>, goes_on: bool) {
        match self.pieces.last_mut() {
            Some(piece) if goes_on => {
                piece.item.inputs.push(extent);
                piece.batches.extend(batches);
            }
            _ => self.pieces.push(Piece {
                item: Item {
                    partition,
                    inputs: vec![extent],
                },
                batches,
            }),
        }
    }
}

/// Reads one input. An error says that nobody answers.
pub(super) async fn one(engine: &Engine, partition: PartitionId, extent: &Extent) -> Result<Read, String> {
    let read = super::in_time(engine, 2, engine.read_extent(partition, extent)).await;
    let what = match read.map_err(|slow| slow.to_string())? {
        Ok(batches) => match whole(extent, &batches) {
            Ok(()) if extent.bytes < MOVE_INLINE_BYTES => return Ok(Read::Whole(moved(&batches))),
            Ok(()) => {
                let moved = engine.world().tasks.blocking(move || moved(&batches));
                return Ok(Read::Whole(moved.await));
            }
            Err(what) => what,
        },
        Err(FetchError::Corrupt { what, .. }) => what,
        Err(FetchError::Unavailable(why) | FetchError::NotCurrent(why)) => return Err(why),
        Err(
            FetchError::UnknownTopic
            | FetchError::UnknownPartition
            | FetchError::OutOfRange { .. }
            | FetchError::HistoryLost,
        ) => return Ok(Read::Skipped),
    };
    // Another compactor may have replaced it, and its object may be gone: that is no damage.
    engine.look().await.map_err(|error| error.to_string())?;
    if super::stands(engine, partition, extent) {
        Ok(Read::Damaged(what))
    } else {
        Ok(Read::Skipped)
    }
}

/// Compares what was read with what the ledger says of the extent.
fn whole(extent: &Extent, batches: &[FetchedBatch]) -> Result<(), String> {
    let bytes: u64 = batches.iter().map(|batch| batch.batch.bytes().len() as u64).sum();
    // Batches that rows make may have other bytes than those that became rows.
    let is_lake = matches!(extent.place, Place::Lake { .. });
    if !is_lake && bytes != u64::from(extent.bytes) {
        return Err(format!("{bytes} bytes where the ledger says {}", extent.bytes));
    }
    let first = batches.first().map(|batch| batch.base_offset);
    let last = batches.last().map(FetchedBatch::last_offset);
    // Of rows some may have been left out at either end. The file itself says which offsets it covers.
    let within = first.is_some_and(|first| first >= extent.first) && last.is_some_and(|last| last <= extent.last());
    let all = first == Some(extent.first) && last == Some(extent.last());
    if !(all || is_lake && within) {
        return Err(format!(
            "batches of offsets {first:?} to {last:?} where the ledger says {} to {}",
            extent.first,
            extent.last()
        ));
    }
    Ok(())
}

/// The batches in memory of their own: what was read may be slices of larger blocks, which would stay in memory with
/// them. Hashed before they are copied, so that the hash tells of the copy too.
fn moved(batches: &[FetchedBatch]) -> Vec<Moved> {
    let mut all = BytesMut::with_capacity(batches.iter().map(|batch| batch.batch.bytes().len()).sum());
    let mut heads = Vec::with_capacity(batches.len());
    // One without records stands for offsets of which none is left.
    for batch in batches.iter().filter(|batch| batch.batch.records() > 0) {
        let bytes = batch.batch.bytes();
        heads.push((
            batch.base_offset,
            bytes.len(),
            batch.batch.records(),
            Sha256::digest(bytes).into(),
        ));
        all.extend_from_slice(bytes);
    }
    let mut rest = all.freeze();
    let take = |(base_offset, length, records, hash)| Moved {
        base_offset,
        bytes: rest.split_to(length),
        records,
        hash,
    };
    heads.into_iter().map(take).collect()
}
