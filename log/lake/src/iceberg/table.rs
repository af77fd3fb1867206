//! What is published of a topic, read back.

use std::collections::BTreeMap;

use bytes::Bytes;
use iceberg::spec::{ManifestEntry, ManifestFile};

use super::avro;
use super::document::Document;
use super::table_file::TableFile;
use crate::LakeError;

/// A published table.
#[derive(Debug)]
pub struct Table {
    pub(super) document: Document,
    pub(super) manifests: Vec<Known>,
}

/// A manifest of the newest snapshot.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) told: ManifestFile,
    pub(super) entries: Vec<ManifestEntry>,
}

impl Known {
    /// The entries of files that are there.
    pub(super) fn live(&self) -> impl Iterator<Item = &ManifestEntry> {
        self.entries.iter().filter(|entry| entry.is_alive())
    }
}

impl Table {
    /// Opens what was published of the table that a topic's id names: the metadata, then, where it tells of a snapshot, the list of its manifests, then
    /// these in the list's order.
    ///
    /// # Errors
    /// `Table` for what is damaged, is another table's, or does not belong together.
    pub fn open(uuid: &[u8; 16], objects: &[Bytes]) -> Result<Self, LakeError> {
        let wrong = |what: &str| Err(LakeError::Table(what.to_owned()));
        let (head, manifests) = objects.split_at(objects.len().min(2));
        let Some((metadata, list)) = head.split_first() else {
            return wrong("it has no metadata");
        };
        let list = list.first();
        let document = Document::read(metadata)?;
        if !document.is_of(uuid) {
            return wrong("it is another topic's");
        }
        let told = list.map(|list| avro::listed(list)).transpose()?.unwrap_or_default();
        if document.current().is_some() != list.is_some() || told.len() != manifests.len() {
            return wrong("its parts do not belong together");
        }
        let known = |(told, bytes): (ManifestFile, &Bytes)| {
            let entries = avro::entries(bytes, &told)?;
            Ok(Known { told, entries })
        };
        let manifests = told
            .into_iter()
            .zip(manifests)
            .map(known)
            .collect::<Result<_, LakeError>>()?;
        Ok(Self { document, manifests })
    }

    /// The files of the newest snapshot, by where they lie, and the rows of each.
    pub fn files(&self) -> BTreeMap<&str, u64> {
        let live = self.manifests.iter().flat_map(Known::live);
        live.map(|entry| (entry.file_path(), entry.record_count())).collect()
    }

    /// The same as they are told of.
    pub fn told(&self) -> impl Iterator<Item = TableFile> {
        let live = self.manifests.iter().flat_map(Known::live);
        live.map(|entry| TableFile(entry.data_file.clone(), None))
    }

    /// How many entries the newest snapshot has of files that are there: as many as files, unless one is told of twice.
    pub fn entries(&self) -> usize {
        self.manifests.iter().flat_map(Known::live).count()
    }

    /// How many snapshots it tells of.
    pub fn snapshots(&self) -> usize {
        self.document.snapshots.len()
    }
}
