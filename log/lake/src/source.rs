//! A batch of the log, read for a lake file: its records, or why it is kept whole. It knows no columns.

use bytes::{Bytes, BytesMut};
use records::{Batch, Limits, Record, TimestampType};

use crate::row::{self, Head, Sink, Whole};

/// A batch that was read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) head: Head,
    timestamp: i64,
    /// Bytes of the batch.
    bytes: u64,
    /// All records have the timestamp above, which the log gave; else it is what theirs are relative to.
    appended: bool,
    content: Content,
}

/// Records that were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many.
    pub records: u64,
    /// Bytes of their batches that were theirs, about.
    pub bytes: u64,
}

impl Dropped {
    /// Both together.
    pub fn add(&mut self, other: Dropped) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

/// What a record takes, but for lengths and headers: only shares of it matter.
fn size(record: &Record) -> u64 {
    let field = |field: &Option<Bytes>| field.as_ref().map_or(0, Bytes::len) as u64;
    16 + field(&record.key) + field(&record.value)
}

#[derive(Debug)]
enum Content {
    Records(Vec<Record>),
    /// The bytes from the attributes on, and why.
    Whole(Bytes, String),
}

impl Source {
    /// Reads a batch that lies at `base_offset`. What cannot be told record by record, or not be built again from its
    /// records, is kept whole: a producer's garbage inside a valid checksum stops nobody. A header whose greatest timestamp
    /// is not that of its records, as some clients write them, is no such garbage: it comes back with theirs, which is what
    /// Apache Kafka's brokers would have made of it when it was produced.
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
            bytes: batch.bytes().len() as u64,
            content: Content::Records(Vec::new()),
        };
        source.content = match source.records(batch, limits) {
            Ok(records) => Content::Records(records),
            Err(why) => {
                source.timestamp = header.max_timestamp;
                Content::Whole(whole(batch), why)
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

    /// Leaves out the records that `keeps` does not want, each asked for by its offset; a batch that is kept whole stays.
    /// How many went, and how many of the batch's bytes they took, about.
    pub(crate) fn retain(&mut self, mut keeps: impl FnMut(i64, &Record) -> bool) -> Dropped {
        let base = self.head.base_offset;
        let Content::Records(records) = &mut self.content else {
            return Dropped::default();
        };
        let (mut dropped, mut gone) = (Dropped::default(), 0);
        records.retain(|record| {
            let keeps = keeps(base.saturating_add(i64::from(record.offset_delta)), record);
            if !keeps {
                dropped.records += 1;
                gone += size(record);
            }
            keeps
        });
        dropped.bytes = match (dropped.records, records.is_empty()) {
            (0, _) => 0,
            (_, true) => self.bytes,
            (_, false) => {
                let all = gone + records.iter().map(size).sum::<u64>();
                let share = self.bytes.saturating_mul(gone).checked_div(all).unwrap_or(0);
                share.min(self.bytes.saturating_sub(1))
            }
        };
        dropped
    }

    /// The greatest timestamp of a record.
    pub(crate) fn max_timestamp(&self) -> i64 {
        match &self.content {
            Content::Records(records) => {
                let timestamps = records.iter().filter_map(|record| self.timestamp_of(record));
                timestamps.max().unwrap_or(self.timestamp)
            }
            Content::Whole(..) => self.timestamp,
        }
    }

    /// The rows that it will be.
    pub(crate) fn rows(&self) -> usize {
        match &self.content {
            Content::Records(records) => records.len(),
            Content::Whole(..) => 1,
        }
    }

    /// Tells a sink of the batch.
    pub(crate) fn feed<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        sink.begin(&self.head)?;
        let records = match &self.content {
            Content::Records(records) => records,
            Content::Whole(bytes, why) => {
                let whole = Whole {
                    timestamp: self.timestamp,
                    bytes,
                    why,
                };
                return sink.whole(&self.head, &whole);
            }
        };
        records.iter().try_for_each(|record| {
            let offset = self.head.base_offset.saturating_add(i64::from(record.offset_delta));
            // Each was seen to fit when the batch was read.
            let timestamp = self.timestamp_of(record).unwrap_or(self.timestamp);
            row::tell(sink, &self.head, (offset, timestamp), record)
        })
    }
}

/// The batch from its attributes on, outside any transaction.
fn whole(batch: &Batch) -> Bytes {
    let attributes = batch.header().attributes;
    let outside = attributes.without_transaction();
    let bytes = batch.checksummed();
    if outside == attributes {
        return bytes;
    }
    let mut bytes = BytesMut::from(&bytes[..]);
    bytes[..2].copy_from_slice(&outside.bits().to_be_bytes());
    bytes.freeze()
}
