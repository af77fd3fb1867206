//! That a program that is shipped has none of the mistakes: their names are in this one, and not in that.

use std::path::Path;

use anyhow::{Context as _, bail};
use seeded::Bug;

/// Looks for the names of all mistakes in a program, and in this one.
///
/// # Errors
/// When the other has one, when this one lacks one, or when a program cannot be read.
pub fn check_shipped(program: &Path) -> anyhow::Result<()> {
    if let Some(bug) = missing(&std::env::current_exe()?)?.first() {
        bail!("this program has no mistake {}, so nothing is shown", bug.name());
    }
    let missing = missing(program)?;
    match Bug::ALL.iter().find(|bug| !missing.contains(bug)) {
        Some(bug) => bail!("{} has the mistake {}", program.display(), bug.name()),
        None => Ok(()),
    }
}

/// The mistakes whose names a program does not hold.
fn missing(program: &Path) -> anyhow::Result<Vec<Bug>> {
    let bytes = std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let mut missing = Bug::ALL.to_vec();
    for at in 0..bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.first().is_some_and(u8::is_ascii_lowercase) {
            missing.retain(|bug| !rest.starts_with(bug.name().as_bytes()));
        }
    }
    Ok(missing)
}
