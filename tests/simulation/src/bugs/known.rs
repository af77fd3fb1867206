//! The seeds that are known to find each mistake: tests/simulation/bugs.txt.

use anyhow::{Context as _, bail};
use seeded::Bug;

/// Where a mistake is found first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The seed.
    pub seed: u64,
    /// The check that failed.
    pub check: String,
}

const LIST: &str = include_str!("../../bugs.txt");

/// Where a mistake is known to be found; none when it is not.
///
/// # Errors
/// When the list is not one.
pub fn known(bug: Bug) -> anyhow::Result<Option<Known>> {
    for line in LIST.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, _room, _rule, seed, check] = cells.as_slice() else {
            bail!("bugs.txt has a line that is none: {line}");
        };
        if Bug::named(name).is_none() {
            bail!("bugs.txt names {name}, which is no mistake");
        }
        if *name == bug.name() {
            let seed = seed
                .parse()
                .with_context(|| format!("bugs.txt has no seed for {name}"))?;
            let check = (*check).to_owned();
            return Ok(Some(Known { seed, check }));
        }
    }
    Ok(None)
}
