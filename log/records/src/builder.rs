//! Makes a batch of records. It does not know offsets: a built batch has base offset 0 and leader epoch -1, which the
//! log overwrites.

use bytes::{Bytes, BytesMut};

use crate::header::{ATTRIBUTES_AT, LENGTH_EXCLUDES_BYTES};
use crate::record::{RecordIter, write_field};
use crate::{Attributes, Batch, BatchHeader, Codec, CodecError, HEADER_BYTES, Headers, Record, codec, varint};

/// A header to write: name and value.
type HeaderRef<'a> = (&'a [u8], Option<&'a [u8]>);

/// Headers to write, one by one or as they lie in another batch.
#[derive(Clone, Copy)]
enum HeadersRef<'a> {
    Each(&'a [HeaderRef<'a>]),
    Encoded(&'a Headers),
}

impl HeadersRef<'_> {
    fn count(self) -> usize {
        match self {
            Self::Each(headers) => headers.len(),
            Self::Encoded(headers) => headers.len(),
        }
    }

    /// Bytes behind their number.
    fn bytes(self) -> usize {
        let bytes = |(name, value): &HeaderRef<'_>| field_bytes(Some(name)) + field_bytes(*value);
        match self {
            Self::Each(headers) => headers.iter().map(bytes).sum(),
            Self::Encoded(headers) => headers.encoded().len(),
        }
    }

    fn write(self, into: &mut BytesMut) {
        match self {
            Self::Encoded(headers) => into.extend_from_slice(headers.encoded()),
            Self::Each(headers) => {
                for (name, value) in headers {
                    write_field(into, Some(name));
                    write_field(into, *value);
                }
            }
        }
    }
}

/// The idempotent or transactional producer of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Producer {
    /// Producer id.
    pub id: i64,
    /// Producer epoch.
    pub epoch: i16,
    /// Sequence of the batch's first record.
    pub base_sequence: i32,
}

/// Why a record was not taken or a batch not made; the builder is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A batch has at least one record.
    #[error("no records to build a batch of")]
    Empty,
    /// Lengths in a batch are 32 bits wide.
    #[error("batch would be larger than 2 GiB")]
    TooLarge,
    /// The timestamp is too far from that of the first record.
    #[error("timestamp {0} is too far from the first record's")]
    Timestamp(i64),
    /// Offset deltas must rise.
    #[error("offset delta {0} is not above those before it")]
    OffsetDelta(i32),
    /// The codec failed.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Gathers records and makes them a batch.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    codec: Codec,
    producer: Option<Producer>,
    attributes: i16,
    /// 61 bytes of room for the header, then the records.
    bytes: BytesMut,
    count: i32,
    offset_delta_next: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    append_time: Option<i64>,
}

impl BatchBuilder {
    /// An empty batch to come.
    #[must_use]
    pub fn new(codec: Codec, producer: Option<Producer>) -> Self {
        Self {
            codec,
            producer,
            attributes: 0,
            bytes: BytesMut::zeroed(HEADER_BYTES),
            count: 0,
            offset_delta_next: 0,
            base_timestamp: 0,
            max_timestamp: 0,
            append_time: None,
        }
    }

    /// Marks the batch as part of a transaction of its producer.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.attributes |= Attributes::TRANSACTIONAL;
        self
    }

    /// Gives the batch append time, in ms since 1970.
    #[must_use]
    pub fn log_append_time(mut self, ms: i64) -> Self {
        self.attributes |= Attributes::LOG_APPEND_TIME;
        self.append_time = Some(ms);
        self
    }

    /// Adds a record at the next offset. `timestamp_ms` counts from 1970; headers are (name, value).
    ///
    /// # Errors
    /// `TooLarge`, `Timestamp`.
    pub fn push(
        &mut self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> Result<(), BuildError> {
        self.push_at(self.offset_delta_next, timestamp_ms, key, value, headers)
    }

    /// Adds a record with a gap before it, as compaction leaves them.
    ///
    /// # Errors
    /// `OffsetDelta`, `TooLarge`, `Timestamp`.
    pub fn push_at(
        &mut self,
        offset_delta: i32,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> Result<(), BuildError> {
        self.push_exact(0, offset_delta, timestamp_ms, key, value, headers)
    }

    /// Makes the batch reach to an offset delta at or beyond its last record, as a compacted one does.
    ///
    /// # Errors
    /// `OffsetDelta` when the last record lies beyond it.
    pub fn reach(&mut self, last_offset_delta: i32) -> Result<(), BuildError> {
        let next = last_offset_delta.checked_add(1).ok_or(BuildError::TooLarge)?;
        if next < self.offset_delta_next {
            return Err(BuildError::OffsetDelta(last_offset_delta));
        }
        self.offset_delta_next = next;
        Ok(())
    }

    /// The same with the record's own attributes, which nobody uses.
    ///
    /// # Errors
    /// `OffsetDelta`, `TooLarge`, `Timestamp`.
    pub fn push_exact(
        &mut self,
        attributes: i8,
        offset_delta: i32,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderRef<'_>],
    ) -> Result<(), BuildError> {
        let place = (attributes, offset_delta, timestamp_ms);
        self.add(place, key, value, HeadersRef::Each(headers))
    }

    /// Adds a record of another batch at the offset delta it has there; its timestamp counts from 1970.
    ///
    /// # Errors
    /// `OffsetDelta`, `TooLarge`, `Timestamp`.
    pub fn push_record(&mut self, record: &Record, timestamp_ms: i64) -> Result<(), BuildError> {
        let place = (record.attributes, record.offset_delta, timestamp_ms);
        let headers = HeadersRef::Encoded(&record.headers);
        self.add(place, record.key.as_deref(), record.value.as_deref(), headers)
    }

    /// Makes the timestamps of the batch relative to 0 instead of the first record's: none is too far from it.
    ///
    /// # Errors
    /// `Empty` when no record was added yet.
    pub fn rebase(&mut self) -> Result<(), BuildError> {
        let records = std::mem::replace(&mut self.bytes, BytesMut::zeroed(HEADER_BYTES));
        let records = records.freeze().slice(HEADER_BYTES..);
        let base = std::mem::take(&mut self.base_timestamp);
        for record in RecordIter::new(records, self.count, i32::MAX) {
            // They were written here.
            let mut record = record.map_err(|_| BuildError::Empty)?;
            record.timestamp_delta = record.timestamp_delta.wrapping_add(base);
            let body = record.encode();
            varint::write(&mut self.bytes, body.len() as i64);
            self.bytes.extend_from_slice(&body);
        }
        if self.is_empty() {
            Err(BuildError::Empty)
        } else {
            Ok(())
        }
    }

    fn add(
        &mut self,
        (attributes, offset_delta, timestamp_ms): (i8, i32, i64),
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: HeadersRef<'_>,
    ) -> Result<(), BuildError> {
        if offset_delta < self.offset_delta_next {
            return Err(BuildError::OffsetDelta(offset_delta));
        }
        let offset_delta_next = offset_delta.checked_add(1).ok_or(BuildError::TooLarge)?;
        let base = if self.count == 0 {
            timestamp_ms
        } else {
            self.base_timestamp
        };
        let timestamp_delta = timestamp_ms
            .checked_sub(base)
            .ok_or(BuildError::Timestamp(timestamp_ms))?;
        let body_bytes = body_bytes(timestamp_delta, offset_delta, key, value, headers);
        if i32::try_from(self.bytes.len().saturating_add(body_bytes).saturating_add(5)).is_err() {
            return Err(BuildError::TooLarge);
        }
        varint::write(&mut self.bytes, body_bytes as i64);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&attributes.to_be_bytes());
        self.write(timestamp_delta, offset_delta, key, value, headers);
        debug_assert_eq!(self.bytes.len() - start, body_bytes);
        self.max_timestamp = if self.count == 0 {
            timestamp_ms
        } else {
            self.max_timestamp.max(timestamp_ms)
        };
        self.base_timestamp = base;
        self.offset_delta_next = offset_delta_next;
        self.count += 1;
        Ok(())
    }

    /// Writes the fields of a record behind its attributes.
    fn write(
        &mut self,
        timestamp_delta: i64,
        offset_delta: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: HeadersRef<'_>,
    ) {
        let into = &mut self.bytes;
        varint::write(into, timestamp_delta);
        varint::write(into, i64::from(offset_delta));
        write_field(into, key);
        write_field(into, value);
        varint::write(into, headers.count() as i64);
        headers.write(into);
    }

    /// Number of records so far.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.count.cast_unsigned()
    }

    /// Bytes of the batch so far with its header, before compression.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether no record was added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Makes the batch.
    ///
    /// # Errors
    /// `Empty`, `Codec`; `TooLarge` if the records grew when compressed.
    pub fn build(self) -> Result<Batch, BuildError> {
        if self.is_empty() {
            return Err(BuildError::Empty);
        }
        let mut header = self.header();
        let mut bytes = self.bytes;
        if self.codec != Codec::None {
            let compressed = codec::compress(self.codec, &bytes[HEADER_BYTES..])?;
            bytes.truncate(HEADER_BYTES);
            bytes.extend_from_slice(&compressed);
        }
        header.batch_length = i32::try_from(bytes.len() - LENGTH_EXCLUDES_BYTES).map_err(|_| BuildError::TooLarge)?;
        bytes[..HEADER_BYTES].copy_from_slice(&header.write());
        header.checksum = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
        bytes[..HEADER_BYTES].copy_from_slice(&header.write());
        Ok(Batch::made(header, fitted(bytes)))
    }

    fn header(&self) -> BatchHeader {
        let producer = self.producer.unwrap_or(Producer {
            id: -1,
            epoch: -1,
            base_sequence: -1,
        });
        BatchHeader {
            base_offset: 0,
            batch_length: 0,
            partition_leader_epoch: -1,
            checksum: 0,
            attributes: Attributes(self.attributes | i16::from(self.codec.number())),
            last_offset_delta: self.offset_delta_next - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.append_time.unwrap_or(self.max_timestamp),
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            base_sequence: producer.base_sequence,
            records_count: self.count,
        }
    }
}

/// A batch waits in memory until it is in the log, so it gives back the room it grew into and did not need: up to as much
/// again as it has, which nobody counts.
fn fitted(bytes: BytesMut) -> Bytes {
    if bytes.capacity() - bytes.len() > bytes.len() / 8 {
        return Bytes::copy_from_slice(&bytes);
    }
    bytes.freeze()
}

/// Bytes of a record behind its length.
fn body_bytes(
    timestamp_delta: i64,
    offset_delta: i32,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: HeadersRef<'_>,
) -> usize {
    1 + varint::len_bytes(timestamp_delta)
        + varint::len_bytes(i64::from(offset_delta))
        + field_bytes(key)
        + field_bytes(value)
        + varint::len_bytes(headers.count() as i64)
        + headers.bytes()
}

fn field_bytes(field: Option<&[u8]>) -> usize {
    field.map_or(1, |field| varint::len_bytes(field.len() as i64) + field.len())
}

#[cfg(test)]
mod tests;
