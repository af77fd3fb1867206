//! Gathers the records of one request into batches by partition. Knows the topic's limits; knows no body and no log.

use std::collections::BTreeMap;

use engine::AppendRun;
use metadata::{PartitionId, TopicNumber};
use records::{Batch, BatchBuilder, BuildError, Codec, partition_for_key};

use super::{Header, NewRecord};
use crate::http::problem::{Code, Problem};

/// Partitions that one request touches, at most.
const PARTITIONS_MAX: usize = 1_000;

/// More than the lengths, deltas and counts of one record take; a header takes at most as much again for its two.
const RECORD_OVERHEAD_BYTES_MAX: usize = 40;
const HEADER_OVERHEAD_BYTES_MAX: usize = 10;

/// Why a record without a key is refused.
pub(crate) const KEY_MISSING: &str = "a record without a key, in a topic that is compacted by key";

/// Where records go, and in which form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The topic.
    pub(crate) topic: TopicNumber,
    /// How many partitions it has.
    pub(crate) partitions: u32,
    /// The largest batch, in bytes.
    pub(crate) batch_bytes_max: usize,
    /// Where every record goes, if the request says.
    pub(crate) partition: Option<u32>,
    /// Every record must have a key: the topic is compacted by key.
    pub(crate) keyed: bool,
    /// Where records without key and partition go.
    pub(crate) keyless: u32,
    /// The timestamp of records without one, milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// How batches are compressed.
    pub(crate) codec: Codec,
    /// Bytes of all batches, at most: what every record of a request has in common must not make it many times as large
    /// as its body.
    pub(crate) bytes_max: usize,
}

/// Gathers records.
#[derive(Debug)]
pub(crate) struct Batcher<'t> {
    target: &'t Target,
    runs: BTreeMap<u32, Run>,
    bytes: usize,
}

#[derive(Debug)]
struct Run {
    open: BatchBuilder,
    closed: Vec<Batch>,
}

impl<'t> Batcher<'t> {
    /// With no records yet.
    pub(crate) fn new(target: &'t Target) -> Batcher<'t> {
        Batcher {
            target,
            runs: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Adds a record behind those of its partition.
    ///
    /// # Errors
    /// `partition_not_found`, `record_too_large`, `invalid_record` for one without a key that needs one, and `bad_request` for
    /// too many partitions.
    pub(crate) fn push(&mut self, record: &NewRecord<'_>) -> Result<(), Problem> {
        if self.target.keyed && record.key.is_none() {
            return Err(Problem::invalid_record(KEY_MISSING));
        }
        let partition = self.partition(record)?;
        if !self.runs.contains_key(&partition) && self.runs.len() >= PARTITIONS_MAX {
            return Err(Problem::bad_request(format!(
                "a request touches at most {PARTITIONS_MAX} partitions"
            )));
        }
        let target = self.target;
        let run = self.runs.entry(partition).or_insert_with(|| Run::new(target.codec));
        self.bytes = self.bytes.saturating_add(run.push(record, target)?);
        if self.bytes > target.bytes_max {
            let text = format!(
                "the records need more than {} bytes, many times as many as the body has",
                target.bytes_max
            );
            return Err(Problem::new(Code::RequestTooLarge, text));
        }
        Ok(())
    }

    fn partition(&self, record: &NewRecord<'_>) -> Result<u32, Problem> {
        let Target {
            partitions, keyless, ..
        } = *self.target;
        let partition = match (self.target.partition, record.partition) {
            (Some(asked), Some(own)) if asked != own => {
                let text = format!("the record names partition {own}, the request {asked}");
                return Err(Problem::invalid_record(text));
            }
            (Some(partition), _) | (None, Some(partition)) => partition,
            (None, None) => record
                .key
                .as_ref()
                .map_or(keyless, |key| partition_for_key(key, partitions)),
        };
        if partition < partitions {
            return Ok(partition);
        }
        let text = format!("no partition {partition}: the topic has {partitions}");
        Err(Problem::new(Code::PartitionNotFound, text).with("partition", partition))
    }

    /// The runs, by partition; none when there are no records.
    ///
    /// # Errors
    /// `internal` when a codec fails.
    pub(crate) fn finish(self, expected_offset: Option<u64>) -> Result<Vec<AppendRun>, Problem> {
        let topic = self.target.topic;
        let run = |(partition, run): (u32, Run)| {
            let partition = PartitionId { topic, partition };
            Ok(AppendRun {
                partition,
                batches: run.finish()?,
                producer: None,
                expected_offset,
            })
        };
        self.runs.into_iter().map(run).collect()
    }
}

impl Run {
    fn new(codec: Codec) -> Run {
        Run {
            open: BatchBuilder::new(codec, None),
            closed: Vec::new(),
        }
    }

    /// Adds a record; how many bytes more that makes.
    fn push(&mut self, record: &NewRecord<'_>, target: &Target) -> Result<usize, Problem> {
        let max = target.batch_bytes_max;
        if !self.open.is_empty() && self.open.len_bytes().saturating_add(bytes_at_most(record)) > max {
            self.close(target.codec)?;
        }
        let before = self.open.len_bytes();
        match push(&mut self.open, record, target.timestamp) {
            // The timestamps of one batch lie within 64 bits of each other.
            Err(BuildError::Timestamp(_)) if !self.open.is_empty() => {
                self.close(target.codec)?;
                push(&mut self.open, record, target.timestamp)
            }
            pushed => pushed,
        }
        .map_err(|error| Problem::invalid_record(error.to_string()))?;
        // A batch of one record is the only one that was not measured before.
        if self.open.len_bytes() > max {
            let bytes = self.open.len_bytes();
            let text = format!("a record that needs a batch of {bytes} bytes; max.message.bytes is {max}");
            return Err(Problem::new(Code::RecordTooLarge, text).with("max_bytes", max));
        }
        Ok(self.open.len_bytes().saturating_sub(before))
    }

    fn close(&mut self, codec: Codec) -> Result<(), Problem> {
        let full = std::mem::replace(&mut self.open, BatchBuilder::new(codec, None));
        self.closed.push(built(full)?);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Batch>, Problem> {
        self.closed.push(built(self.open)?);
        Ok(self.closed)
    }
}

fn push(into: &mut BatchBuilder, record: &NewRecord<'_>, now: i64) -> Result<(), BuildError> {
    let headers: Vec<(&[u8], Option<&[u8]>)> = record
        .headers
        .iter()
        .map(|(name, value)| (&**name, value.as_deref()))
        .collect();
    into.push(
        record.timestamp.unwrap_or(now),
        record.key.as_deref(),
        record.value.as_deref(),
        &headers,
    )
}

fn built(builder: BatchBuilder) -> Result<Batch, Problem> {
    builder
        .build()
        .map_err(|error| Problem::new(Code::Internal, error.to_string()))
}

fn bytes_at_most(record: &NewRecord<'_>) -> usize {
    let field = |field: &Option<std::borrow::Cow<'_, [u8]>>| field.as_ref().map_or(0, |bytes| bytes.len());
    let header = |(name, value): &Header<'_>| HEADER_OVERHEAD_BYTES_MAX + name.len() + field(value);
    let headers: usize = record.headers.iter().map(header).sum();
    RECORD_OVERHEAD_BYTES_MAX + field(&record.key) + field(&record.value) + headers
}

#[cfg(test)]
mod tests;
