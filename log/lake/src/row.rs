//! What is known of a record and of the batch it came in, whichever form it lies in. Both sides of the room speak it: the
//! writer, which reads batches, and the reader, which reads columns.

use records::Record;
use sha2::{Digest as _, Sha256};

/// What the header of a batch says, but for its codec's work and its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    /// The attributes as they stand in the header, the transactional bit cleared.
    pub(crate) attributes: i16,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) offset: i64,
    /// Milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// The record's own attributes, which nobody uses.
    pub(crate) attributes: i8,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: &'a [HeaderRef<'a>],
}

/// A batch whose records cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<'a> {
    /// The greatest timestamp that its header names, in ms since 1970.
    pub(crate) timestamp: i64,
    /// Its bytes from the attributes on.
    pub(crate) bytes: &'a [u8],
    /// Why they cannot.
    pub(crate) why: &'a str,
}

/// A header of a record: name and value.
pub(crate) type HeaderRef<'a> = (&'a [u8], Option<&'a [u8]>);

/// Whoever takes records in the order of the log: each batch begins with its head, and then either has records or is
/// whole.
pub(crate) trait Sink {
    /// Why it takes no more.
    type Error;

    /// A batch begins, and the one before is complete.
    fn begin(&mut self, head: &Head) -> Result<(), Self::Error>;
    /// A record of the batch.
    fn record(&mut self, head: &Head, row: &Row<'_>) -> Result<(), Self::Error>;
    /// The batch, since its records cannot be told.
    fn whole(&mut self, head: &Head, whole: &Whole<'_>) -> Result<(), Self::Error>;
}

/// Tells a sink of a record whose offset and timestamp are known.
pub(crate) fn tell<S: Sink>(
    sink: &mut S,
    head: &Head,
    (offset, timestamp): (i64, i64),
    record: &Record,
) -> Result<(), S::Error> {
    let headers: Vec<HeaderRef<'_>> = record.headers.refs().collect();
    let row = Row {
        offset,
        timestamp,
        attributes: record.attributes,
        key: record.key.as_deref(),
        value: record.value.as_deref(),
        headers: &headers,
    };
    sink.record(head, &row)
}

/// The hash of records: of what a consumer is told, so that it is the same before and behind Parquet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hasher {
    sha: Sha256,
    pub(crate) batches: u64,
    pub(crate) records: u64,
}

impl Hasher {
    pub(crate) fn finish(self) -> [u8; 32] {
        self.sha.finalize().into()
    }

    fn field(&mut self, field: Option<&[u8]>) {
        let length = field.map_or(u64::MAX, |field| field.len() as u64);
        self.sha.update(length.to_le_bytes());
        self.sha.update(field.unwrap_or_default());
    }
}

impl Sink for Hasher {
    type Error = std::convert::Infallible;

    fn begin(&mut self, head: &Head) -> Result<(), Self::Error> {
        self.batches += 1;
        self.sha.update(b"batch");
        self.sha.update(head.base_offset.to_le_bytes());
        self.sha.update(head.last_offset.to_le_bytes());
        self.sha.update(head.attributes.to_le_bytes());
        self.sha.update(head.producer_id.to_le_bytes());
        self.sha.update(head.producer_epoch.to_le_bytes());
        self.sha.update(head.base_sequence.to_le_bytes());
        Ok(())
    }

    fn record(&mut self, _: &Head, row: &Row<'_>) -> Result<(), Self::Error> {
        self.records += 1;
        // One call for the numbers: the hash is taken of every record.
        let mut numbers = [0; 25];
        numbers[..8].copy_from_slice(&row.offset.to_le_bytes());
        numbers[8..16].copy_from_slice(&row.timestamp.to_le_bytes());
        numbers[16..24].copy_from_slice(&(row.headers.len() as u64).to_le_bytes());
        numbers[24..].copy_from_slice(&row.attributes.to_le_bytes());
        self.sha.update(numbers);
        self.field(row.key);
        self.field(row.value);
        for (name, value) in row.headers {
            self.field(Some(name));
            self.field(*value);
        }
        Ok(())
    }

    fn whole(&mut self, _: &Head, whole: &Whole<'_>) -> Result<(), Self::Error> {
        self.records += 1;
        self.sha.update(b"whole");
        self.field(Some(whole.bytes));
        Ok(())
    }
}
