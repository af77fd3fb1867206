//! A topic and its lake files, as they are to be published.

use std::collections::BTreeMap;

use engine::Engine;
use lake::iceberg::Identity;
use metadata::{LakeEnd, ObjectName, Place, Published, TopicId, TopicNumber};
use store::{Key, Store, StoreError};

use crate::plan::tables;
use crate::run::RunError;

/// Files by where they lie.
pub(super) type Locations = BTreeMap<String, (ObjectName, LakeEnd)>;

/// What was seen of a topic.
pub(super) struct Seen {
    pub(super) id: TopicId,
    pub(super) name: String,
    /// The position after which the files were looked at: they are those of any later one at which none has changed.
    pub(super) position: u64,
    pub(super) era: u64,
    /// For how long snapshots are told of.
    pub(super) history_ms: u64,
    pub(super) published: Option<Published>,
    files: BTreeMap<ObjectName, LakeEnd>,
}

impl Seen {
    /// Partition by partition, so that nobody is held up. When a file comes or goes meanwhile, the fold refuses what is
    /// published of them.
    pub(super) fn of(engine: &Engine, number: TopicNumber) -> Option<Self> {
        let (mut seen, partitions) = engine.read(|state| {
            let topic = state.topic(number)?;
            let seen = Self {
                id: topic.id(),
                name: topic.name().to_owned(),
                position: state.position(),
                era: state.era(),
                history_ms: tables::history_ms(state),
                published: state.published(number),
                files: BTreeMap::new(),
            };
            Some((seen, topic.partition_ids()))
        })?;
        for id in partitions {
            engine.read(|state| {
                let extents = state
                    .partition(id)
                    .into_iter()
                    .flat_map(|partition| partition.extents().collect::<Vec<_>>());
                let lake = extents.filter_map(|extent| match extent.place {
                    Place::Lake { name, end } => Some((name, end)),
                    _ => None,
                });
                seen.files.extend(lake);
            });
        }
        Some(seen)
    }

    /// The files by where they lie.
    pub(super) fn locations(&self, store: &Store) -> Result<Locations, StoreError> {
        let lies = |(&name, &end): (&ObjectName, &LakeEnd)| {
            let location = store.location(&Key::LakeData(self.id, name))?;
            Ok((location, (name, end)))
        };
        self.files.iter().map(lies).collect()
    }

    pub(super) fn identity(&self, engine: &Engine, store: &Store) -> Result<Identity, RunError> {
        let location = store.lake_location(self.id).map_err(RunError::Put)?;
        let cluster = engine.cluster().to_string();
        Ok(Identity::of_topic(self.id.0, location, &self.name, &cluster))
    }
}
