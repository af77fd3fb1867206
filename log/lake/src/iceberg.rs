//! A topic's lake files as an Iceberg table (<https://iceberg.apache.org/spec/>, version 2), told in three kinds of objects:
//! manifests list files, a list of manifests is a snapshot, and the metadata tells of snapshots.
//!
//! What is published is read back ([`Table::open`]), the next version is drafted of it and of the files that the ledger names
//! now ([`Draft`]), and each object is built when it is known where those that it names lie. The ledger is the truth and this
//! its projection: where nothing can be read back, a version that tells of the newest snapshot alone is made of nothing.
//!
//! Pure: bytes in, bytes out. No type of the Iceberg library leaves it.

mod avro;
mod container;
mod document;
mod draft;
mod readings;
mod schema;
mod sorted;
mod table;
mod table_file;
mod told;

use std::sync::Arc;

use metadata::{LakeColumns, Topic};

use crate::LakeError;

pub use draft::{Draft, Next};
pub use table::Table;
pub use table_file::TableFile;
pub use told::told;

/// What a table is, apart from its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Names the table for ever: the topic's id.
    pub uuid: [u8; 16],
    /// The folder of its objects, as readers find it: a URL.
    pub location: String,
    /// Its typed columns.
    pub columns: Arc<LakeColumns>,
    /// What people may want to know of it.
    pub properties: Vec<(String, String)>,
}

impl Identity {
    /// That of a topic, with the folder of its lake objects and its cluster's id.
    pub fn of_topic(topic: &Topic, location: String, cluster: &str) -> Self {
        Self {
            uuid: topic.id().0,
            location,
            columns: Arc::clone(topic.lake_columns()),
            properties: [("tidelog.topic", topic.name()), ("tidelog.cluster", cluster)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        }
    }
}

/// The metadata of a table of which nothing was published: it has its columns and no snapshot.
///
/// # Errors
/// `Table` when the Iceberg library does not take it.
pub fn empty(identity: &Identity) -> Result<bytes::Bytes, LakeError> {
    document::Document::new(identity)?.write()
}

impl From<iceberg::Error> for LakeError {
    fn from(error: iceberg::Error) -> Self {
        LakeError::Table(error.to_string())
    }
}

#[cfg(test)]
mod tests;
