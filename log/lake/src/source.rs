//! A batch of the log, read for a lake file: its records, or why it is kept whole. It knows no columns.

use bytes::{Bytes, BytesMut};
use records::{Attributes, Batch, Limits, Record, TimestampType};

use crate::row::{Head, HeaderRef, Row, Sink};

/// Bytes of a batch before its attributes, which are made anew: offset, length, epoch, magic and checksum.
pub(crate) const BEFORE_ATTRIBUTES: usize = 21;

/// A batch that was read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) head: Head,
    timestamp: i64,
    /// All records have the timestamp above, which the log gave; else it is what theirs are relative to.
    appended: bool,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Records(Vec<Record>),
    Whole { bytes: Bytes, why: String },
}

impl Source {
    /// Reads a batch that lies at `base_offset`. What cannot be told record by record, or not be built again from its
    /// records, is kept whole: a producer's garbage inside a valid checksum stops nobody.
    pub(crate) fn read(batch: &Batch, base_offset: i64, limits: &Limits) -> Self {
        let header = batch.header();
        let appended = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
        let head = Head {
            base_offset,
            last_offset: base_offset.saturating_add(i64::from(header.last_offset_delta)),
            attributes: header.attributes.without_transaction().bits(),
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
        };
        let mut source = Self {
            head,
            timestamp: if appended {
                header.max_timestamp
            } else {
                header.base_timestamp
            },
            appended,
            content: Content::Records(Vec::new()),
        };
        source.content = match source.records(batch, limits) {
            Ok(records) => Content::Records(records),
            Err(why) => {
                source.timestamp = header.max_timestamp;
                Content::Whole {
                    bytes: whole(batch, header.attributes),
                    why,
                }
            }
        };
        source
    }

    fn records(&self, batch: &Batch, limits: &Limits) -> Result<Vec<Record>, String> {
        // Bits that building a batch would not set again.
        if self.head.attributes & !0b1111 != 0 {
            return Err(format!("attributes {:#x} are not a producer's", self.head.attributes));
        }
        let records = records::walk(batch, limits).map_err(|error| error.to_string())?;
        let records: Vec<Record> = records.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let first = records.first().and_then(|record| self.timestamp_of(record));
        let apart = |record: &Record| self.timestamp_of(record)?.checked_sub(first?);
        match records.iter().find(|record| apart(record).is_none()) {
            Some(record) => Err(format!(
                "the timestamp at offset delta {} cannot be",
                record.offset_delta
            )),
            None => Ok(records),
        }
    }

    /// None beyond what 64 bits hold.
    fn timestamp_of(&self, record: &Record) -> Option<i64> {
        if self.appended {
            Some(self.timestamp)
        } else {
            self.timestamp.checked_add(record.timestamp_delta)
        }
    }

    /// The timestamp of a batch that is kept whole, in ms since 1970.
    pub(crate) fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// Tells a sink of the batch.
    pub(crate) fn feed<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        sink.begin(&self.head)?;
        let records = match &self.content {
            Content::Records(records) => records,
            Content::Whole { bytes, why } => return sink.whole(&self.head, bytes, why),
        };
        for record in records {
            let headers: Vec<(Bytes, Option<Bytes>)> = record.headers.iter().collect();
            let headers: Vec<HeaderRef<'_>> = headers
                .iter()
                .map(|(name, value)| (&name[..], value.as_deref()))
                .collect();
            let row = Row {
                offset: self.head.base_offset.saturating_add(i64::from(record.offset_delta)),
                // Each was seen to fit when the batch was read.
                timestamp: self.timestamp_of(record).unwrap_or(self.timestamp),
                attributes: record.attributes,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &headers,
            };
            sink.record(&self.head, &row)?;
        }
        Ok(())
    }
}

/// The batch from its attributes on, outside any transaction.
fn whole(batch: &Batch, attributes: Attributes) -> Bytes {
    let bytes = batch.bytes().slice(BEFORE_ATTRIBUTES..);
    let outside = attributes.without_transaction();
    if outside == attributes {
        return bytes;
    }
    let mut bytes = BytesMut::from(&bytes[..]);
    bytes[..2].copy_from_slice(&outside.bits().to_be_bytes());
    bytes.freeze()
}
