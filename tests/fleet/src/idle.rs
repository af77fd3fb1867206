//! What agents ask of ledger and store while nobody asks anything of them.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use world::World;

use crate::agents::{Agents, Kind};
use crate::counted::Totals;
use crate::place::{PlaceArgs, scheme};
use crate::table::Table;
use crate::tally::{Asked, Tally};

/// What starting left to do is done by then.
const SETTLE: Duration = Duration::from_secs(15);

/// What idle agents ask of ledger and store
#[derive(Clone, Debug, Args)]
pub struct IdleArgs {
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// How many agents, which keep up too
    #[arg(long, default_value_t = 3)]
    pub agents: usize,
    /// Agents do not speak to each other
    #[arg(long)]
    pub no_link: bool,
    /// For how long is counted; a beat a minute is in it as often as it is long
    #[arg(long, default_value_t = 120)]
    pub seconds: u64,
}

/// What was counted.
#[derive(Clone, Debug, Serialize)]
pub struct Idle {
    /// The kind of ledger.
    pub ledger: String,
    /// Agents.
    pub agents: usize,
    /// Whether they spoke to each other.
    pub linked: bool,
    /// For how long, in seconds.
    pub seconds: u64,
    /// Calls of all agents.
    pub totals: Totals,
    /// Requests to the ledger, where it is a service.
    pub asked: Asked,
}

/// Counts.
///
/// # Errors
/// When agents do not start.
pub async fn run(args: &IdleArgs, world: &World) -> Result<Idle> {
    let mut place = args.place.fresh(world)?;
    let tally = Tally::before(&mut place, world).await?;
    let kind = Kind {
        linked: !args.no_link,
        compacts: true,
    };
    let agents = Agents::start(&place, args.agents, kind, world).await?;
    agents.topic("quiet", 4, "auto").await?;
    world.clock.sleep(SETTLE).await;
    let before = (place.counters.totals(), tally.asked());
    world.clock.sleep(Duration::from_secs(args.seconds)).await;
    let idle = Idle {
        ledger: scheme(&args.place.ledger).to_owned(),
        agents: args.agents,
        linked: !args.no_link,
        seconds: args.seconds,
        totals: place.counters.totals() - before.0,
        asked: tally.asked().since(before.1),
    };
    agents.stop().await;
    tally.stop().await;
    Ok(idle)
}

/// The counts for people, for an hour of all agents.
pub fn table(idle: &Idle) -> Table {
    let heads = [
        "ledger",
        "agents",
        "linked",
        "entries/h",
        "write units/h",
        "read units/h",
        "ledger PUT/h",
        "ledger GET/h",
        "store PUT/h",
        "witness PUT/h",
        "store GET/h",
        "LIST/h",
    ];
    let hourly = |count: u64| format!("{:.0}", count as f64 * 3600.0 / idle.seconds as f64);
    let dynamodb = idle.ledger == "dynamodb";
    let units = if dynamodb { idle.totals.write_units } else { 0 };
    let mut table = Table::new(&heads);
    table.row(vec![
        idle.ledger.clone(),
        idle.agents.to_string(),
        if idle.linked { "yes" } else { "no" }.to_owned(),
        hourly(idle.totals.entries),
        hourly(units),
        hourly(idle.asked.read_units(&idle.totals)),
        hourly(idle.asked.puts),
        hourly(idle.asked.gets),
        hourly(idle.totals.puts),
        hourly(idle.totals.witness_puts),
        hourly(idle.totals.gets),
        hourly(idle.totals.lists),
    ]);
    table
}
