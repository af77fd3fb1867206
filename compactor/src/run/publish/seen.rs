//! A topic and its lake files, as they are to be published.

use std::collections::BTreeMap;

use engine::Engine;
use lake::iceberg::Identity;
use metadata::{LakeEnd, ObjectName, Place, Published, TopicId, TopicNumber};
use store::{Key, Store, StoreError};

use crate::plan::tables;

/// Files by where they lie.
pub(super) type Locations = BTreeMap<String, (ObjectName, LakeEnd)>;

/// What was seen of a topic.
pub(super) struct Seen {
    pub(super) id: TopicId,
    pub(super) number: TopicNumber,
    pub(super) name: String,
    pub(super) identity: Identity,
    /// The position after which the files were looked at: they are those of any later one at which none has changed.
    pub(super) position: u64,
    pub(super) era: u64,
    /// For how long snapshots are told of.
    pub(super) history_ms: u64,
    pub(super) published: Option<Published>,
    /// And the records that extents name in each.
    files: BTreeMap<ObjectName, (LakeEnd, u64)>,
}

impl Seen {
    /// Partition by partition, so that nobody is held up. When a file comes or goes meanwhile, the fold refuses what is
    /// published of them.
    pub(super) fn of(engine: &Engine, store: &Store, number: TopicNumber) -> Result<Option<Self>, StoreError> {
        let cluster = engine.cluster().to_string();
        let seen = engine.read(|state| {
            let topic = state.topic(number)?;
            let location = match store.lake_location(topic.id()) {
                Ok(location) => location,
                Err(error) => return Some(Err(error)),
            };
            let seen = Self {
                identity: Identity::of_topic(topic, location, &cluster),
                id: topic.id(),
                number,
                name: topic.name().to_owned(),
                position: state.position(),
                era: state.era(),
                history_ms: tables::history_ms(state),
                published: state.published(number),
                files: BTreeMap::new(),
            };
            Some(Ok((seen, topic.partition_ids())))
        });
        let Some((mut seen, partitions)) = seen.transpose()? else {
            return Ok(None);
        };
        for id in partitions {
            engine.read(|state| {
                let extents = state
                    .partition(id)
                    .into_iter()
                    .flat_map(|partition| partition.extents().collect::<Vec<_>>());
                for extent in extents {
                    if let Place::Lake { name, end } = extent.place {
                        seen.files.entry(name).or_insert((end, 0)).1 += u64::from(extent.records);
                    }
                }
            });
        }
        Ok(Some(seen))
    }

    /// Records that extents name in a file.
    pub(super) fn records(&self, file: &ObjectName) -> u64 {
        self.files.get(file).map_or(0, |&(_, records)| records)
    }

    /// The files by where they lie.
    pub(super) fn locations(&self, store: &Store) -> Result<Locations, StoreError> {
        let lies = |(&name, &(end, _)): (&ObjectName, &(LakeEnd, u64))| {
            let location = store.location(&Key::LakeData(self.id, name))?;
            Ok((location, (name, end)))
        };
        self.files.iter().map(lies).collect()
    }
}
