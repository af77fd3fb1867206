//! Which manifests of the newest snapshot go on as they are, and what the new ones hold.

use std::collections::{BTreeMap, BTreeSet};

use iceberg::spec::{DataFile, ManifestEntry, ManifestStatus};

use super::readings::{ReadBy, Readings};
use super::table::Known;
use super::table_file::TableFile;
use crate::LakeError;

/// Files of one manifest at most: some MiB.
const ENTRIES_MAX: usize = 4_000;
/// A manifest of fewer is small.
const ENTRIES_SMALL: usize = 1_000;
/// Small manifests become one when there are so many.
const SMALL_MAX: usize = 8;

/// What becomes of the manifests.
#[derive(Debug)]
pub(super) struct Sorted {
    /// Those that go on, by their places in the list.
    pub(super) kept: Vec<usize>,
    /// The entries of each new one.
    pub(super) new: Vec<Vec<ManifestEntry>>,
    pub(super) sums: Sums,
}

/// What a snapshot's summary tells.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) added: Sum,
    pub(super) gone: Sum,
    pub(super) total: Sum,
    /// Which columns the files have that came or went, and by what these were read.
    pub(super) shapes: BTreeSet<(Vec<i32>, ReadBy)>,
    /// By what the typed columns of those were read that came.
    pub(super) came: BTreeSet<ReadBy>,
}

/// Files, their rows and their bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) files: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Sum {
    fn add(&mut self, file: &DataFile) {
        self.files += 1;
        self.rows += file.record_count();
        self.bytes += file.file_size_in_bytes();
    }
}

/// The columns of a file, by their ids.
fn columns(file: &DataFile) -> Vec<i32> {
    let mut ids: Vec<i32> = file.column_sizes().keys().copied().collect();
    ids.sort_unstable();
    ids
}

impl Sorted {
    /// Files that go on keep the numbers that they came with. None when the files are those of the manifests.
    pub(super) fn of(
        known: Vec<Known>,
        files: &BTreeSet<String>,
        new: Vec<TableFile>,
        readings: &Readings,
        (snapshot_id, sequence): (i64, i64),
    ) -> Result<Option<Self>, LakeError> {
        let mut new: BTreeMap<String, TableFile> =
            new.into_iter().map(|file| (file.location().to_owned(), file)).collect();
        let mut sums = Sums::default();
        let mut told = BTreeSet::new();
        for entry in known.iter().flat_map(Known::live) {
            if files.contains(entry.file_path()) {
                sums.total.add(&entry.data_file);
                told.insert(entry.file_path().to_owned());
            } else {
                sums.gone.add(&entry.data_file);
                sums.shapes
                    .insert((columns(&entry.data_file), readings.of_entry(entry)));
            }
        }
        let mut added = Vec::new();
        for location in files.difference(&told) {
            let file = new.remove(location);
            let file = file.ok_or_else(|| LakeError::Table(format!("nothing is known of {location}")))?;
            let (read_by, data_file) = (ReadBy::of_new(&file), file.0);
            sums.added.add(&data_file);
            sums.came.insert(read_by.clone());
            sums.shapes.insert((columns(&data_file), read_by));
            sums.total.add(&data_file);
            added.push(ManifestEntry {
                status: ManifestStatus::Added,
                snapshot_id: Some(snapshot_id),
                sequence_number: Some(sequence),
                file_sequence_number: None,
                data_file,
            });
        }
        if sums.added.files == 0 && sums.gone.files == 0 {
            return Ok(None);
        }
        let (kept, mut written) = carried(known, files, added.len(), snapshot_id);
        written.extend(added);
        let mut new = Vec::new();
        while !written.is_empty() {
            let rest = written.split_off(written.len().min(ENTRIES_MAX));
            new.push(std::mem::replace(&mut written, rest));
        }
        Ok(Some(Self { kept, new, sums }))
    }
}

/// The manifests that go on, and the entries of the others: those of files that are there, and that others went.
fn carried(
    known: Vec<Known>,
    files: &BTreeSet<String>,
    added: usize,
    snapshot_id: i64,
) -> (Vec<usize>, Vec<ManifestEntry>) {
    let is_whole = |known: &Known| known.live().all(|entry| files.contains(entry.file_path()));
    let is_small = |known: &Known| known.live().count() < ENTRIES_SMALL;
    let small = known.iter().filter(|known| is_whole(known) && is_small(known)).count();
    let merges = small + usize::from(added > 0) > SMALL_MAX;
    let (mut kept, mut written) = (Vec::new(), Vec::new());
    for (at, known) in known.into_iter().enumerate() {
        let has_files = known.live().next().is_some();
        if has_files && is_whole(&known) && !(merges && is_small(&known)) {
            kept.push(at);
            continue;
        }
        for mut entry in known.entries.into_iter().filter(ManifestEntry::is_alive) {
            if files.contains(entry.file_path()) {
                entry.status = ManifestStatus::Existing;
            } else {
                (entry.status, entry.snapshot_id) = (ManifestStatus::Deleted, Some(snapshot_id));
            }
            written.push(entry);
        }
    }
    (kept, written)
}
