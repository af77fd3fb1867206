//! A reader's place in some partitions of a topic, and the reading of the next page from there. Knows no form of answers
//! but through [`Page`], and keeps nothing between requests: the place travels in the cursor.

use std::time::Duration;

use bytes::Bytes;
use engine::{FetchError, FetchPart, FetchRequest, Fetched, FetchedBatch, Seen};
use records::{HEADER_BYTES, Limits, PREFIX_BYTES, Record, walk};
use store::ReadClass;
use tokio::sync::OwnedSemaphorePermit;

use super::query::Bounds;
use super::render::{self, Spot, Style};
use crate::http::cursor::Cursor;
use crate::http::front::{Front, TopicFacts};
use crate::http::problem::{Code, Problem, undecodable};

/// Readers within so many offsets of the end keep up; others read history.
const TAIL_OFFSETS: u64 = 100_000;
/// The text of records may be so many times as large as the batches that were asked for.
const TEXT_EXPANSION_MAX: usize = 2;

/// A place.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// The topic.
    pub(crate) topic: TopicFacts,
    /// The first partition.
    pub(crate) first: u32,
    /// Whether later partitions stay out.
    pub(crate) closed: bool,
    /// Whose turn to be first it is.
    pub(crate) turn: u32,
    /// The next offset of each partition.
    pub(crate) next: Vec<u64>,
    /// Where to end; for one partition alone.
    pub(crate) until: Option<u64>,
    /// How much is read.
    pub(crate) bounds: Bounds,
}

/// Records of a page, in the form asked for.
#[derive(Debug)]
pub(crate) enum Page {
    /// Envelopes, each followed by this byte but the last.
    Text {
        /// The text.
        out: Vec<u8>,
        /// How records are shown.
        style: Style,
        /// What stands between them.
        between: u8,
    },
    /// Batches with their offsets, in pieces.
    Batches(Vec<Bytes>),
}

/// What a page came to.
#[derive(Debug)]
pub(crate) struct Turned {
    /// Records in it, or batches.
    pub(crate) records: usize,
    /// The next offset that a record will get, by partition.
    pub(crate) ends: Vec<u64>,
    /// Whether the reader has reached all of them.
    pub(crate) at_end: bool,
    /// Memory for the page, to be held until it is sent.
    pub(crate) held: Option<OwnedSemaphorePermit>,
}

/// What is left of the bounds of a page.
struct Left {
    records: usize,
    text_max: usize,
}

impl Reader {
    /// The place as the client carries it.
    pub(crate) fn cursor(&self, seen: Seen) -> Cursor {
        Cursor {
            topic: self.topic.id,
            seen,
            first: self.first,
            closed: self.closed,
            turn: self.turn,
            next: self.next.clone(),
        }
    }

    /// Reads on into the page, waiting for a first record as long as `wait` allows. One partition's trouble does not
    /// keep the others' records back: it is told when there is nothing else to tell.
    ///
    /// # Errors
    /// What keeps the reader from going on, with `next_cursor` where it could.
    pub(crate) async fn turn(&mut self, front: &Front, wait: Duration, page: &mut Page) -> Result<Turned, Problem> {
        let order = self.order();
        let text_max = self.bounds.bytes_max.saturating_mul(TEXT_EXPANSION_MAX);
        let (ahead, class) = self.ahead(front);
        // Whoever has to wait holds no memory meanwhile: there may be thousands of them.
        let mut held = if ahead {
            Some(front.read_memory(text_max).await?)
        } else {
            None
        };
        let mut parts = front.engine().fetch(&self.request(&order, wait, class)).await;
        let beyond = parts
            .iter()
            .any(|part| is_beyond(&part.result, self.next_of(part.partition.partition)));
        if beyond && wait > Duration::ZERO && self.next.len() == 1 {
            self.wait_for_end(front, wait).await;
            parts = front.engine().fetch(&self.request(&order, Duration::ZERO, class)).await;
        }
        if held.is_none()
            && parts
                .iter()
                .any(|part| part.result.as_ref().is_ok_and(|part| !part.batches.is_empty()))
        {
            held = Some(front.read_memory(text_max).await?);
        }
        let mut left = Left {
            records: self.bounds.limit,
            text_max,
        };
        let mut ends = self.next.clone();
        let mut failure = None;
        let (mut bytes, mut records) = (0, 0);
        for (at, part) in order.into_iter().zip(parts) {
            let taken = part
                .result
                .map_err(|error| self.failed(front, at, error))
                .and_then(|fetched| {
                    if let Some(end) = ends.get_mut(at) {
                        *end = fetched.high_watermark;
                    }
                    bytes += fetched
                        .batches
                        .iter()
                        .map(|batch| batch.batch.bytes().len() as u64)
                        .sum::<u64>();
                    self.take(front, at, &fetched, page, &mut left)
                });
            match taken {
                Ok(0) => {}
                Ok(taken) => {
                    records += taken;
                    self.turn = (at as u32 + 1) % (self.next.len() as u32).max(1);
                }
                Err(problem) => failure = failure.or(Some(problem)),
            }
        }
        crate::http::metrics::fetched(records as u64, bytes);
        match failure {
            Some(problem) if records == 0 => Err(problem),
            failed => {
                let at_end = failed.is_none() && self.next.iter().zip(&ends).all(|(next, end)| next >= end);
                Ok(Turned {
                    records,
                    ends,
                    at_end,
                    held,
                })
            }
        }
    }

    fn next_of(&self, partition: u32) -> u64 {
        let at = partition.checked_sub(self.first).map_or(usize::MAX, |at| at as usize);
        self.next.get(at).copied().unwrap_or(0)
    }

    /// Indexes of the partitions, beginning with the one whose turn it is.
    fn order(&self) -> Vec<usize> {
        let count = self.next.len();
        (0..count)
            .map(|step| (self.turn as usize + step) % count.max(1))
            .collect()
    }

    fn request(&self, order: &[usize], wait: Duration, class: ReadClass) -> FetchRequest {
        let part = |&at: &usize| FetchPart {
            partition: self.topic.partition(self.first + at as u32),
            offset: self.next.get(at).copied().unwrap_or(0),
            bytes_max: self.bounds.bytes_max,
        };
        FetchRequest {
            parts: order.iter().map(part).collect(),
            bytes_max: self.bounds.bytes_max,
            bytes_min: 1,
            wait,
            class,
        }
    }

    /// Whether there are records for the reader, as far as is folded here, and for whom they are.
    fn ahead(&self, front: &Front) -> (bool, ReadClass) {
        let distance = front.engine().read(|state| {
            let ahead = |(at, next): (usize, &u64)| {
                let partition = state.partition(self.topic.partition(self.first + at as u32))?;
                Some(partition.high_watermark().saturating_sub(*next))
            };
            self.next.iter().enumerate().filter_map(ahead).max().unwrap_or(0)
        });
        (
            distance > 0,
            if distance > TAIL_OFFSETS {
                ReadClass::Backfill
            } else {
                ReadClass::Tail
            },
        )
    }

    /// Waits until the end has come as far as the reader.
    async fn wait_for_end(&self, front: &Front, wait: Duration) {
        let partition = self.topic.partition(self.first);
        let wanted = self.next_of(self.first);
        let deadline = front.clock().now() + wait;
        loop {
            let end = front
                .engine()
                .read(|state| state.partition(partition).map(|found| found.high_watermark()));
            let left = deadline.saturating_duration_since(front.clock().now());
            match end {
                Some(end) if end < wanted && !left.is_zero() && !front.is_stopping() => {
                    let part = FetchPart {
                        partition,
                        offset: end,
                        bytes_max: 1,
                    };
                    let class = ReadClass::Tail;
                    let ask = FetchRequest {
                        parts: vec![part],
                        bytes_max: 1,
                        bytes_min: 1,
                        wait: left,
                        class,
                    };
                    front.engine().fetch(&ask).await;
                }
                _ => return,
            }
        }
    }

    /// A partition that gave nothing: the problem, and the cursor with which the reader can go on behind it.
    fn failed(&self, front: &Front, at: usize, error: FetchError) -> Problem {
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
        problem.with("next_cursor", behind.cursor(front.engine().seen()).encode())
    }

    /// Takes a partition's records into the page, and moves behind them; how many they were.
    fn take(
        &mut self,
        front: &Front,
        at: usize,
        fetched: &Fetched,
        page: &mut Page,
        left: &mut Left,
    ) -> Result<usize, Problem> {
        let mut taken = 0;
        for batch in &fetched.batches {
            let next = self.next.get(at).copied().unwrap_or(0);
            if left.records == 0 || self.until.is_some_and(|until| batch.base_offset >= until) {
                break;
            }
            let partition = self.first + at as u32;
            let (count, behind, failed) = match page {
                Page::Batches(pieces) => (push_batch(pieces, batch), batch.last_offset() + 1, None),
                Page::Text { .. } => self.push_records(partition, next, batch, page, left),
            };
            left.records = left.records.saturating_sub(count);
            taken += count;
            if let Some(next) = self.next.get_mut(at) {
                *next = behind.max(*next);
            }
            match failed {
                Some(_) if taken > 0 => break,
                Some(error) => return Err(self.skipping(front, at, batch, &error)),
                None if behind <= batch.last_offset() => break,
                None => {}
            }
        }
        Ok(taken)
    }

    /// What cannot be decoded, and the cursor that passes it by.
    fn skipping(&self, front: &Front, at: usize, batch: &FetchedBatch, error: &records::BatchError) -> Problem {
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
            .with("next_cursor", behind.cursor(front.engine().seen()).encode())
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
            let full = count >= left.records || (out.len() >= left.text_max && !out.is_empty());
            if full || self.until.is_some_and(|until| offset >= until) {
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
        (count, behind, None)
    }
}

/// The offset of a record of a fetched batch.
pub(crate) fn offset_of(batch: &FetchedBatch, record: &Record) -> u64 {
    batch
        .base_offset
        .saturating_add(u64::try_from(record.offset_delta).unwrap_or(0))
}

fn is_beyond(result: &Result<Fetched, FetchError>, offset: u64) -> bool {
    matches!(result, Err(FetchError::OutOfRange { high_watermark, .. }) if offset > *high_watermark)
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
