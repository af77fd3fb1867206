//! What bounds a question.

/// What bounds a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryConfig {
    /// Bytes of memory that sorting, grouping and joining may take; what needs more goes to temporary files.
    pub working_bytes_max: usize,
    /// Bytes of records that are not in lake files yet, of one topic. Where there are more the question is refused.
    pub tail_bytes_max: u64,
    /// Threads' worth of work at once.
    pub parallel: usize,
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self {
            working_bytes_max: 1 << 30,
            tail_bytes_max: 1 << 30,
            parallel: 4,
        }
    }
}
