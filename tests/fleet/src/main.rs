//! Measures many agents by hand; docs/performance.md and docs/cost.md hold what it told.

use std::io::Write as _;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use fleet::table::Table;
use fleet::{append, idle, produce, scale, trickle, volume};
use serde::Serialize;
use world::World;

/// The same allocator as the `tidelog` command has: memory is measured here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Many agents of one log, measured
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What stdout gets
    #[arg(short, long, global = true, value_enum, default_value = "table")]
    output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Markdown
    Table,
    /// One JSON document
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Append(append::AppendArgs),
    Produce(produce::ProduceArgs),
    Idle(idle::IdleArgs),
    Volume(volume::VolumeArgs),
    Scale(scale::ScaleArgs),
    Trickle(trickle::TrickleArgs),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    if let Command::Trickle(args) = &cli.command {
        let trickle = trickle::run(args)?;
        return tell(cli.output, &trickle, &trickle::table(&trickle));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(Box::pin(run(cli)))
}

async fn run(cli: Cli) -> Result<()> {
    let world = World::real();
    match cli.command {
        Command::Append(args) => {
            let cells = append::run(&args, &world).await?;
            tell(cli.output, &cells, &append::table(&cells))
        }
        Command::Produce(args) => {
            let lanes = produce::run(&args, &world).await?;
            tell(cli.output, &lanes, &produce::table(&lanes))
        }
        Command::Idle(args) => {
            let idle = idle::run(&args, &world).await?;
            tell(cli.output, &idle, &idle::table(&idle))
        }
        Command::Volume(args) => {
            let volume = volume::run(&args, &world).await?;
            tell(cli.output, &volume, &volume::table(&volume))
        }
        Command::Scale(args) => {
            let scale = scale::run(&args, &world).await?;
            tell(cli.output, &scale, &scale::table(&scale))
        }
        // It has a runtime of its own.
        Command::Trickle(_) => Ok(()),
    }
}

fn tell(format: Format, figures: &impl Serialize, table: &Table) -> Result<()> {
    let text = match format {
        Format::Table => table.to_string(),
        Format::Json => format!("{}\n", serde_json::to_string(figures)?),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
