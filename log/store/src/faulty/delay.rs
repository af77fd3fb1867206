//! How long a call takes, drawn from a distribution.

use std::time::Duration;

use world::Chance;

/// A distribution of delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delay {
    /// None: the call only yields.
    #[default]
    None,
    /// Always the same.
    Fixed(Duration),
    /// Most are short, and none is long: of a store that works.
    Exponential {
        /// The mean.
        mean: Duration,
    },
    /// Most are short, and some very long: of a store as it is. A Pareto distribution with exponent 1.5, whose median
    /// is 1.6 times the shortest delay and whose 99.9th percentile a hundred times.
    HeavyTail {
        /// The shortest.
        shortest: Duration,
        /// Longer ones are cut to this.
        longest: Duration,
    },
}

impl Delay {
    /// One delay. Draws from the chance exactly once, whatever the distribution.
    pub fn draw(&self, chance: &Chance) -> Duration {
        // From above 0 to 1, so that the logarithm and the power are finite.
        let unit = 1.0 - chance.unit();
        match self {
            Delay::None => Duration::ZERO,
            Delay::Fixed(delay) => *delay,
            Delay::Exponential { mean } => mean.mul_f64(-unit.ln()),
            Delay::HeavyTail { shortest, longest } => shortest.mul_f64(unit.powf(-1.0 / 1.5).min(1e6)).min(*longest),
        }
    }
}

#[cfg(test)]
mod tests;
