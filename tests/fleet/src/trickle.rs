//! Many partitions of which each gets little: what keeping them up makes of the store, and what it takes to read it all.
//! The time is virtual, ledger and store are in memory; engine and compactor are those of the command.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use compactor::CompactorConfig;
use engine::{CreateTopicRequest, Engine, EngineConfig, FetchPart, FetchRequest};
use futures::future::try_join_all;
use ledger::Looks;
use ledger::memory::MemoryLedger;
use metadata::{PartitionId, Place, Role, State};
use serde::Serialize;
use store::{MemoryObjects, ReadClass, Store, StoreOptions};
use world::World;

use crate::counted::{CountedLedger, CountedObjects, Counters, Totals};
use crate::load;
use crate::scale::rss_bytes;
use crate::table::Table;

/// Bytes of one answer.
const FETCH_BYTES: usize = 1 << 20;

/// Objects, requests and memory with many partitions that each get little, in virtual time
#[derive(Clone, Debug, Args)]
pub struct TrickleArgs {
    /// How many topics
    #[arg(long, default_value_t = 2_000)]
    pub topics: u32,
    /// Partitions of each
    #[arg(long, default_value_t = 1)]
    pub partitions: u32,
    /// Bytes of a record
    #[arg(long, default_value_t = 200)]
    pub bytes: usize,
    /// Each partition gets a record so often, in seconds
    #[arg(long, default_value_t = 60)]
    pub every: u32,
    /// For how long, in minutes
    #[arg(long, default_value_t = 60)]
    pub minutes: u32,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Trickle {
    /// Topics.
    pub topics: u32,
    /// Partitions of each.
    pub partitions: u32,
    /// Minutes.
    pub minutes: u32,
    /// Records that were taken.
    pub records: u64,
    /// What was asked of ledger and store meanwhile.
    pub totals: Totals,
    /// Objects that are named at the end: segments, and lake files.
    pub named: usize,
    /// Extents at the end, and of them those in lake files.
    pub extents: u64,
    /// See [`extents`](Self::extents).
    pub lake_extents: u64,
    /// Memory of the process before, and at the end, in bytes; the objects, which lie in memory, are in it.
    pub before_bytes: u64,
    /// See [`before_bytes`](Self::before_bytes).
    pub after_bytes: u64,
    /// What reading all of it asked of the store, by a new agent with an empty cache.
    pub replay_gets: u64,
    /// Records read.
    pub replay_records: u64,
    /// How long that took on this machine, with a store that answers at once, in milliseconds.
    pub replay_ms: i64,
}

/// Measures, in a runtime of its own whose clock goes on when all wait.
///
/// # Errors
/// When an engine does not start, or cannot append.
pub fn run(args: &TrickleArgs) -> Result<Trickle> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    runtime.block_on(Box::pin(measure(args)))
}

/// A ledger and objects in memory.
struct Ground {
    world: World,
    ledger: Arc<MemoryLedger>,
    objects: Arc<MemoryObjects>,
}

impl Ground {
    async fn engine(&self, roles: Vec<Role>, counters: &Counters) -> Result<Engine> {
        let world = self.world.child("engine");
        let objects = CountedObjects::new(self.objects.clone(), counters.clone(), world.clock.clone());
        let store = Store::with_objects(Arc::new(objects), StoreOptions::default(), world.clone());
        let ledger = CountedLedger::new(self.ledger.clone(), counters.clone());
        let config = EngineConfig {
            roles,
            ..EngineConfig::default()
        };
        Ok(Engine::start(world, config, Arc::new(ledger), store).await?)
    }
}

async fn measure(args: &TrickleArgs) -> Result<Trickle> {
    let world = World::simulated(1);
    let ground = Ground {
        ledger: Arc::new(MemoryLedger::new(Looks::InStatement)),
        objects: Arc::new(MemoryObjects::new(world.clock.clone())),
        world,
    };
    let counters = Counters::new()?;
    let engine = ground.engine(vec![Role::Agent, Role::Compactor], &counters).await?;
    let upkeep = compactor::run(engine.clone(), CompactorConfig::default());
    engine.world().tasks.spawn("upkeep", upkeep);
    let partitions = make(&engine, args).await?;
    let (before, before_bytes) = (counters.totals(), rss_bytes()?);
    let records = trickle(&engine, &partitions, args).await?;
    let totals = counters.totals() - before;
    let (named, (extents, lake_extents)) = (engine.read(State::objects), engine.read(extents));
    let after_bytes = rss_bytes()?;

    let counters = Counters::new()?;
    let reader = ground.engine(vec![Role::Agent], &counters).await?;
    let (before, began_ms) = (counters.totals(), World::real().clock.wall_ms());
    let mut replay_records = 0;
    for partition in &partitions {
        replay_records += read(&reader, *partition).await?;
    }
    Ok(Trickle {
        topics: args.topics,
        partitions: args.partitions,
        minutes: args.minutes,
        records,
        totals,
        named,
        extents,
        lake_extents,
        before_bytes,
        after_bytes,
        replay_gets: (counters.totals() - before).gets,
        replay_records,
        replay_ms: World::real().clock.wall_ms() - began_ms,
    })
}

async fn make(engine: &Engine, args: &TrickleArgs) -> Result<Vec<PartitionId>> {
    let mut all = Vec::new();
    for number in 0..args.topics {
        let request = CreateTopicRequest {
            name: format!("topic-{number}"),
            partitions: args.partitions,
            configs: BTreeMap::new(),
            first_offset: 0,
        };
        let (topic, _) = engine.create_topic(request, "").await?;
        all.extend((0..args.partitions).map(|partition| PartitionId { topic, partition }));
    }
    Ok(all)
}

/// Each second those whose turn it is. How many records there are then.
async fn trickle(engine: &Engine, partitions: &[PartitionId], args: &TrickleArgs) -> Result<u64> {
    let clock = engine.world().clock.clone();
    let (every, mut records) = (args.every.max(1) as usize, 0);
    for second in 0..args.minutes as usize * 60 {
        let next = clock.now() + Duration::from_secs(1);
        let due = partitions.iter().skip(second % every).step_by(every);
        let batch = load::batch(args.bytes, engine.world())?;
        let taken = try_join_all(due.map(|partition| load::append(engine, *partition, batch.clone()))).await?;
        records += taken.len() as u64;
        clock.sleep_until(next).await;
    }
    Ok(records)
}

/// All extents, and those in lake files.
fn extents(state: &State) -> (u64, u64) {
    let (mut all, mut lake) = (0, 0);
    for topic in state.topics() {
        for (_, partition) in state.partitions(topic.number()) {
            for extent in partition.extents() {
                all += 1;
                lake += u64::from(matches!(extent.place, Place::Lake { .. }));
            }
        }
    }
    (all, lake)
}

/// Reads a partition from its beginning; how many records it has.
async fn read(engine: &Engine, partition: PartitionId) -> Result<u64> {
    let (mut records, mut offset) = (0, 0);
    loop {
        let request = FetchRequest {
            parts: vec![FetchPart {
                partition,
                offset,
                bytes_max: FETCH_BYTES,
            }],
            bytes_max: FETCH_BYTES,
            bytes_min: 0,
            wait: Duration::ZERO,
            class: ReadClass::Backfill,
            after: None,
        };
        let part = engine.fetch(&request).await.pop().context("an answer for each part")?;
        let fetched = part.result?;
        let Some(last) = fetched.batches.last() else {
            return Ok(records);
        };
        offset = last.base_offset + u64::from(last.batch.header().last_offset_delta.unsigned_abs()) + 1;
        records += fetched
            .batches
            .iter()
            .map(|batch| u64::from(batch.batch.records()))
            .sum::<u64>();
    }
}

/// The figures for people.
pub fn table(trickle: &Trickle) -> Table {
    let mut table = Table::new(&["what", "measured"]);
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let mut row = |what: &str, figure: String| table.row(vec![what.to_owned(), figure]);
    let Trickle { totals, .. } = trickle;
    row(
        "topics, partitions of each",
        format!("{}, {}", trickle.topics, trickle.partitions),
    );
    row("records", format!("{} in {} minutes", trickle.records, trickle.minutes));
    row("entries", format!("{}, {}", totals.entries, mib(totals.entry_bytes)));
    row("objects put", format!("{}, {}", totals.puts, mib(totals.put_bytes)));
    row("of them lake files", totals.lake_puts.to_string());
    row("of them for tables", totals.table_puts.to_string());
    row("requests for bytes", totals.gets.to_string());
    row("objects named at the end", trickle.named.to_string());
    row(
        "extents, of them in lake files",
        format!("{}, {}", trickle.extents, trickle.lake_extents),
    );
    row(
        "memory before and after",
        format!("{}, {}", mib(trickle.before_bytes), mib(trickle.after_bytes)),
    );
    row(
        "reading all",
        format!(
            "{} records, {} requests, {} ms",
            trickle.replay_records, trickle.replay_gets, trickle.replay_ms
        ),
    );
    table
}

#[cfg(test)]
mod tests;
