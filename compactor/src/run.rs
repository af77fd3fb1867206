//! Doing what was planned: a window is read, built into one object, put, verified, and then proposed.
//!
//! In this order a crash at any point leaves at most an object that nothing names. The fold applies a swap only where
//! the inputs are still exactly those that were read, so inputs that changed meanwhile are wasted work and no more.

pub(crate) mod clean;
pub(crate) mod lake;
mod propose;
pub(crate) mod publish;
mod read;
mod verify;

use std::collections::BTreeMap;

use engine::Engine;
use metadata::{Extent, Incarnation, ObjectName, Partition, PartitionId, Place, Role};
use segment::{Built, SegmentBuilder, SegmentId};
use store::{Key, ReadClass, StoreError};

pub(crate) use propose::{expire, mark, trim};

use crate::plan::{self, Item, Limits, Partitions, Window};
use crate::{CompactorConfig, DamagedExtent, Rewritten};
use read::{Piece, Pieces};

/// Why a window was not rewritten. Nothing is lost by it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The process is between two lives.
    #[error("this process has no life as a compactor")]
    NoLife,
    /// Reads fail one after another.
    #[error("inputs cannot be read: {0}")]
    Unreadable(String),
    /// The records do not become a lake file.
    #[error("the lake file was not built: {0}")]
    Lake(#[from] ::lake::LakeError),
    /// The store did not take the object.
    #[error("the object was not put: {0}")]
    Put(#[source] StoreError),
    /// The object does not read back as what was put.
    #[error("the object does not read back: {0}")]
    Verify(String),
    /// A proposal was not taken, or it is not known.
    #[error("not proposed: {0}")]
    Change(#[from] engine::ChangeError),
}

/// A call that was given up. It may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer in time")]
pub(crate) struct TooSlow;

/// Gives up a call that takes longer than so many calls of the store may. One that is never answered would otherwise
/// end all upkeep.
pub(crate) async fn in_time<F: Future>(engine: &Engine, calls: u32, call: F) -> Result<F::Output, TooSlow> {
    let patience = engine.config().store_deadline * calls;
    engine.world().clock.timeout(patience, call).await.map_err(|_| TooSlow)
}

impl Partitions for Engine {
    fn visit(&self, visit: &mut dyn FnMut(PartitionId, Partition<'_>)) {
        let ids: Vec<PartitionId> = self.read(|state| state.topics().flat_map(|topic| topic.partition_ids()).collect());
        for id in ids {
            self.read(|state| {
                if let Some(partition) = state.partition(id) {
                    visit(id, partition);
                }
            });
        }
    }
}

/// The limits of windows with this ledger: the engine takes proposals up to half an entry.
pub(crate) fn limits(engine: &Engine, config: &CompactorConfig) -> Limits {
    let half = engine.ledger().entry_bytes_max() / 2;
    Limits::new(config, half.saturating_sub(PROPOSAL_HEAD_BYTES))
}

/// What frames a swap in a proposal: incarnation, numbers and tags.
const PROPOSAL_HEAD_BYTES: usize = 256;

/// Reading a window back may take as long as so many calls.
const VERIFY_CALLS: u32 = 10;

/// What came of a window.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) rewritten: Rewritten,
    pub(crate) damaged: Vec<DamagedExtent>,
}

/// Rewrites a window.
pub(crate) async fn rewrite(engine: &Engine, config: &CompactorConfig, window: Window) -> Result<Outcome, RunError> {
    let life = engine.next_flush(Role::Compactor).ok_or(RunError::NoLife)?;
    let Pieces {
        pieces,
        damaged,
        skipped,
    } = read::window(engine, config, window).await?;
    let mut outcome = Outcome {
        rewritten: Rewritten {
            skipped,
            ..Rewritten::default()
        },
        damaged,
    };
    if pieces.is_empty() {
        return Ok(outcome);
    }
    let built = build(engine, life, &pieces);
    let attempt = put(engine, config, life, &built).await.map_err(RunError::Put)?;
    let name = ObjectName {
        incarnation: life.0,
        flush: life.1,
        attempt,
    };
    let verified = in_time(engine, VERIFY_CALLS, verify::read_back(engine, name, &built, &pieces)).await;
    verified.map_err(|slow| RunError::Verify(slow.to_string()))??;
    let swaps = swaps(name, &built, &pieces);
    let limits = limits(engine, config);
    let proposed = propose::swaps(engine, life, plan::swap::cut(swaps, limits.proposal_bytes_max)).await?;
    outcome.rewritten.add(&proposed.done);
    outcome.rewritten.objects = 1;
    outcome.rewritten.bytes = pieces.iter().map(Piece::bytes).sum();
    Ok(outcome)
}

fn build(engine: &Engine, life: (Incarnation, u64), pieces: &[Piece]) -> Built {
    let (Incarnation { position, index, nonce }, flush) = life;
    let id = SegmentId {
        cluster: engine.cluster().0,
        incarnation: (position, index, nonce),
        flush,
    };
    let mut builder = SegmentBuilder::new(id);
    for piece in pieces {
        let batches = piece.batches.iter().map(|batch| (batch.bytes.clone(), batch.records));
        builder.add(piece.item.partition.topic, piece.item.partition.partition, batches);
    }
    builder.build()
}

async fn put(
    engine: &Engine,
    config: &CompactorConfig,
    (incarnation, flush): (Incarnation, u64),
    built: &Built,
) -> Result<u16, StoreError> {
    let key = |attempt| {
        Key::Segment(ObjectName {
            incarnation,
            flush,
            attempt,
        })
    };
    let deadline = engine.world().clock.now() + config.put_deadline;
    // What is rewritten is history: it is not kept for readers at the tail.
    let store = engine.store().with_class(ReadClass::Backfill);
    store.put_hedged(key, built.parts.clone(), deadline).await
}

/// The swaps of the pieces that can be told as one extent.
fn swaps(name: ObjectName, built: &Built, pieces: &[Piece]) -> Vec<metadata::entry::PartitionSwap> {
    let placed = pieces.iter().zip(&built.placed);
    let swap = |(piece, start): (&Piece, &u64)| {
        let output = plan::swap::output(&piece.item.inputs, Place::Segment { name, start: *start })?;
        Some(plan::swap::partition_swap(&piece.item, output))
    };
    placed.filter_map(swap).collect()
}

/// Whether an extent still stands where it was seen.
pub(crate) fn stands(engine: &Engine, partition: PartitionId, extent: &Extent) -> bool {
    engine.read(|state| {
        let partition = state.partition(partition);
        let first = partition.and_then(|partition| partition.extents_from(extent.first).next());
        first.as_ref() == Some(extent)
    })
}

/// Extents of several items by where they lie, so that each object is read once, from its begin to its end.
fn in_reading_order(items: &[Item]) -> Vec<(usize, usize)> {
    let mut order: BTreeMap<(Option<ObjectName>, u64, u64), (usize, usize)> = BTreeMap::new();
    let mut count = 0;
    for (at, item) in items.iter().enumerate() {
        for (input, extent) in item.inputs.iter().enumerate() {
            let (object, start) = match extent.place {
                Place::Inline { position, .. } => (None, position),
                Place::Segment { name, start } => (Some(name), start),
                Place::Lake { name, .. } => (Some(name), 0),
            };
            order.insert((object, start, count), (at, input));
            count += 1;
        }
    }
    order.into_values().collect()
}
