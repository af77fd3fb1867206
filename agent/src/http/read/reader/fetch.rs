//! The fetch behind a page: for whom it is, how long it waits, and when it takes memory.

use std::time::Duration;

use engine::{FetchError, FetchPart, FetchRequest, Fetched, FetchedPart};
use store::ReadClass;
use tokio::sync::OwnedSemaphorePermit;

use super::Reader;
use crate::http::front::Front;
use crate::http::problem::Problem;

/// Readers within so many offsets of the end keep up; others read history.
const TAIL_OFFSETS: u64 = 100_000;

/// What a fetch gave.
pub(super) enum Got {
    /// Each partition's part, in the order asked for.
    Parts {
        /// The parts.
        parts: Vec<FetchedPart>,
        /// Memory for a page of them; none when they are empty.
        held: Option<OwnedSemaphorePermit>,
    },
    /// The end has not come as far as the reader.
    NotYet {
        /// Where it is.
        end: u64,
    },
}

impl Reader {
    /// Fetches each partition's next batches, waiting for the first of them. Whoever waits holds no memory meanwhile:
    /// there may be thousands of them.
    pub(super) async fn fetch(&self, front: &Front, order: &[usize], wait: Duration) -> Result<Got, Problem> {
        let text_max = self.text_bytes_max();
        let (ahead, class) = self.ahead(front);
        let mut held = if ahead {
            Some(front.read_memory(text_max).await?)
        } else {
            None
        };
        let mut parts = front.engine().fetch(&self.request(order, wait, class)).await;
        let beyond = parts
            .iter()
            .any(|part| is_beyond(&part.result, self.next_of(part.partition.partition)));
        if beyond && wait > Duration::ZERO && self.next.len() == 1 {
            if let Some(end) = self.wait_for_end(front, wait).await {
                return Ok(Got::NotYet { end });
            }
            parts = front.engine().fetch(&self.request(order, Duration::ZERO, class)).await;
        }
        let any = parts
            .iter()
            .any(|part| part.result.as_ref().is_ok_and(|part| !part.batches.is_empty()));
        if any && held.is_none() {
            held = Some(front.read_memory(text_max).await?);
        }
        Ok(Got::Parts { parts, held })
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
            after: Some(self.seen),
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

    /// Waits until the end has come as far as the reader; the end, when it has not.
    async fn wait_for_end(&self, front: &Front, wait: Duration) -> Option<u64> {
        let partition = self.topic.partition(self.first);
        let wanted = self.next_of(self.first);
        let deadline = front.clock().now() + wait;
        loop {
            let end = front
                .engine()
                .read(|state| state.partition(partition).map(|found| found.high_watermark()))?;
            let left = deadline.saturating_duration_since(front.clock().now());
            if end >= wanted {
                return None;
            }
            if left.is_zero() || front.is_stopping() {
                return Some(end);
            }
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
                after: Some(self.seen),
            };
            let fetched = front.engine().fetch(&ask).await;
            if fetched.iter().any(|part| part.result.is_err()) {
                // The fetch of what is wanted will tell it.
                return None;
            }
        }
    }
}

fn is_beyond(result: &Result<Fetched, FetchError>, offset: u64) -> bool {
    matches!(result, Err(FetchError::OutOfRange { high_watermark, .. }) if offset > *high_watermark)
}
