//! Why a lake file was not written or not read.

use std::ops::Range;

use bytes::Bytes;

/// Why a lake file was not written or not read. Nothing has changed by it: this room touches memory alone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// The Parquet library refused: what it read is no Parquet file, or what it was given is more than the format holds.
    #[error("parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Columns that do not fit together.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// A Parquet file, but not one of ours, or damaged.
    #[error("not a readable lake file: {0}")]
    Format(String),
    /// What tells of lake files as a table cannot be read, or cannot be told.
    #[error("table: {0}")]
    Table(String),
    /// Offsets do not follow one another, or a partition comes twice.
    #[error("partition {partition}: {what}")]
    Order {
        /// The partition.
        partition: i32,
        /// What is out of order.
        what: String,
    },
    /// Records that stand in the file cannot be a batch again.
    #[error("a batch cannot be built again: {0}")]
    Build(#[from] records::BuildError),
    /// The bytes of a batch that was kept whole do not check.
    #[error("a batch that was kept whole: {0}")]
    Whole(#[from] records::BatchError),
}

impl From<std::convert::Infallible> for LakeError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

pub(crate) fn unreadable(what: impl Into<String>) -> LakeError {
    LakeError::Format(what.into())
}

/// The bytes of `range` in `from`, which begins at `start` of a file; none where it does not hold them all.
pub(crate) fn cut(from: &Bytes, start: u64, range: &Range<u64>) -> Option<Bytes> {
    let begin = usize::try_from(range.start.checked_sub(start)?).ok()?;
    let end = usize::try_from(range.end.checked_sub(start)?).ok()?;
    (begin <= end && end <= from.len()).then(|| from.slice(begin..end))
}
