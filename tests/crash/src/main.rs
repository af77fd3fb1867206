//! What is too long for every run of the tests, by hand.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use crash::ordeal::{self, Ordeal};
use crash::overload::{self, Overload};

/// The same allocator as the `tidelog` command has: memory is measured here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is done to a log by hand
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A store at a hundred times its latency, and producers at ten times what it takes
    Overload {
        /// For how long
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Bytes of one request
        #[arg(long, default_value_t = 256 << 10)]
        request_bytes: usize,
    },
    /// Two agents that are killed, paused and left without disk while clients work; the history has to be without anomaly
    Ordeal {
        /// How many times
        #[arg(long, default_value_t = 20)]
        count: u32,
        /// For how long each
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// The agent of `overload`
    #[command(hide = true)]
    SlowAgent {
        #[arg(long)]
        dir: PathBuf,
        #[arg(long)]
        http_addr: String,
    },
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match Cli::parse().command {
            Command::Overload { seconds, request_bytes } => {
                let own = std::env::current_exe().context("this program's own file")?;
                let overload = Overload {
                    request_bytes,
                    ..Overload::during(Duration::from_secs(seconds))
                };
                let report = Box::pin(overload::run(own, overload)).await?;
                let said = format!("{report:#?}\n");
                std::io::Write::write_all(&mut std::io::stdout(), said.as_bytes())?;
                report.must_be_bounded()
            }
            Command::Ordeal { count, seconds } => {
                for number in 1..=count {
                    let report = Box::pin(ordeal::run(Ordeal::during(Duration::from_secs(seconds)))).await?;
                    let said = format!("{number} of {count}: {report:?}\n");
                    std::io::Write::write_all(&mut std::io::stdout(), said.as_bytes())?;
                }
                Ok(())
            }
            Command::SlowAgent { dir, http_addr } => Box::pin(overload::serve(dir, http_addr)).await,
        }
    })
}
