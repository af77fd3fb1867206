//! Files of which a part is named no more, since the records of a partition were rewritten without those of the others, or a
//! swap was refused for one of them. For those who replay they are as good as any; a table that told of one would have
//! records twice.

use std::collections::{BTreeMap, BTreeSet};

use lake::{LakeFile, Part};
use metadata::{LakeEnd, ObjectName, PartitionId, Place, State, TopicNumber};
use store::Key;

use super::Publishing;
use super::seen::Locations;
use crate::run::{RunError, VERIFY_CALLS, in_time};

/// Files by where they lie, and what is to be told of them: rows, and whether one may be a whole batch.
pub(super) type Rows = BTreeMap<String, (u64, bool)>;

impl Publishing<'_> {
    /// The files of which a part is named no more.
    pub(super) async fn torn(&self, files: &Locations, rows: &Rows) -> Result<BTreeSet<ObjectName>, RunError> {
        let mut torn = BTreeSet::new();
        for (at, &(name, end)) in files {
            // Most hold as many rows as extents name records there: then all of it is named. A batch that was kept whole is
            // one row of many records.
            let named = self.seen.records(&name);
            if rows
                .get(at)
                .is_some_and(|&(rows, has_whole)| rows == named && !has_whole)
            {
                continue;
            }
            let file = self.open(at, name, end).await?;
            if self.is_torn(&file, name) {
                torn.insert(name);
            }
        }
        Ok(torn)
    }

    fn is_torn(&self, file: &LakeFile, name: ObjectName) -> bool {
        let mut parts = file.footer().parts.iter().filter(|part| part.rows > 0);
        let topic = self.seen.number;
        parts.any(|part| self.engine.read(|state| !is_named(state, topic, part, name)))
    }

    pub(super) async fn open(&self, location: &str, name: ObjectName, end: LakeEnd) -> Result<LakeFile, RunError> {
        let key = Key::LakeData(self.seen.id, name);
        let tail = end.object_bytes.saturating_sub(u64::from(end.tail_bytes))..end.object_bytes;
        let unreadable = |error: String| RunError::Unreadable(format!("{location}: {error}"));
        let read = in_time(self.engine, VERIFY_CALLS, self.store.read(&key, tail)).await;
        let tail = read.map_err(|slow| unreadable(slow.to_string()))?;
        let tail = tail.map_err(|error| unreadable(error.to_string()))?;
        Ok(LakeFile::open(&tail, end.object_bytes, end.tail_checksum)?)
    }
}

/// Whether a part of a file is what the log has there, or lies below the log start.
fn is_named(state: &State, topic: TopicNumber, part: &Part, file: ObjectName) -> bool {
    let (Ok(partition), Ok(base), Ok(last)) = (
        u32::try_from(part.partition),
        u64::try_from(part.base),
        u64::try_from(part.last),
    ) else {
        return false;
    };
    // A topic that is gone takes its table along.
    let Some(partition) = state.partition(PartitionId { topic, partition }) else {
        return true;
    };
    let from = base.max(partition.log_start());
    let extent = partition.extents_from(from).next();
    last < from || extent.is_some_and(|extent| matches!(extent.place, Place::Lake { name, .. } if name == file))
}
