//! Taking what was fetched into a page, record by record, as far as the bounds allow.

use bytes::Bytes;
use engine::{FetchError, Fetched, FetchedBatch};
use records::{HEADER_BYTES, Limits, PREFIX_BYTES, Record, walk};

use super::{Left, Page, Reader};
use crate::http::problem::{Code, Problem, undecodable};
use crate::http::read::render::{self, Spot};

impl Reader {
    /// A partition that gave nothing: the problem, and the cursor with which the reader can go on behind it.
    pub(super) fn failed(&self, at: usize, error: FetchError) -> Problem {
        let partition = self.first + at as u32;
        let mut behind = self.clone();
        let mut skip_to = |offset: u64| {
            if let Some(next) = behind.next.get_mut(at) {
                *next = offset;
            }
        };
        let problem = match error {
            FetchError::OutOfRange {
                log_start,
                high_watermark,
            } => {
                let offset = self.next.get(at).copied().unwrap_or(0);
                skip_to(offset.clamp(log_start, high_watermark));
                out_of_range(partition, offset, log_start, high_watermark)
            }
            FetchError::Corrupt { last, .. } => {
                skip_to(last.saturating_add(1));
                Problem::from(error).with("partition", partition)
            }
            other => return Problem::from(other).with("partition", partition),
        };
        problem.with("next_cursor", behind.cursor().encode())
    }

    /// Takes a partition's records into the page, and moves behind them; how many they were.
    pub(super) fn take(
        &mut self,
        at: usize,
        fetched: &Fetched,
        page: &mut Page,
        left: &mut Left,
    ) -> Result<usize, Problem> {
        let mut taken = 0;
        for batch in &fetched.batches {
            let next = self.next.get(at).copied().unwrap_or(0);
            if left.records == 0 {
                break;
            }
            if let Some(until) = self.until.filter(|until| batch.base_offset >= *until) {
                // Between the two lies nothing, or the reader would come back for it again and again.
                self.move_to(at, until);
                break;
            }
            let partition = self.first + at as u32;
            let (count, behind, failed) = match page {
                Page::Batches(pieces) => (push_batch(pieces, batch), batch.last_offset() + 1, None),
                Page::Text { .. } => self.push_records(partition, next, batch, page, left),
            };
            left.records = left.records.saturating_sub(count);
            taken += count;
            self.move_to(at, behind);
            match failed {
                Some(_) if taken > 0 => break,
                Some(error) => return Err(self.skipping(at, batch, &error)),
                None if behind <= batch.last_offset() => break,
                None => {}
            }
        }
        Ok(taken)
    }

    /// Moves a partition's place on; never back.
    fn move_to(&mut self, at: usize, offset: u64) {
        if let Some(next) = self.next.get_mut(at) {
            *next = offset.max(*next);
        }
    }

    /// What cannot be decoded, and the cursor that passes it by.
    fn skipping(&self, at: usize, batch: &FetchedBatch, error: &records::BatchError) -> Problem {
        let mut behind = self.clone();
        let first = self
            .next
            .get(at)
            .copied()
            .unwrap_or(batch.base_offset)
            .max(batch.base_offset);
        if let Some(next) = behind.next.get_mut(at) {
            *next = batch.last_offset() + 1;
        }
        undecodable(self.first + at as u32, first, batch.last_offset(), error)
            .with("next_cursor", behind.cursor().encode())
    }

    /// Writes the records of a batch from an offset on; how many, the offset behind them, and what stopped it.
    fn push_records(
        &self,
        partition: u32,
        from: u64,
        batch: &FetchedBatch,
        page: &mut Page,
        left: &Left,
    ) -> (usize, u64, Option<records::BatchError>) {
        let Page::Text { out, style, between } = page else {
            return (0, from, None);
        };
        let header = batch.batch.header();
        let behind = batch.last_offset() + 1;
        if header.attributes.is_control() {
            return (0, behind, None);
        }
        let records = match walk(&batch.batch, &Limits::default()) {
            Ok(records) => records,
            Err(error) => return (0, from, Some(error)),
        };
        let (mut count, mut next) = (0, from);
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(error) => return (count, next, Some(error)),
            };
            let offset = offset_of(batch, &record);
            if offset < from {
                continue;
            }
            if let Some(until) = self.until.filter(|until| offset >= *until) {
                return (count, until, None);
            }
            if count >= left.records || (out.len() >= left.text_max && !out.is_empty()) {
                return (count, next, None);
            }
            if !out.is_empty() {
                out.push(*between);
            }
            let timestamp = record.timestamp(header);
            render::envelope(
                out,
                Spot {
                    partition,
                    offset,
                    timestamp,
                },
                &record,
                *style,
            );
            (count, next) = (count + 1, offset + 1);
        }
        (count, self.until.map_or(behind, |until| behind.min(until)), None)
    }
}

/// The offset of a record of a fetched batch.
pub(crate) fn offset_of(batch: &FetchedBatch, record: &Record) -> u64 {
    batch
        .base_offset
        .saturating_add(u64::try_from(record.offset_delta).unwrap_or(0))
}

/// An offset on one side or the other of what there is.
pub(crate) fn out_of_range(partition: u32, offset: u64, log_start: u64, high_watermark: u64) -> Problem {
    let problem = if offset < log_start {
        Problem::new(
            Code::OffsetGone,
            format!("offset {offset} is gone, the oldest record is {log_start}"),
        )
    } else {
        let text = format!("offset {offset} is beyond the end, the next record gets {high_watermark}");
        Problem::new(Code::OffsetOutOfRange, text)
    };
    problem
        .with("partition", partition)
        .with("earliest", log_start)
        .with("high_watermark", high_watermark)
}

fn push_batch(pieces: &mut Vec<Bytes>, batch: &FetchedBatch) -> usize {
    // The header alone is longer than the prefix, or it would be no batch.
    const { assert!(PREFIX_BYTES <= HEADER_BYTES) };
    pieces.push(Bytes::copy_from_slice(&batch.prefix()));
    pieces.push(batch.batch.bytes().slice(PREFIX_BYTES..));
    batch.batch.records() as usize
}

#[cfg(test)]
mod tests;
