//! A batch whose bytes were checked, the cutting of a run into batches, and the two fields that the log overwrites.
//!
//! Base offset and leader epoch lie outside the checksum, so a fetch sends [`patched_prefix`] and then the untouched
//! rest. It does not know the records inside: that is `walk`.

use bytes::{Bytes, BytesMut};

use crate::header::{
    ATTRIBUTES_AT, CHECKSUM_AT, LEADER_EPOCH_AT, LENGTH_AT, LENGTH_EXCLUDES_BYTES, MAGIC, MAGIC_AT, MAX_TIMESTAMP_AT,
};
use crate::{Attributes, BatchError, BatchHeader, HEADER_BYTES, Limits, PREFIX_BYTES, TimestampType};

/// The bytes of exactly one batch; length, magic and checksum were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    header: BatchHeader,
    bytes: Bytes,
}

impl Batch {
    /// Takes a batch from a client: everything that [`Batch::stored`] checks, the size limit, and what only the log may
    /// set. The records inside are not looked at.
    ///
    /// # Errors
    /// Any of [`BatchError`] but `Codec` and `Record`.
    pub fn verify(bytes: Bytes, limits: &Limits) -> Result<Self, BatchError> {
        let header = BatchHeader::parse(&bytes)?;
        let batch_bytes = header.batch_bytes();
        if batch_bytes > limits.batch_bytes_max {
            return Err(BatchError::TooLarge {
                bytes: batch_bytes,
                max: limits.batch_bytes_max,
            });
        }
        let batch = Self::checked(header, bytes)?;
        check_attributes(header.attributes)?;
        check_count(&header)?;
        check_producer(&header)?;
        Ok(batch)
    }

    /// Takes a batch that the log holds: length, magic and checksum. It may be a control batch, have append time, or
    /// fewer records than offsets.
    ///
    /// # Errors
    /// `Truncated`, `Trailing`, `Length`, `Magic`, `Checksum`.
    pub fn stored(bytes: Bytes) -> Result<Self, BatchError> {
        Self::checked(BatchHeader::parse(&bytes)?, bytes)
    }

    fn checked(header: BatchHeader, bytes: Bytes) -> Result<Self, BatchError> {
        let need = header.batch_bytes();
        match bytes.len() {
            have if have < need => return Err(BatchError::Truncated { have, need }),
            have if have > need => return Err(BatchError::Trailing { extra: have - need }),
            _ => {}
        }
        let computed = checksum(&bytes);
        if computed != header.checksum {
            return Err(BatchError::Checksum {
                stored: header.checksum,
                computed,
            });
        }
        Ok(Self { header, bytes })
    }

    /// Wraps what this crate has just made: the caller vouches that `header` stands at the start of `bytes`.
    pub(crate) fn made(header: BatchHeader, bytes: Bytes) -> Self {
        debug_assert_eq!(BatchHeader::parse(&bytes), Ok(header));
        debug_assert_eq!(checksum(&bytes), header.checksum);
        Self { header, bytes }
    }

    /// The batch at `base_offset` whose bytes from the attributes on are `rest`, as [`Batch::checksummed`] gives them: what
    /// stands before follows from these.
    ///
    /// # Errors
    /// `Truncated` when the header is not whole, `Length` beyond 2 GiB.
    pub fn of_checksummed(base_offset: i64, rest: &[u8]) -> Result<Self, BatchError> {
        let mut bytes = BytesMut::zeroed(ATTRIBUTES_AT);
        bytes.extend_from_slice(rest);
        let length = bytes.len().saturating_sub(LENGTH_EXCLUDES_BYTES);
        let length = i32::try_from(length).map_err(|_| BatchError::Length(i32::MAX))?;
        bytes[..PREFIX_BYTES].copy_from_slice(&prefix(base_offset, length, -1));
        bytes[MAGIC_AT] = MAGIC.to_be_bytes()[0];
        let computed = checksum(&bytes);
        bytes[CHECKSUM_AT..ATTRIBUTES_AT].copy_from_slice(&computed.to_be_bytes());
        Self::stored(bytes.freeze())
    }

    /// The bytes from the attributes on, which are those that the checksum covers.
    #[must_use]
    pub fn checksummed(&self) -> Bytes {
        self.bytes.slice(ATTRIBUTES_AT..)
    }

    /// A batch without records that covers `base_offset` and `last_offset_delta` more, for a reader to get past them.
    #[must_use]
    pub fn empty(base_offset: i64, last_offset_delta: i32) -> Self {
        let mut header = BatchHeader {
            base_offset,
            batch_length: (HEADER_BYTES - LENGTH_EXCLUDES_BYTES) as i32,
            partition_leader_epoch: -1,
            checksum: 0,
            attributes: Attributes::default(),
            last_offset_delta,
            base_timestamp: -1,
            max_timestamp: -1,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            records_count: 0,
        };
        header.checksum = checksum(&header.write());
        Self::made(header, Bytes::copy_from_slice(&header.write()))
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The bytes, header included.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Gives the bytes away.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Number of records by the header, 0 if it says less.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.header.records()
    }

    /// The first 16 bytes with offset and epoch put in; the rest of the batch is valid behind them as it is.
    #[must_use]
    pub fn patched_prefix(&self, base_offset: i64, leader_epoch: i32) -> [u8; PREFIX_BYTES] {
        prefix(base_offset, self.header.batch_length, leader_epoch)
    }
}

fn checksum(batch: &[u8]) -> u32 {
    crc32c::crc32c(batch.get(ATTRIBUTES_AT..).unwrap_or_default())
}

fn check_attributes(attributes: Attributes) -> Result<(), BatchError> {
    attributes.codec()?;
    if attributes.is_control() {
        return Err(BatchError::Control);
    }
    if attributes.timestamp_type() == TimestampType::LogAppendTime {
        return Err(BatchError::LogAppendTime);
    }
    if attributes.has_foreign_bits() {
        return Err(BatchError::Attributes(attributes.bits()));
    }
    Ok(())
}

fn check_count(header: &BatchHeader) -> Result<(), BatchError> {
    let &BatchHeader {
        records_count,
        last_offset_delta,
        ..
    } = header;
    if records_count <= 0 {
        return Err(BatchError::Empty(records_count));
    }
    // The count is positive, so this cannot underflow.
    if last_offset_delta != records_count - 1 {
        return Err(BatchError::Count {
            records_count,
            last_offset_delta,
        });
    }
    Ok(())
}

/// With a producer id, epoch and sequence must be there. Without one they are without meaning, and clients in the field
/// put 0 or -1 into them; but a transaction needs a producer.
fn check_producer(header: &BatchHeader) -> Result<(), BatchError> {
    let &BatchHeader {
        producer_id: id,
        producer_epoch: epoch,
        base_sequence,
        attributes,
        ..
    } = header;
    let consistent = match id {
        -1 => !attributes.is_transactional(),
        0.. => epoch >= 0 && base_sequence >= 0,
        _ => false,
    };
    if consistent {
        Ok(())
    } else {
        Err(BatchError::Producer {
            id,
            epoch,
            base_sequence,
        })
    }
}

fn prefix(base_offset: i64, batch_length: i32, leader_epoch: i32) -> [u8; PREFIX_BYTES] {
    let mut prefix = [0; PREFIX_BYTES];
    prefix[..LENGTH_AT].copy_from_slice(&base_offset.to_be_bytes());
    prefix[LENGTH_AT..LEADER_EPOCH_AT].copy_from_slice(&batch_length.to_be_bytes());
    prefix[LEADER_EPOCH_AT..].copy_from_slice(&leader_epoch.to_be_bytes());
    prefix
}

/// The first 16 bytes of the batch that `batch` begins with, with offset and epoch put in.
///
/// # Errors
/// Those of [`BatchHeader::parse`].
pub fn patched_prefix(batch: &[u8], base_offset: i64, leader_epoch: i32) -> Result<[u8; PREFIX_BYTES], BatchError> {
    Ok(prefix(
        base_offset,
        BatchHeader::parse(batch)?.batch_length,
        leader_epoch,
    ))
}

/// Puts offset and epoch into the batch that `batch` begins with; its checksum stays valid.
///
/// # Errors
/// Those of [`BatchHeader::parse`]; nothing is changed then.
pub fn patch(batch: &mut [u8], base_offset: i64, leader_epoch: i32) -> Result<(), BatchError> {
    let prefix = patched_prefix(batch, base_offset, leader_epoch)?;
    batch[..PREFIX_BYTES].copy_from_slice(&prefix);
    Ok(())
}

/// The batch with append time `ms` (since 1970): bit, max timestamp, and so a new checksum. The producer's checksum was
/// checked when `batch` was made, so this hides no damage.
#[must_use]
pub fn set_log_append_time(batch: &Batch, ms: i64) -> Batch {
    let mut header = *batch.header();
    header.attributes = Attributes(header.attributes.0 | Attributes::LOG_APPEND_TIME);
    header.max_timestamp = ms;
    let mut bytes = BytesMut::from(&batch.bytes[..]);
    bytes[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&header.attributes.0.to_be_bytes());
    bytes[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&ms.to_be_bytes());
    header.checksum = checksum(&bytes);
    bytes[CHECKSUM_AT..ATTRIBUTES_AT].copy_from_slice(&header.checksum.to_be_bytes());
    Batch::made(header, bytes.freeze())
}

/// Cuts a run into its batches, by the lengths alone. After an error it ends.
#[must_use]
pub fn split(run: Bytes) -> Split {
    Split { rest: run }
}

/// Cuts a run into its batches and checks each as [`Batch::stored`] does. After an error it ends.
#[must_use]
pub fn split_checked(run: Bytes) -> SplitChecked {
    SplitChecked { batches: split(run) }
}

/// The batches of a run as (header, bytes); see [`split`].
#[derive(Debug, Clone)]
pub struct Split {
    rest: Bytes,
}

impl Split {
    fn cut(&mut self) -> Result<(BatchHeader, Bytes), BatchError> {
        let header = BatchHeader::parse(&self.rest)?;
        let need = header.batch_bytes();
        if self.rest.len() < need {
            return Err(BatchError::Truncated {
                have: self.rest.len(),
                need,
            });
        }
        Ok((header, self.rest.split_to(need)))
    }
}

impl Iterator for Split {
    type Item = Result<(BatchHeader, Bytes), BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let cut = self.cut();
        if cut.is_err() {
            self.rest.clear();
        }
        Some(cut)
    }
}

/// The checked batches of a run; see [`split_checked`].
#[derive(Debug, Clone)]
pub struct SplitChecked {
    batches: Split,
}

impl Iterator for SplitChecked {
    type Item = Result<Batch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self
            .batches
            .next()?
            .and_then(|(header, bytes)| Batch::checked(header, bytes));
        if batch.is_err() {
            self.batches.rest.clear();
        }
        Some(batch)
    }
}

// A header is cut out of the prefix by hand above; the constants must agree.
const _: () = assert!(LEADER_EPOCH_AT == LENGTH_EXCLUDES_BYTES && PREFIX_BYTES == LEADER_EPOCH_AT + 4);

#[cfg(test)]
mod tests;
