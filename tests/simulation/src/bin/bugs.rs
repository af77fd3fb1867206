//! Puts mistakes into the log and hunts for them: the simulation, in a program of its own that can make them.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use seeded::Bug;
use simulation::bugs::{self, Found};

/// How many seeds are tried where none is known.
const LIMIT: u64 = 2_000;

/// Mistakes that are put into the log, to see whether the simulation finds them
#[derive(Debug, Parser)]
struct Arguments {
    /// Run just this seed
    #[arg(long)]
    seed: Option<u64>,
    /// With this mistake in the log
    #[arg(long, value_name = "NAME", requires = "seed")]
    bug: Option<String>,
    /// Print every call that passes a seam and every operation of a client
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Name all mistakes
    #[arg(long)]
    list: bool,
    /// Try each mistake with seeds from 1 on until one fails
    #[arg(long, conflicts_with = "seed")]
    hunt: bool,
    /// Try each mistake with the seed that is known to find it, and with others only when it does not
    #[arg(long, conflicts_with_all = ["seed", "hunt"])]
    known: bool,
    /// With `--known` only those whose seed is at most this
    #[arg(long, value_name = "SEED", default_value_t = u64::MAX)]
    within: u64,
    /// Only these mistakes
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Most seeds to try for a mistake
    #[arg(long, default_value_t = LIMIT)]
    limit: u64,
    /// Processes to run them in; as many as there are cores when not given
    #[arg(long)]
    jobs: Option<usize>,
    /// Write down what was found, in tests/simulation/bugs.txt
    #[arg(long, requires = "hunt")]
    write: bool,
    /// Show what tests/simulation/bugs.txt says in docs/proof.md
    #[arg(long)]
    page: bool,
    /// Check that this program has no mistake
    #[arg(long, value_name = "PROGRAM")]
    shipped: Vec<PathBuf>,
    /// Try this mistake, and say in a line of JSON what came of it
    #[arg(long, hide = true, value_name = "NAME:SEED,...")]
    one: Option<String>,
}

/// A run allocates small things all the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let well = act(&arguments)?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether all is well.
fn act(arguments: &Arguments) -> anyhow::Result<bool> {
    if arguments.list {
        list()?;
    }
    if let Some(seed) = arguments.seed {
        return run(arguments, seed);
    }
    for program in &arguments.shipped {
        bugs::check_shipped(program)?;
        writeln!(std::io::stdout(), "{} has no mistake", program.display())?;
    }
    if let Some(asked) = &arguments.one {
        hunt_here(asked, arguments.limit)?;
    }
    let well = !(arguments.hunt || arguments.known) || hunt_all(arguments)?;
    if arguments.page {
        bugs::write_page()?;
    }
    Ok(well)
}

fn run(arguments: &Arguments, seed: u64) -> anyhow::Result<bool> {
    let bug = arguments.bug.as_deref().map(named).transpose()?;
    let (outcome, struck) = bugs::run_with(bug, seed, arguments.trace)?;
    let mut out = std::io::stdout().lock();
    let (digest, next) = (&outcome.digest, outcome.next);
    writeln!(
        out,
        "seed {seed}: digest {digest}, next number {next:016x}, {} ms",
        outcome.end_us / 1_000
    )?;
    if bug.is_some() {
        writeln!(out, "came by the mistake {struck} times")?;
    }
    for finding in &outcome.findings {
        writeln!(out, "FOUND {finding}")?;
    }
    Ok(outcome.findings.is_empty())
}

fn named(name: &str) -> anyhow::Result<Bug> {
    Bug::named(name).with_context(|| format!("there is no mistake {name}; `--list` names all"))
}

fn list() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for bug in Bug::ALL {
        writeln!(
            out,
            "{:30} {:9} {:3} {}",
            bug.name(),
            bug.room(),
            bug.rule(),
            bug.what().trim()
        )?;
    }
    Ok(())
}

fn hunt_here(asked: &str, limit: u64) -> anyhow::Result<()> {
    let (name, first) = asked.split_once(':').unwrap_or((asked, ""));
    let first = first.split(',').filter_map(|seed| seed.parse().ok());
    let found = bugs::hunt(named(name)?, first.chain(1..=limit))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&found)?)?;
    Ok(())
}

fn hunt_all(arguments: &Arguments) -> anyhow::Result<bool> {
    let mut hunted = Vec::new();
    for bug in Bug::ALL {
        let asked = arguments.only.is_empty() || arguments.only.iter().any(|name| name == bug.name());
        match bugs::known(*bug)? {
            _ if !asked => {}
            Some(known) if arguments.known => {
                if known.seed <= arguments.within {
                    hunted.push((*bug, vec![known.seed]));
                }
            }
            _ => hunted.push((*bug, Vec::new())),
        }
    }
    let jobs = arguments
        .jobs
        .or(std::thread::available_parallelism().ok().map(usize::from));
    let found = bugs::hunt_in_processes(
        &std::env::current_exe()?,
        &hunted,
        arguments.limit,
        jobs.unwrap_or(1),
        tell,
    )?;
    if arguments.write {
        bugs::write_seeds(&found)?;
    }
    let missed: Vec<&Found> = found.iter().filter(|found| found.seed.is_none()).collect();
    let mut out = std::io::stdout().lock();
    for missed in &missed {
        writeln!(out, "NOT FOUND {} in {} seeds", missed.bug, missed.seeds)?;
    }
    writeln!(out, "{} mistakes, {} not found", found.len(), missed.len())?;
    Ok(missed.is_empty())
}

fn tell(found: &Found) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let seed = found.seed.map_or_else(|| "-".to_owned(), |seed| seed.to_string());
    let (seeds, struck, finding) = (found.seeds, found.struck, found.finding.as_str());
    let finding: String = finding.chars().take(160).collect();
    writeln!(
        out,
        "{:30} seed {seed:>4} of {seeds:>4}, struck {struck:>6}: {finding}",
        found.bug
    )?;
    Ok(out.flush()?)
}
