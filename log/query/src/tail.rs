//! The fresh tail: what is not in a lake file yet becomes rows as a compactor would make them, in a file that lies in memory.
//! So there is one way from batches to columns, and one from columns to answers.

use engine::Engine;
use lake::{LakeError, LakeWriter, WriteSettings, Written};
use metadata::{Extent, PartitionId};

use crate::QueryError;
use crate::parts::Parts;

/// Rows of all that is not in a lake file; a file without rows where there is nothing.
pub(crate) async fn rows(engine: &Engine, parts: &Parts) -> Result<Written, QueryError> {
    let settings = WriteSettings {
        // It is read once, and from memory.
        zstd_level: 0,
        ..WriteSettings::default()
    };
    let mut writer = LakeWriter::new(&parts.id.to_string(), &parts.columns, settings)?;
    for (id, extents) in &parts.tail {
        writer = partition(engine, *id, extents, writer).await?;
    }
    Ok(writer.finish()?)
}

async fn partition(
    engine: &Engine,
    id: PartitionId,
    extents: &[Extent],
    mut writer: LakeWriter,
) -> Result<LakeWriter, QueryError> {
    let (Some(first), Some(last)) = (extents.first(), extents.last()) else {
        return Ok(writer);
    };
    writer.begin(i32::try_from(id.partition).unwrap_or(-1), signed(first.first))?;
    for extent in extents {
        let batches = engine.read_extent(id, extent).await?;
        let writing = move || {
            for fetched in batches {
                writer.push(&fetched.batch, signed(fetched.base_offset))?;
            }
            Ok::<_, LakeError>(writer)
        };
        writer = engine.world().tasks.blocking(writing).await?;
    }
    writer.end(signed(last.last()))?;
    Ok(writer)
}

fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}
