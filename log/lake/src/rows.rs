//! Gathers records as columns. It does not know files: a full lot of rows is handed on as one arrow batch.

use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder as _, BinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, Int32Array, Int64Array, ListArray, RecordBatch, StructArray, TimestampMicrosecondArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, SchemaRef};
use bytes::Bytes;
use metadata::LakeColumns;
use records::{Headers, Record};

use crate::LakeError;
use crate::columns::{Column, with_typed};
use crate::error::unreadable;
use crate::row::{Head, Row, Sink, Whole};
use crate::typed::Typed;

/// Set in `kafka_batch_attributes` where the row is a batch that was kept whole; the sixteen bits below are the header's.
pub(crate) const WHOLE: i32 = 1 << 16;

/// What `kafka_timestamp` can say without breaking a reader: the years 1 to 9999, in ms since 1970.
pub(crate) const TIMESTAMPS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// What a header takes besides its bytes, about: its places in lists, and levels of nesting.
const HEADER_BYTES: usize = 16;

/// Rows to come, column by column.
#[derive(Debug)]
pub(crate) struct Rows {
    partition: i32,
    offset: Vec<i64>,
    timestamp: Vec<i64>,
    timestamp_type: Vec<i32>,
    key: BinaryBuilder,
    value: BinaryBuilder,
    headers: Vec<i32>,
    header_key: StringBuilder,
    header_value: BinaryBuilder,
    base_offset: Vec<i64>,
    last_offset: Vec<i64>,
    attributes: Vec<i32>,
    producer_id: Vec<i64>,
    producer_epoch: Vec<i32>,
    base_sequence: Vec<i32>,
    raw: BinaryBuilder,
    error: StringBuilder,
    schema: SchemaRef,
    typed: Typed,
    bytes: usize,
}

impl Rows {
    pub(crate) fn new(columns: &LakeColumns) -> Self {
        Self::with(-1, with_typed(columns), Typed::new(columns.columns()))
    }

    /// Those to come are of this partition; there are none yet.
    pub(crate) fn begin_partition(&mut self, partition: i32) {
        self.partition = partition;
    }

    fn with(partition: i32, schema: SchemaRef, typed: Typed) -> Self {
        Self {
            partition,
            offset: Vec::new(),
            timestamp: Vec::new(),
            timestamp_type: Vec::new(),
            key: BinaryBuilder::new(),
            value: BinaryBuilder::new(),
            headers: vec![0],
            header_key: StringBuilder::new(),
            header_value: BinaryBuilder::new(),
            base_offset: Vec::new(),
            last_offset: Vec::new(),
            attributes: Vec::new(),
            producer_id: Vec::new(),
            producer_epoch: Vec::new(),
            base_sequence: Vec::new(),
            raw: BinaryBuilder::new(),
            error: StringBuilder::new(),
            schema,
            typed,
            bytes: 0,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.offset.len()
    }

    /// Bytes of keys, values, headers and raw records, and what each header takes besides.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn place(&mut self, head: &Head, offset: i64, timestamp: i64, flags: i32) -> Result<(), LakeError> {
        self.offset.push(offset);
        // Microseconds of years 1 to 9999 fit.
        self.timestamp
            .push(timestamp.clamp(*TIMESTAMPS.start(), *TIMESTAMPS.end()) * 1000);
        let attributes = i32::from(head.attributes.cast_unsigned());
        self.timestamp_type.push((attributes >> 3) & 1);
        self.base_offset.push(head.base_offset);
        self.last_offset.push(head.last_offset);
        self.attributes.push(attributes | flags);
        self.producer_id.push(head.producer_id);
        self.producer_epoch.push(i32::from(head.producer_epoch));
        self.base_sequence.push(head.base_sequence);
        let headers = i32::try_from(self.header_key.len());
        self.headers
            .push(headers.map_err(|_| unreadable("more headers at once than 31 bits count"))?);
        Ok(())
    }

    /// The record verbatim where the columns cannot hold it: at the offset delta it has, its whole timestamp as delta.
    fn raw(head: &Head, row: &Row<'_>) -> Result<Option<Bytes>, LakeError> {
        let names = row.headers.iter().all(|(name, _)| std::str::from_utf8(name).is_ok());
        if names && row.attributes == 0 && TIMESTAMPS.contains(&row.timestamp) {
            return Ok(None);
        }
        let delta = i32::try_from(row.offset.saturating_sub(head.base_offset));
        let record = Record {
            attributes: row.attributes,
            timestamp_delta: row.timestamp,
            offset_delta: delta
                .map_err(|_| unreadable(format!("offset {} in a batch at {}", row.offset, head.base_offset)))?,
            key: row.key.map(Bytes::copy_from_slice),
            value: row.value.map(Bytes::copy_from_slice),
            headers: row.headers.iter().copied().collect::<Headers>(),
        };
        Ok(Some(record.encode()))
    }

    /// The rows as columns; there are none afterwards.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, LakeError> {
        let typed = self.typed.take();
        let schema = SchemaRef::clone(&self.schema);
        let empty = Self::with(self.partition, schema.clone(), std::mem::take(&mut self.typed));
        let mut rows = std::mem::replace(self, empty);
        let count = rows.count();
        let headers = headers(
            schema.field(Column::Headers.at()).data_type(),
            rows.headers,
            (Arc::new(rows.header_key.finish()), Arc::new(rows.header_value.finish())),
        )?;
        let time = TimestampMicrosecondArray::from(rows.timestamp).with_timezone("UTC");
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![rows.partition; count])),
            Arc::new(Int64Array::from(rows.offset)),
            Arc::new(time),
            Arc::new(Int32Array::from(rows.timestamp_type)),
            Arc::new(rows.key.finish()),
            Arc::new(rows.value.finish()),
            Arc::new(headers),
            Arc::new(Int64Array::from(rows.base_offset)),
            Arc::new(Int64Array::from(rows.last_offset)),
            Arc::new(Int32Array::from(rows.attributes)),
            Arc::new(Int64Array::from(rows.producer_id)),
            Arc::new(Int32Array::from(rows.producer_epoch)),
            Arc::new(Int32Array::from(rows.base_sequence)),
            Arc::new(rows.raw.finish()),
            Arc::new(rows.error.finish()),
        ];
        columns.extend(typed);
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}

fn headers(kind: &DataType, ends: Vec<i32>, (keys, values): (ArrayRef, ArrayRef)) -> Result<ListArray, LakeError> {
    let DataType::List(element) = kind else {
        return Err(unreadable("headers are no list"));
    };
    let DataType::Struct(fields) = element.data_type() else {
        return Err(unreadable("a header is no struct"));
    };
    let structs = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    let offsets = OffsetBuffer::new(ends.into());
    Ok(ListArray::try_new(
        Arc::clone(element),
        offsets,
        Arc::new(structs),
        None,
    )?)
}

impl Sink for Rows {
    type Error = LakeError;

    fn begin(&mut self, _: &Head) -> Result<(), LakeError> {
        Ok(())
    }

    fn record(&mut self, head: &Head, row: &Row<'_>) -> Result<(), LakeError> {
        let raw = Self::raw(head, row)?;
        self.bytes += row.key.map_or(0, <[u8]>::len) + row.value.map_or(0, <[u8]>::len);
        self.bytes += raw.as_ref().map_or(0, Bytes::len);
        for (name, value) in row.headers {
            self.bytes += HEADER_BYTES + name.len() + value.map_or(0, <[u8]>::len);
            self.header_key.append_value(String::from_utf8_lossy(name));
            self.header_value.append_option(*value);
        }
        self.key.append_option(row.key);
        self.value.append_option(row.value);
        self.raw.append_option(raw);
        self.error.append_option(self.typed.row(row.value));
        self.place(head, row.offset, row.timestamp, 0)
    }

    fn whole(&mut self, head: &Head, whole: &Whole<'_>) -> Result<(), LakeError> {
        self.bytes += whole.bytes.len() + whole.why.len();
        self.key.append_null();
        self.value.append_null();
        self.raw.append_value(whole.bytes);
        self.error.append_value(whole.why);
        self.typed.row(None);
        self.place(head, head.base_offset, whole.timestamp, WHOLE)
    }
}
