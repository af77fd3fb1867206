//! A typed column of rows to come, as arrow builds it.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, FixedSizeBinaryBuilder, Float32Builder,
    Float64Builder, Int32Builder, Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow_schema::{DataType, TimeUnit};
use metadata::ColumnType;

use super::cell::Cell;

/// A column and its type.
#[derive(Debug)]
pub(super) struct TypedColumn {
    kind: ColumnType,
    builder: Builder,
}

#[derive(Debug)]
enum Builder {
    Boolean(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    String(StringBuilder),
    Uuid(FixedSizeBinaryBuilder),
    Binary(BinaryBuilder),
}

/// The type of a column as arrow knows it.
pub(crate) fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::Long => DataType::Int64,
        ColumnType::Float => DataType::Float32,
        ColumnType::Double => DataType::Float64,
        ColumnType::Decimal { precision, scale } => DataType::Decimal128(precision, scale.cast_signed()),
        ColumnType::Date => DataType::Date32,
        ColumnType::Time => DataType::Time64(TimeUnit::Microsecond),
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::String => DataType::Utf8,
        ColumnType::Uuid => DataType::FixedSizeBinary(16),
        ColumnType::Binary => DataType::Binary,
    }
}

impl TypedColumn {
    pub(super) fn new(kind: ColumnType) -> Self {
        let builder = match kind {
            ColumnType::Boolean => Builder::Boolean(BooleanBuilder::new()),
            ColumnType::Int => Builder::Int(Int32Builder::new()),
            ColumnType::Long => Builder::Long(Int64Builder::new()),
            ColumnType::Float => Builder::Float(Float32Builder::new()),
            ColumnType::Double => Builder::Double(Float64Builder::new()),
            ColumnType::Decimal { .. } => Builder::Decimal(Decimal128Builder::new().with_data_type(data_type(kind))),
            ColumnType::Date => Builder::Date(Date32Builder::new()),
            ColumnType::Time => Builder::Time(Time64MicrosecondBuilder::new()),
            ColumnType::Timestamp | ColumnType::Timestamptz => {
                Builder::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(data_type(kind)))
            }
            ColumnType::String => Builder::String(StringBuilder::new()),
            ColumnType::Uuid => Builder::Uuid(FixedSizeBinaryBuilder::new(16)),
            ColumnType::Binary => Builder::Binary(BinaryBuilder::new()),
        };
        Self { kind, builder }
    }

    pub(super) fn kind(&self) -> ColumnType {
        self.kind
    }

    /// Adds a value, which is one of the column's type, or null.
    pub(super) fn push(&mut self, cell: Option<Cell<'_>>) {
        match (&mut self.builder, cell) {
            (Builder::Boolean(to), Some(Cell::Boolean(value))) => to.append_value(value),
            (Builder::Int(to), Some(Cell::Int(value))) => to.append_value(value),
            (Builder::Long(to), Some(Cell::Long(value))) => to.append_value(value),
            (Builder::Float(to), Some(Cell::Float(value))) => to.append_value(value),
            (Builder::Double(to), Some(Cell::Double(value))) => to.append_value(value),
            (Builder::Decimal(to), Some(Cell::Decimal(value))) => to.append_value(value),
            (Builder::Date(to), Some(Cell::Date(value))) => to.append_value(value),
            (Builder::Time(to), Some(Cell::Time(value))) => to.append_value(value),
            (Builder::Timestamp(to), Some(Cell::Timestamp(value))) => to.append_value(value),
            (Builder::String(to), Some(Cell::String(value))) => to.append_value(value),
            (Builder::Uuid(to), Some(Cell::Uuid(value))) => {
                // It refuses other lengths than its own.
                if to.append_value(value).is_err() {
                    to.append_null();
                }
            }
            (Builder::Binary(to), Some(Cell::Binary(value))) => to.append_value(value),
            (builder, _) => builder.push_null(),
        }
    }

    /// The values since the last time.
    pub(super) fn take(&mut self) -> ArrayRef {
        match &mut self.builder {
            Builder::Boolean(from) => Arc::new(from.finish()),
            Builder::Int(from) => Arc::new(from.finish()),
            Builder::Long(from) => Arc::new(from.finish()),
            Builder::Float(from) => Arc::new(from.finish()),
            Builder::Double(from) => Arc::new(from.finish()),
            Builder::Decimal(from) => Arc::new(from.finish()),
            Builder::Date(from) => Arc::new(from.finish()),
            Builder::Time(from) => Arc::new(from.finish()),
            Builder::Timestamp(from) => Arc::new(from.finish()),
            Builder::String(from) => Arc::new(from.finish()),
            Builder::Uuid(from) => Arc::new(from.finish()),
            Builder::Binary(from) => Arc::new(from.finish()),
        }
    }
}

impl Builder {
    fn push_null(&mut self) {
        match self {
            Self::Boolean(to) => to.append_null(),
            Self::Int(to) => to.append_null(),
            Self::Long(to) => to.append_null(),
            Self::Float(to) => to.append_null(),
            Self::Double(to) => to.append_null(),
            Self::Decimal(to) => to.append_null(),
            Self::Date(to) => to.append_null(),
            Self::Time(to) => to.append_null(),
            Self::Timestamp(to) => to.append_null(),
            Self::String(to) => to.append_null(),
            Self::Uuid(to) => to.append_null(),
            Self::Binary(to) => to.append_null(),
        }
    }
}
