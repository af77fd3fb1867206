//! The limits of a process that serves, as flags. Their defaults stand with the rooms that heed them.

use std::ops::RangeInclusive;
use std::time::Duration;

use agent::http::HttpSettings;
use clap::Args;
use engine::EngineConfig;
use store::StoreOptions;

/// Memory of less would hold no request, and of more cannot be counted.
const MEMORY_BYTES: RangeInclusive<u64> = 1 << 20..=4 << 30;
const COUNT: RangeInclusive<usize> = 1..=1_000_000;
/// Fewer would make producers wait for minutes; none would be no bound at all to the engine.
const PUTS_PER_SECOND: RangeInclusive<f64> = 0.01..=10_000.0;

/// Limits, each with its unit.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits (sizes as 8388608 or 8MiB)")]
pub(crate) struct LimitArgs {
    /// Bytes of records that may wait for their acknowledgement, 1MiB to 4GiB
    #[arg(long, value_name = "BYTES", value_parser = memory, env = "TIDELOG_MEMORY_BYTES_MAX")]
    memory_bytes_max: Option<u64>,
    /// Bytes of objects kept in memory for reading again
    #[arg(long, value_name = "BYTES", value_parser = bytes, env = "TIDELOG_CACHE_BYTES_MAX")]
    cache_bytes_max: Option<u64>,
    /// An object is sealed when it holds so many bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes, env = "TIDELOG_SEGMENT_BYTES_MAX")]
    segment_bytes_max: Option<u64>,
    /// Requests up to so many bytes travel inside ledger entries; by default what suits the ledger
    #[arg(long, value_name = "BYTES", value_parser = bytes, env = "TIDELOG_INLINE_BYTES_MAX")]
    inline_bytes_max: Option<u64>,
    /// An object is sealed when its first record has waited so long
    #[arg(long, value_name = "MS", env = "TIDELOG_LINGER_MS")]
    linger_ms: Option<u64>,
    /// Objects put a second, from 0.01; by default 4 on S3, and any number on a folder
    #[arg(long, value_name = "N", value_parser = rate, allow_hyphen_values = true, env = "TIDELOG_PUTS_PER_SECOND")]
    puts_per_second: Option<f64>,
    /// Objects being put at the same time
    #[arg(long, value_name = "N", value_parser = count, env = "TIDELOG_PUTS_IN_FLIGHT_MAX")]
    puts_in_flight_max: Option<usize>,
    /// Looks at the ledger's end lie at least so far apart
    #[arg(long, value_name = "MS", env = "TIDELOG_LOOK_INTERVAL_MS")]
    look_interval_ms: Option<u64>,
    /// Without a read of the ledger's end for so long nothing is served
    #[arg(long, value_name = "MS", env = "TIDELOG_STALENESS_MS_MAX")]
    staleness_ms_max: Option<u64>,
    /// An append without an outcome for so long is answered as unknown
    #[arg(long, value_name = "MS", env = "TIDELOG_APPEND_DEADLINE_MS")]
    append_deadline_ms: Option<u64>,
    /// Bytes of a request's body, inflated
    #[arg(long, value_name = "BYTES", value_parser = bytes, env = "TIDELOG_REQUEST_BYTES_MAX")]
    request_bytes_max: Option<u64>,
    /// Connections at once
    #[arg(long, value_name = "N", value_parser = count, env = "TIDELOG_CONNECTIONS_MAX")]
    connections_max: Option<usize>,
}

impl LimitArgs {
    /// Puts what was given over the engine's defaults.
    pub(crate) fn engine(&self, config: &mut EngineConfig) {
        set(&mut config.memory_bytes_max, self.memory_bytes_max.map(size));
        set(&mut config.segment_bytes_max, self.segment_bytes_max.map(size));
        set(&mut config.linger, self.linger_ms.map(Duration::from_millis));
        set(&mut config.puts_in_flight_max, self.puts_in_flight_max);
        set(
            &mut config.look_interval,
            self.look_interval_ms.map(Duration::from_millis),
        );
        set(
            &mut config.staleness_max,
            self.staleness_ms_max.map(Duration::from_millis),
        );
        set(
            &mut config.append_deadline,
            self.append_deadline_ms.map(Duration::from_millis),
        );
        config.inline_bytes_max = self.inline_bytes_max.map(size).or(config.inline_bytes_max);
        config.puts_per_second = self.puts_per_second.or(config.puts_per_second);
    }

    /// Puts what was given over the store's.
    pub(crate) fn store(&self, options: &mut StoreOptions) {
        set(&mut options.cache_bytes_max, self.cache_bytes_max);
    }

    /// Puts what was given over the front's.
    pub(crate) fn http(&self, settings: &mut HttpSettings) {
        set(&mut settings.request_bytes_max, self.request_bytes_max.map(size));
        set(&mut settings.connections_max, self.connections_max);
    }
}

fn set<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}

pub(crate) fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Why a text is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a size is a number of bytes, with KiB, MiB or GiB behind it if wanted")]
pub(crate) struct SizeError;

/// A number of bytes: `8388608`, `8MiB`, `8M`.
pub(crate) fn bytes(text: &str) -> Result<u64, SizeError> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit: u64 = match unit {
        "" | "B" => 1,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => return Err(SizeError),
    };
    let number: u64 = number.parse().map_err(|_| SizeError)?;
    number.checked_mul(unit).ok_or(SizeError)
}

/// Why a limit cannot be so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitError {
    /// It is no size.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// It is no memory.
    #[error("it is 1MiB to 4GiB")]
    Memory,
    /// It is no count.
    #[error("it is a whole number from {} to {}", COUNT.start(), COUNT.end())]
    Count,
    /// It is no rate.
    #[error("it is a number from {} to {}", PUTS_PER_SECOND.start(), PUTS_PER_SECOND.end())]
    Rate,
}

fn memory(text: &str) -> Result<u64, LimitError> {
    let bytes = bytes(text)?;
    MEMORY_BYTES.contains(&bytes).then_some(bytes).ok_or(LimitError::Memory)
}

fn count(text: &str) -> Result<usize, LimitError> {
    let count = text.parse().ok().filter(|count| COUNT.contains(count));
    count.ok_or(LimitError::Count)
}

/// What is no number is in no range.
fn rate(text: &str) -> Result<f64, LimitError> {
    let rate = text.parse().ok().filter(|rate| PUTS_PER_SECOND.contains(rate));
    rate.ok_or(LimitError::Rate)
}

#[cfg(test)]
mod tests;
