//! How long something takes: a fixed time or a distribution, drawn anew each time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use world::Chance;

/// The standard normal distribution's 99th percentile.
const NORMAL_P99: f64 = 2.326_347_874_040_841;
/// Nothing takes longer, whatever is drawn.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A time, or what times are drawn from. As text `35ms`, `uniform:10ms,50ms` or `lognormal:35ms,150ms`: the shortest and the
/// longest, or the median and the 99th percentile. Units are us, ms, s, m and h.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Latency {
    /// Always this.
    Fixed(Duration),
    /// Each time in the range alike.
    Uniform(Duration, Duration),
    /// What services show: half of the requests take at most the median, one of a hundred takes more than the 99th
    /// percentile.
    LogNormal(Duration, Duration),
}

/// The text is no latency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is none of 35ms, uniform:10ms,50ms (shortest, longest) and lognormal:35ms,150ms (median, 99th percentile)"
)]
pub struct BadLatency(String);

impl Latency {
    /// Draws one.
    pub fn draw(&self, chance: &Chance) -> Duration {
        match *self {
            Latency::Fixed(fixed) => fixed,
            Latency::Uniform(low, high) => chance.between(low, high),
            Latency::LogNormal(median, p99) => {
                let sigma = (p99.as_secs_f64() / median.as_secs_f64()).ln() / NORMAL_P99;
                let seconds = median.as_secs_f64() * (sigma * normal(chance)).exp();
                Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST)
            }
        }
    }
}

/// A draw from the standard normal distribution, by Box and Muller.
fn normal(chance: &Chance) -> f64 {
    // From 0 excluded to 1 included: the logarithm of 0 is none.
    let radius = (-2.0 * (1.0 - chance.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * chance.unit()).cos()
}

fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * unit;
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    (duration <= LONGEST).then_some(duration)
}

fn parse(text: &str) -> Option<Latency> {
    let Some((kind, pair)) = text.split_once(':') else {
        return duration(text).map(Latency::Fixed);
    };
    let (low, high) = pair.split_once(',')?;
    let (low, high) = (duration(low)?, duration(high)?);
    match kind {
        "uniform" if low <= high => Some(Latency::Uniform(low, high)),
        "lognormal" if !low.is_zero() && low <= high => Some(Latency::LogNormal(low, high)),
        _ => None,
    }
}

impl FromStr for Latency {
    type Err = BadLatency;

    fn from_str(text: &str) -> Result<Latency, BadLatency> {
        parse(text).ok_or_else(|| BadLatency(text.to_owned()))
    }
}

impl TryFrom<String> for Latency {
    type Error = BadLatency;

    fn try_from(text: String) -> Result<Latency, BadLatency> {
        text.parse()
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = |time: &Duration| time.as_micros();
        match self {
            Latency::Fixed(fixed) => write!(out, "{}us", us(fixed)),
            Latency::Uniform(low, high) => write!(out, "uniform:{}us,{}us", us(low), us(high)),
            Latency::LogNormal(median, p99) => write!(out, "lognormal:{}us,{}us", us(median), us(p99)),
        }
    }
}

#[cfg(test)]
mod tests;
