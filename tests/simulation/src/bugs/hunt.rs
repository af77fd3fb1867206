//! Running seeds with a mistake until one of them fails.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use seeded::Bug;
use serde::{Deserialize, Serialize};

use crate::{Outcome, run};

/// What became of the hunt for one mistake.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The mistake.
    pub bug: String,
    /// The seed that failed; none when none did.
    pub seed: Option<u64>,
    /// How many seeds were run.
    pub seeds: u64,
    /// How often the code came by the mistake's place in all of them.
    pub struck: u64,
    /// What was found first.
    pub finding: String,
}

/// Runs one seed with a mistake, or with none. Also how often the code came by its place.
///
/// # Errors
/// When a run cannot be begun.
pub fn run_with(bug: Option<Bug>, seed: u64, print: bool) -> anyhow::Result<(Outcome, u64)> {
    seeded::choose(bug);
    let outcome = run(seed, print);
    let struck = seeded::struck();
    seeded::choose(None);
    Ok((outcome?, struck))
}

/// Runs these seeds with a mistake until one of them fails.
///
/// # Errors
/// When a run cannot be begun.
pub fn hunt(bug: Bug, seeds: impl IntoIterator<Item = u64>) -> anyhow::Result<Found> {
    let mut found = Found {
        bug: bug.name().to_owned(),
        seed: None,
        seeds: 0,
        struck: 0,
        finding: String::new(),
    };
    for seed in seeds {
        let (outcome, struck) = run_with(Some(bug), seed, false)?;
        found.seeds += 1;
        found.struck += struck;
        let Some(finding) = outcome.findings.into_iter().next() else {
            continue;
        };
        // A seed that fails by itself tells nothing of the mistake.
        if run_with(None, seed, false)?.0.findings.is_empty() {
            found.seed = Some(seed);
            found.finding = finding;
            break;
        }
    }
    Ok(found)
}

/// Hunts for all these, each in a process of this program, `jobs` at a time. `tell` hears of each as soon as it is known.
///
/// # Errors
/// When a process cannot be begun, or dies.
pub fn hunt_in_processes(
    program: &Path,
    bugs: &[(Bug, Vec<u64>)],
    limit: u64,
    jobs: usize,
    tell: impl Fn(&Found) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<Vec<Found>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> anyhow::Result<()> {
        while let Some((bug, first)) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = hunt_in_process(program, *bug, first, limit)?;
            tell(&one)?;
            found.lock().push(one);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        let mut all = ended.map(|ended| ended.unwrap_or_else(|_| bail!("a hunt panicked")));
        all.try_for_each(|ended| ended)
    })?;
    let mut all = found.into_inner();
    all.sort_by_key(|found: &Found| Bug::ALL.iter().position(|bug| bug.name() == found.bug));
    Ok(all)
}

/// What panics with a mistake in it says so to nobody: the finding tells.
fn hunt_in_process(program: &Path, bug: Bug, first: &[u64], limit: u64) -> anyhow::Result<Found> {
    let first: Vec<String> = first.iter().map(u64::to_string).collect();
    let output = Command::new(program)
        .args(["--limit", &limit.to_string()])
        .args(["--one", &format!("{}:{}", bug.name(), first.join(","))])
        .stderr(Stdio::null())
        .output()
        .context("cannot begin a process")?;
    if !output.status.success() {
        bail!("the hunt for {} ended with {}", bug.name(), output.status);
    }
    serde_json::from_slice(&output.stdout).context("a process said something else")
}
