//! Settings of a store, each with its unit and its default. They enter through the command line; nothing here reads
//! the environment.

use std::time::Duration;

use ledger::AwsOptions;

/// Bytes in a MiB.
const MIB: u64 = 1024 * 1024;

/// How a store is reached, how patient it is and how much memory it may use.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// What an `s3:` URL does not say.
    pub aws: AwsOptions,
    /// Most bytes of objects kept in memory for reading again: three quarters for the tail and what was written, one
    /// for readers of history, so that a replay does not push out the tail.
    pub cache_bytes_max: u64,
    /// Objects are cached and fetched in aligned blocks of this many bytes, the last one shorter.
    ///
    /// 1 MiB: a run of one partition in a segment of 8 MiB mostly lies in one block, so a read costs one request; a
    /// small object is one block, so it is fetched whole; and a fetched block that serves one small run wastes some
    /// ten milliseconds of a connection, less than a request's own latency.
    pub cache_block_bytes: u64,
    /// Whether objects that a front wrote are kept in the cache, so that readers at the tail ask the store for nothing.
    /// Where it is not said: in a bucket, whose requests cost time and money, and not in a folder, of which the system
    /// has a cache already.
    pub keep_written: Option<bool>,
    /// Neighbouring missing blocks are fetched in one request of at most this many bytes.
    pub read_run_bytes_max: u64,
    /// Most bytes one call may ask for.
    pub read_bytes_max: u64,
    /// Most bytes being fetched at once for readers at the tail.
    pub tail_bytes_in_flight_max: u64,
    /// Most bytes being fetched at once for readers of history and for compaction.
    pub backfill_bytes_in_flight_max: u64,
    /// How long one request for bytes, a listing's page or a date may take.
    pub read_timeout: Duration,
    /// How long one put may take; `put_hedged` has a deadline of its own as well.
    pub put_timeout: Duration,
    /// Most requests for the same bytes before a read fails.
    pub read_attempts_max: u32,
    /// Most names one hedged put may try, up to 100.
    pub put_attempts_max: u16,
    /// A put slower than this is hedged while too few were measured to know better.
    pub hedge_after_initial: Duration,
    /// No put is hedged sooner than this.
    pub hedge_after_min: Duration,
    /// Hedges among a hundred puts.
    pub hedges_per_hundred: u32,
    /// Second tries, of reads and puts, among a hundred requests, beyond a burst of ten.
    pub retries_per_hundred: u32,
}

impl Default for StoreOptions {
    fn default() -> StoreOptions {
        StoreOptions {
            aws: AwsOptions::default(),
            cache_bytes_max: 128 * MIB,
            cache_block_bytes: MIB,
            keep_written: None,
            read_run_bytes_max: 8 * MIB,
            read_bytes_max: 256 * MIB,
            tail_bytes_in_flight_max: 64 * MIB,
            backfill_bytes_in_flight_max: 32 * MIB,
            read_timeout: Duration::from_secs(10),
            put_timeout: Duration::from_secs(30),
            read_attempts_max: 3,
            put_attempts_max: 8,
            hedge_after_initial: Duration::from_secs(2),
            hedge_after_min: Duration::from_millis(20),
            hedges_per_hundred: 5,
            retries_per_hundred: 10,
        }
    }
}
