//! Explores the models and prints what it found; fails when something is not as it should be.

use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use model::{Report, Scope};

/// The ledger's protocol, explored exhaustively
#[derive(Debug, Parser)]
struct Arguments {
    /// Only models whose names begin so: `base`, `loss (sql)`
    #[arg(long = "only", value_name = "MODEL")]
    only: Vec<String>,
    /// Go further, for some minutes a model
    #[arg(long)]
    deep: bool,
    /// Threads; as many as there are cores when not given
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Print the steps by which each mutation is found
    #[arg(long)]
    traces: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let report = Report {
        scope: if arguments.deep { Scope::Deep } else { Scope::Short },
        threads: arguments.threads.unwrap_or(cores),
        traces: arguments.traces,
    };
    let well = model::run(&report, &arguments.only, &mut io::stdout().lock())?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
