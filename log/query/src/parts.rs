//! Where the records of a topic lie when it is looked at: which parts of which lake files, and what is not in one yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::Engine;
use metadata::{Extent, LakeColumns, LakeEnd, ObjectName, PartitionId, Place, TopicId, TopicNumber};

/// A topic as it was looked at.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) id: TopicId,
    pub(crate) name: String,
    pub(crate) columns: Arc<LakeColumns>,
    /// Of each lake file what opens it, and of which partitions it has the records.
    pub(crate) files: BTreeMap<ObjectName, (LakeEnd, BTreeSet<i32>)>,
    /// What is not in a lake file yet, partition by partition, in the order of offsets.
    pub(crate) tail: Vec<(PartitionId, Vec<Extent>)>,
}

impl Parts {
    /// None when there is no such topic any more. It is one look, so no record is there twice or missing.
    pub(crate) fn of(engine: &Engine, number: TopicNumber) -> Option<Self> {
        engine.read(|state| {
            let topic = state.topic(number)?;
            let mut parts = Self {
                id: topic.id(),
                name: topic.name().to_owned(),
                columns: Arc::clone(topic.lake_columns()),
                files: BTreeMap::new(),
                tail: Vec::new(),
            };
            for (id, partition) in state.partitions(number) {
                let mut tail = Vec::new();
                for extent in partition.extents() {
                    match (extent.place, i32::try_from(id.partition)) {
                        (Place::Lake { name, end }, Ok(partition)) => {
                            let file = parts.files.entry(name).or_insert((end, BTreeSet::new()));
                            file.1.insert(partition);
                        }
                        _ => tail.push(extent),
                    }
                }
                if !tail.is_empty() {
                    parts.tail.push((id, tail));
                }
            }
            Some(parts)
        })
    }

    /// Bytes of the record batches that are not in a lake file yet.
    pub(crate) fn tail_bytes(&self) -> u64 {
        let extents = self.tail.iter().flat_map(|(_, extents)| extents);
        extents.map(|extent| u64::from(extent.bytes)).sum()
    }
}
