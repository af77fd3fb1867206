//! The columns as Iceberg knows them: made of those of the files, so that no field id can differ.

use std::sync::Arc;

use arrow_schema::{DataType, Field, TimeUnit};
use iceberg::spec::{ListType, NestedField, NestedFieldRef, PrimitiveType, Schema, SchemaRef, StructType, Type};
use metadata::LakeColumns;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::LakeError;
use crate::columns;

/// The schema of a table with these typed columns.
pub(super) fn schema(typed: &LakeColumns) -> Result<SchemaRef, LakeError> {
    let columns = columns::with_typed(typed);
    let fields: Option<Vec<NestedFieldRef>> = columns.fields().iter().map(|column| field(column)).collect();
    let fields = fields.ok_or_else(|| LakeError::Table("a column has no type in Iceberg".to_owned()))?;
    let schema = Schema::builder().with_schema_id(id(typed)?).with_fields(fields);
    Ok(Arc::new(schema.build()?))
}

/// The number of that schema.
fn id(typed: &LakeColumns) -> Result<i32, LakeError> {
    let id = i32::try_from(typed.version());
    id.map_err(|_| LakeError::Table("its schemas cannot be numbered any more".to_owned()))
}

fn field(from: &Field) -> Option<NestedFieldRef> {
    let id = from.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()?;
    let kind = kind(from.data_type())?;
    Some(Arc::new(NestedField::new(id, from.name(), kind, !from.is_nullable())))
}

fn kind(from: &DataType) -> Option<Type> {
    Some(match from {
        DataType::Boolean => Type::Primitive(PrimitiveType::Boolean),
        DataType::Int32 => Type::Primitive(PrimitiveType::Int),
        DataType::Int64 => Type::Primitive(PrimitiveType::Long),
        DataType::Float32 => Type::Primitive(PrimitiveType::Float),
        DataType::Float64 => Type::Primitive(PrimitiveType::Double),
        DataType::Decimal128(precision, scale) => Type::Primitive(PrimitiveType::Decimal {
            precision: (*precision).into(),
            scale: u32::try_from(*scale).ok()?,
        }),
        DataType::Date32 => Type::Primitive(PrimitiveType::Date),
        DataType::Time64(TimeUnit::Microsecond) => Type::Primitive(PrimitiveType::Time),
        DataType::FixedSizeBinary(16) => Type::Primitive(PrimitiveType::Uuid),
        DataType::Timestamp(TimeUnit::Microsecond, None) => Type::Primitive(PrimitiveType::Timestamp),
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Type::Primitive(PrimitiveType::Timestamptz),
        DataType::Binary => Type::Primitive(PrimitiveType::Binary),
        DataType::Utf8 => Type::Primitive(PrimitiveType::String),
        DataType::List(element) => Type::List(ListType {
            element_field: field(element)?,
        }),
        DataType::Struct(fields) => {
            let fields: Option<Vec<_>> = fields.iter().map(|inner| field(inner)).collect();
            Type::Struct(StructType::new(fields?))
        }
        _ => return None,
    })
}
