//! Rounds of producing: large requests from a few clients, single records from many.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::future::try_join_all;
use hdrhistogram::Histogram;
use serde::Serialize;
use world::{Clock, Instant};

use super::meter::Spent;
use super::payload::{self, Encoding};
use super::{BenchArgs, Target};
use crate::client::ClientError;
use crate::context::Context;

/// Distinct requests that are sent in turn.
const BODIES: usize = 16;
/// How long a request may take.
const EXCHANGE: Duration = Duration::from_secs(60);

/// A round's figures.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Round {
    /// Clients at once.
    pub(super) clients: u32,
    /// Records of a request.
    pub(super) records_per_request: u32,
    /// How requests were encoded.
    pub(super) encoding: &'static str,
    /// Requests that were acknowledged.
    pub(super) requests: u64,
    /// Of them a second.
    pub(super) requests_per_second: f64,
    /// Times from sending to the acknowledgement.
    pub(super) latency: Latency,
    /// Requests that an agent too busy refused (503, 429), which were sent again.
    pub(super) refused: u64,
    /// What it took.
    #[serde(flatten)]
    pub(super) spent: Spent,
}

/// Percentiles, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Latency {
    /// Half are quicker.
    pub(super) p50_ms: f64,
    /// 99 of 100 are quicker.
    pub(super) p99_ms: f64,
    /// The slowest.
    pub(super) max_ms: f64,
}

impl Latency {
    /// The percentiles of times in microseconds.
    pub(super) fn of(times: &Histogram<u64>) -> Latency {
        let ms = |micros: u64| micros as f64 / 1000.0;
        Latency {
            p50_ms: ms(times.value_at_quantile(0.5)),
            p99_ms: ms(times.value_at_quantile(0.99)),
            max_ms: ms(times.max()),
        }
    }
}

/// A histogram of microseconds, up to two minutes, to three digits.
pub(super) fn histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, 120_000_000, 3).context("a histogram")
}

/// When clients stop.
#[derive(Debug, Clone, Copy)]
enum Until {
    /// So many requests were sent by all together.
    Requests(u64),
    /// A time.
    Time(Instant),
}

/// Large requests until the bytes are produced.
pub(super) async fn large(args: &BenchArgs, context: &Context, target: &Target) -> Result<Round> {
    let per_request = u64::from(args.batch) * u64::from(args.record_bytes);
    let requests = args.bytes().div_ceil(per_request);
    round(
        args,
        context,
        target,
        (args.encoding, args.clients, args.batch),
        Until::Requests(requests),
    )
    .await
}

/// Single records for a while.
pub(super) async fn single(args: &BenchArgs, context: &Context, target: &Target, clients: u32) -> Result<Round> {
    let end = context.world.clock.now() + Duration::from_secs(u64::from(args.seconds));
    round(args, context, target, (Encoding::Ndjson, clients, 1), Until::Time(end)).await
}

async fn round(
    args: &BenchArgs,
    context: &Context,
    target: &Target,
    (encoding, clients, records): (Encoding, u32, u32),
    until: Until,
) -> Result<Round> {
    let record_bytes = args.record_bytes as usize;
    let bodies: Result<Vec<Bytes>> = (0..BODIES)
        .map(|_| payload::body(encoding, records, record_bytes, &context.world.chance))
        .collect();
    let load = Arc::new(Load {
        target: target.clone(),
        encoding,
        bodies: bodies?,
        clock: context.world.clock.clone(),
        until,
        sent: AtomicU64::new(0),
        refused: AtomicU64::new(0),
    });
    let meter = target.meter(context);
    let before = meter.before().await?;
    let times = try_join_all((0..clients).map(|_| Arc::clone(&load).client())).await?;
    let mut all = histogram()?;
    for times in &times {
        all.add(times)?;
    }
    let requests = all.len();
    let bytes = requests * u64::from(records) * u64::from(args.record_bytes);
    let spent = meter.since(&before, bytes).await?;
    Ok(Round {
        clients,
        records_per_request: records,
        encoding: encoding.name(),
        requests,
        requests_per_second: requests as f64 / spent.seconds,
        latency: Latency::of(&all),
        refused: load.refused.load(Ordering::Relaxed),
        spent,
    })
}

/// What all clients of a round share.
#[derive(Debug)]
struct Load {
    target: Target,
    encoding: Encoding,
    bodies: Vec<Bytes>,
    clock: Clock,
    until: Until,
    sent: AtomicU64,
    refused: AtomicU64,
}

impl Load {
    /// One client: request after request; the times they took, in microseconds.
    async fn client(self: Arc<Self>) -> Result<Histogram<u64>> {
        let mut times = histogram()?;
        loop {
            let number = self.sent.fetch_add(1, Ordering::Relaxed);
            let over = match self.until {
                Until::Requests(requests) => number >= requests,
                Until::Time(end) => self.clock.now() >= end,
            };
            if over {
                return Ok(times);
            }
            let began = self.clock.now();
            self.send(number).await?;
            let took = self.clock.now().saturating_duration_since(began);
            times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// Sends until it is acknowledged. A refusal is waited out, and its time counts.
    async fn send(&self, number: u64) -> Result<(), ClientError> {
        loop {
            match self.once(number).await {
                Err(ClientError::Problem(problem)) if matches!(problem.status, 429 | 503) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    let wait = problem.retry_after.unwrap_or_default().max(Duration::from_millis(10));
                    self.clock.sleep(wait).await;
                }
                other => return other,
            }
        }
    }

    async fn once(&self, number: u64) -> Result<(), ClientError> {
        let at = usize::try_from(number).unwrap_or(0) % self.bodies.len().max(1);
        let Some(body) = self.bodies.get(at).cloned() else {
            return Ok(());
        };
        let partition = (number % u64::from(self.target.partitions)).to_string();
        let route = [
            "v1",
            "topics",
            self.target.topic.as_str(),
            "partitions",
            partition.as_str(),
        ];
        // A ready batch has to say where it goes; the agent spreads the others.
        let route = if self.encoding == Encoding::Batch {
            &route[..]
        } else {
            &route[..3]
        };
        let ask = self.target.client.post(route).body(self.encoding.media_type(), body);
        ask.timeout(EXCHANGE).send().await.map(|_| ())
    }
}
