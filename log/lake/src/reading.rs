//! One read of a lake file, step by step: it says which bytes it needs, is given them, and makes batches of their rows.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, RecordBatch};
use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use records::Record;

use crate::LakeError;
use crate::checks::Checks;
use crate::columns::Column;
use crate::error::{cut, unreadable};
use crate::file::LakeFile;
use crate::pages::{RowRange, rows_at_once};
use crate::rebuild::{Rebuilder, Rebuilt};
use crate::row::{self, Head, HeaderRef, Row, Sink, Whole};
use crate::rows::WHOLE;

/// A read of a lake file.
#[derive(Debug)]
pub struct Reading {
    rows: Option<Decoding<Rebuilder>>,
    next: i64,
    /// The batch that goes on behind the rows that are read has this base.
    goes_on: i64,
}

/// What a read does next.
#[derive(Debug)]
pub enum Step {
    /// It needs these ranges of the file, in bytes.
    Need(Vec<Range<u64>>),
    /// It is done.
    Done(Read),
}

/// What a read gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The batches, in the order of their offsets.
    pub batches: Vec<Rebuilt>,
    /// The offset to read on from; one beyond the partition's last when nothing is left in the file.
    pub next: i64,
}

impl Reading {
    pub(crate) fn empty(last: i64) -> Self {
        Self {
            rows: None,
            next: last.saturating_add(1),
            goes_on: i64::MAX,
        }
    }

    pub(crate) fn new(
        file: &LakeFile,
        group: usize,
        range: &RowRange,
        from: i64,
        next: i64,
    ) -> Result<Self, LakeError> {
        let selection = RowSelection::from(vec![
            RowSelector::skip(range.rows.start),
            RowSelector::select(range.rows.len()),
        ]);
        Ok(Self {
            rows: Some(Decoding::new(
                file,
                group,
                from,
                Some(selection),
                file.projection(),
                Rebuilder::default(),
            )?),
            next,
            goes_on: range.next_base.unwrap_or(i64::MAX),
        })
    }

    /// Goes on as far as the bytes that are there allow.
    ///
    /// # Errors
    /// `Parquet` and `Format` for a damaged file.
    pub fn step(&mut self) -> Result<Step, LakeError> {
        let Some(rows) = &mut self.rows else {
            return Ok(Step::Done(Read {
                batches: Vec::new(),
                next: self.next,
            }));
        };
        if let Some(ranges) = rows.step()? {
            return Ok(Step::Need(ranges));
        }
        let rebuilder = &mut rows.sink;
        let mut next = self.next;
        match rebuilder.incomplete() {
            Some(base) if base >= self.goes_on => next = base,
            _ => rebuilder.complete()?,
        }
        let batches = rebuilder.take();
        Ok(Step::Done(Read { batches, next }))
    }

    /// Reads to the end from a file that is in memory.
    ///
    /// # Errors
    /// As [`Reading::step`] and [`Reading::give`], and `Format` where the file is shorter than its indexes say.
    pub fn over(mut self, file: &Bytes) -> Result<Read, LakeError> {
        loop {
            match self.step()? {
                Step::Done(read) => return Ok(read),
                Step::Need(ranges) => {
                    let parts: Option<Vec<Bytes>> = ranges.iter().map(|range| cut(file, 0, range)).collect();
                    let parts = parts.ok_or_else(|| unreadable(format!("{} bytes are not all of it", file.len())))?;
                    self.give(ranges, parts)?;
                }
            }
        }
    }

    /// Gives it the bytes of the ranges that it asked for.
    ///
    /// # Errors
    /// `Format` when they are damaged.
    pub fn give(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<(), LakeError> {
        match &mut self.rows {
            Some(rows) => rows.give(ranges, bytes),
            None => Ok(()),
        }
    }
}

/// Rows of a row group on their way to a sink.
#[derive(Debug)]
pub(crate) struct Decoding<S> {
    decoder: ParquetPushDecoder,
    /// Batches that end before are left out: of the first, the rows may begin in its midst.
    from: i64,
    head: Option<Head>,
    checks: Arc<Checks>,
    pub(crate) sink: S,
}

impl<S: Sink> Decoding<S>
where
    LakeError: From<S::Error>,
{
    /// `columns` are at least those that records are rebuilt of.
    pub(crate) fn new(
        file: &LakeFile,
        group: usize,
        from: i64,
        selection: Option<RowSelection>,
        columns: ProjectionMask,
        sink: S,
    ) -> Result<Self, LakeError> {
        let mut builder = ParquetPushDecoderBuilder::new_with_metadata(file.arrow().clone())
            .with_row_groups(vec![group])
            .with_batch_size(rows_at_once(file.metadata(), group, &columns))
            .with_projection(columns);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        Ok(Self {
            decoder: builder.build()?,
            from,
            head: None,
            checks: Arc::clone(file.checks()),
            sink,
        })
    }

    /// Decodes what can be; the ranges that are needed for more, or none when all rows were told.
    pub(crate) fn step(&mut self) -> Result<Option<Vec<Range<u64>>>, LakeError> {
        loop {
            match self.decoder.try_decode()? {
                DecodeResult::NeedsData(ranges) => return Ok(Some(self.checks.widen(&ranges))),
                DecodeResult::Data(batch) => tell(&batch, self.from, &mut self.head, &mut self.sink)?,
                DecodeResult::Finished => return Ok(None),
            }
        }
    }

    pub(crate) fn give(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<(), LakeError> {
        for (range, bytes) in ranges.iter().zip(&bytes) {
            self.checks.check(range, bytes)?;
        }
        Ok(self.decoder.push_ranges(ranges, bytes)?)
    }
}

/// Tells a sink of rows. `head` is that of the batch which the rows before belonged to.
fn tell<S: Sink>(rows: &RecordBatch, from: i64, head: &mut Option<Head>, sink: &mut S) -> Result<(), LakeError>
where
    LakeError: From<S::Error>,
{
    let int = |column: Column| rows.column(column.at()).as_primitive::<Int32Type>();
    let long = |column: Column| rows.column(column.at()).as_primitive::<Int64Type>();
    let offset = long(Column::Offset);
    let timestamp = rows
        .column(Column::Timestamp.at())
        .as_primitive::<TimestampMicrosecondType>();
    let millis = |at: usize| timestamp.value(at).div_euclid(1000);
    let key = rows.column(Column::Key.at()).as_binary::<i32>();
    let value = rows.column(Column::Value.at()).as_binary::<i32>();
    let raw = rows.column(Column::Raw.at()).as_binary::<i32>();
    let error = rows.column(Column::SchemaError.at()).as_string::<i32>();
    let headers = rows.column(Column::Headers.at()).as_list::<i32>();
    let header = headers.values().as_struct();
    let header_key = header.column(0).as_string::<i32>();
    let header_value = header.column(1).as_binary::<i32>();
    let (base, last) = (long(Column::BatchBaseOffset), long(Column::BatchLastOffset));
    let (attributes, producer) = (int(Column::BatchAttributes), long(Column::ProducerId));
    let (epoch, sequence) = (int(Column::ProducerEpoch), int(Column::BaseSequence));
    let mut pairs: Vec<HeaderRef<'_>> = Vec::new();
    for at in 0..rows.num_rows() {
        if last.value(at) < from {
            continue;
        }
        let flags = attributes.value(at);
        let own = Head {
            base_offset: base.value(at),
            last_offset: last.value(at),
            attributes: (flags & 0xffff) as u16 as i16,
            producer_id: producer.value(at),
            producer_epoch: i16::try_from(epoch.value(at)).map_err(|_| unreadable("an epoch of more than 16 bits"))?,
            base_sequence: sequence.value(at),
        };
        if *head != Some(own) {
            sink.begin(&own)?;
            *head = Some(own);
        }
        if flags & WHOLE != 0 {
            let whole = Whole {
                timestamp: millis(at),
                bytes: raw.value(at),
                why: error.value(at),
            };
            sink.whole(&own, &whole)?;
            continue;
        }
        if raw.is_valid(at) {
            tell_raw(&own, offset.value(at), raw.value(at), sink)?;
            continue;
        }
        pairs.clear();
        let ends = headers.value_offsets();
        let (start, end) = (ends[at], ends[at + 1]);
        for at in usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0) {
            let value = header_value.is_valid(at).then(|| header_value.value(at));
            pairs.push((header_key.value(at).as_bytes(), value));
        }
        let row = Row {
            offset: offset.value(at),
            timestamp: millis(at),
            attributes: 0,
            key: key.is_valid(at).then(|| key.value(at)),
            value: value.is_valid(at).then(|| value.value(at)),
            headers: &pairs,
        };
        sink.record(&own, &row)?;
    }
    Ok(())
}

/// Tells a sink of a record that the columns could not hold.
fn tell_raw<S: Sink>(head: &Head, offset: i64, raw: &[u8], sink: &mut S) -> Result<(), LakeError>
where
    LakeError: From<S::Error>,
{
    let record = Record::decode(&Bytes::copy_from_slice(raw));
    let record = record.map_err(|fault| unreadable(format!("a raw record at {offset}: {fault}")))?;
    Ok(row::tell(sink, head, (offset, record.timestamp_delta), &record)?)
}
