//! A round of consuming: every partition from its begin to its end, all at once.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::Target;
use super::meter::Spent;
use super::payload::Encoding;
use crate::context::Context;
use crate::wire::Topic;

/// Bytes asked for at once.
const READ_BYTES: u64 = 8 << 20;
/// Records asked for at once.
const READ_RECORDS: u64 = 10_000;

/// A round's figures.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Round {
    /// How answers were encoded.
    pub(super) encoding: &'static str,
    /// Records read.
    pub(super) records: u64,
    /// Requests it took.
    pub(super) requests: u64,
    /// What it took; its bytes are those of the answers.
    #[serde(flatten)]
    pub(super) spent: Spent,
}

/// What one partition's reader counted.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    records: u64,
    bytes: u64,
    requests: u64,
}

/// Reads everything.
pub(super) async fn all(context: &Context, target: &Target, encoding: Encoding) -> Result<Round> {
    let topic: Topic = target.client.get(&["v1", "topics", &target.topic]).fetch().await?;
    let meter = target.meter(context);
    let before = meter.before().await?;
    let readers = topic.partitions.iter().map(|partition| {
        let span = (partition.log_start, partition.high_watermark);
        read(target, encoding, partition.partition, span)
    });
    let counts = try_join_all(readers).await?;
    let total = counts.iter().fold(Count::default(), |sum, count| Count {
        records: sum.records + count.records,
        bytes: sum.bytes + count.bytes,
        requests: sum.requests + count.requests,
    });
    Ok(Round {
        encoding: encoding.name(),
        records: total.records,
        requests: total.requests,
        spent: meter.since(&before, total.bytes).await?,
    })
}

async fn read(target: &Target, encoding: Encoding, partition: u32, (mut next, end): (u64, u64)) -> Result<Count> {
    let number = partition.to_string();
    let route = [
        "v1",
        "topics",
        target.topic.as_str(),
        "partitions",
        number.as_str(),
        "records",
    ];
    let mut count = Count::default();
    while next < end {
        let ask = target.client.get(&route).accept(encoding.media_type());
        let ask = ask
            .query("offset", next.to_string())
            .query("max_bytes", READ_BYTES.to_string());
        let ask = ask
            .query("limit", READ_RECORDS.to_string())
            .timeout(Duration::from_secs(60));
        let body = ask.send().await?.body;
        count.bytes += body.len() as u64;
        count.requests += 1;
        let behind = match encoding {
            Encoding::Batch => behind_batches(body)?,
            Encoding::Ndjson => behind_lines(&body)?,
        };
        let behind = behind.filter(|behind| *behind > next);
        let behind = behind.with_context(|| format!("partition {partition} gives nothing at offset {next}"))?;
        count.records += behind - next;
        next = behind;
    }
    Ok(count)
}

/// The offset behind the last batch.
fn behind_batches(body: Bytes) -> Result<Option<u64>> {
    let mut behind = None;
    for cut in records::split(body) {
        let (header, _) = cut?;
        behind = u64::try_from(header.last_offset() + 1).ok();
    }
    Ok(behind)
}

/// The offset behind the record of the last line.
fn behind_lines(body: &[u8]) -> Result<Option<u64>> {
    #[derive(Deserialize)]
    struct Envelope {
        offset: u64,
    }
    let last = body.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    let envelope = last.map(serde_json::from_slice::<Envelope>).transpose()?;
    Ok(envelope.map(|envelope| envelope.offset + 1))
}

#[cfg(test)]
mod tests;
