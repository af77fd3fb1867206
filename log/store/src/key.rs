//! Every kind of key an object can have, who may write it and when it may go.
//!
//! ```text
//! cluster.json
//! <cluster>/witness
//! <cluster>/snapshot/<hh>/<era 16>-<position 16>-<entry hash 32>-<incarnation>-<attempt 2>
//! <cluster>/segment/<hh>/<incarnation>/<flush 10>-<attempt 2>
//! <cluster>/state/<hh>/<incarnation>/<flush 10>-<attempt 2>
//! <cluster>/lake/<topic id 32>/data/<hh>/<incarnation>/<flush 10>-<attempt 2>.parquet
//! <cluster>/lake/<topic id 32>/metadata/<incarnation>/<flush 10>-<attempt 2>.metadata.json | .avro
//! ```
//!
//! All below the store's prefix. `cluster`, `hh`, era, position, hash, topic id and incarnation
//! (`<position 16><index 4>-<nonce 16>`) are lower-case hexadecimal; flush and attempt are decimal. `hh` is the first
//! byte of the SHA-256 of all that stands behind it, so that load spreads over a bucket's partitions. Every part has a
//! fixed width, so no key is another plus `/...`, and lists come in the same order from every backend.
//!
//! Keys know names only: not what an object holds, nor which of them the ledger names.

mod parse;

use std::fmt::Write as _;

use ledger::ClusterId;
use metadata::{Incarnation, ObjectName, Published, TopicId};
use sha2::{Digest as _, Sha256};

use crate::{Op, StoreError};

/// Flush numbers in names have ten digits.
pub const FLUSH_MAX: u64 = 9_999_999_999;
/// Attempts in names have two digits.
pub const ATTEMPT_MAX: u16 = 99;

/// The name of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `cluster.json`: which cluster lives below this prefix.
    Cluster,
    /// The latest known end of the ledger.
    Witness,
    /// The folded state at a position.
    Snapshot(SnapshotName),
    /// Record batches of many partitions.
    Segment(ObjectName),
    /// State too large for an entry, such as a big group assignment.
    State(ObjectName),
    /// Rows of one topic.
    LakeData(TopicId, ObjectName),
    /// What a table format says of a topic's rows.
    LakeMetadata(TopicId, ObjectName, LakeFormat),
}

/// The name of a snapshot: which entry it was folded up to, and whose attempt it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotName {
    /// The era of the entry.
    pub era: u64,
    /// The position of the entry.
    pub position: u64,
    /// The first half of the entry's hash: a snapshot is used only where the ledger's entry bears it.
    pub hash: [u8; 16],
    /// Who wrote it.
    pub incarnation: Incarnation,
    /// Which of its attempts, up to [`ATTEMPT_MAX`].
    pub attempt: u16,
}

impl SnapshotName {
    /// The name of the state after the entry at `position` with this hash.
    pub fn new(era: u64, position: u64, hash: &[u8; 32], incarnation: Incarnation, attempt: u16) -> SnapshotName {
        let (half, _) = hash.split_at(16);
        SnapshotName {
            era,
            position,
            hash: half.try_into().expect("half of 32 bytes is 16"),
            incarnation,
            attempt,
        }
    }

    /// Whether the entry with this hash is the one the snapshot was folded up to.
    pub fn is_of(&self, hash: &[u8; 32]) -> bool {
        hash.starts_with(&self.hash)
    }
}

/// The two encodings of lake metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LakeFormat {
    /// Table metadata.
    Json,
    /// Manifests and manifest lists.
    Avro,
}

impl LakeFormat {
    fn suffix(self) -> &'static str {
        match self {
            LakeFormat::Json => ".metadata.json",
            LakeFormat::Avro => ".avro",
        }
    }
}

/// The kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`Key::Cluster`].
    Cluster,
    /// [`Key::Witness`].
    Witness,
    /// [`Key::Snapshot`].
    Snapshot,
    /// [`Key::Segment`].
    Segment,
    /// [`Key::State`].
    State,
    /// [`Key::LakeData`].
    LakeData,
    /// [`Key::LakeMetadata`].
    LakeMetadata,
}

/// Who may write a kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Whoever starts the cluster first, once.
    FirstStart,
    /// Any process whose own chain of entries contains what it writes.
    Follower,
    /// The incarnation in its name, an agent's.
    Agent,
    /// The incarnation in its name, a compactor's.
    Compactor,
    /// The incarnation in its name, of either role.
    Either,
}

/// When an object may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepRule {
    /// Never.
    Never,
    /// When the base names a newer snapshot.
    OlderThanBase,
    /// When nothing names it, and its incarnation is dead or a later flush of it was taken; if it was once named, also
    /// the grace of segments.
    UnnamedAfterSegmentGrace,
    /// The same with the grace of lake files.
    UnnamedAfterLakeGrace,
    /// When the topic's current metadata does not lead to it, and the same as above with the grace of lake files.
    UnreachableFromMetadata,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] = [
        Kind::Cluster,
        Kind::Witness,
        Kind::Snapshot,
        Kind::Segment,
        Kind::State,
        Kind::LakeData,
        Kind::LakeMetadata,
    ];

    /// Who may write it.
    pub fn owner(self) -> Owner {
        match self {
            Kind::Cluster => Owner::FirstStart,
            Kind::Witness => Owner::Follower,
            Kind::Snapshot | Kind::Segment => Owner::Either,
            Kind::State => Owner::Agent,
            Kind::LakeData | Kind::LakeMetadata => Owner::Compactor,
        }
    }

    /// When it may go.
    pub fn sweep_rule(self) -> SweepRule {
        match self {
            Kind::Cluster | Kind::Witness => SweepRule::Never,
            Kind::Snapshot => SweepRule::OlderThanBase,
            Kind::Segment | Kind::State => SweepRule::UnnamedAfterSegmentGrace,
            Kind::LakeData => SweepRule::UnnamedAfterLakeGrace,
            Kind::LakeMetadata => SweepRule::UnreachableFromMetadata,
        }
    }

    /// The folder that holds every key of this kind, with its last `/`. The two lake kinds share one.
    pub fn prefix(self, cluster: &ClusterId) -> String {
        match self {
            Kind::Cluster => String::new(),
            Kind::Witness => format!("{cluster}/"),
            Kind::Snapshot => format!("{cluster}/snapshot/"),
            Kind::Segment => format!("{cluster}/segment/"),
            Kind::State => format!("{cluster}/state/"),
            Kind::LakeData | Kind::LakeMetadata => format!("{cluster}/lake/"),
        }
    }
}

impl Key {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Key::Cluster => Kind::Cluster,
            Key::Witness => Kind::Witness,
            Key::Snapshot(_) => Kind::Snapshot,
            Key::Segment(_) => Kind::Segment,
            Key::State(_) => Kind::State,
            Key::LakeData(..) => Kind::LakeData,
            Key::LakeMetadata(..) => Kind::LakeMetadata,
        }
    }

    /// Who may write it.
    pub fn owner(&self) -> Owner {
        self.kind().owner()
    }

    /// When it may go.
    pub fn sweep_rule(&self) -> SweepRule {
        self.kind().sweep_rule()
    }

    /// The objects that describe a topic as a table, in the order in which they are published, each with its checksum.
    pub fn describing(topic: TopicId, published: &Published) -> impl ExactSizeIterator<Item = (Key, u32)> + '_ {
        let format = |at| if at == 0 { LakeFormat::Json } else { LakeFormat::Avro };
        let objects = published.objects.iter().enumerate();
        objects.map(move |(at, object)| (Key::LakeMetadata(topic, object.name, format(at)), object.checksum))
    }

    /// The life that wrote it, where the name says so.
    pub fn incarnation(&self) -> Option<Incarnation> {
        match self {
            Key::Cluster | Key::Witness => None,
            Key::Snapshot(name) => Some(name.incarnation),
            Key::Segment(name) | Key::State(name) | Key::LakeData(_, name) | Key::LakeMetadata(_, name, _) => {
                Some(name.incarnation)
            }
        }
    }

    /// The path below the store's prefix. Numbers beyond their width give a path that nothing parses; see
    /// [`Key::check`].
    pub fn path(&self, cluster: &ClusterId) -> String {
        match self {
            Key::Cluster => "cluster.json".to_owned(),
            Key::Witness => format!("{cluster}/witness"),
            Key::Snapshot(name) => spread(format!("{cluster}/snapshot"), &snapshot_rest(name)),
            Key::Segment(name) => spread(format!("{cluster}/segment"), &rest(name)),
            Key::State(name) => spread(format!("{cluster}/state"), &rest(name)),
            Key::LakeData(topic, name) => {
                let rest = format!("{}.parquet", rest(name));
                spread(format!("{}/data", lake_folder(*topic, cluster)), &rest)
            }
            Key::LakeMetadata(topic, name, format) => {
                let (folder, rest, suffix) = (lake_folder(*topic, cluster), rest(name), format.suffix());
                format!("{folder}/metadata/{rest}{suffix}")
            }
        }
    }

    /// The key that has exactly this path in this cluster, if any has.
    pub fn parse(path: &str, cluster: &ClusterId) -> Option<Key> {
        let key = parse::loosely(path, cluster)?;
        // What was written another way than we would (upper case, a sign, another hash, more digits) is another name.
        (key.check(Op::List).is_ok() && key.path(cluster) == path).then_some(key)
    }

    /// Refuses names whose numbers do not fit their width.
    ///
    /// # Errors
    /// [`StoreError::Definite`], naming the number.
    pub fn check(&self, op: Op) -> Result<(), StoreError> {
        let (flush, attempt) = match self {
            Key::Cluster | Key::Witness => return Ok(()),
            Key::Snapshot(name) => (0, name.attempt),
            Key::Segment(name) | Key::State(name) | Key::LakeData(_, name) | Key::LakeMetadata(_, name, _) => {
                (name.flush, name.attempt)
            }
        };
        let reason = if flush > FLUSH_MAX {
            format!("flush {flush} is beyond {FLUSH_MAX}")
        } else if attempt > ATTEMPT_MAX {
            format!("attempt {attempt} is beyond {ATTEMPT_MAX}")
        } else {
            return Ok(());
        };
        Err(StoreError::refused(op, &format!("{self:?}"), reason))
    }
}

/// The folder of a topic's lake objects.
pub(crate) fn lake_folder(topic: TopicId, cluster: &ClusterId) -> String {
    format!("{cluster}/lake/{}", hex(&topic.0))
}

fn rest(name: &ObjectName) -> String {
    format!("{}/{:010}-{:02}", name.incarnation, name.flush, name.attempt)
}

fn snapshot_rest(name: &SnapshotName) -> String {
    let SnapshotName {
        era,
        position,
        hash,
        incarnation,
        attempt,
    } = name;
    format!("{era:016x}-{position:016x}-{}-{incarnation}-{attempt:02}", hex(hash))
}

/// `<folder>/<hh>/<rest>`.
fn spread(folder: String, rest: &str) -> String {
    let first = Sha256::digest(rest).first().copied().unwrap_or_default();
    let mut path = folder;
    // Writing to a string does not fail.
    let _ = write!(path, "/{first:02x}/{rest}");
    path
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests;
