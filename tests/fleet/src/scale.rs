//! Many partitions: what an agent needs in memory, and how long a new one takes to catch up.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use futures::StreamExt as _;
use metadata::{PartitionId, Role, TopicNumber};
use serde::Serialize;
use world::World;

use crate::agents::{self, Agents, Kind};
use crate::load;
use crate::place::{Place, PlaceArgs, scheme};
use crate::table::Table;

/// Partitions of one topic.
const TOPIC_PARTITIONS: u32 = 1_000;
/// Requests under way while every partition gets its records.
const IN_FLIGHT: usize = 2_000;
/// How long a started agent may take to end.
const STOP_MAX: Duration = Duration::from_secs(20);
const KIND: Kind = Kind {
    linked: true,
    compacts: false,
};

/// Memory and starts with many partitions
#[derive(Clone, Debug, Args)]
pub struct ScaleArgs {
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// How many agents
    #[arg(long, default_value_t = 16)]
    pub agents: usize,
    /// How many partitions
    #[arg(long, default_value_t = 10_000)]
    pub partitions: u32,
    /// Bytes of each request; every partition gets `rounds` of them
    #[arg(long, default_value_t = 4096)]
    pub bytes: usize,
    /// Requests of each partition
    #[arg(long, default_value_t = 4)]
    pub rounds: u32,
    /// Entries behind the snapshot for the second start
    #[arg(long, default_value_t = 1_000)]
    pub entries: u64,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Scale {
    /// The kind of ledger.
    pub ledger: String,
    /// Agents.
    pub agents: usize,
    /// Partitions.
    pub partitions: u32,
    /// Memory of the process with the first agent, in bytes.
    pub first_bytes: u64,
    /// Memory that each further agent added, in bytes.
    pub agent_bytes: u64,
    /// A new agent with nothing but a snapshot to load, in milliseconds.
    pub from_snapshot_ms: f64,
    /// One with entries behind it, in milliseconds.
    pub with_entries_ms: f64,
    /// How many entries.
    pub entries: u64,
    /// Bytes of entries for a GiB of records.
    pub ledger_bytes_per_gib: f64,
}

/// Measures.
///
/// # Errors
/// When agents do not start, or cannot append.
pub async fn run(args: &ScaleArgs, world: &World) -> Result<Scale> {
    let place = args.place.fresh(world)?;
    let mut agents = Agents::start(&place, 1, KIND, world).await?;
    let topics = args.partitions.div_ceil(TOPIC_PARTITIONS);
    let mut partitions = Vec::new();
    for number in 0..topics {
        let count = TOPIC_PARTITIONS.min(args.partitions - number * TOPIC_PARTITIONS);
        let topic = agents.topic(&format!("many-{number}"), count, "object").await?;
        partitions.extend((0..count).map(|partition| PartitionId { topic, partition }));
    }
    let small = agents.topic("small", 1, "inline").await?;
    let before = place.counters.totals();
    for _ in 0..args.rounds {
        fill(&agents, &partitions, args.bytes, world).await?;
    }
    let ledger_bytes = (place.counters.totals() - before).entry_bytes;
    let first = agents.engines.first().context("an agent")?;
    first.take_snapshot(Role::Agent).await?;
    first.take_snapshot(Role::Agent).await?;
    first.advance_base().await?;
    let from_snapshot_ms = new_agent(&place, world).await?;
    entries(&agents, small, args.entries, world).await?;
    let with_entries_ms = new_agent(&place, world).await?;
    let first_bytes = rss_bytes()?;
    agents.grow(args.agents).await?;
    let further = (args.agents as u64).saturating_sub(1).max(1);
    let agent_bytes = rss_bytes()?.saturating_sub(first_bytes) / further;
    agents.stop().await;
    let records = u64::from(args.partitions) * u64::from(args.rounds) * args.bytes as u64;
    Ok(Scale {
        ledger: scheme(&args.place.ledger).to_owned(),
        agents: args.agents,
        partitions: args.partitions,
        first_bytes,
        agent_bytes,
        from_snapshot_ms,
        with_entries_ms,
        entries: args.entries,
        ledger_bytes_per_gib: ledger_bytes as f64 * f64::from(1 << 30) / records as f64,
    })
}

/// One request to every partition.
async fn fill(agents: &Agents, partitions: &[PartitionId], bytes: usize, world: &World) -> Result<()> {
    let engine = agents.engines.first().context("an agent")?;
    let batch = load::batch(bytes, world)?;
    let appends = partitions
        .iter()
        .map(|partition| load::append(engine, *partition, batch.clone()));
    let mut answers = futures::stream::iter(appends).buffer_unordered(IN_FLIGHT);
    while let Some(answer) = answers.next().await {
        answer?;
    }
    Ok(())
}

/// So many entries, one after another.
async fn entries(agents: &Agents, topic: TopicNumber, count: u64, world: &World) -> Result<()> {
    let engine = agents.engines.first().context("an agent")?;
    let batch = load::batch(1024, world)?;
    for _ in 0..count {
        load::append(engine, PartitionId { topic, partition: 0 }, batch.clone()).await?;
    }
    Ok(())
}

/// How long one more agent takes until it has reached the end of the ledger, in milliseconds.
async fn new_agent(place: &Place, world: &World) -> Result<f64> {
    let began = world.clock.now();
    let engine = agents::start(place, KIND, world).await?;
    let took = world.clock.now() - began;
    engine.stop(STOP_MAX).await;
    Ok(took.as_secs_f64() * 1000.0)
}

/// Memory of this process, in bytes.
pub(crate) fn rss_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("VmRSS")?;
    Ok(kib.parse::<u64>()? << 10)
}

/// The figures for people.
pub fn table(scale: &Scale) -> Table {
    let mut table = Table::new(&["what", "measured"]);
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let (count, ledger) = (scale.partitions, &scale.ledger);
    let mut row = |what: String, figure: String| table.row(vec![what, figure]);
    row(
        format!("memory of the process with one agent, {count} partitions, {ledger}"),
        mib(scale.first_bytes),
    );
    row(
        format!("memory of each further agent, of {}", scale.agents),
        mib(scale.agent_bytes),
    );
    row(
        "start of a new agent from a snapshot".to_owned(),
        format!("{:.0} ms", scale.from_snapshot_ms),
    );
    row(
        format!("with {} entries behind it", scale.entries),
        format!("{:.0} ms", scale.with_entries_ms),
    );
    row(
        "ledger for a GiB of records".to_owned(),
        format!("{:.1} MiB", scale.ledger_bytes_per_gib / f64::from(1 << 20)),
    );
    table
}
