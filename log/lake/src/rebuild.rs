//! Makes record batches of records again: every record exact, every header exact, the codec the producer's, though not the
//! bytes its compressor made.

use records::{Attributes, Batch, BatchBuilder, BuildError, Codec, Producer, TimestampType};

use crate::LakeError;
use crate::row::{Head, Row, Sink, Whole};

/// A batch as it is served: its header says the offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The batch; its base offset is for the one who serves it to put in.
    pub batch: Batch,
    /// The offset of its first record, or the one that its first record had before compaction.
    pub base_offset: i64,
}

impl Rebuilt {
    /// The last offset that it covers.
    pub fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.batch.header().last_offset_delta)
    }
}

/// Gathers records into batches.
#[derive(Debug, Default)]
pub(crate) struct Rebuilder {
    current: Option<(Head, BatchBuilder)>,
    done: Vec<Rebuilt>,
    /// Batches are not compressed: whoever only wants to see that they can be built.
    plain: bool,
}

impl Rebuilder {
    /// One whose batches are not compressed, whatever their producers did.
    pub(crate) fn plain() -> Self {
        Self {
            plain: true,
            ..Self::default()
        }
    }

    /// Builds the batch whose records are there. It is complete when the next begins, and at the end of a row group.
    pub(crate) fn complete(&mut self) -> Result<(), LakeError> {
        let Some((head, mut builder)) = self.current.take() else {
            return Ok(());
        };
        builder.reach(delta(&head, head.last_offset)?)?;
        self.done.push(Rebuilt {
            batch: builder.build()?,
            base_offset: head.base_offset,
        });
        Ok(())
    }

    /// The base offset of the batch whose records are still coming.
    pub(crate) fn incomplete(&self) -> Option<i64> {
        self.current.as_ref().map(|(head, _)| head.base_offset)
    }

    pub(crate) fn take(&mut self) -> Vec<Rebuilt> {
        std::mem::take(&mut self.done)
    }
}

fn delta(head: &Head, offset: i64) -> Result<i32, LakeError> {
    let delta = offset
        .checked_sub(head.base_offset)
        .and_then(|delta| i32::try_from(delta).ok());
    delta.ok_or_else(|| crate::error::unreadable(format!("offset {offset} in a batch at {}", head.base_offset)))
}

/// A batch with such a head whose first record has this timestamp, compressed in such a way.
pub(crate) fn builder(head: &Head, timestamp: i64, codec: Codec) -> BatchBuilder {
    let producer = Producer {
        id: head.producer_id,
        epoch: head.producer_epoch,
        base_sequence: head.base_sequence,
    };
    let builder = BatchBuilder::new(codec, Some(producer));
    match Attributes::from_bits(head.attributes).timestamp_type() {
        TimestampType::CreateTime => builder,
        TimestampType::LogAppendTime => builder.log_append_time(timestamp),
    }
}

/// Pushes a record. Timestamps are told by how far they are from the first one; where one is too far from it, by how far they
/// are from 0: what was the first of a batch may have been left out.
pub(crate) fn push(
    builder: &mut BatchBuilder,
    push: impl Fn(&mut BatchBuilder) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    match push(builder) {
        Err(BuildError::Timestamp(_)) => {
            builder.rebase()?;
            push(builder)
        }
        pushed => pushed,
    }
}

impl Sink for Rebuilder {
    type Error = LakeError;

    fn begin(&mut self, _: &Head) -> Result<(), LakeError> {
        self.complete()
    }

    fn record(&mut self, head: &Head, row: &Row<'_>) -> Result<(), LakeError> {
        let (_, builder) = match &mut self.current {
            Some(current) => current,
            None => {
                let codec = match self.plain {
                    true => Codec::None,
                    false => Attributes::from_bits(head.attributes).codec()?,
                };
                self.current.insert((*head, builder(head, row.timestamp, codec)))
            }
        };
        let delta = delta(head, row.offset)?;
        let pushed = push(builder, |builder| {
            builder.push_exact(row.attributes, delta, row.timestamp, row.key, row.value, row.headers)
        });
        Ok(pushed?)
    }

    fn whole(&mut self, head: &Head, whole: &Whole<'_>) -> Result<(), LakeError> {
        self.done.push(Rebuilt {
            batch: Batch::of_checksummed(head.base_offset, whole.bytes)?,
            base_offset: head.base_offset,
        });
        Ok(())
    }
}
