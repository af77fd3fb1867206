//! Entries, proposals, the fold and its snapshots: everything the ledger means.
//!
//! Pure: no input or output, no clock, no chance, no tasks. The state is a function of the entries that were applied,
//! so every process that applies the same entries holds the same state, and its hash says so.

mod columns;
pub mod config;
pub mod entry;
mod fold;
mod ids;
mod limits;
mod outcome;
mod rendezvous;
pub mod snapshot;
mod state;
mod table_name;
mod zone;

pub use columns::{ColumnType, Declared, JsonPath, JsonStep, LakeColumn, LakeColumns, NotAPath, TYPED_COLUMN_IDS};
pub use config::{ClusterConfig, KeyCompaction, LakeRetention, LanePolicy, TopicConfig};
pub use entry::{Body, FormatError, Role, decode_body, encode_body};
pub use fold::{EntryRef, Event, FoldError};
pub use ids::{Change, Incarnation, Lane, ObjectName, ParseIdError, PartitionId, TopicId, TopicNumber};
pub use limits::*;
pub use outcome::{Applied, Fate, Outcome, Rejection, RunAck, Verdict};
pub use rendezvous::{Candidates, score};
pub use state::{
    Cleaned, Committed, Describing, EraBegun, Extent, Group, LakeEnd, Life, MarkAt, ObjectStatus, Partition, Place,
    ProducerView, Published, RequestProducerView, SnapshotRef, State, Told, Tombstones, Topic,
};
pub use table_name::{table_name, table_names};
pub use zone::{NotAZone, zone, zone_of_client};
