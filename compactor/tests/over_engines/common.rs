//! Engines over one ledger and one place for objects in memory, and short ways to write, read and look.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use compactor::{CompactorConfig, Report};
use engine::{
    AppendError, AppendGroup, AppendRun, ChangeError, CreateTopicRequest, Engine, EngineConfig, FetchError, FetchPart,
    FetchRequest, Fetched,
};
use ledger::Looks;
use ledger::memory::MemoryLedger;
use metadata::{PartitionId, Role, State, TopicNumber};
use records::{Batch, BatchBuilder, Codec};
use store::{Faults, FaultyObjects, Key, Kind, MemoryObjects, Objects, ReadClass, Store, StoreOptions};
use world::World;

/// A ledger and objects that engines share.
pub(crate) struct Cluster {
    pub(crate) world: World,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) objects: FaultyObjects,
}

/// Partition by partition: base offsets and bytes of all batches, base offset and leader epoch cut off.
pub(crate) type Contents = BTreeMap<PartitionId, Vec<(u64, Bytes)>>;

impl Cluster {
    pub(crate) fn new(seed: u64) -> Cluster {
        let world = World::simulated(seed);
        let memory = Arc::new(MemoryObjects::new(world.clock.clone()));
        Cluster {
            ledger: Arc::new(MemoryLedger::new(Looks::InStatement)),
            objects: FaultyObjects::new(memory, world.child("objects"), Faults::NONE),
            world,
        }
    }

    /// A process that is agent and compactor, with a cache of its own.
    pub(crate) async fn engine(&self) -> Engine {
        self.engine_of(vec![Role::Agent, Role::Compactor]).await
    }

    pub(crate) async fn engine_of(&self, roles: Vec<Role>) -> Engine {
        self.engine_in(self.world.child("engine"), roles).await
    }

    pub(crate) async fn engine_in(&self, world: World, roles: Vec<Role>) -> Engine {
        let store = self.store(&world);
        let config = EngineConfig {
            roles,
            linger: Duration::from_millis(1),
            ..EngineConfig::default()
        };
        Engine::start(world, config, self.ledger.clone(), store).await.unwrap()
    }

    pub(crate) fn store(&self, world: &World) -> Store {
        let objects: Arc<dyn Objects> = Arc::new(self.objects.clone());
        Store::with_objects(objects, StoreOptions::default(), world.clone())
    }

    pub(crate) async fn sleep(&self, seconds: u64) {
        self.world.clock.sleep(Duration::from_secs(seconds)).await;
    }
}

/// Everything is due, and small things are merged soon.
pub(crate) fn config() -> CompactorConfig {
    CompactorConfig {
        fan_in: 4,
        level_bytes: 64,
        ..CompactorConfig::eager()
    }
}

/// A pass of upkeep in which nothing failed.
pub(crate) async fn upkeep(engine: &Engine) -> Report {
    let report = compactor::run_once(engine, &config()).await;
    assert_eq!(report.failures, Vec::<String>::new());
    report
}

pub(crate) async fn topic(engine: &Engine, name: &str, partitions: u32, configs: &[(&str, &str)]) -> TopicNumber {
    let configs = configs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let request = CreateTopicRequest {
        name: name.to_owned(),
        partitions,
        configs: configs.collect(),
        first_offset: 0,
    };
    engine.create_topic(request, "test").await.unwrap().0
}

pub(crate) async fn set(engine: &Engine, name: &str, value: &str) {
    let configs = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    engine.alter_cluster(configs, Vec::new(), "test").await.unwrap();
}

/// Declares typed columns; none where the list is empty.
pub(crate) async fn declare(engine: &Engine, topic: TopicNumber, list: &str) -> Result<(), ChangeError> {
    let mode = if list.is_empty() { "raw" } else { "json" };
    let set = [("lake.columns", list), ("lake.mode", mode)];
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
    engine.alter_topic(topic, BTreeMap::from(set), Vec::new(), "test").await
}

/// Appends one batch with these values, timestamped now.
pub(crate) async fn append(engine: &Engine, topic: TopicNumber, partition: u32, values: &[&str]) -> u64 {
    let mut builder = BatchBuilder::new(Codec::None, None);
    for value in values {
        let now_ms = engine.world().clock.wall_ms();
        builder.push(now_ms, None, Some(value.as_bytes()), &[]).unwrap();
    }
    append_batch(engine, PartitionId { topic, partition }, builder.build().unwrap()).await
}

/// Appends a batch; its base offset.
pub(crate) async fn append_batch(engine: &Engine, partition: PartitionId, batch: Batch) -> u64 {
    try_append(engine, partition, batch).await.unwrap()
}

/// Appends a batch; its base offset, or whether it may be there.
pub(crate) async fn try_append(engine: &Engine, partition: PartitionId, batch: Batch) -> Result<u64, AppendError> {
    let run = AppendRun {
        partition,
        batches: vec![batch],
        producer: None,
        expected_offset: None,
    };
    let group = AppendGroup {
        runs: vec![run],
        request: None,
    };
    let done = engine.append(engine.reserve(1).unwrap(), group).await?;
    Ok(done.acks[0].base_offset)
}

/// Everything that can be read, by fetching.
pub(crate) async fn contents(engine: &Engine) -> Contents {
    engine.look().await.unwrap();
    let ids: Vec<PartitionId> = engine.read(|state| state.topics().flat_map(|topic| topic.partition_ids()).collect());
    let mut contents = Contents::new();
    for id in ids {
        contents.insert(id, read(engine, id).await);
    }
    contents
}

async fn read(engine: &Engine, partition: PartitionId) -> Vec<(u64, Bytes)> {
    let batches = batches(engine, partition).await.into_iter();
    batches.map(|(base, batch)| (base, batch.bytes().slice(16..))).collect()
}

/// What a reader is given from an offset on.
pub(crate) async fn fetch(engine: &Engine, partition: PartitionId, offset: u64) -> Result<Fetched, FetchError> {
    let request = FetchRequest {
        parts: vec![FetchPart {
            partition,
            offset,
            bytes_max: 1 << 20,
        }],
        bytes_max: 1 << 20,
        bytes_min: 0,
        wait: Duration::ZERO,
        class: ReadClass::Tail,
        after: None,
    };
    engine.fetch(&request).await.remove(0).result
}

/// All batches of a partition and their base offsets, by fetching.
pub(crate) async fn batches(engine: &Engine, partition: PartitionId) -> Vec<(u64, Batch)> {
    let start = engine.read(|state| state.partition(partition).unwrap().log_start());
    let (mut batches, mut offset) = (Vec::new(), start);
    loop {
        let fetched = fetch(engine, partition, offset).await.unwrap();
        let Some(last) = fetched.batches.last() else { break };
        offset = last.last_offset() + 1;
        let came = fetched.batches.into_iter();
        batches.extend(came.map(|batch| (batch.base_offset, batch.batch)));
    }
    let end = engine.read(|state| state.partition(partition).unwrap().high_watermark());
    assert_eq!(offset, end, "no offset is missing of {partition:?}");
    batches
}

/// How many extents all partitions have, and how many objects are named.
pub(crate) fn counts(engine: &Engine) -> (u64, usize) {
    let extents = engine.read(State::extents);
    (extents, holding(engine))
}

/// How many objects extents name: all but those that describe tables.
pub(crate) fn holding(engine: &Engine) -> usize {
    engine.read(|state| {
        let published = state.topics().filter_map(|topic| state.published(topic.number()));
        state.objects() - published.map(|published| published.objects.len()).sum::<usize>()
    })
}

/// The objects of a kind that are there.
pub(crate) async fn listed(engine: &Engine, kind: Kind) -> Vec<Key> {
    let listed = engine.store().list(kind).await.unwrap();
    listed.into_iter().filter_map(|object| object.key).collect()
}
