//! Objects: keys, write-once puts, ranged reads, the cache.
//!
//! An object is written once under a fresh name and never changed; `cluster.json` is made once, and the witness is the
//! only one that is replaced. [`Store`] is what the rooms above see: objects by [`Key`], read through a cache and
//! written with hedges. Below it is the seam [`Objects`], which a folder, a bucket and this process' memory implement
//! and [`FaultyObjects`] wraps. This room never sees an offset, and never looks into an object.

mod allowance;
mod blocks;
mod bucket;
mod cache;
mod cluster;
mod error;
mod examine;
mod faulty;
mod folder;
mod hedge;
mod key;
mod latency;
mod measured;
mod memory;
mod objects;
mod options;
mod reader;
mod s3;
mod store;
mod witness;

pub use cluster::{CLUSTER_FORMAT, ClusterFile, CreateCluster};
pub use error::{Happened, Op, StoreError};
pub use examine::examine_rules;
pub use faulty::{Delay, FaultCounts, Faults, FaultyObjects, Moment, SeamCall, Then};
pub use folder::FolderObjects;
pub use key::{ATTEMPT_MAX, FLUSH_MAX, Key, Kind, LakeFormat, Owner, SnapshotName, SweepRule};
pub use memory::MemoryObjects;
pub use objects::{Backing, Fetched, Found, Objects, Staged, Tag};
pub use options::StoreOptions;
pub use reader::ReadClass;
pub use s3::S3Objects;
pub use store::{Listed, Store};
