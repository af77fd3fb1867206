//! What is compared while a run goes on, and the last look at everything when it has ended.

mod groups;
mod keys;
mod order;
mod records;
pub(crate) mod rest;

pub(crate) use keys::offsets;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, FetchedBatch};
use metadata::{PartitionId, Role, State};

use crate::agent::{Agent, Called};
use crate::audit::place_of;
use crate::ground::{Ground, Yard};
use crate::history::ReadBatch;
use crate::swarm::Process;
use crate::{told, value};

/// Sweeps after which nothing may be left that nothing needs: three for what was never named, since what dead lives left
/// waits for a mark and the grace; what once was named waits for more, and a merge in one sweep makes garbage for the
/// next.
const SWEEPS: u32 = 8;

/// By partition the batches there are.
type Read = BTreeMap<PartitionId, Vec<Found>>;

/// A batch that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    base: u64,
    records: u32,
    checksum: u32,
    send: u64,
}

impl Found {
    /// The offset after its last.
    fn end(&self) -> u64 {
        self.base + u64::from(self.records)
    }
}

/// Log start and end of each partition.
type Watermarks = BTreeMap<PartitionId, (u64, u64)>;

/// What a process had folded when it was looked at.
struct Looked {
    place: (u64, [u8; 32]),
    watermarks: Watermarks,
}

/// Compares, once in a while, what the processes have folded.
pub(crate) async fn sample(yard: Yard) {
    let clock = yard.ground.world.clock.clone();
    let mut before: BTreeMap<String, Looked> = BTreeMap::new();
    while !yard.ground.quiet.is_up() {
        clock.sleep(Duration::from_millis(700)).await;
        yard.ground.audit.note_own_hash();
        for agent in yard.agents.iter() {
            let Some(engine) = agent.running() else { continue };
            note_hash(&yard.ground, agent.name(), &engine);
            check_memory(&yard.ground, agent.name(), &engine);
            let now = engine.read(|state| Looked {
                place: place_of(state),
                watermarks: watermarks(state),
            });
            if let Some(before) = before.get(agent.name()) {
                check_monotonic(&yard.ground, agent.name(), before, &now);
            }
            before.insert(agent.name().to_owned(), now);
        }
    }
}

fn check_memory(ground: &Ground, name: &str, engine: &Engine) {
    let (used, most) = (engine.health().memory_used_bytes, engine.config().memory_bytes_max);
    ground
        .journal
        .check("records that wait stay within their memory", used <= most, || {
            format!("{name} holds {used} of {most} bytes")
        });
}

fn note_hash(ground: &Ground, name: &str, engine: &Engine) {
    let (place, hash) = engine.read(|state| (place_of(state), metadata::snapshot::state_hash_of(state)));
    ground.audit.note_hash(name, place, hash);
}

fn watermarks(state: &State) -> Watermarks {
    let partitions = state.topics().flat_map(|topic| state.partitions(topic.number()));
    partitions
        .map(|(id, partition)| (id, (partition.log_start(), partition.high_watermark())))
        .collect()
}

fn check_monotonic(ground: &Ground, name: &str, before: &Looked, now: &Looked) {
    // A process that has just started may have folded less than the one before it, and what was folded of an end that
    // the ledger has lost does not count.
    let follows = before.place.0 <= now.place.0 && ground.audit.contains(before.place);
    for (id, &(log_start, end)) in &now.watermarks {
        ground
            .journal
            .check("a log starts before it ends", log_start <= end, || {
                format!("{name} {id:?}")
            });
        let Some(&(start_before, end_before)) = before.watermarks.get(id).filter(|_| follows) else {
            continue;
        };
        let risen = log_start >= start_before && end >= end_before;
        ground.journal.check("watermarks do not fall", risen, || {
            format!(
                "{name} {id:?} at {}: {start_before}..{end_before} became {log_start}..{end}",
                now.place.0
            )
        });
    }
}

/// Everybody has come to the end, and holds the same state.
pub(crate) async fn compare_states(yard: &Yard) {
    yard.ground.audit.note_own_hash();
    for agent in yard.agents.iter() {
        let looked = agent
            .call(Duration::from_secs(20), |engine| async move {
                let looked = engine.look().await;
                (looked, engine)
            })
            .await;
        let there = matches!(looked, Called::Done((Ok(_), _)));
        yard.ground
            .journal
            .check("every process comes to the end of the ledger", there, || {
                format!("{}: {looked:?}", agent.name())
            });
        if let Called::Done((Ok(_), engine)) = looked {
            note_hash(&yard.ground, agent.name(), &engine);
        }
    }
}

/// A process that has never been there reads all there is, and sweeps until nothing is left to sweep.
pub(crate) async fn last_look(yard: &Yard) {
    let ground = &yard.ground;
    let clock = &ground.world.clock;
    let fresh = Agent::new(ground, "fresh".to_owned(), Process::front());
    fresh.start().await;
    // Lives of those who were killed are silent for the timeout by then, and are retired.
    clock.sleep(ground.swarm.agent_timeout * 2).await;
    let Some(engine) = fresh.running() else { return };
    let looked = engine.look().await;
    ground
        .journal
        .check("a fresh process comes to the end", looked.is_ok(), || {
            format!("{looked:?}")
        });
    ground.audit.note_own_hash();
    note_hash(ground, "fresh", &engine);
    let read = read_all(ground, &engine).await;
    records::check(ground, &engine, &read);
    order::check(ground, &read);
    groups::check(ground, &engine);
    note_read(ground, 0, &engine, &read);
    keys::check(ground, &engine).await;
    ground.audit.check_tables();
    sweep(ground).await;
    ground.audit.check_tables();
    let _ = engine.look().await;
    let again = read_all(ground, &engine).await;
    records::compare(ground, &read, &again);
    keys::check(ground, &engine).await;
    note_read(ground, 1, &engine, &again);
    told::judge(ground);
    fresh.stop(Duration::from_secs(5)).await;
}

/// The last looks are a part of the history.
fn note_read(ground: &Ground, reader: u32, engine: &Engine, read: &Read) {
    let of = |found: &Found| (found.base, found.send, found.records);
    let batches = read.iter().map(|(id, all)| (*id, all.iter().map(of).collect()));
    told::last_read(ground, reader, batches, &engine.read(watermarks));
}

/// Reads every extent of every partition, but for those that are compacted by key.
async fn read_all(ground: &Arc<Ground>, engine: &Engine) -> Read {
    let mut all = Read::new();
    let partitions: Vec<PartitionId> =
        engine.read(|state| state.topics().flat_map(|topic| topic.partition_ids()).collect());
    let keyed = ground.history.lock().keyed.map(|topic| topic.number);
    for id in partitions.into_iter().filter(|id| Some(id.topic) != keyed) {
        let extents: Vec<_> = engine.read(|state| {
            let partition = state.partition(id);
            partition
                .map(|partition| partition.extents().collect())
                .unwrap_or_default()
        });
        let batches: &mut Vec<Found> = all.entry(id).or_default();
        for extent in extents {
            let read = engine.read_extent(id, &extent).await;
            ground.journal.check("every extent can be read", read.is_ok(), || {
                format!("{id:?} {extent:?}: {read:?}")
            });
            batches.extend(read.iter().flatten().filter_map(|batch| found(ground, id, batch)));
        }
    }
    all
}

/// A batch of the last look: its records say themselves whose they are.
fn found(ground: &Ground, partition: PartitionId, read: &FetchedBatch) -> Option<Found> {
    let decoded = value::decoded(&read.batch);
    ground
        .journal
        .check("every record can be decoded and is whole", decoded.is_ok(), || {
            format!("{partition:?} {}: {decoded:?}", read.base_offset)
        });
    let batch = ReadBatch {
        partition,
        base_offset: read.base_offset,
        batch: &read.batch,
    };
    let now = ground.world.clock.now();
    let history = &mut *ground.history.lock();
    history.read(&ground.journal, "the last reader", &batch, now);
    Some(Found {
        base: read.base_offset,
        records: read.batch.records(),
        checksum: read.batch.header().checksum,
        send: decoded.ok()?,
    })
}

/// A compactor of its own sweeps until all is clean.
async fn sweep(ground: &Arc<Ground>) {
    let sweeper = Agent::new(ground, "sweeper".to_owned(), Process::by_hand(vec![Role::Compactor]));
    let config = compactor::CompactorConfig {
        clock_difference_max: Duration::MAX,
        ..ground.swarm.eager()
    };
    sweeper.start().await;
    let Some(engine) = sweeper.running() else { return };
    let mut upkeep = compactor::Upkeep::new(engine, config);
    let mut since_published = 0;
    for number in 1..=2 * SWEEPS {
        let report = Box::pin(upkeep.once()).await;
        ground.journal.line(format_args!("sweep {number}: {report:?}"));
        ground
            .journal
            .check("upkeep succeeds when nothing fails", report.failures.is_empty(), || {
                format!("{:?}", report.failures)
            });
        ground
            .journal
            .check("nothing is damaged", report.damaged.is_empty(), || {
                format!("{:?}", report.damaged)
            });
        let rewritten = [
            &report.moved_out,
            &report.to_lake,
            &report.cleaned,
            &report.merged,
            &report.lakes_merged,
        ];
        let rewritten: u64 = rewritten.iter().map(|done| done.objects).sum();
        ground
            .journal
            .check("upkeep comes to rest", number <= SWEEPS - 2 || rewritten == 0, || {
                format!("sweep {number} {report:?}")
            });
        let swept = report.swept.unwrap_or_default();
        ground.journal.check(
            "three sweeps leave nothing that was never named",
            number <= 3 || swept.orphans == 0,
            || format!("sweep {number} {swept:?}"),
        );
        ground
            .world
            .clock
            .sleep(ground.swarm.lake_grace() + Duration::from_millis(200))
            .await;
        // What a table no longer names is garbage two sweeps later, and a table is told anew as its snapshots expire.
        since_published = if report.published > 0 { 0 } else { since_published + 1 };
        if number >= SWEEPS && since_published >= 2 {
            break;
        }
    }
    sweeper.stop(Duration::from_secs(5)).await;
    let orphans = ground.audit.orphans();
    ground
        .journal
        .check("no object is left that nothing needs", orphans.is_empty(), || {
            format!("{orphans:?}")
        });
}
