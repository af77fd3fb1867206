//! Inline appends from many agents at once, with one of them putting the entries of all, and with each putting its own.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use world::World;

use crate::agents::{Agents, Kind};
use crate::counted::Totals;
use crate::floor;
use crate::latency::Latency;
use crate::load::{self, Load};
use crate::place::{PlaceArgs, scheme, times};
use crate::table::Table;

/// Partitions of the topic.
const PARTITIONS: u32 = 64;

/// Inline appends from many agents at once, beside one writer of bare entries
#[derive(Clone, Debug, Args)]
pub struct AppendArgs {
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// How many agents
    #[arg(long, value_delimiter = ',', default_value = "1,4,16,32")]
    pub agents: Vec<usize>,
    /// Bytes of a request
    #[arg(long, value_delimiter = ',', default_value = "1024,30720")]
    pub bytes: Vec<usize>,
    /// Requests in flight at each agent
    #[arg(long, default_value_t = 4)]
    pub in_flight: usize,
    /// Agents do not speak to each other: each puts its own entries
    #[arg(long)]
    pub no_link: bool,
    /// How long each cell takes
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
}

/// One cell.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The kind of ledger.
    pub ledger: String,
    /// Agents.
    pub agents: usize,
    /// Whether they spoke to each other.
    pub linked: bool,
    /// Bytes of a request.
    pub bytes: usize,
    /// Appends.
    pub append: Latency,
    /// The lone writer of this cell, whose entries are as large as one request.
    pub floor: Latency,
    /// Answered requests a second.
    pub requests_per_second: f64,
    /// Requests that failed or came too late.
    pub failed: u64,
    /// What the first of them was told.
    pub failure: Option<String>,
    /// Entries a second.
    pub entries_per_second: f64,
    /// What was asked of the ledger.
    pub totals: Totals,
}

/// Measures every cell.
///
/// # Errors
/// When agents do not start.
pub async fn run(args: &AppendArgs, world: &World) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for &bytes in &args.bytes {
        for &agents in &args.agents {
            cells.push(cell(args, agents, bytes, world).await?);
        }
    }
    Ok(cells)
}

async fn cell(args: &AppendArgs, count: usize, bytes: usize, world: &World) -> Result<Cell> {
    let lasts = Duration::from_secs(args.seconds);
    let floor = floor::run(&args.place.fresh(world)?, bytes, lasts / 2, world).await?;
    let place = args.place.fresh(world)?;
    let kind = Kind {
        linked: !args.no_link,
        compacts: false,
    };
    let agents = Agents::start(&place, count, kind, world).await?;
    let topic = agents.topic("load", PARTITIONS, "inline").await?;
    let load = Load {
        topic,
        partitions: PARTITIONS,
        bytes,
        in_flight: args.in_flight,
        lasts,
        requests_max: 0,
    };
    let before = place.counters.totals();
    let taken = load::run(&agents.engines, load, world).await?;
    let totals = place.counters.totals() - before;
    agents.stop().await;
    Ok(Cell {
        ledger: scheme(&args.place.ledger).to_owned(),
        agents: count,
        linked: !args.no_link,
        bytes,
        append: Latency::of(&taken.times),
        floor,
        requests_per_second: taken.per_second(),
        failed: taken.failed,
        failure: taken.failure,
        entries_per_second: totals.entries as f64 / taken.seconds,
        totals,
    })
}

/// The cells for people.
pub fn table(cells: &[Cell]) -> Table {
    let heads = [
        "ledger",
        "agents",
        "bytes",
        "linked",
        "append p50, p99",
        "floor p50, p99",
        "p50 / floor",
        "requests/s",
        "failed",
        "entries/s",
        "puts/entry",
        "reads/entry",
    ];
    let mut table = Table::new(&heads);
    for cell in cells {
        table.row(vec![
            cell.ledger.clone(),
            cell.agents.to_string(),
            cell.bytes.to_string(),
            if cell.linked { "yes" } else { "no" }.to_owned(),
            cell.append.text(),
            cell.floor.text(),
            format!("{:.1}", times(&cell.append, &cell.floor)),
            format!("{:.0}", cell.requests_per_second),
            cell.failed.to_string(),
            format!("{:.0}", cell.entries_per_second),
            format!("{:.2}", cell.totals.puts_per_entry()),
            format!("{:.1}", cell.totals.reads_per_entry()),
        ]);
    }
    table
}
