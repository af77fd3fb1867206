//! Reads pages of records: all partitions through a cursor, or one partition by offset.

use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::envelope::Envelope;
use super::plan::Part;
use crate::client::Client;
use crate::position::Position;

/// Most records asked for at once.
pub(super) const PAGE_RECORDS_MAX: u64 = 10_000;
/// Most bytes of record batches asked for at once.
const PAGE_BYTES_MAX: &str = "4194304";
/// How long the agent may wait for records before it answers that there are none.
pub(super) const WAIT_S: u64 = 25;
/// How long an exchange may take beyond that.
const EXCHANGE: Duration = Duration::from_secs(60);

/// A read's answer.
#[derive(Debug, Deserialize)]
struct Answer {
    records: Vec<Box<RawValue>>,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    up_to_date: bool,
}

impl Answer {
    fn envelopes(&mut self) -> Result<Vec<Envelope>> {
        std::mem::take(&mut self.records)
            .into_iter()
            .map(Envelope::parse)
            .collect()
    }
}

/// Records and whether they reach the end.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) records: Vec<Envelope>,
    pub(super) up_to_date: bool,
}

/// A read of all partitions.
#[derive(Debug)]
pub(super) struct TopicRead<'a> {
    client: &'a Client,
    topic: &'a str,
    /// A position to begin with, then what the last answer said.
    cursor: String,
    decode: Option<&'static str>,
    wait: bool,
}

impl<'a> TopicRead<'a> {
    /// A read that begins at a position.
    pub(super) fn new(
        client: &'a Client,
        topic: &'a str,
        from: &Position,
        decode: Option<&'static str>,
        wait: bool,
    ) -> TopicRead<'a> {
        TopicRead {
            client,
            topic,
            cursor: from.to_string(),
            decode,
            wait,
        }
    }

    /// The next records; when waiting, perhaps none.
    pub(super) async fn next(&mut self, limit: u64) -> Result<Page> {
        let ask = self
            .client
            .get(&["v1", "topics", self.topic, "records"])
            .query("cursor", &self.cursor);
        let ask = ask
            .query("limit", limit.to_string())
            .query("max_bytes", PAGE_BYTES_MAX)
            .query_opt("decode", self.decode);
        let wait = self.wait.then(|| WAIT_S.to_string());
        let mut answer: Answer = ask.query_opt("wait", wait).timeout(EXCHANGE).fetch().await?;
        if let Some(cursor) = answer.next_cursor.take() {
            self.cursor = cursor;
        }
        Ok(Page {
            records: answer.envelopes()?,
            up_to_date: answer.up_to_date,
        })
    }
}

/// Reads of single partitions.
#[derive(Debug, Clone)]
pub(super) struct PartitionRead {
    client: Client,
    topic: String,
    decode: Option<&'static str>,
}

impl PartitionRead {
    /// Reads of this topic's partitions.
    pub(super) fn new(client: &Client, topic: &str, decode: Option<&'static str>) -> PartitionRead {
        PartitionRead {
            client: client.clone(),
            topic: topic.to_owned(),
            decode,
        }
    }

    /// The part's next records, and the part moved behind them.
    pub(super) async fn next(&self, part: &mut Part, limit: u64, wait_s: Option<u64>) -> Result<Vec<Envelope>> {
        let partition = part.partition.to_string();
        let ask = self
            .client
            .get(&["v1", "topics", &self.topic, "partitions", &partition, "records"]);
        let ask = ask
            .query("offset", part.next.to_string())
            .query("limit", limit.to_string());
        let ask = ask
            .query_opt("until", part.end.map(|end| end.to_string()))
            .query("max_bytes", PAGE_BYTES_MAX)
            .query_opt("decode", self.decode);
        let ask = ask.query_opt("wait", wait_s.map(|wait| wait.to_string()));
        let mut answer: Answer = ask.timeout(EXCHANGE).fetch().await?;
        let mut records = answer.envelopes()?;
        records.retain(|record| record.offset >= part.next && part.end.is_none_or(|end| record.offset < end));
        part.next = match (records.last(), answer.next.as_deref().and_then(offset_of)) {
            (Some(last), _) => last.offset + 1,
            (None, Some(next)) if next > part.next => next,
            // Nothing there and nothing said: a part with an end is at its end, whatever the offsets promised.
            _ => part.end.unwrap_or(part.next),
        };
        Ok(records)
    }
}

/// The offset in a `next` link.
fn offset_of(next: &str) -> Option<u64> {
    let (_, query) = next.split_once('?')?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "offset")?.1.parse().ok()
}
