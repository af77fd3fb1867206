//! A reader's place in some partitions of a topic, and the reading of the next page from there. Knows no form of answers
//! but through [`Page`], and keeps nothing between requests: the place travels in the cursor.

mod fetch;
mod take;

use std::time::Duration;

use bytes::Bytes;
use engine::Seen;
use tokio::sync::OwnedSemaphorePermit;

use super::query::Bounds;
use super::render::Style;
use crate::http::cursor::Cursor;
use crate::http::front::{Front, TopicFacts};
use crate::http::problem::Problem;
use fetch::Got;

pub(crate) use take::{offset_of, out_of_range};

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
    /// How far the log was folded when that place was reached. A reader whose history was lost reads nothing more.
    pub(crate) seen: Seen,
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
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor {
            topic: self.topic.id,
            seen: self.seen,
            first: self.first,
            closed: self.closed,
            turn: self.turn,
            next: self.next.clone(),
        }
    }

    /// Whether it has come to where it is to end.
    pub(crate) fn has_ended(&self) -> bool {
        let next = self.next.first().copied().unwrap_or(0);
        self.until.is_some_and(|until| next >= until)
    }

    /// Reads on into the page, waiting for a first record as long as `wait` allows. One partition's trouble does not
    /// keep the others' records back: it is told when there is nothing else to tell.
    ///
    /// # Errors
    /// What keeps the reader from going on, with `next_cursor` where it could.
    pub(crate) async fn turn(&mut self, front: &Front, wait: Duration, page: &mut Page) -> Result<Turned, Problem> {
        let order = self.order();
        let (parts, held) = match self.fetch(front, &order, wait).await? {
            Got::Parts { parts, held } => (parts, held),
            Got::NotYet { end } => {
                return Ok(Turned {
                    records: 0,
                    ends: vec![end],
                    at_end: true,
                    held: None,
                });
            }
        };
        let text_max = self.text_bytes_max();
        let mut left = Left {
            records: self.bounds.limit,
            text_max,
        };
        let mut ends = self.next.clone();
        let mut failure = None;
        let (mut bytes, mut records) = (0, 0);
        for (at, part) in order.into_iter().zip(parts) {
            let taken = part.result.map_err(|error| self.failed(at, error)).and_then(|fetched| {
                if let Some(end) = ends.get_mut(at) {
                    *end = fetched.high_watermark;
                }
                self.seen = self.seen.max(fetched.seen);
                bytes += fetched
                    .batches
                    .iter()
                    .map(|batch| batch.batch.bytes().len() as u64)
                    .sum::<u64>();
                self.take(at, &fetched, page, &mut left)
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

    /// The text of a page, at most but for its first record, in bytes.
    fn text_bytes_max(&self) -> usize {
        self.bounds.bytes_max.saturating_mul(TEXT_EXPANSION_MAX)
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
}
