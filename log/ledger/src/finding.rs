//! What an examination found: one point, how it stands, and what to do about it.

use std::time::Duration;

/// How a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and something should be done or known; or it cannot be seen.
    Warn,
    /// Records can be lost, or cannot be written or read.
    Fail,
}

/// One point that was examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The point's name, which is stable.
    pub name: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was seen.
    pub what: String,
    /// What to do; empty when it is as it should be.
    pub advice: String,
}

impl Finding {
    /// A point that is as it should be.
    pub fn ok(name: &'static str, what: impl Into<String>) -> Finding {
        Finding {
            name,
            verdict: Verdict::Ok,
            what: what.into(),
            advice: String::new(),
        }
    }

    /// A point that works, with something to do or to know.
    pub fn warn(name: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding {
            name,
            verdict: Verdict::Warn,
            what: what.into(),
            advice: advice.into(),
        }
    }

    /// A point that is wrong.
    pub fn fail(name: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Fail,
            ..Finding::warn(name, what, advice)
        }
    }
}

/// A clock that is further off than this is told.
const SKEW_WARN: Duration = Duration::from_secs(5);
/// Beyond this a process proposes nothing that rests on time.
const SKEW_FAIL: Duration = Duration::from_secs(60);

/// Judges another's clock, which showed `theirs_ms` at some moment between two readings of our own, all in milliseconds
/// since 1970. What the readings leave open, and `grain`, within which their clock does not tell, is not held against it.
pub fn clock(name: &'static str, (before_ms, after_ms): (i64, i64), theirs_ms: i64, grain: Duration) -> Finding {
    let grain = i64::try_from(grain.as_millis()).unwrap_or(i64::MAX);
    let behind = before_ms.saturating_sub(theirs_ms.saturating_add(grain)).max(0);
    let ahead = theirs_ms.saturating_sub(after_ms).max(0);
    let off = Duration::from_millis(behind.max(ahead).unsigned_abs());
    let which = if ahead > behind { "ahead of" } else { "behind" };
    let what = match off.is_zero() {
        true => "the clocks agree".to_owned(),
        false => format!("its clock is {:.1} s {which} the one here", off.as_secs_f64()),
    };
    let advice = "let NTP set the clocks; retention, expiry and the sweep rest on them and are not proposed by a process \
                  that is more than a minute off";
    match off {
        off if off > SKEW_FAIL => Finding::fail(name, what, advice),
        off if off > SKEW_WARN => Finding::warn(name, what, advice),
        _ => Finding::ok(name, what),
    }
}

/// Judges how long calls of one kind took: the median, which one slow answer does not move.
pub fn latency(name: &'static str, mut took: Vec<Duration>, warn_above: Duration, advice: &str) -> Finding {
    took.sort_unstable();
    let Some(median) = took.get(took.len() / 2) else {
        return Finding::warn(name, "nothing was measured", advice);
    };
    let milliseconds = |took: &Duration| took.as_secs_f64() * 1000.0;
    let slowest = took.last().map_or(0.0, milliseconds);
    let what = format!(
        "median of {}: {:.1} ms, slowest {slowest:.1} ms",
        took.len(),
        milliseconds(median)
    );
    match *median > warn_above {
        true => Finding::warn(name, what, advice),
        false => Finding::ok(name, what),
    }
}

#[cfg(test)]
mod tests;
