//! What a GiB of records costs in calls, in the object lane.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use world::World;

use crate::agents::{Agents, Kind};
use crate::counted::Totals;
use crate::load::{self, Load};
use crate::place::{PlaceArgs, scheme};
use crate::table::Table;
use crate::tally::{Asked, Tally};

/// Nothing lasts longer than this.
const LONGEST: Duration = Duration::from_secs(600);

/// What a GiB of records costs in calls
#[derive(Clone, Debug, Args)]
pub struct VolumeArgs {
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// How many agents
    #[arg(long, default_value_t = 3)]
    pub agents: usize,
    /// How many MiB of records
    #[arg(long, default_value_t = 256)]
    pub mib: u64,
    /// Bytes of a request
    #[arg(long, default_value_t = 262_144)]
    pub bytes: usize,
    /// Requests in flight at each agent
    #[arg(long, default_value_t = 64)]
    pub in_flight: usize,
    /// Partitions of the topic
    #[arg(long, default_value_t = 16)]
    pub partitions: u32,
}

/// What was counted.
#[derive(Clone, Debug, Serialize)]
pub struct Volume {
    /// The kind of ledger.
    pub ledger: String,
    /// Agents.
    pub agents: usize,
    /// Bytes of records that were taken.
    pub bytes: u64,
    /// In how many seconds.
    pub seconds: f64,
    /// Requests that failed.
    pub failed: u64,
    /// Calls of all agents.
    pub totals: Totals,
    /// Requests to the ledger, where it is a service.
    pub asked: Asked,
}

/// Produces and counts.
///
/// # Errors
/// When agents do not start.
pub async fn run(args: &VolumeArgs, world: &World) -> Result<Volume> {
    let mut place = args.place.fresh(world)?;
    let tally = Tally::before(&mut place, world).await?;
    let kind = Kind {
        linked: true,
        compacts: false,
    };
    let agents = Agents::start(&place, args.agents, kind, world).await?;
    let topic = agents.topic("volume", args.partitions, "object").await?;
    let load = Load {
        topic,
        partitions: args.partitions,
        bytes: args.bytes,
        in_flight: args.in_flight,
        lasts: LONGEST,
        requests_max: (args.mib << 20).div_ceil(args.bytes as u64),
    };
    let before = (place.counters.totals(), tally.asked());
    let taken = load::run(&agents.engines, load, world).await?;
    let volume = Volume {
        ledger: scheme(&args.place.ledger).to_owned(),
        agents: args.agents,
        bytes: taken.times.len() * args.bytes as u64,
        seconds: taken.seconds,
        failed: taken.failed,
        totals: place.counters.totals() - before.0,
        asked: tally.asked().since(before.1),
    };
    agents.stop().await;
    tally.stop().await;
    Ok(volume)
}

/// The counts for people, for a GiB.
pub fn table(volume: &Volume) -> Table {
    let heads = [
        "ledger",
        "agents",
        "MiB",
        "MiB/s",
        "store PUT/GiB",
        "store GET/GiB",
        "entries/GiB",
        "ledger bytes/GiB",
        "write units/GiB",
        "read units/GiB",
        "ledger PUT/GiB",
        "ledger GET/GiB",
        "failed",
    ];
    let gib = volume.bytes as f64 / f64::from(1 << 30);
    let each = |count: u64| format!("{:.0}", count as f64 / gib.max(1e-9));
    let dynamodb = volume.ledger == "dynamodb";
    let units = if dynamodb { volume.totals.write_units } else { 0 };
    let mib = volume.bytes as f64 / f64::from(1 << 20);
    let mut table = Table::new(&heads);
    table.row(vec![
        volume.ledger.clone(),
        volume.agents.to_string(),
        format!("{mib:.0}"),
        format!("{:.0}", mib / volume.seconds),
        each(volume.totals.puts),
        each(volume.totals.gets),
        each(volume.totals.entries),
        each(volume.totals.entry_bytes),
        each(units),
        each(volume.asked.read_units(&volume.totals)),
        each(volume.asked.puts),
        each(volume.asked.gets),
        volume.failed.to_string(),
    ]);
    table
}
