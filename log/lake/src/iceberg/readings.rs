//! By which declarations the typed columns of files were read: where a file's rows become another's and the declarations
//! differ, values may too, and a snapshot may not tell readers that nothing changed.
//!
//! A manifest has no room for it, so it is a property of the table: from which snapshot on files that came were read by which.

use std::collections::BTreeSet;

use iceberg::spec::{DataFile, ManifestEntry};

use super::table_file::TableFile;
use crate::columns::TYPED_IDS;

/// The property.
pub(super) const PROPERTY: &str = "tidelog.columns.read-by";
/// Of files that were read by several, or of which it is not known.
const UNKNOWN: &str = "-";
/// Changes that are remembered: of older files it is not known.
const KEPT: usize = 64;

/// From which sequence number on it was which, in rising order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Readings(Vec<(i64, String)>);

/// By which declarations a file's typed columns were read, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReadBy {
    /// It has none.
    Nothing,
    Known(String),
    Unknown,
}

impl ReadBy {
    fn of(file: &DataFile, known: Option<&str>) -> Self {
        let typed = file.column_sizes().keys().any(|id| TYPED_IDS.contains(id));
        match known {
            _ if !typed => Self::Nothing,
            Some(known) => Self::Known(known.to_owned()),
            None => Self::Unknown,
        }
    }

    /// That of a file that comes.
    pub(super) fn of_new(file: &TableFile) -> Self {
        Self::of(&file.0, file.1.as_deref())
    }
}

impl Readings {
    /// That of a file that was there.
    pub(super) fn of_entry(&self, entry: &ManifestEntry) -> ReadBy {
        let sequence = entry.sequence_number.unwrap_or(i64::MIN);
        let run = self.0.iter().rev().find(|(from, _)| *from <= sequence);
        let known = run.map(|(_, read_by)| read_by.as_str());
        ReadBy::of(&entry.data_file, known.filter(|known| *known != UNKNOWN))
    }

    /// Notes by which those files were read that come with a snapshot.
    pub(super) fn note(&mut self, sequence: i64, came: &BTreeSet<ReadBy>) {
        let mut typed = came.iter().filter(|read_by| **read_by != ReadBy::Nothing);
        let read_by = match (typed.next(), typed.next()) {
            (None, _) => return,
            (Some(ReadBy::Known(known)), None) => known.as_str(),
            _ => UNKNOWN,
        };
        if self.0.last().is_none_or(|(_, last)| last != read_by) {
            self.0.push((sequence, read_by.to_owned()));
            let excess = self.0.len().saturating_sub(KEPT);
            self.0.drain(..excess);
        }
    }

    /// The property's value; none where there is nothing to tell.
    pub(super) fn write(&self) -> Option<String> {
        let runs = self.0.iter().map(|(from, read_by)| format!("{from}:{read_by}"));
        (!self.0.is_empty()).then(|| runs.collect::<Vec<_>>().join(" "))
    }

    /// Reads what `write` wrote; of what is no such value nothing is known.
    pub(super) fn read(value: &str) -> Self {
        let run = |run: &str| {
            let (from, read_by) = run.split_once(':')?;
            Some((from.parse().ok()?, read_by.to_owned()))
        };
        Self(value.split(' ').map(run).collect::<Option<_>>().unwrap_or_default())
    }
}
