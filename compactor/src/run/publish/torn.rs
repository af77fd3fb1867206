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

/// What a part of a file is to the log.
enum Is {
    Named,
    /// It lies below what is left. What is there now may have been written into another file before.
    Trimmed,
    /// Its offsets lie in another file now.
    Replaced,
}

/// A stretch of offsets of a partition, and the file that has it; none where the log still has it there.
type Stretch = (i32, i64, i64, Option<ObjectName>);

impl Publishing<'_> {
    /// The files of which a part is named no more, but for those that are trimmed and lie nowhere else.
    pub(super) async fn torn(&self, files: &Locations, rows: &Rows) -> Result<BTreeSet<ObjectName>, RunError> {
        let (mut torn, mut below) = (BTreeSet::new(), Vec::new());
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
            for part in file.footer().parts.iter().filter(|part| part.rows > 0) {
                match self.engine.read(|state| is(state, self.seen.number, part, name)) {
                    Is::Named => {}
                    Is::Trimmed => below.push((part.partition, part.base, part.last, Some(name))),
                    Is::Replaced => drop(torn.insert(name)),
                }
            }
        }
        let partitions: BTreeSet<i32> = below.iter().map(|stretch| stretch.0).collect();
        let first = |&partition: &i32| self.engine.read(|state| first(state, self.seen.number, partition));
        below.extend(partitions.iter().filter_map(first));
        torn.extend(twice(below));
        Ok(torn)
    }

    pub(super) async fn open(&self, location: &str, name: ObjectName, end: LakeEnd) -> Result<LakeFile, RunError> {
        let key = Key::LakeData(self.seen.id, name);
        let unreadable = |error: String| RunError::Unreadable(format!("{location}: {error}"));
        let read = in_time(self.engine, VERIFY_CALLS, self.store.read(&key, end.range())).await;
        let tail = read.map_err(|slow| unreadable(slow.to_string()))?;
        let tail = tail.map_err(|error| unreadable(error.to_string()))?;
        Ok(LakeFile::open(&tail, end.object_bytes, end.tail_checksum)?)
    }
}

fn is(state: &State, topic: TopicNumber, part: &Part, file: ObjectName) -> Is {
    let (Ok(partition), Ok(base), Ok(last)) = (
        u32::try_from(part.partition),
        u64::try_from(part.base),
        u64::try_from(part.last),
    ) else {
        return Is::Replaced;
    };
    // A topic that is gone takes its table along.
    let Some(partition) = state.partition(PartitionId { topic, partition }) else {
        return Is::Named;
    };
    let from = base.max(partition.lake_start());
    let extent = partition.extents_from(from).next();
    match extent.map(|extent| extent.place) {
        _ if last < from => Is::Trimmed,
        Some(Place::Lake { name, .. }) if name == file => Is::Named,
        _ => Is::Replaced,
    }
}

/// The first stretch that a partition's log has.
fn first(state: &State, topic: TopicNumber, partition: i32) -> Option<Stretch> {
    let id = PartitionId {
        topic,
        partition: u32::try_from(partition).ok()?,
    };
    let extent = state.partition(id)?.extents().next()?;
    let signed = |offset: u64| i64::try_from(offset).unwrap_or(i64::MAX);
    Some((partition, signed(extent.first), signed(extent.last()), None))
}

/// The files of stretches that begin before another of their partition has ended, or end behind the begin of another.
fn twice(mut stretches: Vec<Stretch>) -> BTreeSet<ObjectName> {
    stretches.sort_unstable();
    let mut files = BTreeSet::new();
    let mut before: Option<Stretch> = None;
    for stretch in stretches {
        match before {
            Some(longest) if longest.0 == stretch.0 && stretch.1 <= longest.2 => {
                files.extend(stretch.3.or(longest.3));
                if stretch.2 > longest.2 {
                    before = Some(stretch);
                }
            }
            _ => before = Some(stretch),
        }
    }
    files
}
