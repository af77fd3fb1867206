//! How long requests took lately: a histogram of four buckets an octave that forgets by halves.

use std::time::Duration;

/// Buckets an octave: a quantile is at most a quarter too high.
const PER_OCTAVE: u32 = 4;
/// From a microsecond to half a day.
const BUCKETS: usize = 36 * PER_OCTAVE as usize;
/// At this many the older ones begin to count half.
const SAMPLES_MAX: u32 = 2048;
/// Fewer say nothing of a hundredth.
const SAMPLES_MIN: u32 = 100;

#[derive(Debug)]
pub(crate) struct Latency {
    counts: Vec<u32>,
    total: u32,
}

impl Latency {
    pub(crate) fn new() -> Latency {
        Latency {
            counts: vec![0; BUCKETS],
            total: 0,
        }
    }

    pub(crate) fn record(&mut self, took: Duration) {
        if self.total >= SAMPLES_MAX {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().sum();
        }
        if let Some(count) = self.counts.get_mut(bucket(took)) {
            *count += 1;
            self.total += 1;
        }
    }

    /// What 99 of 100 took at most; `None` while too few were measured.
    pub(crate) fn p99(&self) -> Option<Duration> {
        if self.total < SAMPLES_MIN {
            return None;
        }
        let mut above = self.total / 100;
        for (index, count) in self.counts.iter().enumerate().rev() {
            if *count > above {
                return Some(upper(index));
            }
            above -= count;
        }
        None
    }
}

fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let octave = micros.ilog2();
    // The two bits below the highest one.
    let quarter = if octave >= 2 { (micros >> (octave - 2)) & 3 } else { 0 };
    let index = u64::from(octave * PER_OCTAVE) + quarter;
    usize::try_from(index).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The end of a bucket.
fn upper(index: usize) -> Duration {
    let per = PER_OCTAVE as usize;
    let (octave, quarter) = (index / per, index % per);
    let quarters = u64::try_from(5 + quarter).unwrap_or(8);
    Duration::from_micros((quarters << octave) / 4)
}

#[cfg(test)]
mod tests;
