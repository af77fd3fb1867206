//! What can go wrong with an object, and whether it happened all the same. This file knows no backend.

use std::fmt;

/// What was asked of the store. Its name is the `op` label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A write-once put under a fresh name.
    Put,
    /// A put that only succeeds where nothing is.
    Create,
    /// A put that only succeeds over the version it names.
    Replace,
    /// A read of an object or of a range of it.
    Get,
    /// A listing by prefix.
    List,
    /// A deletion of one or more objects.
    Delete,
    /// A look at the store's clock.
    Date,
}

impl Op {
    /// The name in metrics and messages.
    pub fn name(self) -> &'static str {
        match self {
            Op::Put => "put",
            Op::Create => "create",
            Op::Replace => "replace",
            Op::Get => "get",
            Op::List => "list",
            Op::Delete => "delete",
            Op::Date => "date",
        }
    }

    /// Whether the store is another one after it.
    pub fn writes(self) -> bool {
        matches!(self, Op::Put | Op::Create | Op::Replace | Op::Delete)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Whether something that failed took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Certainly not.
    No,
    /// It may have.
    Maybe,
}

/// Why an operation on the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("{path} does not exist")]
    NotFound {
        /// The object.
        path: String,
    },
    /// The object, or what came of it, ends before the range that was wanted does.
    #[error("{path} ends at byte {got} where byte {wanted} was wanted")]
    Truncated {
        /// The object.
        path: String,
        /// The end of the range, in bytes from the object's begin.
        wanted: u64,
        /// Where the bytes ended.
        got: u64,
    },
    /// There is no room left. Nothing was written; reads go on.
    #[error("no room left to write {path}: {reason}")]
    Full {
        /// The object.
        path: String,
        /// What the backend said.
        reason: String,
    },
    /// It certainly did not happen.
    #[error("{op} of {path} failed: {reason}")]
    Definite {
        /// What was asked.
        op: Op,
        /// The object or prefix.
        path: String,
        /// What the backend said.
        reason: String,
        /// Whether the same may succeed a little later.
        transient: bool,
    },
    /// It may have happened.
    #[error("{op} of {path} has an unknown outcome: {reason}")]
    Unknown {
        /// What was asked.
        op: Op,
        /// The object or prefix.
        path: String,
        /// What the backend said.
        reason: String,
    },
    /// The object is there and is not what it must be.
    #[error("{path} is damaged: {reason}")]
    Corrupt {
        /// The object.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store's URL or one of its settings makes no sense.
    #[error("invalid store setting: {reason}")]
    Setting {
        /// Which, and why.
        reason: String,
    },
}

impl StoreError {
    /// Whether what was asked took place.
    pub fn happened(&self) -> Happened {
        match self {
            StoreError::Unknown { .. } => Happened::Maybe,
            _ => Happened::No,
        }
    }

    /// Whether the same, or a put under a new name, may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            StoreError::Unknown { .. } => true,
            StoreError::Definite { transient, .. } => *transient,
            _ => false,
        }
    }

    /// The `code` label of the metrics.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::NotFound { .. } => "not_found",
            StoreError::Truncated { .. } => "truncated",
            StoreError::Full { .. } => "full",
            StoreError::Definite { .. } => "definite",
            StoreError::Unknown { .. } => "unknown",
            StoreError::Corrupt { .. } => "corrupt",
            StoreError::Setting { .. } => "setting",
        }
    }

    /// A refusal that trying again does not mend.
    pub(crate) fn refused(op: Op, path: &str, reason: impl Into<String>) -> StoreError {
        StoreError::Definite {
            op,
            path: path.to_owned(),
            reason: reason.into(),
            transient: false,
        }
    }

    /// A failure that is nobody's fault and may pass. What changes nothing certainly did not happen.
    pub(crate) fn passing(op: Op, path: &str, reason: impl Into<String>) -> StoreError {
        let (path, reason) = (path.to_owned(), reason.into());
        if op.writes() {
            return StoreError::Unknown { op, path, reason };
        }
        StoreError::Definite {
            op,
            path,
            reason,
            transient: true,
        }
    }
}
