//! A bucket of tokens that fills with time: what bounds the price of puts. Pure but for the instants it is told.

use world::Instant;

/// Tokens for puts. Who takes one that is not there leaves no debt: what is large pays its price by its size, and a small
/// flush that comes behind a gigabyte of large ones waits for one token, not for hundreds.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// Per second; none means that there is always one.
    rate: Option<f64>,
    burst: f64,
    held: f64,
    counted: Instant,
}

impl Tokens {
    pub(crate) fn new(rate: Option<f64>, burst: u32, now: Instant) -> Tokens {
        let burst = f64::from(burst.max(1));
        Tokens {
            rate: rate.filter(|rate| *rate > 0.0),
            burst,
            held: burst,
            counted: now,
        }
    }

    /// When there will be a token; now or earlier when there is one.
    pub(crate) fn ready_at(&mut self, now: Instant) -> Instant {
        self.fill(now);
        match self.rate {
            Some(rate) if self.held < 1.0 => now + std::time::Duration::from_secs_f64((1.0 - self.held) / rate),
            _ => now,
        }
    }

    /// Takes one, also when there is none.
    pub(crate) fn take(&mut self, now: Instant) {
        self.fill(now);
        if self.rate.is_some() {
            self.held = (self.held - 1.0).max(0.0);
        }
    }

    fn fill(&mut self, now: Instant) {
        if let Some(rate) = self.rate {
            let more = now.saturating_duration_since(self.counted).as_secs_f64() * rate;
            self.held = (self.held + more).min(self.burst);
        }
        self.counted = now;
    }
}

#[cfg(test)]
mod tests;
