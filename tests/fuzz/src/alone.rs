//! Processes of a check run on one thread, in virtual time.

/// Drives what a check does to its end.
pub(crate) fn run(drive: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(Box::pin(drive));
}
