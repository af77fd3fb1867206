//! A batch of the log, read for a lake file: its records, or why it is kept whole. It knows no columns.

use bytes::{Bytes, BytesMut};
use records::{Batch, BatchError, BatchHeader, Record, TimestampType};

use crate::row::{self, Head, Sink, Whole};
use crate::{LakeError, WriteSettings, rebuild};

/// What a record takes in memory besides its bytes, about: its fields, and its cells of columns of fixed width.
const RECORD_BYTES: usize = 128;
/// What a header takes besides its bytes, about: two slices, and places in the lists of columns.
const HEADER_BYTES: usize = 32;

/// A batch that was read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) head: Head,
    times: Times,
    /// Bytes of the batch.
    bytes: u64,
    content: Content,
}

/// What the header of a batch says of its records' timestamps.
#[derive(Debug, Clone, Copy)]
struct Times {
    timestamp: i64,
    /// All records have the timestamp above, which the log gave; else it is what theirs are relative to.
    appended: bool,
}

impl Times {
    fn of(header: &BatchHeader) -> Self {
        let appended = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
        let timestamp = if appended {
            header.max_timestamp
        } else {
            header.base_timestamp
        };
        Self { timestamp, appended }
    }

    /// That of a record; none beyond what 64 bits hold.
    fn at(self, record: &Record) -> Option<i64> {
        if self.appended {
            Some(self.timestamp)
        } else {
            self.timestamp.checked_add(record.timestamp_delta)
        }
    }
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
    /// The batch, and why.
    Whole {
        batch: Batch,
        why: String,
        /// Its records can be told, one after the other.
        large: bool,
    },
}

impl Source {
    /// Reads a batch that lies at `base_offset`. What cannot be told record by record, or not be built again from its
    /// records, is kept whole, and so is what would take more memory as rows than `batch_memory_bytes_max`: a producer's
    /// garbage inside a valid checksum stops nobody. A header whose greatest timestamp is not that of its records, as some
    /// clients write them, is no such garbage: it comes back with theirs, which is what Apache Kafka's brokers would have made
    /// of it when it was produced.
    pub(crate) fn read(batch: &Batch, base_offset: i64, settings: &WriteSettings) -> Self {
        let header = batch.header();
        let head = Head {
            base_offset,
            last_offset: base_offset.saturating_add(i64::from(header.last_offset_delta)),
            attributes: header.attributes.without_transaction().bits(),
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
        };
        let mut times = Times::of(header);
        let content = match records(batch, head.attributes, times, settings) {
            Ok(records) => Content::Records(records),
            Err(why) => {
                times.timestamp = header.max_timestamp;
                let (batch, large) = (batch.clone(), matches!(why, Why::Large(_)));
                let why = why.to_string();
                Content::Whole { batch, why, large }
            }
        };
        Self {
            head,
            times,
            bytes: batch.bytes().len() as u64,
            content,
        }
    }

    /// Leaves out the records that `keeps` does not want, each asked for by its offset; a batch whose records cannot be told
    /// stays. How many went, and how many of the batch's bytes they took, about.
    ///
    /// # Errors
    /// What is left of a batch that is kept whole does not become one.
    pub(crate) fn retain(
        &mut self,
        settings: &WriteSettings,
        mut keeps: impl FnMut(i64, &Record) -> bool,
    ) -> Result<Dropped, LakeError> {
        let base = self.head.base_offset;
        let mut keeps = |record: &Record| keeps(base.saturating_add(i64::from(record.offset_delta)), record);
        let records = match &mut self.content {
            Content::Records(records) => records,
            Content::Whole { large: false, .. } => return Ok(Dropped::default()),
            Content::Whole { batch, large: true, .. } => {
                let batch = batch.clone();
                return self.thin(&batch, settings, keeps);
            }
        };
        let (mut dropped, mut gone) = (Dropped::default(), 0);
        records.retain(|record| {
            let stays = keeps(record);
            if !stays {
                dropped.records += 1;
                gone += size(record);
            }
            stays
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
        Ok(dropped)
    }

    /// Leaves records out of a batch that is kept whole for what it would take as rows: what is left is built as it is read,
    /// and kept whole as well.
    fn thin(
        &mut self,
        batch: &Batch,
        settings: &WriteSettings,
        mut keeps: impl FnMut(&Record) -> bool,
    ) -> Result<Dropped, LakeError> {
        let (limits, times) = (&settings.batch_limits, Times::of(batch.header()));
        let records = || -> Result<_, BatchError> { Ok(records::walk(batch, limits)?.map_while(Result::ok)) };
        let stays: Vec<bool> = records()?.map(|record| keeps(&record)).collect();
        let gone = stays.iter().filter(|stays| !**stays).count();
        if gone == 0 {
            return Ok(Dropped::default());
        }
        let mut dropped = Dropped {
            records: gone as u64,
            bytes: self.bytes,
        };
        if gone == stays.len() {
            self.content = Content::Records(Vec::new());
            return Ok(dropped);
        }
        let codec = batch.header().attributes.codec()?;
        let mut builder = rebuild::builder(&self.head, times.timestamp, codec);
        for (record, _) in records()?.zip(&stays).filter(|(_, stays)| **stays) {
            let timestamp = times.at(&record).unwrap_or(times.timestamp);
            rebuild::push(&mut builder, |builder| builder.push_record(&record, timestamp))?;
        }
        builder.reach(batch.header().last_offset_delta)?;
        let left = builder.build()?;
        dropped.bytes = self.bytes.saturating_sub(left.bytes().len() as u64);
        self.times.timestamp = left.header().max_timestamp;
        if let Content::Whole { batch, .. } = &mut self.content {
            *batch = left;
        }
        Ok(dropped)
    }

    /// The greatest timestamp of a record.
    pub(crate) fn max_timestamp(&self) -> i64 {
        match &self.content {
            Content::Records(records) => {
                let timestamps = records.iter().filter_map(|record| self.times.at(record));
                timestamps.max().unwrap_or(self.times.timestamp)
            }
            Content::Whole { .. } => self.times.timestamp,
        }
    }

    /// The rows that it will be.
    pub(crate) fn rows(&self) -> usize {
        match &self.content {
            Content::Records(records) => records.len(),
            Content::Whole { .. } => 1,
        }
    }

    /// Tells a sink of the batch.
    pub(crate) fn feed<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        sink.begin(&self.head)?;
        let records = match &self.content {
            Content::Records(records) => records,
            Content::Whole { batch, why, .. } => {
                let bytes = &whole(batch);
                let whole = Whole {
                    timestamp: self.times.timestamp,
                    bytes,
                    why,
                };
                return sink.whole(&self.head, &whole);
            }
        };
        records.iter().try_for_each(|record| {
            let offset = self.head.base_offset.saturating_add(i64::from(record.offset_delta));
            // Each was seen to fit when the batch was read.
            let timestamp = self.times.at(record).unwrap_or(self.times.timestamp);
            row::tell(sink, &self.head, (offset, timestamp), record)
        })
    }
}

/// Why a batch is kept whole.
#[derive(Debug, thiserror::Error)]
enum Why {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error("attributes {0:#x} are not a producer's")]
    Attributes(i16),
    #[error("the timestamp at offset delta {0} cannot be")]
    Timestamp(i32),
    #[error("no offset is next to delta {0}")]
    OffsetDelta(i32),
    #[error("as rows it would take more than {0} bytes")]
    Large(usize),
}

/// The records of a batch, or why they cannot be told. It is counted what they take before there are many of them: a record
/// can be seven bytes, and a header two, of which compression leaves next to nothing.
fn records(batch: &Batch, attributes: i16, times: Times, settings: &WriteSettings) -> Result<Vec<Record>, Why> {
    // Bits that building a batch would not set again.
    if attributes & !0b1111 != 0 {
        return Err(Why::Attributes(attributes));
    }
    let last = batch.header().last_offset_delta;
    if last == i32::MAX {
        return Err(Why::OffsetDelta(last));
    }
    let walk = records::walk(batch, &settings.batch_limits)?;
    let (mut records, mut bytes) = (Vec::new(), walk.inflated_bytes());
    for record in walk {
        let record = record?;
        times.at(&record).ok_or(Why::Timestamp(record.offset_delta))?;
        let headers = record.headers.len().saturating_mul(HEADER_BYTES);
        bytes = bytes.saturating_add(RECORD_BYTES).saturating_add(headers);
        if bytes <= settings.batch_memory_bytes_max {
            records.push(record);
        } else {
            // No more of them, but whether they can be told.
            records = Vec::new();
        }
    }
    match bytes <= settings.batch_memory_bytes_max {
        true => Ok(records),
        false => Err(Why::Large(settings.batch_memory_bytes_max)),
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
