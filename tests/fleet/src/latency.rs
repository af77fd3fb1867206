//! How long something took, many times.

use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time that is told apart, in microseconds.
const LONGEST_US: u64 = 600_000_000;

/// Percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// Half took at most this.
    pub p50_ms: f64,
    /// Of a hundred, all but one took at most this.
    pub p99_ms: f64,
}

impl Latency {
    /// Of times in microseconds.
    pub fn of(times: &Histogram<u64>) -> Latency {
        let ms = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
        Latency {
            count: times.len(),
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
        }
    }

    /// For people: `p50, p99`.
    pub fn text(&self) -> String {
        format!("{:.1}, {:.1} ms", self.p50_ms, self.p99_ms)
    }
}

/// An empty collection of times in microseconds.
pub(crate) fn histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).context("a histogram of these bounds")
}

/// One more.
pub(crate) fn record(times: &mut Histogram<u64>, took: Duration) {
    times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
}
