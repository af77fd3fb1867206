//! Writing a window's records as the rows of one lake file: read, built, put, read back, decoded and compared, and then
//! proposed. A crash at any point leaves at most a file that nothing names.

use engine::Engine;
use lake::{LakeError, LakeWriter, WriteSettings, Written};
use metadata::{LakeEnd, ObjectName, Place, Role, TopicId, TopicNumber};
use records::Batch;
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
    let Some(id) = engine.read(|state| state.topic(topic).map(|topic| topic.id())) else {
        return Ok(Outcome::default());
    };
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
    let (pieces, written) = engine
        .world()
        .tasks
        .blocking(move || built(id, pieces, zstd_level))
        .await?;
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
    let swap = |piece: &Piece| {
        let output = plan::swap::output(&piece.item.inputs, place)?;
        Some(plan::swap::partition_swap(&piece.item, output))
    };
    let swaps = pieces.iter().filter_map(swap).collect();
    let bytes_max = limits(engine, config).proposal_bytes_max;
    let proposed = propose::swaps(engine, life, plan::swap::cut(swaps, bytes_max)).await?;
    outcome.rewritten.add(&proposed);
    outcome.rewritten.objects = 1;
    outcome.rewritten.bytes = pieces.iter().map(Piece::bytes).sum();
    Ok(outcome)
}

/// The file, and what it was built of.
fn built(topic: TopicId, pieces: Vec<Piece>, zstd_level: i32) -> Result<(Vec<Piece>, Written), LakeError> {
    let settings = WriteSettings {
        zstd_level,
        ..WriteSettings::default()
    };
    let mut writer = LakeWriter::new(&topic.to_string(), settings)?;
    let signed = |offset| i64::try_from(offset).unwrap_or(i64::MAX);
    for piece in &pieces {
        let (Some(first), Some(last)) = (piece.item.inputs.first(), piece.item.inputs.last()) else {
            continue;
        };
        writer.begin(
            i32::try_from(piece.item.partition.partition).unwrap_or(-1),
            signed(first.first),
        )?;
        for moved in &piece.batches {
            writer.push(&Batch::stored(moved.bytes.clone())?, signed(moved.base_offset))?;
        }
        writer.end(signed(last.last()))?;
    }
    let written = writer.finish()?;
    Ok((pieces, written))
}

async fn put(
    engine: &Engine,
    config: &CompactorConfig,
    topic: TopicId,
    (incarnation, flush): (metadata::Incarnation, u64),
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
