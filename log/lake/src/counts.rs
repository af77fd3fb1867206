//! Counts of a column's nulls and of its numbers that are none, where Parquet's statistics have none of them. Keys and values have no
//! statistics, and without a count some readers of tables take a column for one without nulls. A number that is none (NaN) is
//! passed over by statistics, while readers hold it greater than any other: by them they would leave it out.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::statistics::Statistics;
use serde::{Deserialize, Serialize};

use crate::columns::{Column, leaf_at};

/// What is counted, by field id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counts {
    /// Of keys, values and raw records.
    pub(crate) nulls: BTreeMap<i32, u64>,
    /// Of `float` and `double`.
    pub(crate) nans: BTreeMap<i32, u64>,
}

/// Counts while a file is written.
#[derive(Debug)]
pub(crate) struct Counting {
    /// Places among the columns.
    floats: Vec<(usize, i32)>,
    counts: Counts,
    /// Leaves that have one in the open row group.
    nans: BTreeSet<usize>,
}

const WITHOUT_STATISTICS: [Column; 3] = [Column::Key, Column::Value, Column::Raw];

impl Counting {
    pub(crate) fn new(schema: &Schema) -> Self {
        let floats = schema.fields().iter().enumerate().filter_map(|(at, field)| {
            let is_float = matches!(field.data_type(), DataType::Float32 | DataType::Float64);
            let id = field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()?;
            is_float.then_some((at, id))
        });
        let floats: Vec<(usize, i32)> = floats.collect();
        Self {
            counts: Counts {
                nulls: WITHOUT_STATISTICS.map(|column| (column.id(), 0)).into(),
                nans: floats.iter().map(|(_, id)| (*id, 0)).collect(),
            },
            floats,
            nans: BTreeSet::new(),
        }
    }

    /// Counts in rows of the open row group.
    pub(crate) fn add(&mut self, rows: &RecordBatch) {
        for column in WITHOUT_STATISTICS {
            *self.counts.nulls.entry(column.id()).or_default() += rows.column(column.at()).null_count() as u64;
        }
        for &(at, id) in &self.floats {
            let found = nans(rows.column(at));
            if found > 0 {
                self.nans.insert(leaf_at(at));
                *self.counts.nans.entry(id).or_default() += found;
            }
        }
    }

    /// A column of the row group has been written. Where bounds would pass over one of its values it has none.
    pub(crate) fn close(&self, leaf: usize, column: &mut ColumnCloseResult) -> Result<(), ParquetError> {
        if !self.nans.contains(&leaf) {
            return Ok(());
        }
        let metadata = &column.metadata;
        let nulls = metadata.statistics().and_then(Statistics::null_count_opt);
        let statistics = match metadata.column_type() {
            parquet::basic::Type::FLOAT => Statistics::float(None, None, None, nulls, false),
            _ => Statistics::double(None, None, None, nulls, false),
        };
        column.metadata = metadata.clone().into_builder().set_statistics(statistics).build()?;
        column.column_index = None;
        Ok(())
    }

    /// The row group ends.
    pub(crate) fn end_group(&mut self) {
        self.nans.clear();
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }
}

fn nans(column: &ArrayRef) -> u64 {
    let count = match column.data_type() {
        DataType::Float32 => {
            let numbers = column.as_primitive::<Float32Type>();
            numbers.iter().flatten().filter(|number| number.is_nan()).count()
        }
        DataType::Float64 => {
            let numbers = column.as_primitive::<Float64Type>();
            numbers.iter().flatten().filter(|number| number.is_nan()).count()
        }
        _ => 0,
    };
    count as u64
}
