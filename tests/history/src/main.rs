//! The `history` command: judges a history, makes a right one, or makes one wrong.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use history::generate::{Generator, Plan};
use history::lines::{Reader, Writer};
use history::{Kind, Operation, Verdict, explain, plant};
use serde_json::json;
use world::Chance;

/// Values are many and small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Anomalies were found.
const FOUND: u8 = 3;
/// Nothing can be said: wrong arguments, or a file that is no history.
const USAGE: u8 = 2;

/// Judges what clients were told by a log
///
/// Exit codes: 0 no anomaly, 2 wrong usage or no history, 3 anomalies.
#[derive(Debug, Parser)]
#[command(name = "history", verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a history
    Check {
        /// A file of lines of JSON
        file: PathBuf,
        /// How to say it
        #[arg(short, long, value_enum, default_value_t = Output::Text)]
        output: Output,
        /// A kind of anomaly that counts as nothing wrong; may be given several times
        #[arg(long, value_name = "KIND", value_parser = kind)]
        allow: Vec<Kind>,
    },
    /// Write a history that is right
    Generate {
        #[command(flatten)]
        plan: Planned,
    },
    /// Write a history that is wrong in one way
    Plant {
        /// The number or the name of the way, as `history kinds` lists them
        way: String,
        #[command(flatten)]
        plan: Planned,
    },
    /// List the kinds of anomalies, and the ways to plant them
    Kinds,
}

#[derive(Debug, clap::Args)]
struct Planned {
    /// Operations, about
    #[arg(long, default_value_t = 1_000)]
    operations: u64,
    /// What everything is drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write it; the standard output when not given
    #[arg(long)]
    to: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::of(name).ok_or_else(|| "no such kind; `history kinds` lists them".to_owned())
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            // There is nowhere to tell that the standard error is closed.
            let _ = writeln!(std::io::stderr(), "history: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Check { file, output, allow } => check(&file, output, &allow),
        Command::Generate { plan } => {
            let made = Generator::new(plan.plan());
            write(plan.to.as_deref(), made)
        }
        Command::Plant { way, plan } => {
            let ways = plant::plants().zip(1_usize..);
            let Some((way, _)) = ways
                .into_iter()
                .find(|(plant, number)| plant.name == way || number.to_string() == way)
            else {
                bail!("no such way; `history kinds` lists them");
            };
            let mut operations: Vec<Operation> = Generator::new(plan.plan()).collect();
            if !way.apply(&mut operations, &Chance::from_seed(plan.seed)) {
                bail!("the history of seed {} has no place for it", plan.seed);
            }
            write(plan.to.as_deref(), operations.into_iter())
        }
        Command::Kinds => kinds(),
    }
}

impl Planned {
    fn plan(&self) -> Plan {
        Plan {
            operations: self.operations,
            seed: self.seed,
        }
    }
}

fn kinds() -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for kind in Kind::ALL {
        writeln!(out, "{kind:<22} {}", kind.means())?;
    }
    writeln!(out, "\nways to plant one:")?;
    for (plant, number) in plant::plants().zip(1..) {
        writeln!(out, "{number:>4} {:<22} {}", plant.kind.name(), plant.name)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(to: Option<&Path>, operations: impl Iterator<Item = Operation>) -> Result<ExitCode> {
    let out: Box<dyn Write> = match to {
        Some(path) => Box::new(File::create(path).with_context(|| path.display().to_string())?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut writer = Writer::new(BufWriter::with_capacity(1 << 20, out))?;
    for operation in operations {
        writer.write(&operation)?;
    }
    writer.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn open(file: &Path) -> Result<BufReader<File>> {
    let opened = File::open(file).with_context(|| file.display().to_string())?;
    Ok(BufReader::with_capacity(1 << 20, opened))
}

fn check(file: &Path, output: Output, allow: &[Kind]) -> Result<ExitCode> {
    let verdict = history::judge(open(file)?).with_context(|| file.display().to_string())?;
    let concerned = if verdict.anomalies.is_empty() {
        explain::Concerned::new()
    } else {
        explain::concerned(&verdict.anomalies, Reader::new(open(file)?)?)?
    };
    let mut out = std::io::stdout().lock();
    let wrong = wrong(&verdict, allow);
    match output {
        Output::Text => {
            for anomaly in &verdict.anomalies {
                let may_be = allow.contains(&anomaly.kind) || anomaly.kind.may_be();
                let word = if may_be { "may be: " } else { "" };
                write!(out, "{word}{}", explain::text(anomaly, &concerned))?;
            }
            for (kind, count) in &verdict.counts {
                writeln!(out, "{count:>10}  {kind}")?;
            }
            let [ok, fail, info] = verdict.outcomes;
            let (operations, values) = (verdict.operations, verdict.values);
            writeln!(
                out,
                "{operations} operations ({ok} ok, {fail} fail, {info} info), {values} values, {wrong} anomalies"
            )?;
            if verdict.prefixes_unjudged > 0 {
                writeln!(out, "{} prefixes could not be judged", verdict.prefixes_unjudged)?;
            }
        }
        Output::Json => {
            let explained: Vec<_> = verdict
                .anomalies
                .iter()
                .map(|anomaly| explain::explained(anomaly, &concerned))
                .collect();
            let counts: serde_json::Map<_, _> = verdict
                .counts
                .iter()
                .map(|(kind, count)| (kind.to_string(), json!(count)))
                .collect();
            let [ok, fail, info] = verdict.outcomes;
            let all = json!({
                "operations": verdict.operations, "ok": ok, "fail": fail, "info": info, "values": verdict.values,
                "prefixes_unjudged": verdict.prefixes_unjudged, "anomalies": wrong, "counts": counts, "found": explained,
            });
            writeln!(out, "{all}")?;
        }
    }
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FOUND)
    })
}

/// How much is wrong.
fn wrong(verdict: &Verdict, allow: &[Kind]) -> u64 {
    let counts = verdict
        .counts
        .iter()
        .filter(|(kind, _)| !kind.may_be() && !allow.contains(kind));
    counts.map(|(_, count)| count).sum()
}
