//! The columns as Iceberg knows them: made of those of the files, so that no field id can differ.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, TimeUnit};
use iceberg::spec::{ListType, NestedField, NestedFieldRef, PrimitiveType, Schema, SchemaRef, StructType, Type};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::LakeError;
use crate::columns;

/// The schema of every table.
pub(super) fn schema() -> Result<SchemaRef, LakeError> {
    static SCHEMA: LazyLock<Result<SchemaRef, String>> = LazyLock::new(|| {
        let fields = columns::schema().fields().iter().map(|column| field(column)).collect();
        let fields: Vec<NestedFieldRef> = Option::ok_or(fields, "a column has no type in Iceberg".to_owned())?;
        let schema = Schema::builder().with_schema_id(0).with_fields(fields).build();
        schema.map(Arc::new).map_err(|error| error.to_string())
    });
    SCHEMA.clone().map_err(LakeError::Table)
}

fn field(from: &Field) -> Option<NestedFieldRef> {
    let id = from.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()?;
    let kind = kind(from.data_type())?;
    Some(Arc::new(NestedField::new(id, from.name(), kind, !from.is_nullable())))
}

fn kind(from: &DataType) -> Option<Type> {
    Some(match from {
        DataType::Int32 => Type::Primitive(PrimitiveType::Int),
        DataType::Int64 => Type::Primitive(PrimitiveType::Long),
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
