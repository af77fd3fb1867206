//! One fixed scenario, in which a process dies at every call it makes, in each of three ways. What random runs sample,
//! this enumerates: nothing that a process does between two calls can be seen by anybody else.

mod scenario;

use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use ledger::Looks;
use world::World;

use crate::agent::{Crash, When};
use crate::run::{Outcome, simulate};
use crate::swarm::Swarm;

/// The seed of the scenario. Another one is another scenario.
const SEED: u64 = 1;

/// Where the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    looks: Looks,
    crash: Option<Crash>,
}

/// How many points a scenario has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// Calls that were about to be made.
    pub before: u64,
    /// Calls that happened, of which nobody was told.
    pub applied: u64,
    /// Calls that were about to be answered.
    pub answered: u64,
}

/// A text that is no point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPoint;

impl fmt::Display for NoPoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a point is written as in put-applied-12 or statement-before-0")
    }
}

impl std::error::Error for NoPoint {}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looks = match self.looks {
            Looks::InStatement => "statement",
            Looks::AfterPut => "put",
        };
        match self.crash {
            None => write!(out, "{looks}-none-0"),
            Some(Crash { when, after, .. }) => write!(out, "{looks}-{}-{after}", when.name()),
        }
    }
}

impl FromStr for Point {
    type Err = NoPoint;

    fn from_str(text: &str) -> Result<Point, NoPoint> {
        let parts: Vec<&str> = text.split('-').collect();
        let [looks, when, after] = parts.as_slice() else {
            return Err(NoPoint);
        };
        let looks = match *looks {
            "statement" => Looks::InStatement,
            "put" => Looks::AfterPut,
            _ => return Err(NoPoint),
        };
        let after = after.parse().map_err(|_| NoPoint)?;
        let crash = match When::ALL.into_iter().find(|known| known.name() == *when) {
            Some(when) => Some(Crash {
                when,
                after,
                during: None,
            }),
            None if *when == "none" => None,
            None => return Err(NoPoint),
        };
        Ok(Point { looks, crash })
    }
}

/// The points of the scenario, every `every`th of them, over both kinds of ledger; and how many there are.
///
/// # Errors
/// When the scenario fails though nobody dies.
pub fn points(every: usize) -> anyhow::Result<(Points, Vec<Point>)> {
    let (mut all, mut counted) = (Vec::new(), Points::default());
    for looks in [Looks::InStatement, Looks::AfterPut] {
        let calm = crash_run(Point { looks, crash: None }, false)?;
        anyhow::ensure!(calm.findings.is_empty(), "nobody dies, and {:?}", calm.findings);
        for when in When::ALL {
            let passed = calm.counts.get(scenario::passed_name(when));
            match when {
                When::Before => counted.before += passed,
                When::Applied => counted.applied += passed,
                When::Answered => counted.answered += passed,
            }
            let crash = |after| Point {
                looks,
                crash: Some(Crash {
                    when,
                    after,
                    during: None,
                }),
            };
            all.extend((0..passed).map(crash));
        }
    }
    Ok((counted, all.into_iter().step_by(every.max(1)).collect()))
}

/// Runs the scenario once for every `every`th point and tells of it. Whether all was well.
///
/// # Errors
/// When the scenario fails though nobody dies, or cannot be told of.
pub fn enumerate(every: usize, out: &mut dyn Write) -> anyhow::Result<bool> {
    let (counted, points) = points(every)?;
    let Points {
        before,
        applied,
        answered,
    } = counted;
    let (mut died, mut failed) = (0_u64, 0);
    for point in &points {
        let outcome = crash_run(*point, false)?;
        died += When::ALL
            .map(|when| outcome.counts.get(&format!("crash {when:?}")))
            .iter()
            .sum::<u64>();
        if outcome.findings.is_empty() {
            continue;
        }
        failed += 1;
        writeln!(
            out,
            "{point} failed; see it by: cargo run --release -p simulation -- --crash-at {point} --trace"
        )?;
        for finding in &outcome.findings {
            writeln!(out, "    {finding}")?;
        }
    }
    writeln!(
        out,
        "{before} points before a call, {applied} when it had happened, {answered} when it was to be answered; {} of \
         them tried, in {died} the process died, {failed} failed",
        points.len()
    )?;
    Ok(failed == 0)
}

/// Runs the scenario with a death at this point; with `print` every line of its trace goes to the standard output.
///
/// # Errors
/// When there is no runtime to be had.
pub fn crash_run(point: Point, print: bool) -> anyhow::Result<Outcome> {
    let swarm = |world: &World| {
        let mut swarm = Swarm::calm(&world.chance.fork("swarm"));
        swarm.looks = point.looks;
        swarm.entry_bytes_max = 64 << 10;
        swarm.processes = scenario::processes();
        swarm.agent_timeout = Duration::from_secs(3);
        swarm.grace = Duration::from_millis(500);
        swarm.snapshot_entries = 10;
        swarm.engine.memory_bytes_max = 16 << 20;
        swarm.engine.inline_bytes_max = Some(4096);
        swarm.engine.puts_per_second = None;
        swarm.compactor.fan_in = 2;
        swarm.compactor.tables = true;
        swarm
    };
    simulate(SEED, print, swarm, |ground| scenario::play(ground, point.crash))
}
