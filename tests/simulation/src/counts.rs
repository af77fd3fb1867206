//! How often what happened. Knows no meaning of the names.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Counters by name, in the order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    /// Adds to a counter.
    pub fn add(&mut self, name: &str, by: u64) {
        match self.0.get_mut(name) {
            Some(count) => *count += by,
            None => drop(self.0.insert(name.to_owned(), by)),
        }
    }

    /// A counter; 0 when nothing was counted under that name.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Forgets a counter.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Adds all counters of another.
    pub fn sum(&mut self, other: &Counts) {
        for (name, by) in &other.0 {
            self.add(name, *by);
        }
    }
}

/// One counter a line.
impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.0 {
            writeln!(out, "{count:>12}  {name}")?;
        }
        Ok(())
    }
}
