//! What a table tells of one lake file: its length, its rows, and of its columns what lets readers leave it out.

use std::collections::BTreeMap;

use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, Datum, PrimitiveLiteral, PrimitiveType, Schema, Struct,
};
use parquet::data_type::ByteArray;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;

use super::Identity;
use super::schema::schema;
use crate::columns::Column;
use crate::counts::Counts;
use crate::rows::WHOLE;
use crate::{LakeError, LakeFile};

/// A lake file as a table tells of it; and by which declarations its typed columns were read, where it is known.
#[derive(Debug, Clone)]
pub struct TableFile(pub(super) DataFile, pub(super) Option<String>);

/// What is gathered of a column over the row groups.
#[derive(Debug, Default)]
struct Gathered {
    sizes: BTreeMap<i32, u64>,
    values: BTreeMap<i32, u64>,
    nulls: BTreeMap<i32, u64>,
    nans: BTreeMap<i32, u64>,
    lower: BTreeMap<i32, Datum>,
    upper: BTreeMap<i32, Datum>,
}

impl TableFile {
    /// What is to be told of an opened file of a table, which lies at `location`, a URL.
    ///
    /// # Errors
    /// `Table` when the Iceberg library does not take it.
    pub fn new(file: &LakeFile, identity: &Identity, location: String) -> Result<Self, LakeError> {
        let (schema, metadata) = (schema(&identity.columns)?, file.metadata());
        let (mut gathered, mut starts, mut rows) = (Gathered::of(file.footer().counts()), Vec::new(), 0);
        for group in metadata.row_groups() {
            rows += u64::try_from(group.num_rows()).unwrap_or_default();
            let begins = group.columns().iter().map(|chunk| chunk.byte_range().0).min();
            starts.extend(begins.and_then(|start| i64::try_from(start).ok()));
            for chunk in group.columns() {
                gathered.add(&schema, chunk);
            }
        }
        let mut data = DataFileBuilder::default();
        data.content(DataContentType::Data)
            .file_path(location)
            .file_format(DataFileFormat::Parquet)
            .partition(Struct::empty())
            .record_count(rows)
            .file_size_in_bytes(file.bytes())
            .column_sizes(gathered.sizes.into_iter().collect())
            .value_counts(gathered.values.into_iter().collect())
            .null_value_counts(gathered.nulls.into_iter().collect())
            .nan_value_counts(gathered.nans.into_iter().collect())
            .lower_bounds(gathered.lower.into_iter().collect())
            .upper_bounds(gathered.upper.into_iter().collect())
            .split_offsets(Some(starts))
            .sort_order_id(0);
        let data = data.build().map_err(|error| LakeError::Table(error.to_string()))?;
        Ok(Self(data, file.footer().read_by().map(str::to_owned)))
    }

    /// Where it lies.
    pub fn location(&self) -> &str {
        self.0.file_path()
    }

    /// Whether one of its rows may be a whole batch.
    pub fn may_have_whole_batches(&self) -> bool {
        let id = Column::BatchAttributes.id();
        let greatest = self.0.upper_bounds().get(&id).map(Datum::literal);
        !matches!(greatest, Some(PrimitiveLiteral::Int(attributes)) if *attributes < WHOLE)
    }

    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.0.record_count()
    }
}

impl Gathered {
    /// What was counted when the file was written.
    fn of(counts: Option<&Counts>) -> Self {
        let counts = counts.cloned().unwrap_or_default();
        Self {
            nulls: counts.nulls,
            nans: counts.nans,
            ..Self::default()
        }
    }

    /// What lies inside another column is counted by nobody: a list's elements are not rows.
    fn add(&mut self, schema: &Schema, chunk: &ColumnChunkMetaData) {
        let descriptor = chunk.column_descr();
        let info = descriptor.self_type().get_basic_info();
        if !info.has_id() || descriptor.path().parts().len() > 1 {
            return;
        }
        let id = info.id();
        let count = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
        *self.sizes.entry(id).or_default() += count(chunk.compressed_size());
        *self.values.entry(id).or_default() += count(chunk.num_values());
        let Some(statistics) = chunk.statistics() else {
            return;
        };
        if let Some(nulls) = statistics.null_count_opt() {
            *self.nulls.entry(id).or_default() += nulls;
        }
        let kind = schema
            .field_by_id(id)
            .and_then(|field| field.field_type.as_primitive_type());
        // Bounds pass over NaN, which readers hold greater than all else.
        let is_float = matches!(kind, Some(PrimitiveType::Float | PrimitiveType::Double));
        if is_float && self.nans.get(&id) != Some(&0) {
            return;
        }
        let Some((lower, upper)) = kind.and_then(|kind| bounds(kind, statistics)) else {
            return;
        };
        let keep = |known: &mut BTreeMap<i32, Datum>, bound: Datum, better: fn(&Datum, &Datum) -> bool| {
            if known.get(&id).is_none_or(|known| better(&bound, known)) {
                known.insert(id, bound);
            }
        };
        keep(&mut self.lower, lower, |new, known| new < known);
        keep(&mut self.upper, upper, |new, known| new > known);
    }
}

fn bounds(kind: &PrimitiveType, statistics: &Statistics) -> Option<(Datum, Datum)> {
    macro_rules! both {
        ($known:ident, $datum:expr) => {{
            let datum = $datum;
            Some((datum($known.min_opt()?)?, datum($known.max_opt()?)?))
        }};
    }
    match (kind, statistics) {
        (PrimitiveType::Boolean, Statistics::Boolean(known)) => both!(known, |&is: &bool| Some(Datum::bool(is))),
        (PrimitiveType::Int, Statistics::Int32(known)) => both!(known, |&number: &i32| Some(Datum::int(number))),
        (PrimitiveType::Date, Statistics::Int32(known)) => both!(known, |&days: &i32| Some(Datum::date(days))),
        // Of a file from before the column was widened.
        (PrimitiveType::Long, Statistics::Int32(known)) => both!(known, |&number: &i32| Some(Datum::long(number))),
        (PrimitiveType::Long, Statistics::Int64(known)) => both!(known, |&number: &i64| Some(Datum::long(number))),
        (PrimitiveType::Float, Statistics::Float(known)) => both!(known, |&number: &f32| Some(Datum::float(number))),
        (PrimitiveType::Double, Statistics::Float(known)) => both!(known, |&number: &f32| Some(Datum::double(number))),
        (PrimitiveType::Double, Statistics::Double(known)) => both!(known, |&number: &f64| Some(Datum::double(number))),
        (PrimitiveType::Time, Statistics::Int64(known)) => {
            both!(known, |&micros: &i64| Datum::time_micros(micros).ok())
        }
        (PrimitiveType::Timestamp, Statistics::Int64(known)) => {
            both!(known, |&micros: &i64| Some(Datum::timestamp_micros(micros)))
        }
        (PrimitiveType::Timestamptz, Statistics::Int64(known)) => {
            both!(known, |&micros: &i64| Some(Datum::timestamptz_micros(micros)))
        }
        (PrimitiveType::String, Statistics::ByteArray(known)) => {
            both!(known, |text: &ByteArray| Some(Datum::string(text.as_utf8().ok()?)))
        }
        _ => None,
    }
}
