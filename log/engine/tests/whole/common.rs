//! Engines over one ledger and one store in memory, and short ways to write and read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::{
    AppendDone, AppendError, AppendGroup, AppendRun, CreateTopicRequest, Engine, EngineConfig, FetchPart, FetchRequest,
};
use ledger::FaultyLedger;
use ledger::memory::MemoryLedger;
use metadata::{PartitionId, Role, TopicNumber};
use records::{Batch, BatchBuilder, Codec};
use store::{FaultyObjects, MemoryObjects, ReadClass, Store, StoreOptions};
use world::World;

/// A ledger and a place for objects that engines share. Each engine has a cache of its own.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(crate) world: World,
    /// What the ledger holds in fact.
    pub(crate) table: MemoryLedger,
    pub(crate) ledger: FaultyLedger,
    pub(crate) objects: Arc<FaultyObjects>,
}

impl Cluster {
    pub(crate) fn new(seed: u64) -> Cluster {
        Cluster::over(seed, MemoryLedger::new(ledger::Looks::InStatement))
    }

    pub(crate) fn over(seed: u64, table: MemoryLedger) -> Cluster {
        let world = World::simulated(seed);
        let objects = Arc::new(MemoryObjects::new(world.clock.clone()));
        Cluster {
            ledger: FaultyLedger::new(Arc::new(table.clone()), ledger::Faults::NONE, world.clone()),
            objects: Arc::new(FaultyObjects::new(objects, world.clone(), store::Faults::NONE)),
            table,
            world,
        }
    }

    pub(crate) async fn engine(&self) -> Engine {
        self.engine_with(EngineConfig {
            roles: vec![Role::Agent, Role::Compactor],
            ..EngineConfig::default()
        })
        .await
    }

    pub(crate) async fn engine_with(&self, config: EngineConfig) -> Engine {
        self.engine_over(config, StoreOptions::default()).await
    }

    pub(crate) async fn engine_over(&self, config: EngineConfig, options: StoreOptions) -> Engine {
        Engine::start(
            self.world.child("engine"),
            config,
            Arc::new(self.ledger.clone()),
            Store::with_objects(self.objects.clone(), options, self.world.clone()),
        )
        .await
        .expect("works in a test")
    }
}

pub(crate) async fn topic(engine: &Engine, name: &str, partitions: u32, configs: &[(&str, &str)]) -> TopicNumber {
    let configs: BTreeMap<String, String> = configs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let request = CreateTopicRequest {
        name: name.to_owned(),
        partitions,
        configs,
        first_offset: 0,
    };
    engine.create_topic(request, "test").await.expect("works in a test").0
}

pub(crate) fn batch(values: &[&str]) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None, None);
    for (at, value) in values.iter().enumerate() {
        builder
            .push(1_000 + at as i64, None, Some(value.as_bytes()), &[])
            .expect("works in a test");
    }
    builder.build().expect("works in a test")
}

pub(crate) fn run(topic: TopicNumber, partition: u32, values: &[&str]) -> AppendRun {
    let partition = PartitionId { topic, partition };
    AppendRun {
        partition,
        batches: vec![batch(values)],
        producer: None,
        expected_offset: None,
    }
}

pub(crate) async fn append_runs(engine: &Engine, runs: Vec<AppendRun>) -> Result<AppendDone, AppendError> {
    let permit = engine.reserve(1).expect("works in a test");
    engine.append(permit, AppendGroup { runs, request: None }).await
}

pub(crate) async fn append(
    engine: &Engine,
    topic: TopicNumber,
    partition: u32,
    values: &[&str],
) -> Result<u64, AppendError> {
    let done = append_runs(engine, vec![run(topic, partition, values)]).await?;
    Ok(done.acks[0].base_offset)
}

pub(crate) fn request(topic: TopicNumber, partition: u32, offset: u64) -> FetchRequest {
    let part = FetchPart {
        partition: PartitionId { topic, partition },
        offset,
        bytes_max: 1 << 20,
    };
    FetchRequest {
        parts: vec![part],
        bytes_max: 1 << 20,
        bytes_min: 0,
        wait: Duration::ZERO,
        class: ReadClass::Tail,
        after: None,
    }
}

/// Every record from an offset to the end: (offset, value).
pub(crate) async fn read_all(
    engine: &Engine,
    topic: TopicNumber,
    partition: u32,
    mut offset: u64,
) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    loop {
        let mut parts = engine.fetch(&request(topic, partition, offset)).await;
        let fetched = parts.remove(0).result.expect("works in a test");
        if fetched.batches.is_empty() {
            assert_eq!(offset, fetched.high_watermark);
            return all;
        }
        for batch in fetched.batches {
            for record in records::walk(&batch.batch, &records::Limits::default()).expect("works in a test") {
                let record = record.expect("works in a test");
                let at = batch.base_offset + record.offset_delta as u64;
                if at >= offset {
                    all.push((
                        at,
                        String::from_utf8(record.value.unwrap_or(Bytes::new()).to_vec()).expect("works in a test"),
                    ));
                }
            }
            offset = batch.last_offset() + 1;
        }
    }
}
