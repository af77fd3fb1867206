//! The script of a run: which requests or connections meet which fault, and when the network is cut. TOML; unknown names
//! are refused. docs/faults.md has an example of each.

mod fault;
mod matching;

use std::collections::BTreeSet;

use serde::Deserialize;

pub use fault::{DynamoDbCode, Ending, Fault, S3Code};
pub(crate) use matching::Place;
pub use matching::{HeaderMatch, Match};

use crate::network::{Cut, Direction, How};
use crate::{Error, Latency, Mode};

/// Everything that is done to what passes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What everything is drawn from.
    pub seed: Option<u64>,
    /// How long each request takes more than it would; in tcp mode, each piece of an answer.
    pub latency: Option<Latency>,
    /// Faults, in order: of those that end a request, the first that strikes is done.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
    /// Cuts of everything, at their times.
    #[serde(default, rename = "cut")]
    pub cuts: Vec<ScheduledCut>,
}

/// What meets a fault, and which.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// By what it is counted; `rule-1` and so on when nothing is said. What is drawn follows from the seed and the name.
    pub name: Option<String>,
    /// What it is about; everything when nothing is said.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Of what matches, this part is struck, each by its own draw.
    pub probability: Option<f64>,
    /// Of what matches, each of which the number can be divided by this is struck.
    pub every: Option<u64>,
    /// It strikes so often at most.
    pub times: Option<u64>,
    /// What happens.
    pub fault: Fault,
}

/// A cut of everything, so long after the script was begun.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledCut {
    /// Milliseconds after the script was begun.
    pub at_ms: u64,
    /// For how many milliseconds.
    pub for_ms: u64,
    /// What the network does.
    pub how: How,
    /// Which way; only a stall has one.
    #[serde(default)]
    pub direction: Direction,
}

impl ScheduledCut {
    /// The cut as it is done.
    pub(crate) fn cut(self) -> Cut {
        let (how, direction) = (self.how, self.direction);
        let for_ms = Some(self.for_ms);
        Cut { how, direction, for_ms }
    }
}

impl Script {
    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Syntax`] when the text is none. Whether it fits a proxy's mode is seen when a proxy is given it.
    pub fn parse(text: &str) -> Result<Script, Error> {
        Ok(toml::from_str(text)?)
    }

    /// Refuses what cannot be done, or not in this mode.
    pub(crate) fn check(&self, mode: Mode) -> Result<(), Error> {
        let mut names = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let name = rule.name(index);
            rule.check(mode).map_err(|why| Error::script(&name, why))?;
            if !names.insert(name.clone()) {
                return Err(Error::script(&name, "another rule has this name"));
            }
        }
        for cut in &self.cuts {
            cut.cut().check().map_err(|why| Error::script("a cut", why))?;
        }
        Ok(())
    }
}

impl Rule {
    /// By what it is counted; `index` counts from 0.
    pub(crate) fn name(&self, index: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("rule-{}", index + 1))
    }

    fn check(&self, mode: Mode) -> Result<(), String> {
        if self.probability.is_some() && self.every.is_some() {
            return Err("has both a probability and every".into());
        }
        if self.probability.is_some_and(|part| !(0.0..=1.0).contains(&part)) {
            return Err("probability is a number from 0 to 1".into());
        }
        if self.every == Some(0) {
            return Err("every is at least 1".into());
        }
        if self.fault.mode() != mode {
            return Err(format!("{} is no fault of mode {mode:?}", self.fault.kind()).to_lowercase());
        }
        self.matches.check(mode)?;
        self.fault.check()
    }
}

#[cfg(test)]
mod tests;
