//! Runs seeds of the simulation and prints what happened.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use simulation::{Outcome, Point, Shards, Summary, crash_run, enumerate, run};
use world::Clock;

/// Agents, compactors, clients and faults in one deterministic process
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds to run
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    start: u64,
    /// Processes to run them in; as many as there are cores when not given
    #[arg(long)]
    jobs: Option<u64>,
    /// Run just this seed
    #[arg(long)]
    seed: Option<u64>,
    /// Let a process die at every call of one fixed scenario, in each of three ways
    #[arg(long)]
    crash_scenario: bool,
    /// Of the points of the scenario try one in so many
    #[arg(long, default_value_t = 1, requires = "crash_scenario")]
    every: usize,
    /// Run the scenario with a death at just this point
    #[arg(long)]
    crash_at: Option<Point>,
    /// Print the tables of docs/proof.md that tell what is checked and what must happen
    #[arg(long)]
    tables: bool,
    /// Print every call that passes a seam and every operation of a client
    #[arg(long)]
    trace: bool,
    /// Also tell what the log itself has to say, to the standard error, at this level: `debug`, `engine=trace`...
    #[arg(long)]
    log: Option<String>,
    /// One in so many seeds is run twice, and must be the same
    #[arg(long, default_value_t = 20)]
    again_every: u64,
    /// The distance between two seeds
    #[arg(long, default_value_t = 1, hide = true)]
    stride: u64,
    /// Run the seeds in this process and print the outcome for the one that began it
    #[arg(long, hide = true)]
    shard: bool,
}

/// A run allocates small things all the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(filter) = &arguments.log {
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::try_new(filter)?)
            .without_time()
            .with_writer(std::io::stderr)
            .init();
    }
    if arguments.tables {
        write!(std::io::stdout().lock(), "{}", simulation::tables())?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(seed) = arguments.seed {
        return one(&run(seed, arguments.trace)?);
    }
    if let Some(point) = arguments.crash_at {
        return one(&crash_run(point, arguments.trace)?);
    }
    if arguments.crash_scenario {
        return Ok(code(enumerate(arguments.every, &mut std::io::stdout().lock())?));
    }
    let began = Clock::real().now();
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let shards = Shards {
        start: arguments.start,
        seeds: arguments.seeds,
        jobs: arguments.jobs.unwrap_or(cores).max(1),
        stride: arguments.stride,
    };
    if arguments.shard {
        let summary = shards.run_here(arguments.again_every)?;
        serde_json::to_writer(std::io::stdout().lock(), &summary)?;
        return Ok(ExitCode::SUCCESS);
    }
    let summary = shards.run_in_processes(&std::env::current_exe()?)?;
    show(&summary, began.elapsed())
}

fn one(outcome: &Outcome) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    write!(out, "{}", outcome.counts)?;
    writeln!(
        out,
        "seed {}: digest {}, next number {:016x}, {} ms",
        outcome.seed,
        outcome.digest,
        outcome.next,
        outcome.end_us / 1_000
    )?;
    for finding in &outcome.findings {
        writeln!(out, "FOUND {finding}")?;
    }
    Ok(code(outcome.findings.is_empty()))
}

fn show(summary: &Summary, took: Duration) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    write!(out, "{}", summary.counts)?;
    for (seed, findings) in &summary.failed {
        for finding in findings {
            writeln!(out, "seed {seed} FOUND {finding}")?;
        }
    }
    for name in summary.never() {
        writeln!(out, "NEVER {name}")?;
    }
    writeln!(
        out,
        "{} seeds, {} failed, {} virtual seconds in {} s, which is {:.0} s for 1,000 seeds",
        summary.seeds,
        summary.failed.len(),
        summary.virtual_us / 1_000_000,
        took.as_secs(),
        took.as_secs_f64() * 1_000.0 / summary.seeds.max(1) as f64
    )?;
    Ok(code(summary.failed.is_empty() && summary.never().is_empty()))
}

fn code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
