//! What is too long for every run of the tests, by hand.

use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use crash::ordeal::{self, Ordeal};
use crash::overload::{self, Overload};
use crash::servers::{LedgerServer, Servers, StoreServer};
use futures::StreamExt as _;

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
    /// Agents that are killed, paused and left without disk or network while clients work; the history has to be without
    /// anomaly
    Ordeal {
        /// On which ledger of `infra/local/run`, instead of SQLite
        #[arg(long, value_enum, requires = "store")]
        ledger: Option<LedgerServer>,
        /// On which store of `infra/local/run`, instead of a folder
        #[arg(long, value_enum, requires = "ledger")]
        store: Option<StoreServer>,
        /// How many at the same time
        #[arg(long, default_value_t = 1)]
        at_once: usize,
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
            Command::Ordeal {
                ledger,
                store,
                at_once,
                count,
                seconds,
            } => {
                let lasts = Duration::from_secs(seconds);
                let ordeal = match (ledger, store) {
                    (Some(ledger), Some(store)) => Ordeal::on(Servers::from_environment(ledger, store)?, lasts),
                    _ => Ordeal::during(lasts),
                };
                ordeals(ordeal, count, at_once).await
            }
            Command::SlowAgent { dir, http_addr } => Box::pin(overload::serve(dir, http_addr)).await,
        }
    })
}

/// Runs so many; the first that fails ends them.
async fn ordeals(ordeal: Ordeal, count: u32, at_once: usize) -> Result<()> {
    let all = futures::stream::iter(1..=count).map(|number| async move {
        let report = Box::pin(ordeal::run(ordeal)).await;
        report.with_context(|| format!("ordeal {number} of {count}"))
    });
    let mut done = pin!(all.buffer_unordered(at_once).enumerate());
    while let Some((before, report)) = done.next().await {
        let said = format!("{} of {count}: {:?}\n", before + 1, report?);
        std::io::Write::write_all(&mut std::io::stdout(), said.as_bytes())?;
    }
    Ok(())
}
