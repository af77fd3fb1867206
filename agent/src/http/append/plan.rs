//! From a body to the runs of a group. Pure: the same body, form and target make the same runs, so that a request that
//! met a stale number of partitions is simply read again.

use std::borrow::Cow;

use bytes::Bytes;
use engine::AppendRun;
use metadata::{PartitionId, entry};
use records::{Batch, Limits};

use super::batcher::{Batcher, KEY_MISSING, Target};
use super::key::KeyPath;
use super::{NewRecord, OwnHeader, cloudevents, structured, values};
use crate::http::problem::{Code, Problem, wrong_batch};

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON values; an array is flattened one level if so.
    Json {
        /// Whether it is.
        flatten: bool,
    },
    /// A JSON value a line.
    Lines,
    /// One record.
    Raw,
    /// `{"records":[...]}`.
    Structured,
    /// A structured record a line.
    StructuredLines,
    /// A CloudEvent as JSON, or an array of them.
    Events {
        /// Whether it is an array.
        many: bool,
    },
    /// Record batches, one behind the other, for one partition.
    Batches,
}

/// What every record of a request has that says nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Common {
    /// The key.
    pub(crate) key: Option<Vec<u8>>,
    /// Where in a record's value its key is.
    pub(crate) key_path: Option<KeyPath>,
    /// Headers, as `name` and value.
    pub(crate) headers: Vec<OwnHeader>,
    /// The next offset the partition must have.
    pub(crate) expected_offset: Option<u64>,
}

/// The runs that a body makes.
///
/// # Errors
/// `invalid_record` and what [`Batcher`] says; the member `record` or `line` says where.
pub(crate) fn runs(body: &Bytes, form: Form, common: &Common, target: &Target) -> Result<Vec<AppendRun>, Problem> {
    if form == Form::Batches {
        return of_batches(body, common, target);
    }
    let mut batcher = Batcher::new(target);
    let mut count = 0_usize;
    each_record(body, form, common, |record, place, at| {
        count += 1;
        let pushed = record.and_then(|record| batcher.push(&record));
        pushed.map_err(|problem| problem.with(place, at))
    })?;
    if count == 0 {
        return Err(Problem::invalid_record("the body holds no records"));
    }
    batcher.finish(common.expected_offset)
}

/// Hands on each record of a body, or why it is none, with its place in it.
fn each_record<'a>(
    body: &'a Bytes,
    form: Form,
    common: &'a Common,
    mut push: impl FnMut(Result<NewRecord<'a>, Problem>, &str, usize) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut index = 0..;
    let mut next = || index.next().unwrap_or(0);
    match form {
        Form::Json { flatten } => values::each_json(values::text(body)?, flatten, |value| {
            push(common.record(value), "record", next())
        }),
        Form::Events { many } => {
            let body = values::text(body)?;
            if many != body.trim_start().starts_with('[') {
                return Err(Problem::invalid_record(
                    "a batch of events is an array, one event is not",
                ));
            }
            let event = |json| cloudevents::check(json).and_then(|()| common.record(json));
            values::each_json(body, many, |json| push(event(json), "record", next()))
        }
        Form::Lines => values::each_line(values::text(body)?, |line, text| {
            push(values::one(text).and_then(|value| common.record(value)), "line", line)
        }),
        Form::Structured => structured::each_record(values::text(body)?, |json| {
            push(
                structured::record(json).map(|record| common.add_to(record)),
                "record",
                next(),
            )
        }),
        Form::StructuredLines => values::each_line(values::text(body)?, |line, json| {
            push(
                structured::record(json).map(|record| common.add_to(record)),
                "line",
                line,
            )
        }),
        Form::Raw | Form::Batches => push(Ok(common.raw(body)), "record", 0),
    }
}

impl Common {
    /// The record that a JSON value is.
    fn record<'a>(&'a self, value: &'a str) -> Result<NewRecord<'a>, Problem> {
        let key = match &self.key_path {
            Some(path) => path.of(value)?,
            None => self.key.as_deref().map(Cow::Borrowed),
        };
        Ok(NewRecord {
            key,
            ..self.raw(value.as_bytes())
        })
    }

    fn raw<'a>(&'a self, value: &'a [u8]) -> NewRecord<'a> {
        let key = self.key.as_deref().map(Cow::Borrowed);
        self.add_to(NewRecord {
            key,
            value: Some(Cow::Borrowed(value)),
            ..NewRecord::default()
        })
    }

    /// The record with the headers of all.
    fn add_to<'a>(&'a self, mut record: NewRecord<'a>) -> NewRecord<'a> {
        let header = |(name, value): &'a OwnHeader| (Cow::Borrowed(&name[..]), Some(Cow::Borrowed(&value[..])));
        record.headers.extend(self.headers.iter().map(header));
        record
    }
}

/// Batches as they are, each verified. Those of idempotent producers become runs of their own, for the fold judges a
/// producer's sequence by the run.
fn of_batches(body: &Bytes, common: &Common, target: &Target) -> Result<Vec<AppendRun>, Problem> {
    let number = target
        .partition
        .ok_or_else(|| Problem::bad_request("batches need a partition"))?;
    if number >= target.partitions {
        let text = format!("no partition {number}: the topic has {}", target.partitions);
        return Err(Problem::new(Code::PartitionNotFound, text).with("partition", number));
    }
    let partition = PartitionId {
        topic: target.topic,
        partition: number,
    };
    let limits = Limits {
        batch_bytes_max: target.batch_bytes_max,
        ..Limits::default()
    };
    let mut runs: Vec<AppendRun> = Vec::new();
    for (index, cut) in records::split(body.clone()).enumerate() {
        let batch = cut
            .and_then(|(_, bytes)| Batch::verify(bytes, &limits))
            .map_err(|error| wrong_batch(index, &error))?;
        if target.keyed {
            check_keys(index, &batch, &limits)?;
        }
        let header = *batch.header();
        if header.attributes.is_transactional() {
            return Err(Problem::invalid_record(format!(
                "batch {index}: transactions are not taken over HTTP"
            )));
        }
        let producer = producer(&header);
        match runs.last_mut() {
            Some(run) if run.producer.is_none() && producer.is_none() => run.batches.push(batch),
            last => {
                let expected_offset = if last.is_none() { common.expected_offset } else { None };
                runs.push(AppendRun {
                    partition,
                    batches: vec![batch],
                    producer,
                    expected_offset,
                });
            }
        }
    }
    if runs.is_empty() {
        Err(Problem::invalid_record("the body holds no batches"))
    } else {
        Ok(runs)
    }
}

/// Looks into a batch: what is compacted by key has keys, and can be read.
fn check_keys(index: usize, batch: &Batch, limits: &Limits) -> Result<(), Problem> {
    let keyless = records::first_keyless(batch, limits).map_err(|error| wrong_batch(index, &error))?;
    let problem = |record| {
        Problem::invalid_record(format!("batch {index}: {KEY_MISSING}"))
            .with("batch", index)
            .with("record", record)
    };
    keyless.map_or(Ok(()), |record| Err(problem(record)))
}

fn producer(header: &records::BatchHeader) -> Option<entry::ProducerBatch> {
    Some(entry::ProducerBatch {
        id: u64::try_from(header.producer_id).ok()?,
        epoch: u32::try_from(header.producer_epoch).ok()?,
        base_sequence: u32::try_from(header.base_sequence).ok()?,
    })
}

#[cfg(test)]
mod tests;
