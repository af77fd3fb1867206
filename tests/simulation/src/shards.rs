//! Many seeds, one process a core: a run is single-threaded, and a process that dies takes only its own seeds along.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::coverage;
use crate::{CHECKS, Counts, Outcome, PAIRS_SEEDS_MIN, SEEDS_MIN, SOMETIMES, pairs, run};

/// Which seeds are run by how many processes.
#[derive(Clone, Copy, Debug)]
pub struct Shards {
    /// The first seed.
    pub start: u64,
    /// How many seeds.
    pub seeds: u64,
    /// How many processes.
    pub jobs: u64,
    /// The distance between two seeds of one process.
    pub stride: u64,
}

/// What many seeds came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Seeds with findings, and what was found.
    pub failed: Vec<(u64, Vec<String>)>,
    /// The counters of all.
    pub counts: Counts,
    /// Virtual microseconds of all.
    pub virtual_us: u64,
}

impl Summary {
    /// What should have happened somewhere in so many seeds, and did not: events, checks, and faults in states.
    pub fn never(&self) -> Vec<String> {
        let (mut wanted, mut never): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        if self.seeds >= SEEDS_MIN {
            wanted.extend(SOMETIMES.iter().map(|name| (*name).to_owned()));
            wanted.extend(CHECKS.iter().map(|(name, _)| format!("check {name}")));
        }
        if self.seeds >= PAIRS_SEEDS_MIN {
            wanted.extend(pairs());
            wanted.extend(coverage::faults().map(str::to_owned));
        }
        never.extend(wanted.into_iter().filter(|name| self.counts.get(name) == 0));
        let (operations, acknowledged) = (
            self.counts.get("operations"),
            self.counts.get("operations acknowledged"),
        );
        if acknowledged * 2 < operations {
            never.push(format!(
                "half of {operations} operations are acknowledged: {acknowledged}"
            ));
        }
        never
    }

    fn take(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.virtual_us += outcome.end_us;
        self.counts.sum(&outcome.counts);
        if !outcome.findings.is_empty() {
            self.failed.push((outcome.seed, outcome.findings));
        }
    }

    fn add(&mut self, other: Summary) {
        self.seeds += other.seeds;
        self.virtual_us += other.virtual_us;
        self.counts.sum(&other.counts);
        self.failed.extend(other.failed);
        self.failed.sort_unstable();
    }
}

impl Shards {
    /// Runs the seeds here, one after another. One in `again_every` is run twice, and must be the same; 0 is none.
    ///
    /// # Errors
    /// When a run cannot be begun.
    pub fn run_here(&self, again_every: u64) -> anyhow::Result<Summary> {
        let mut summary = Summary::default();
        for number in 0..self.seeds {
            let seed = self.start + number * self.stride;
            let mut outcome = run(seed, false)?;
            if again_every > 0 && number % again_every == 0 {
                let again = run(seed, false)?;
                outcome.counts.add("seeds run twice", 1);
                if again != outcome_without(&outcome, "seeds run twice") {
                    outcome.findings.push(format!(
                        "the same seed gives the same run: {} and {}",
                        outcome.digest, again.digest
                    ));
                }
            }
            if !outcome.findings.is_empty() {
                tell(&outcome);
            }
            summary.take(outcome);
        }
        Ok(summary)
    }

    /// Runs the seeds in processes of this program.
    ///
    /// # Errors
    /// When a process cannot be begun, or dies.
    pub fn run_in_processes(&self, program: &Path) -> anyhow::Result<Summary> {
        let mut children = Vec::new();
        for job in 0..self.jobs.min(self.seeds) {
            let seeds = (self.seeds - job).div_ceil(self.jobs);
            children.push(spawn(program, self.start + job, seeds, self.jobs)?);
        }
        let mut summary = Summary::default();
        for child in children {
            let output = child.wait_with_output().context("a process was lost")?;
            if !output.status.success() {
                bail!("a process ended with {}", output.status);
            }
            summary.add(serde_json::from_slice(&output.stdout).context("a process said something else")?);
        }
        Ok(summary)
    }
}

fn outcome_without(outcome: &Outcome, counter: &str) -> Outcome {
    let mut same = outcome.clone();
    same.counts.remove(counter);
    same
}

fn spawn(program: &Path, start: u64, seeds: u64, stride: u64) -> anyhow::Result<Child> {
    Command::new(program)
        .args(["--shard", "--start", &start.to_string()])
        .args(["--seeds", &seeds.to_string(), "--stride", &stride.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot begin a process")
}

/// Says at once what is wrong, and how to see it again.
fn tell(outcome: &Outcome) {
    let mut out = std::io::stderr().lock();
    let seed = outcome.seed;
    let _ = writeln!(
        out,
        "seed {seed} failed; see it by: cargo run --release -p simulation -- --seed {seed} --trace"
    );
    for finding in &outcome.findings {
        let _ = writeln!(out, "    {finding}");
    }
}
