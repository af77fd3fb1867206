//! The header of a record batch, version 2. All integers are big-endian.
//!
//! ```text
//!  at  bytes  field
//!   0    8    base offset              i64   given by the log        \
//!   8    4    batch length             i32   bytes from 12 on         | the prefix, outside the checksum
//!  12    4    partition leader epoch   i32   given by the log        /
//!  16    1    magic                    i8    2
//!  17    4    checksum                 u32   CRC-32C of 21..end
//!  21    2    attributes               i16   codec 0-2, append time 3, transactional 4, control 5, delete horizon 6
//!  23    4    last offset delta        i32
//!  27    8    base timestamp           i64   ms since 1970
//!  35    8    max timestamp            i64   ms since 1970
//!  43    8    producer id              i64   -1: none
//!  51    2    producer epoch           i16   -1: none
//!  53    4    base sequence            i32   -1: none
//!  57    4    records count            i32
//!  61         records, as one compressed blob if a codec is named
//! ```
//!
//! It knows the fields, not which values a client may send: that is `Batch::verify`.

use bytes::{Buf, BufMut};

use crate::{BatchError, Codec};

/// Bytes of a batch's header.
pub const HEADER_BYTES: usize = 61;
/// Bytes from the start of a batch that lie outside its checksum and that the log may overwrite.
pub const PREFIX_BYTES: usize = 16;
/// Bytes before those that the batch length counts.
pub(crate) const LENGTH_EXCLUDES_BYTES: usize = 12;
pub(crate) const LENGTH_AT: usize = 8;
pub(crate) const LEADER_EPOCH_AT: usize = 12;
pub(crate) const MAGIC_AT: usize = 16;
pub(crate) const CHECKSUM_AT: usize = 17;
pub(crate) const ATTRIBUTES_AT: usize = 21;
pub(crate) const MAX_TIMESTAMP_AT: usize = 35;
/// The only format version that is read.
pub(crate) const MAGIC: i8 = 2;

/// The fields of a header, as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the batch's first record; without meaning until the log has given it.
    pub base_offset: i64,
    /// Bytes of the batch from the leader epoch on.
    pub batch_length: i32,
    /// Epoch of the partition's leader.
    pub partition_leader_epoch: i32,
    /// CRC-32C of the bytes from the attributes on.
    pub checksum: u32,
    /// Codec and flags.
    pub attributes: Attributes,
    /// Offset of the last record less the base offset.
    pub last_offset_delta: i32,
    /// Timestamp that those of the records are relative to, in ms since 1970.
    pub base_timestamp: i64,
    /// Largest timestamp of the records, or the time of the append, in ms since 1970.
    pub max_timestamp: i64,
    /// Producer id, -1 for none.
    pub producer_id: i64,
    /// Producer epoch, -1 for none.
    pub producer_epoch: i16,
    /// Sequence of the first record, -1 for none.
    pub base_sequence: i32,
    /// Number of records.
    pub records_count: i32,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`, which may end anywhere behind it.
    ///
    /// # Errors
    /// `Truncated`, `Magic` (also for the shorter headers of older formats), `Length` if the batch length cannot hold
    /// the header.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        if let Some(magic) = bytes.get(MAGIC_AT).map(|byte| byte.cast_signed())
            && magic != MAGIC
        {
            return Err(BatchError::Magic(magic));
        }
        let mut from = bytes.get(..HEADER_BYTES).ok_or(BatchError::Truncated {
            have: bytes.len(),
            need: HEADER_BYTES,
        })?;
        let base_offset = from.get_i64();
        let batch_length = from.get_i32();
        let partition_leader_epoch = from.get_i32();
        from.advance(1);
        let header = Self {
            base_offset,
            batch_length,
            partition_leader_epoch,
            checksum: from.get_u32(),
            attributes: Attributes(from.get_i16()),
            last_offset_delta: from.get_i32(),
            base_timestamp: from.get_i64(),
            max_timestamp: from.get_i64(),
            producer_id: from.get_i64(),
            producer_epoch: from.get_i16(),
            base_sequence: from.get_i32(),
            records_count: from.get_i32(),
        };
        if usize::try_from(batch_length).is_ok_and(|length| length >= HEADER_BYTES - LENGTH_EXCLUDES_BYTES) {
            Ok(header)
        } else {
            Err(BatchError::Length(batch_length))
        }
    }

    /// Bytes of the whole batch, header included.
    #[must_use]
    pub fn batch_bytes(&self) -> usize {
        usize::try_from(self.batch_length)
            .unwrap_or(0)
            .saturating_add(LENGTH_EXCLUDES_BYTES)
    }

    /// Number of records, 0 if the field says less.
    #[must_use]
    pub fn records(&self) -> u32 {
        u32::try_from(self.records_count).unwrap_or(0)
    }

    /// Offset of the last record; saturates.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// Whether an idempotent or transactional producer made the batch.
    #[must_use]
    pub fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }

    /// Sequence of the last record: sequences go from 2^31 - 1 on to 0. -1 if the batch has none.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        let last = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        i32::try_from(last.rem_euclid(1 << 31)).unwrap_or(-1)
    }

    pub(crate) fn write(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut into = &mut bytes[..];
        into.put_i64(self.base_offset);
        into.put_i32(self.batch_length);
        into.put_i32(self.partition_leader_epoch);
        into.put_i8(MAGIC);
        into.put_u32(self.checksum);
        into.put_i16(self.attributes.0);
        into.put_i32(self.last_offset_delta);
        into.put_i64(self.base_timestamp);
        into.put_i64(self.max_timestamp);
        into.put_i64(self.producer_id);
        into.put_i16(self.producer_epoch);
        into.put_i32(self.base_sequence);
        into.put_i32(self.records_count);
        bytes
    }
}

/// What the timestamps of a batch mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// Each record has its own, from the producer.
    CreateTime,
    /// All have the header's max timestamp, from the log.
    LogAppendTime,
}

/// The attribute bits of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes(pub(crate) i16);

impl Attributes {
    const CODEC: i16 = 0b111;
    pub(crate) const LOG_APPEND_TIME: i16 = 1 << 3;
    pub(crate) const TRANSACTIONAL: i16 = 1 << 4;
    pub(crate) const CONTROL: i16 = 1 << 5;
    const FROM_CLIENTS: i16 = Self::CODEC | Self::TRANSACTIONAL;

    /// The attributes with these bits, whatever they are.
    #[must_use]
    pub fn from_bits(bits: i16) -> Self {
        Self(bits)
    }

    /// The bits as they stand in the header.
    #[must_use]
    pub fn bits(self) -> i16 {
        self.0
    }

    /// The codec of the records.
    ///
    /// # Errors
    /// `UnknownCodec` for numbers above 4.
    pub fn codec(self) -> Result<Codec, BatchError> {
        let number = (self.0 & Self::CODEC).to_be_bytes()[1];
        Codec::from_number(number).ok_or(BatchError::UnknownCodec(number))
    }

    /// What the timestamps mean.
    #[must_use]
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Whether the batch belongs to a transaction.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// The same outside any transaction.
    #[must_use]
    pub fn without_transaction(self) -> Self {
        Self(self.0 & !Self::TRANSACTIONAL)
    }

    /// Whether the batch is a marker of the log and holds no data.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether bits are set that neither a client sets nor the other questions ask for.
    pub(crate) fn has_foreign_bits(self) -> bool {
        self.0 & !(Self::FROM_CLIENTS | Self::LOG_APPEND_TIME | Self::CONTROL) != 0
    }
}

#[cfg(test)]
mod tests;
