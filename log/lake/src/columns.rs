//! The columns of lake files: their names, field ids and types. It does not know values.
//!
//! Flat, lower case, prefixed: Glue cannot partition on nested fields, and `offset` is a word of SQL's. Each column and
//! each nested field carries its field id, for Iceberg's readers find columns by it and read nulls in silence without.

use std::sync::{Arc, LazyLock};

use arrow_schema::extension::Uuid;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use metadata::{ColumnType, LakeColumns};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::typed::data_type;
use crate::{LakeError, WriteSettings};

/// What the columns of a row are, in the order of the file. The numbers are the places, field ids are one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Partition,
    Offset,
    Timestamp,
    TimestampType,
    Key,
    Value,
    Headers,
    BatchBaseOffset,
    BatchLastOffset,
    BatchAttributes,
    ProducerId,
    ProducerEpoch,
    BaseSequence,
    Raw,
    SchemaError,
}

/// How many columns every file has; typed ones come behind them.
pub(crate) const COLUMNS: usize = 15;

impl Column {
    pub(crate) const fn at(self) -> usize {
        self as usize
    }

    /// Its field id.
    pub(crate) const fn id(self) -> i32 {
        self as i32 + 1
    }
}

/// Field ids of typed columns.
pub(crate) const TYPED_IDS: std::ops::RangeFrom<i32> = 100..;

/// Field ids of what lies inside the headers.
const HEADER_IDS: [i32; 3] = [16, 17, 18];

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let header = DataType::Struct(Fields::from(vec![
        field("key", HEADER_IDS[1], DataType::Utf8, false),
        field("value", HEADER_IDS[2], DataType::Binary, true),
    ]));
    let headers = DataType::List(Arc::new(field("element", HEADER_IDS[0], header, false)));
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = [
        (Column::Partition, "kafka_partition", DataType::Int32, false),
        (Column::Offset, "kafka_offset", DataType::Int64, false),
        (Column::Timestamp, "kafka_timestamp", time, false),
        (Column::TimestampType, "kafka_timestamp_type", DataType::Int32, false),
        (Column::Key, "kafka_key", DataType::Binary, true),
        (Column::Value, "kafka_value", DataType::Binary, true),
        (Column::Headers, "kafka_headers", headers, false),
        (
            Column::BatchBaseOffset,
            "kafka_batch_base_offset",
            DataType::Int64,
            false,
        ),
        (
            Column::BatchLastOffset,
            "kafka_batch_last_offset",
            DataType::Int64,
            false,
        ),
        (
            Column::BatchAttributes,
            "kafka_batch_attributes",
            DataType::Int32,
            false,
        ),
        (Column::ProducerId, "kafka_producer_id", DataType::Int64, false),
        (Column::ProducerEpoch, "kafka_producer_epoch", DataType::Int32, false),
        (Column::BaseSequence, "kafka_base_sequence", DataType::Int32, false),
        (Column::Raw, "kafka_raw", DataType::Binary, true),
        (Column::SchemaError, "schema_error", DataType::Utf8, true),
    ];
    let fields: Vec<Field> = columns
        .into_iter()
        .zip(1..)
        .map(|((column, name, kind, nullable), id)| {
            debug_assert_eq!(column.at() + 1, id as usize);
            field(name, id, kind, nullable)
        })
        .collect();
    debug_assert_eq!(fields.len(), COLUMNS);
    Arc::new(Schema::new(fields))
});

/// The columns of every file, as arrow knows them.
pub(crate) fn schema() -> SchemaRef {
    SchemaRef::clone(&SCHEMA)
}

/// Those, and typed ones behind them.
pub(crate) fn with_typed(typed: &LakeColumns) -> SchemaRef {
    if typed.columns().is_empty() {
        return schema();
    }
    let fields = SCHEMA.fields().iter().cloned();
    let typed = typed.columns().iter().map(|column| {
        let declared = &column.declared;
        let field = field(&declared.name, column.id, data_type(declared.kind), true);
        Arc::new(match declared.kind {
            // Without it the bytes would say nothing of what they are.
            ColumnType::Uuid => field.with_extension_type(Uuid),
            _ => field,
        })
    });
    Arc::new(Schema::new(fields.chain(typed).collect::<Fields>()))
}

fn field(name: &str, id: i32, kind: DataType, nullable: bool) -> Field {
    Field::new(name, kind, nullable).with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())].into())
}

/// How long the pages of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageLength {
    /// So that a fetch decodes few rows that it does not want.
    Short,
    /// So that a scan turns to few: of what no fetch reads, and of what is so few values that skipping them costs nothing.
    Long,
}

/// The place of a column among the leaves: headers have two.
pub(crate) fn leaf(column: Column) -> usize {
    leaf_at(column.at())
}

/// That of the column at a place, typed ones too.
pub(crate) fn leaf_at(at: usize) -> usize {
    at + usize::from(at > Column::Headers.at())
}

/// How long the pages of a leaf are.
pub(crate) fn page_length(at: usize) -> PageLength {
    let few = [
        Column::Partition,
        Column::TimestampType,
        Column::BatchLastOffset,
        Column::BatchAttributes,
        Column::ProducerId,
        Column::ProducerEpoch,
        Column::BaseSequence,
        Column::SchemaError,
    ];
    let typed = at > leaf(Column::SchemaError);
    if typed || few.into_iter().any(|column| leaf(column) == at) {
        PageLength::Long
    } else {
        PageLength::Short
    }
}

/// How the columns with such pages are written.
pub(crate) fn properties(settings: &WriteSettings, pages: PageLength) -> Result<WriterProperties, LakeError> {
    let (bytes, rows, statistics) = match pages {
        // Whatever is written at once is one; and what is searched by is among these.
        PageLength::Short => (1, 1, EnabledStatistics::Page),
        PageLength::Long => (
            settings.long_page_bytes_max,
            settings.long_page_rows_max,
            EnabledStatistics::Chunk,
        ),
    };
    let compression = match settings.zstd_level {
        0 => Compression::UNCOMPRESSED,
        level => Compression::ZSTD(ZstdLevel::try_new(level)?),
    };
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("tidelog ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(compression)
        .set_data_page_size_limit(bytes)
        .set_data_page_row_count_limit(rows)
        // A page can only end between two of these: what is written at once is few rows already.
        .set_write_batch_size(i32::MAX as usize)
        // Row groups end where the writer says, which is between two batches.
        .set_max_row_group_row_count(None)
        .set_max_row_group_bytes(None)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    let delta = [
        Column::Offset,
        Column::Timestamp,
        Column::BatchBaseOffset,
        Column::BatchLastOffset,
        Column::BaseSequence,
    ];
    for path in delta.map(path) {
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_statistics_enabled(path, statistics);
    }
    let mut header_value = path(Column::Headers);
    header_value.append(["list", "element", "value"].map(str::to_owned).to_vec());
    for path in [path(Column::Value), path(Column::Raw), header_value] {
        builder = plain(builder, path);
    }
    let key = path(Column::Key);
    builder = plain(builder, key.clone())
        .set_column_bloom_filter_enabled(key.clone(), pages == PageLength::Short)
        .set_column_bloom_filter_fpp(key.clone(), 0.01)
        // The most it is made for; it is folded to what came.
        .set_column_bloom_filter_ndv(key, settings.group_bytes.div_ceil(64) as u64);
    Ok(builder.build())
}

/// Neither a dictionary nor statistics: bytes that are seldom equal and never compared.
fn plain(builder: WriterPropertiesBuilder, path: ColumnPath) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(path.clone(), false)
        .set_column_encoding(path.clone(), Encoding::PLAIN)
        .set_column_statistics_enabled(path, EnabledStatistics::None)
}

fn path(column: Column) -> ColumnPath {
    ColumnPath::from(schema().field(column.at()).name().as_str())
}
