//! Writing a window's records as the rows of one lake file: read, built, put, read back, decoded and compared, and then
//! proposed. A crash at any point leaves at most a file that nothing names.

use std::sync::Arc;

use engine::Engine;
use lake::{Dropped, LakeError, LakeWriter, WriteSettings, Written};
use metadata::{Incarnation, LakeColumns, LakeEnd, ObjectName, PartitionId, Place, Role, Topic, TopicId, TopicNumber};
use records::{Batch, Record};
use store::{Key, ReadClass};

use super::read::{self, Piece, Pieces};
use super::{Outcome, RunError, VERIFY_CALLS, in_time, limits, propose};
use crate::plan::{self, Window};
use crate::{CompactorConfig, Rewritten};

/// Rewrites a window of one topic into rows. Of each partition the first stretch that can be read is taken.
pub(crate) async fn rewrite(
    engine: &Engine,
    config: &CompactorConfig,
    topic: TopicNumber,
    window: Window,
    zstd_level: i32,
) -> Result<Outcome, RunError> {
    let life = engine.next_flush(Role::Compactor).ok_or(RunError::NoLife)?;
    let Pieces {
        mut pieces,
        damaged,
        skipped,
    } = read::window(engine, config, window).await?;
    pieces.dedup_by_key(|piece| piece.item.partition);
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
    let all: Arc<Keeps> = Arc::new(|_, _, _| true);
    let Some((told, place)) = write(engine, config, topic, life, pieces, zstd_level, all).await? else {
        return Ok(outcome);
    };
    let swap = |told: &Told| {
        let output = plan::swap::output(&told.piece.item.inputs, place)?;
        Some(plan::swap::partition_swap(&told.piece.item, output))
    };
    let swaps = told.iter().filter_map(swap).collect();
    let bytes_max = limits(engine, config).proposal_bytes_max;
    let proposed = propose::swaps(engine, life, plan::swap::cut(swaps, bytes_max)).await?;
    outcome.rewritten.add(&proposed.done);
    outcome.rewritten.objects = 1;
    outcome.rewritten.bytes = told.iter().map(|told| told.piece.bytes()).sum();
    Ok(outcome)
}

/// Which records become rows: asked of each by its partition and offset.
pub(super) type Keeps = dyn Fn(PartitionId, u64, &Record) -> bool + Send + Sync;

/// A piece that became rows.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) piece: Piece,
    /// What was left out of it.
    pub(super) dropped: Dropped,
    /// The offset of the first tombstone that stayed.
    pub(super) first_tombstone: Option<u64>,
}

/// Puts a lake file of pieces of one topic, at most one of a partition, and reads it back. What it was made of, and where that
/// lies now; none when the topic is gone.
pub(super) async fn write(
    engine: &Engine,
    config: &CompactorConfig,
    topic: TopicNumber,
    life: (Incarnation, u64),
    pieces: Vec<Piece>,
    zstd_level: i32,
    keeps: Arc<Keeps>,
) -> Result<Option<(Vec<Told>, Place)>, RunError> {
    let known = |topic: &Topic| (topic.id(), Arc::clone(topic.lake_columns()));
    let Some((id, columns)) = engine.read(|state| state.topic(topic).map(known)) else {
        return Ok(None);
    };
    let building = move || built(id, &columns, pieces, zstd_level, &*keeps);
    let (told, written) = engine.world().tasks.blocking(building).await?;
    let attempt = put(engine, config, id, life, &written).await?;
    let name = ObjectName {
        incarnation: life.0,
        flush: life.1,
        attempt,
    };
    let place = Place::Lake {
        name,
        end: end_of(&written)?,
    };
    let verified = in_time(
        engine,
        VERIFY_CALLS,
        read_back(engine, Key::LakeData(id, name), written),
    )
    .await;
    verified.map_err(|slow| RunError::Verify(slow.to_string()))??;
    Ok(Some((told, place)))
}

/// The file, and what it was built of.
fn built(
    topic: TopicId,
    columns: &LakeColumns,
    pieces: Vec<Piece>,
    zstd_level: i32,
    keeps: &Keeps,
) -> Result<(Vec<Told>, Written), LakeError> {
    let settings = WriteSettings {
        zstd_level,
        ..WriteSettings::default()
    };
    let mut writer = LakeWriter::new(&topic.to_string(), columns, settings)?;
    let mut told = Vec::with_capacity(pieces.len());
    for piece in pieces {
        told.push(tell(&mut writer, piece, keeps)?);
    }
    Ok((told, writer.finish()?))
}

fn tell(writer: &mut LakeWriter, piece: Piece, keeps: &Keeps) -> Result<Told, LakeError> {
    let signed = |offset| i64::try_from(offset).unwrap_or(i64::MAX);
    let id = piece.item.partition;
    let (mut dropped, mut first_tombstone) = (Dropped::default(), None);
    let (Some(first), Some(last)) = (piece.item.inputs.first(), piece.item.inputs.last()) else {
        return Ok(Told {
            piece,
            dropped,
            first_tombstone,
        });
    };
    writer.begin(i32::try_from(id.partition).unwrap_or(-1), signed(first.first))?;
    for moved in &piece.batches {
        let stays = |offset: i64, record: &Record| {
            let offset = u64::try_from(offset).unwrap_or(0);
            let stays = keeps(id, offset, record);
            if stays && record.key.is_some() && record.value.is_none() {
                first_tombstone.get_or_insert(offset);
            }
            stays
        };
        let batch = Batch::stored(moved.bytes.clone())?;
        dropped.add(writer.push_kept(&batch, signed(moved.base_offset), stays)?);
    }
    writer.end(signed(last.last()))?;
    Ok(Told {
        piece,
        dropped,
        first_tombstone,
    })
}

async fn put(
    engine: &Engine,
    config: &CompactorConfig,
    topic: TopicId,
    (incarnation, flush): (Incarnation, u64),
    written: &Written,
) -> Result<u16, RunError> {
    let key = |attempt| {
        let name = ObjectName {
            incarnation,
            flush,
            attempt,
        };
        Key::LakeData(topic, name)
    };
    let deadline = engine.world().clock.now() + config.put_deadline;
    let store = engine.store().with_class(ReadClass::Backfill);
    let put = store.put_hedged(key, vec![written.bytes.clone()], deadline).await;
    put.map_err(RunError::Put)
}

/// What readers open the file by.
fn end_of(written: &Written) -> Result<LakeEnd, RunError> {
    let tail_bytes = u32::try_from(written.tail_bytes);
    Ok(LakeEnd {
        object_bytes: written.bytes.len() as u64,
        tail_bytes: tail_bytes.map_err(|_| RunError::Verify("its end takes more than 4 GiB".to_owned()))?,
        tail_checksum: written.tail_checksum,
    })
}

/// Reads the file back past the cache, decodes every row, and compares their hash with that of the batches.
async fn read_back(engine: &Engine, key: Key, written: Written) -> Result<(), RunError> {
    let store = engine.store().with_class(ReadClass::Backfill);
    let read = store.read_fresh(&key, None).await;
    let bytes = read.map_err(|error| RunError::Verify(error.to_string()))?;
    let verified = engine.world().tasks.blocking(move || written.verify(&bytes)).await;
    verified.map_err(|error| RunError::Verify(error.to_string()))
}
