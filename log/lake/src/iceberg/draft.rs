//! The next version of a table, drafted of the one before and of the files that there are now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use iceberg::spec::{ManifestFile, SchemaRef};

use super::document::{Document, POSITION, Snapshot};
use super::readings::ReadBy;
use super::sorted::{Sorted, Sum, Sums};
use super::table::Table;
use super::table_file::TableFile;
use super::{Identity, avro, schema};
use crate::LakeError;

/// In a snapshot's summary: the era of the ledger.
const ERA: &str = "tidelog.era";
/// Eras and counts of publishings make a snapshot's id, which DuckDB and JSON hold exactly below 2^53.
const ERAS_MAX: u64 = 1 << 21;
const SEQUENCES_MAX: u64 = 1 << 32;

/// What the next version tells of.
#[derive(Debug)]
pub struct Next<'a> {
    /// Which table it is.
    pub identity: &'a Identity,
    /// Where all its files lie.
    pub files: BTreeSet<String>,
    /// What is to be told of those that the version before does not know.
    pub new: Vec<TableFile>,
    /// The position of the ledger at which these were the files, and its era.
    pub position: u64,
    /// The era of the ledger, below 2^21.
    pub era: u64,
    /// One more than the version before was given; below 2^32.
    pub sequence: u64,
    /// Now, in ms since 1970.
    pub at_ms: i64,
    /// Snapshots from before this time are left out, in ms since 1970.
    pub since_ms: i64,
    /// Most snapshots that it tells of.
    pub snapshots_max: usize,
}

/// A version that is being built. Its objects name one another by where they lie, so they are built one after the other:
/// [`manifests`](Self::manifests), [`list`](Self::list), [`metadata`](Self::metadata).
#[derive(Debug)]
pub struct Draft {
    document: Document,
    kept: Vec<usize>,
    kept_told: Vec<ManifestFile>,
    made: Vec<(Bytes, ManifestFile)>,
    snapshot: Option<Snapshot>,
}

impl Draft {
    /// Drafts what comes after `table`; the first version without one.
    ///
    /// # Errors
    /// `Table` when nothing is known of a file, numbers are beyond what can be told, or the Iceberg library refuses.
    pub fn new(table: Option<Table>, next: Next<'_>) -> Result<Self, LakeError> {
        if next.era >= ERAS_MAX || next.sequence >= SEQUENCES_MAX {
            return Err(LakeError::Table("its snapshots cannot be numbered any more".to_owned()));
        }
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (id, sequence) = (number(next.era << 32 | next.sequence), number(next.sequence));
        let (document, manifests) = match table {
            Some(table) => (table.document.of(next.identity)?, table.manifests),
            None => (Document::new(next.identity)?, Vec::new()),
        };
        let told: Vec<ManifestFile> = manifests.iter().map(|known| known.told.clone()).collect();
        let mut readings = document.readings();
        let sorted = Sorted::of(manifests, &next.files, next.new, &readings, (id, sequence))?;
        let mut draft = Self {
            document,
            kept: (0..told.len()).collect(),
            kept_told: told,
            made: Vec::new(),
            snapshot: None,
        };
        let document = &mut draft.document;
        document.last_updated_ms = next.at_ms.max(document.last_updated_ms.saturating_add(1));
        document.last_sequence_number = sequence.max(document.last_sequence_number);
        let most = next.snapshots_max.saturating_sub(usize::from(sorted.is_some()));
        document.expire(next.since_ms, most);
        if let Some(sorted) = sorted {
            readings.note(sequence, &sorted.sums.came);
            document.tell_readings(&readings);
            let schema = schema::schema(&next.identity.columns)?;
            draft.take(sorted, &schema, (id, sequence), (next.position, next.era))?;
        }
        Ok(draft)
    }

    fn take(
        &mut self,
        sorted: Sorted,
        schema: &SchemaRef,
        (id, sequence): (i64, i64),
        (position, era): (u64, u64),
    ) -> Result<(), LakeError> {
        for entries in &sorted.new {
            self.made.push(avro::manifest(entries, id, Arc::clone(schema))?);
        }
        let told = std::mem::take(&mut self.kept_told);
        self.kept_told = sorted.kept.iter().filter_map(|&at| told.get(at).cloned()).collect();
        self.kept = sorted.kept;
        let mut summary = summary(&sorted.sums);
        summary.insert(POSITION.to_owned(), position.to_string());
        summary.insert(ERA.to_owned(), era.to_string());
        self.snapshot = Some(Snapshot {
            snapshot_id: id,
            parent_snapshot_id: self.document.current_snapshot_id,
            sequence_number: sequence,
            timestamp_ms: self.document.last_updated_ms,
            manifest_list: String::new(),
            summary,
            schema_id: self.document.current_schema_id,
        });
        Ok(())
    }

    /// The manifests of the version before that this one names too, by their places in its list. They come first in the new
    /// list.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// The new manifests, to be put before all else.
    pub fn manifests(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.made.iter().map(|(bytes, _)| bytes)
    }

    /// The list of manifests, where each new one lies at one of `locations`; none where the files are those of the version
    /// before, whose list is named again.
    ///
    /// # Errors
    /// `Table` when the Iceberg library refuses, or there is not a location for each.
    pub fn list(&self, locations: &[String]) -> Result<Option<Bytes>, LakeError> {
        let Some(snapshot) = &self.snapshot else {
            return Ok(None);
        };
        if locations.len() != self.made.len() {
            return Err(LakeError::Table("a manifest lies nowhere".to_owned()));
        }
        let mut told = self.kept_told.clone();
        told.extend(
            self.made
                .iter()
                .zip(locations)
                .map(|((_, told), location)| ManifestFile {
                    manifest_path: location.clone(),
                    ..told.clone()
                }),
        );
        let (id, parent) = (snapshot.snapshot_id, snapshot.parent_snapshot_id);
        avro::list(told, id, parent, snapshot.sequence_number).map(Some)
    }

    /// The metadata, where the list lies at `list`; and the position of the ledger of which the oldest snapshot tells, but for
    /// the newest.
    ///
    /// # Errors
    /// `Table` when the Iceberg library refuses.
    pub fn metadata(mut self, list: Option<String>) -> Result<(Bytes, Option<u64>), LakeError> {
        if let Some(mut snapshot) = self.snapshot.take() {
            snapshot.manifest_list = list.ok_or_else(|| LakeError::Table("its list lies nowhere".to_owned()))?;
            self.document.push(snapshot);
        }
        let current = self.document.current_snapshot_id;
        let older = self
            .document
            .snapshots
            .iter()
            .filter(|snapshot| Some(snapshot.snapshot_id) != current);
        let oldest = older.filter_map(Snapshot::position).min();
        Ok((self.document.write()?, oldest))
    }
}

/// What a snapshot tells of what it did. Of rows that went and others that came it is not known here whether they are the
/// same, unless they are as many, and have the same columns, read by the same declarations: merging leaves none out.
fn summary(sums: &Sums) -> BTreeMap<String, String> {
    let is_unknown = sums.shapes.iter().any(|(_, read_by)| *read_by == ReadBy::Unknown);
    let operation = match (sums.added.files, sums.gone.files) {
        (_, 0) => "append",
        (0, _) => "delete",
        _ if sums.added.rows == sums.gone.rows && sums.shapes.len() == 1 && !is_unknown => "replace",
        _ => "overwrite",
    };
    let mut told = BTreeMap::from([("operation".to_owned(), operation.to_owned())]);
    let mut tell = |sum: &Sum, names: [&str; 3]| {
        for (name, number) in names.into_iter().zip([sum.files, sum.rows, sum.bytes]) {
            told.insert(name.to_owned(), number.to_string());
        }
    };
    tell(&sums.added, ["added-data-files", "added-records", "added-files-size"]);
    tell(
        &sums.gone,
        ["deleted-data-files", "deleted-records", "removed-files-size"],
    );
    tell(&sums.total, ["total-data-files", "total-records", "total-files-size"]);
    for name in ["total-delete-files", "total-position-deletes", "total-equality-deletes"] {
        told.insert(name.to_owned(), "0".to_owned());
    }
    told
}
