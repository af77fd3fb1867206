//! Why a question was not answered. Nothing changed by it: nothing is written.

use datafusion::error::DataFusionError;
use engine::{FetchError, ReadError};

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It is no question that can be answered: what it says is wrong, or would change something.
    #[error("{0}")]
    Sql(String),
    /// The ledger does not answer.
    #[error("the log cannot be read: {0}")]
    Read(#[from] ReadError),
    /// Records that are not in a lake file yet cannot be read.
    #[error("records cannot be read: {0}")]
    Fetch(#[from] FetchError),
    /// A lake file cannot be read.
    #[error("a lake file cannot be read: {0}")]
    Lake(#[from] lake::LakeError),
    /// The store does not give what lies in it.
    #[error("the store: {0}")]
    Store(#[from] store::StoreError),
    /// More records are not in lake files yet than a question may hold in memory.
    #[error(
        "{bytes} bytes of records of {topic} are not in lake files yet, and {max} may be: run a compactor, or allow more"
    )]
    TailTooLong {
        /// The topic.
        topic: String,
        /// Bytes of its record batches.
        bytes: u64,
        /// Bytes that may be.
        max: u64,
    },
    /// The answer cannot be written.
    #[error("the answer cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// What came up while it was answered.
    #[error("{0}")]
    Run(String),
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<QueryError>() {
                Ok(own) => *own,
                Err(other) => Self::Run(other.to_string()),
            },
            DataFusionError::Context(_, inner) => (*inner).into(),
            error @ (DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Diagnostic(..)) => Self::Sql(error.strip_backtrace()),
            error => Self::Run(error.strip_backtrace()),
        }
    }
}

impl From<QueryError> for DataFusionError {
    fn from(error: QueryError) -> Self {
        Self::External(Box::new(error))
    }
}
