//! Judges the history of a test: what clients were told is what the log holds.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use history::lines::Reader;
use history::{Verdict, explain};

use crate::place::Place;
use crate::workload::Shared;

/// Anomalies that are told in full.
const TOLD_MAX: usize = 10;

/// Judges all that was written down so far.
///
/// # Errors
/// When anything is wrong: what it is, and who did what.
pub fn must_hold(place: &Place, shared: &Shared) -> Result<Verdict> {
    shared.history.flush().context("the history")?;
    let file = place.history();
    let verdict = history::judge(open(&file)?)?;
    if verdict.kinds().is_empty() {
        return Ok(verdict);
    }
    let concerned = explain::concerned(&verdict.anomalies, Reader::new(open(&file)?)?)?;
    let told = verdict
        .anomalies
        .iter()
        .take(TOLD_MAX)
        .map(|anomaly| explain::text(anomaly, &concerned));
    bail!(
        "{:?} in {}:\n{}",
        verdict.counts,
        file.display(),
        told.collect::<String>()
    )
}

fn open(file: &Path) -> Result<BufReader<File>> {
    Ok(BufReader::new(File::open(file).context("the history")?))
}
