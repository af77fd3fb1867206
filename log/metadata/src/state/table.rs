//! A topic as a table: its typed columns, and what was published of it, which objects describe it, and of which of its lake
//! files they tell.

use std::sync::Arc;

use crate::columns::LakeColumns;
use crate::ids::ObjectName;

/// A topic as a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableState {
    /// Position of the entry with which a lake file of the topic was last named first, or un-named, or its columns became
    /// others; 0 before any was.
    pub(crate) changed: u64,
    pub(crate) published: Option<PublishedState>,
    pub(crate) columns: Arc<LakeColumns>,
}

impl TableState {
    /// Takes columns at a position. What is published tells of others then; of a topic without lake files nothing is.
    pub(crate) fn take_columns(&mut self, columns: LakeColumns, position: u64) {
        if columns.version() != self.columns.version() && self.changed > 0 {
            self.changed = position;
        }
        self.columns = Arc::new(columns);
    }
}

/// The same as [`Published`], names told by their slots.
#[derive(Debug, Clone)]
pub(crate) struct PublishedState {
    /// Slots and checksums.
    pub(crate) objects: Vec<(u32, u32)>,
    pub(crate) seen: u64,
    pub(crate) oldest: u64,
    pub(crate) sequence: u64,
    pub(crate) at: u64,
}

/// What is published of a topic: objects in the format of tables that describe its lake files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// They themselves: the metadata, then, where there is a snapshot, its list of manifests, then these in the list's order.
    pub objects: Vec<Describing>,
    /// Position of the state whose lake files the newest snapshot tells of. Those of every later state up to the publishing
    /// were the same.
    pub seen: u64,
    /// The same of the oldest snapshot that the metadata tells of.
    pub oldest: u64,
    /// How often something was published of the topic, this included.
    pub sequence: u64,
    /// Position of the entry that published it.
    pub at: u64,
}

/// Of which states the snapshots tell that are published of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Position of that of which the oldest tells.
    pub oldest: u64,
    /// Position of that of which the newest tells; the same where there is no older one.
    pub newest: u64,
    /// Position of the entry that published them.
    pub at: u64,
}

/// An object that describes a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Describing {
    /// Its name.
    pub name: ObjectName,
    /// The CRC-32C of its bytes.
    pub checksum: u32,
}

impl Published {
    /// The object that tells of all others.
    pub fn metadata(&self) -> Option<ObjectName> {
        self.objects.first().map(|object| object.name)
    }
}

impl From<Describing> for crate::entry::DescribingObject {
    fn from(object: Describing) -> Self {
        Self {
            name: Some(object.name.into()),
            checksum: object.checksum,
        }
    }
}
