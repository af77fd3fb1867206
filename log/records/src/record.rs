//! The records inside a batch, one after another.
//!
//! ```text
//! length varint, bytes behind it
//!   attributes i8 | timestamp delta varlong | offset delta varint
//!   key length varint (-1: null) | key | value length varint (-1: null) | value
//!   headers count varint, then each: name length varint | name | value length varint (-1: null) | value
//! ```
//!
//! Keys, values and headers are slices of the inflated buffer. It does not know what they mean.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::{Batch, BatchError, BatchHeader, Codec, HEADER_BYTES, Limits, RecordFault, TimestampType, inflate, varint};

/// One record of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Unused by version 2, kept as it was.
    pub attributes: i8,
    /// Timestamp less the batch's base timestamp, in ms.
    pub timestamp_delta: i64,
    /// Offset less the batch's base offset.
    pub offset_delta: i32,
    /// The key.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone where a topic is compacted.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
}

impl Record {
    /// The record's timestamp in ms since 1970, by its batch's timestamp type; saturates.
    #[must_use]
    pub fn timestamp(&self, header: &BatchHeader) -> i64 {
        match header.attributes.timestamp_type() {
            TimestampType::CreateTime => header.base_timestamp.saturating_add(self.timestamp_delta),
            TimestampType::LogAppendTime => header.max_timestamp,
        }
    }

    /// The record's offset by its batch's base offset; saturates.
    #[must_use]
    pub fn offset(&self, header: &BatchHeader) -> i64 {
        header.base_offset.saturating_add(i64::from(self.offset_delta))
    }

    /// The record as it would lie in a batch, without its length.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut into = BytesMut::new();
        into.extend_from_slice(&self.attributes.to_be_bytes());
        varint::write(&mut into, self.timestamp_delta);
        varint::write(&mut into, i64::from(self.offset_delta));
        write_field(&mut into, self.key.as_deref());
        write_field(&mut into, self.value.as_deref());
        varint::write(&mut into, self.headers.count as i64);
        into.extend_from_slice(&self.headers.encoded);
        into.freeze()
    }

    /// Reads what [`Record::encode`] wrote; keys, values and headers are slices of it.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn decode(bytes: &Bytes) -> Result<Self, RecordFault> {
        let end = bytes.len();
        Cursor { bytes, at: 0, end }.record()
    }
}

/// The headers of a record, in order, names repeated as they came. They stay encoded, for a header may be two bytes long
/// and a decoded one takes many times that; they were checked when the record was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    count: usize,
    encoded: Bytes,
}

impl Headers {
    /// As they lie in a record behind their number.
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Number of headers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each header as (name, value). Names are UTF-8 by convention, which nobody enforces.
    #[must_use]
    pub fn iter(&self) -> HeadersIter<'_> {
        HeadersIter {
            encoded: &self.encoded,
            at: 0,
            left: self.count,
        }
    }

    /// The same, as slices of what is encoded: for records of very many headers, where each [`Bytes`] would count.
    pub fn refs(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let (bytes, mut at) = (&self.encoded, 0);
        (0..self.count).map_while(move |_| {
            let end = bytes.len();
            let mut cursor = Cursor { bytes, at, end };
            let (name, value) = (cursor.range().ok()??, cursor.range().ok()?);
            at = cursor.at;
            Some((&bytes[name], value.map(|value| &bytes[value])))
        })
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = (Bytes, Option<Bytes>);
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, Option<V>)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, Option<V>)>>(headers: I) -> Self {
        let mut encoded = BytesMut::new();
        let mut count = 0;
        for (name, value) in headers {
            write_field(&mut encoded, Some(name.as_ref()));
            write_field(&mut encoded, value.as_ref().map(AsRef::as_ref));
            count += 1;
        }
        Self {
            count,
            encoded: encoded.freeze(),
        }
    }
}

/// Writes a length, -1 for none, and the bytes.
pub(crate) fn write_field(into: &mut BytesMut, field: Option<&[u8]>) {
    match field {
        None => varint::write(into, -1),
        Some(field) => {
            varint::write(into, field.len() as i64);
            into.extend_from_slice(field);
        }
    }
}

/// The headers of one record; see [`Headers::iter`].
#[derive(Debug, Clone)]
pub struct HeadersIter<'a> {
    encoded: &'a Bytes,
    at: usize,
    left: usize,
}

impl Iterator for HeadersIter<'_> {
    type Item = (Bytes, Option<Bytes>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let mut cursor = Cursor {
            bytes: self.encoded,
            at: self.at,
            end: self.encoded.len(),
        };
        let name = cursor.field().ok()??;
        let value = cursor.field().ok()?;
        self.at = cursor.at;
        Some((name, value))
    }
}

/// Reads the records of `batch`, inflating them if need be, no further than `limits` allow.
///
/// # Errors
/// `UnknownCodec`, `Codec`, `Empty` for a negative number of records; and from the iterator `Record`, after which it ends.
pub fn walk(batch: &Batch, limits: &Limits) -> Result<RecordIter, BatchError> {
    // None at all is what stands where all records were left out.
    let count = batch.header().records_count;
    if count < 0 {
        return Err(BatchError::Empty(count));
    }
    let payload = batch.bytes().slice(HEADER_BYTES..);
    let records = match batch.header().attributes.codec()? {
        Codec::None => payload,
        codec => inflate(codec, &payload, limits.inflate_cap_bytes(payload.len()))?,
    };
    let header = batch.header();
    Ok(RecordIter::new(records, header.records_count, header.last_offset_delta))
}

/// The index of the first record that has no key, if there is one.
///
/// # Errors
/// As [`walk`].
pub fn first_keyless(batch: &Batch, limits: &Limits) -> Result<Option<usize>, BatchError> {
    for (index, record) in walk(batch, limits)?.enumerate() {
        if record?.key.is_none() {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// The records of one batch, in order; see [`walk`].
#[derive(Debug, Clone)]
pub struct RecordIter {
    records: Bytes,
    at: usize,
    index: i32,
    count: i32,
    offset_delta_min: i64,
    offset_delta_max: i32,
    ended: bool,
}

impl RecordIter {
    /// Reads so many records, whose offset deltas go no further than that.
    pub(crate) fn new(records: Bytes, count: i32, offset_delta_max: i32) -> Self {
        Self {
            records,
            at: 0,
            index: 0,
            count,
            offset_delta_min: 0,
            offset_delta_max,
            ended: false,
        }
    }

    /// Bytes of all the batch's records, inflated.
    #[must_use]
    pub fn inflated_bytes(&self) -> usize {
        self.records.len()
    }

    fn record(&mut self) -> Result<Record, RecordFault> {
        let mut outer = Cursor {
            bytes: &self.records,
            at: self.at,
            end: self.records.len(),
        };
        let end = outer.length()?.ok_or(RecordFault::Negative)?;
        let mut cursor = Cursor {
            bytes: &self.records,
            at: outer.at,
            end,
        };
        let record = cursor.record()?;
        // A client's batch has each delta once; a compacted one has gaps, but they still rise.
        let delta = i64::from(record.offset_delta);
        if delta < self.offset_delta_min || record.offset_delta > self.offset_delta_max {
            return Err(RecordFault::OffsetDelta);
        }
        self.offset_delta_min = delta + 1;
        self.at = end;
        self.index += 1;
        Ok(record)
    }

    fn step(&mut self) -> Option<Result<Record, RecordFault>> {
        if self.index < self.count {
            return Some(self.record());
        }
        (self.at < self.records.len()).then_some(Err(RecordFault::Trailing))
    }
}

impl Iterator for RecordIter {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step();
        self.ended = !matches!(step, Some(Ok(_)));
        Some(step?.map_err(|fault| BatchError::Record {
            index: self.index,
            fault,
        }))
    }
}

/// A place in `bytes` that does not go beyond `end`.
struct Cursor<'a> {
    bytes: &'a Bytes,
    at: usize,
    end: usize,
}

impl Cursor<'_> {
    fn record(&mut self) -> Result<Record, RecordFault> {
        let attributes = self.bytes[..self.end]
            .get(self.at)
            .ok_or(RecordFault::Truncated)?
            .cast_signed();
        self.at += 1;
        Ok(Record {
            attributes,
            timestamp_delta: varint::read_i64(&self.bytes[..self.end], &mut self.at)?,
            offset_delta: varint::read_i32(&self.bytes[..self.end], &mut self.at)?,
            key: self.field()?,
            value: self.field()?,
            headers: self.headers()?,
        })
    }

    /// The headers, which fill the record to its end.
    fn headers(&mut self) -> Result<Headers, RecordFault> {
        let count = varint::read_i32(&self.bytes[..self.end], &mut self.at)?;
        let count = usize::try_from(count).map_err(|_| RecordFault::Negative)?;
        let start = self.at;
        for _ in 0..count {
            self.at = self.length()?.ok_or(RecordFault::Negative)?;
            self.at = self.length()?.unwrap_or(self.at);
        }
        if self.at < self.end {
            return Err(RecordFault::Trailing);
        }
        Ok(Headers {
            count,
            encoded: self.bytes.slice(start..self.end),
        })
    }

    fn field(&mut self) -> Result<Option<Bytes>, RecordFault> {
        Ok(self.range()?.map(|range| self.bytes.slice(range)))
    }

    /// Where a field lies; none for one that is not there.
    fn range(&mut self) -> Result<Option<Range<usize>>, RecordFault> {
        let Some(end) = self.length()? else { return Ok(None) };
        let start = std::mem::replace(&mut self.at, end);
        Ok(Some(start..end))
    }

    /// Reads a length and says where the field behind it ends; none for a length of -1.
    fn length(&mut self) -> Result<Option<usize>, RecordFault> {
        let length = varint::read_i32(&self.bytes[..self.end], &mut self.at)?;
        if length == -1 {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| RecordFault::Negative)?;
        if length > self.end - self.at {
            return Err(RecordFault::Truncated);
        }
        Ok(Some(self.at + length))
    }
}

#[cfg(test)]
mod tests;
