//! Which problem an error of the engine is.

use engine::{AppendError, ChangeError, FetchError, ReadError};
use metadata::Rejection;
use records::{BatchError, BatchErrorKind};
use store::StoreError;

use super::{Code, Problem};
use crate::auth::Denied;

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Problem {
        let text = rejection.to_string();
        match rejection {
            Rejection::Halted => Problem::new(Code::LedgerHalted, text),
            Rejection::FoldFull { .. } => Problem::new(Code::StorageFull, text),
            Rejection::UnknownTopic => Problem::new(Code::TopicNotFound, text),
            Rejection::UnknownPartition => Problem::new(Code::PartitionNotFound, text),
            Rejection::TopicExists => Problem::new(Code::TopicExists, text),
            Rejection::InvalidName(_) => Problem::bad_request(text).kafka("INVALID_TOPIC_EXCEPTION", 17),
            Rejection::InvalidPartitions | Rejection::TooManyPartitions { .. } => {
                Problem::bad_request(text).kafka("INVALID_PARTITIONS", 37)
            }
            Rejection::InvalidConfig { ref name, .. } => Problem::bad_request(text)
                .kafka("INVALID_CONFIG", 40)
                .with("config", name.as_str()),
            Rejection::UnknownGroup => Problem::new(Code::GroupNotFound, text),
            Rejection::InvalidGroup => Problem::bad_request(text).kafka("INVALID_GROUP_ID", 24),
            Rejection::MetadataTooLarge { .. } => Problem::bad_request(text).kafka("OFFSET_METADATA_TOO_LARGE", 12),
            Rejection::GroupChanged { actual } => {
                let change = actual.map(|change| format!("{}.{}", change.position, change.index));
                Problem::new(Code::Fenced, text).with("change", change)
            }
            Rejection::SeenChanged { .. } => Problem::new(Code::Fenced, text),
            Rejection::OffsetBeyondEnd { high_watermark } => {
                Problem::new(Code::OffsetOutOfRange, text).with("high_watermark", high_watermark)
            }
            other => of_producer(&other, text),
        }
    }
}

/// Rejections of appends.
fn of_producer(rejection: &Rejection, text: String) -> Problem {
    match *rejection {
        Rejection::OffsetMismatch { actual } => {
            Problem::new(Code::OffsetMismatch, format!("Next offset is {actual}")).with("actual_offset", actual)
        }
        Rejection::UnknownProducer { log_start } => Problem::new(Code::SequenceGap, text)
            .kafka("UNKNOWN_PRODUCER_ID", 59)
            .with("log_start", log_start),
        Rejection::SequenceOutOfOrder { expected, got } => Problem::new(Code::SequenceGap, text)
            .with("expected", expected)
            .with("received", got),
        Rejection::RequestGap { expected } => Problem::new(Code::SequenceGap, text)
            .with("expected", expected)
            .header("producer-expected-seq", expected),
        Rejection::StaleProducerEpoch { current } => {
            Problem::new(Code::StaleEpoch, text).with("current_epoch", current)
        }
        Rejection::StaleRequestEpoch { current } => Problem::new(Code::StaleEpoch, text)
            .with("current_epoch", current)
            .header("producer-epoch", current),
        _ => Problem::bad_request(text),
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Problem {
        let text = error.to_string();
        let code = match error {
            AppendError::Rejected(rejection) => return rejection.into(),
            AppendError::Overloaded => Code::Overloaded,
            AppendError::Draining | AppendError::Retired | AppendError::NotAnAgent => Code::Draining,
            AppendError::TooLarge(_) => Code::RequestTooLarge,
            AppendError::StorageFull => Code::StorageFull,
            AppendError::StoreUnavailable(_) => Code::StorageUnavailable,
            AppendError::Halted => Code::LedgerHalted,
            AppendError::Unknown(_) => Code::TimeoutUnknownOutcome,
        };
        Problem::new(code, text)
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Problem {
        let text = error.to_string();
        let code = match error {
            ChangeError::Rejected(rejection) => return rejection.into(),
            ChangeError::Unavailable(_) => Code::LedgerUnavailable,
            ChangeError::StorageFull => Code::StorageFull,
            ChangeError::Halted => Code::LedgerHalted,
            ChangeError::Draining => Code::Draining,
            ChangeError::Unknown(_) => Code::TimeoutUnknownOutcome,
        };
        Problem::new(code, text)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Problem {
        let code = match error {
            ReadError::NotCurrent(_) => Code::LedgerUnavailable,
            ReadError::Halted => Code::LedgerHalted,
            ReadError::HistoryLost => Code::HistoryLost,
        };
        Problem::new(code, error.to_string())
    }
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Problem {
        let text = error.to_string();
        match error {
            FetchError::UnknownTopic => Problem::new(Code::TopicNotFound, text),
            FetchError::UnknownPartition => Problem::new(Code::PartitionNotFound, text),
            // Whoever asked knows on which side of the range the offset lies.
            FetchError::OutOfRange {
                log_start,
                high_watermark,
            } => Problem::new(Code::OffsetOutOfRange, text)
                .with("earliest", log_start)
                .with("high_watermark", high_watermark),
            FetchError::Corrupt { first, last, .. } => Problem::new(Code::DataCorrupt, text)
                .with("first_offset", first)
                .with("last_offset", last),
            FetchError::NotCurrent(_) => Problem::new(Code::LedgerUnavailable, text),
            FetchError::HistoryLost => Problem::new(Code::HistoryLost, text),
            FetchError::Unavailable(_) => Problem::new(Code::StorageUnavailable, text),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Truncated { .. } | StoreError::Corrupt { .. } => {
                Problem::new(Code::DataCorrupt, error.to_string())
            }
            error => Problem::new(Code::StorageUnavailable, error.to_string()),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        Problem::new(Code::Forbidden, denied.to_string())
    }
}

/// A batch in a body that cannot be taken; `index` counts the body's batches from 0.
pub(crate) fn wrong_batch(index: usize, error: &BatchError) -> Problem {
    let (code, name, number) = match error.kind() {
        BatchErrorKind::CorruptMessage => (Code::InvalidRecord, "CORRUPT_MESSAGE", 2),
        BatchErrorKind::MessageTooLarge => (Code::RecordTooLarge, "MESSAGE_TOO_LARGE", 10),
        BatchErrorKind::InvalidRecord => (Code::InvalidRecord, "INVALID_RECORD", 87),
        BatchErrorKind::InvalidTimestamp => (Code::InvalidRecord, "INVALID_TIMESTAMP", 32),
        BatchErrorKind::UnsupportedForMessageFormat => (Code::InvalidRecord, "UNSUPPORTED_FOR_MESSAGE_FORMAT", 43),
        BatchErrorKind::UnsupportedCompressionType => (Code::InvalidRecord, "UNSUPPORTED_COMPRESSION_TYPE", 76),
    };
    Problem::new(code, format!("batch {index}: {error}"))
        .kafka(name, number)
        .with("batch", index)
}

/// A stored batch that is as its writer made it, but cannot be decoded. The raw format still serves it.
pub(crate) fn undecodable(partition: u32, first: u64, last: u64, error: &BatchError) -> Problem {
    let text = format!("offsets {first} to {last} of partition {partition} cannot be decoded: {error}");
    Problem::new(Code::Undecodable, text)
        .with("partition", partition)
        .with("first_offset", first)
        .with("last_offset", last)
}
