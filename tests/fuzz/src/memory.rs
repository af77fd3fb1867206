//! How many bytes something takes while it runs. It counts what this process' own code allocates; what C libraries
//! allocate is bounded by the fuzzer itself.

use crate::ALLOCATOR;

/// Runs `work`; gives what it made and the most bytes that were allocated at one time beyond those before. Exact only
/// while nothing else runs.
pub(crate) fn peak_bytes<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let made = work();
    (made, ALLOCATOR.peak_usage().saturating_sub(before))
}
