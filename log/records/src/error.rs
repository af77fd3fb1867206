//! Why bytes are not a batch that may be taken. Each reason has a variant of its own, and [`BatchError::kind`] sorts
//! them into the few classes that a front answers with. It does not know the numbers of any protocol's errors.

use crate::CodecError;

/// Why a batch was refused. Nothing has happened: every check comes before any effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Fewer bytes than the header or its length field asks for.
    #[error("batch is cut short: {have} bytes of {need}")]
    Truncated {
        /// Bytes that are there.
        have: usize,
        /// Bytes that should be there.
        need: usize,
    },
    /// Bytes follow the one batch that was expected.
    #[error("{extra} bytes follow the batch, of which there must be exactly one")]
    Trailing {
        /// Bytes behind the batch.
        extra: usize,
    },
    /// The length field is too small to hold a header.
    #[error("batch length {0} is too small")]
    Length(i32),
    /// Not format version 2.
    #[error("magic {0} is not supported, only 2 is")]
    Magic(i8),
    /// The bytes are not those the writer made.
    #[error("checksum is {computed:#010x}, the batch says {stored:#010x}")]
    Checksum {
        /// What the batch carries.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// Longer than [`crate::Limits::batch_bytes_max`].
    #[error("batch of {bytes} bytes is over the limit of {max}")]
    TooLarge {
        /// Bytes of the batch with its header.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A record count of zero or less.
    #[error("record count {0} is not positive")]
    Empty(i32),
    /// The record count and the last offset delta contradict each other.
    #[error("{records_count} records do not fit a last offset delta of {last_offset_delta}")]
    Count {
        /// What the header says.
        records_count: i32,
        /// What the header says.
        last_offset_delta: i32,
    },
    /// Control batches are made by the log alone.
    #[error("control batches are not taken from clients")]
    Control,
    /// Append time is set by the log alone.
    #[error("the timestamp type LogAppendTime is not taken from clients")]
    LogAppendTime,
    /// Bits that version 2 reserves, or that only a compactor sets.
    #[error("attributes {0:#06x} hold bits that clients must not set")]
    Attributes(i16),
    /// The compression bits name no codec.
    #[error("codec {0} is unknown")]
    UnknownCodec(u8),
    /// Producer id, epoch, sequence and the transactional bit contradict each other.
    #[error("producer id {id}, epoch {epoch} and base sequence {base_sequence} do not fit together")]
    Producer {
        /// Producer id.
        id: i64,
        /// Producer epoch.
        epoch: i16,
        /// Base sequence.
        base_sequence: i32,
    },
    /// The records could not be inflated.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// A record inside the batch is malformed.
    #[error("record {index} of the batch: {fault}")]
    Record {
        /// Place of the record in the batch, from 0; the record count if the fault lies behind the last.
        index: i32,
        /// What is wrong with it.
        fault: RecordFault,
    },
}

/// What is wrong with a record's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordFault {
    /// A field reaches beyond the record, or the record beyond the batch.
    #[error("cut short")]
    Truncated,
    /// A variable-length integer that is too wide for its type, or longer than it needs to be.
    #[error("integer not in its shortest form or out of range")]
    Varint,
    /// A negative length where none is allowed (-1 stands for null in keys and values).
    #[error("negative length or count")]
    Negative,
    /// Offset deltas must rise, and stay within the header's last offset delta.
    #[error("offset delta out of order")]
    OffsetDelta,
    /// Bytes that belong to no field.
    #[error("bytes left over")]
    Trailing,
}

/// What a front makes of an error. The names are those of Kafka's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchErrorKind {
    /// CORRUPT_MESSAGE.
    CorruptMessage,
    /// MESSAGE_TOO_LARGE.
    MessageTooLarge,
    /// INVALID_RECORD.
    InvalidRecord,
    /// INVALID_TIMESTAMP.
    InvalidTimestamp,
    /// UNSUPPORTED_FOR_MESSAGE_FORMAT.
    UnsupportedForMessageFormat,
    /// UNSUPPORTED_COMPRESSION_TYPE.
    UnsupportedCompressionType,
}

impl BatchError {
    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> BatchErrorKind {
        match self {
            Self::Truncated { .. } | Self::Length(_) | Self::Checksum { .. } => BatchErrorKind::CorruptMessage,
            Self::Codec(CodecError::Corrupt { .. }) => BatchErrorKind::CorruptMessage,
            Self::TooLarge { .. } | Self::Codec(CodecError::TooLarge { .. }) => BatchErrorKind::MessageTooLarge,
            Self::LogAppendTime => BatchErrorKind::InvalidTimestamp,
            Self::Magic(_) => BatchErrorKind::UnsupportedForMessageFormat,
            Self::UnknownCodec(_) => BatchErrorKind::UnsupportedCompressionType,
            Self::Trailing { .. }
            | Self::Empty(_)
            | Self::Count { .. }
            | Self::Control
            | Self::Attributes(_)
            | Self::Producer { .. }
            | Self::Record { .. } => BatchErrorKind::InvalidRecord,
        }
    }
}
