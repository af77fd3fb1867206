//! What consumers read over HTTP is the same, record for record, before records became rows and after, and when rows of small
//! files became those of larger ones.

use std::sync::Arc;

use agent::http::{HttpSettings, router};
use compactor::CompactorConfig;
use engine::{AppendGroup, AppendRun, CreateTopicRequest, Engine, EngineConfig};
use http_body_util::BodyExt as _;
use ledger::memory::MemoryLedger;
use metadata::{PartitionId, Place, Role};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use records::{Batch, BatchBuilder, Codec};
use serde_json::Value;
use store::Store;
use tower::ServiceExt as _;
use world::World;

const PARTITIONS: u32 = 2;

/// Timestamp, key, value, headers.
type Drawn = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

fn drawn_record() -> impl Strategy<Value = Drawn> {
    let timestamps = prop_oneof![
        8 => 1_700_000_000_000_i64..1_800_000_000_000,
        1 => Just(-1),
        1 => prop_oneof![Just(0), Just(253_402_300_800_000), Just(-62_135_596_800_001)],
    ];
    let bytes = || {
        let some = prop_oneof![
            vec(any::<u8>(), 0..60),
            "[a-z]{0,9}".prop_map(String::into_bytes),
            Just(br#"{"n": 1}"#.to_vec())
        ];
        option::weighted(0.8, some)
    };
    let names = prop_oneof![4 => "[a-z]{0,6}".prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..5)];
    let headers = vec((names, option::of(vec(any::<u8>(), 0..8))), 0..3);
    (timestamps, bytes(), bytes(), headers)
}

/// Partition, codec and records.
fn drawn_batch() -> impl Strategy<Value = (u32, Batch)> {
    let codec = proptest::sample::select(Codec::ALL.to_vec());
    (0..PARTITIONS, codec, vec(drawn_record(), 1..20)).prop_map(|(partition, codec, records)| {
        let mut builder = BatchBuilder::new(codec, None);
        for (timestamp, key, value, headers) in &records {
            let header = |(name, value): &(Vec<u8>, Option<Vec<u8>>)| (name.clone(), value.clone());
            let owned: Vec<_> = headers.iter().map(header).collect();
            let headers: Vec<(&[u8], Option<&[u8]>)> = owned
                .iter()
                .map(|(name, value)| (&name[..], value.as_deref()))
                .collect();
            builder
                .push(*timestamp, key.as_deref(), value.as_deref(), &headers)
                .expect("small");
        }
        (partition, builder.build().expect("not empty"))
    })
}

struct Log {
    engine: Engine,
    topic: u32,
}

impl Log {
    async fn new() -> Log {
        let world = World::simulated(7);
        let config = EngineConfig {
            roles: vec![Role::Agent, Role::Compactor],
            ..EngineConfig::default()
        };
        let (ledger, store) = (Arc::new(MemoryLedger::sql_like()), Store::memory(world.clone()));
        let engine = Engine::start(world, config, ledger, store).await.expect("it starts");
        let request = CreateTopicRequest {
            name: "t".to_owned(),
            partitions: PARTITIONS,
            configs: [("retention.ms".to_owned(), "-1".to_owned())].into(),
            first_offset: 0,
        };
        let (topic, _) = engine.create_topic(request, "test").await.expect("it is new");
        Log { engine, topic }
    }

    async fn append(&self, batches: &[(u32, Batch)]) {
        for (partition, batch) in batches {
            let run = AppendRun {
                partition: PartitionId {
                    topic: self.topic,
                    partition: *partition,
                },
                batches: vec![batch.clone()],
                producer: None,
                expected_offset: None,
            };
            let group = AppendGroup {
                runs: vec![run],
                request: None,
            };
            let reserved = self.engine.reserve(1).expect("room");
            self.engine.append(reserved, group).await.expect("acknowledged");
        }
    }

    /// All records of a partition, as a client that follows `next` reads them.
    async fn consume(&self, partition: u32) -> Vec<Value> {
        let (mut all, router) = (Vec::new(), router(self.engine.clone(), HttpSettings::default()));
        let mut path = format!("/v1/topics/t/partitions/{partition}/records?offset=0&decode=base64&limit=37");
        loop {
            let request = http::Request::get(&path).body(String::new()).expect("a request");
            let answer = router.clone().oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), 200, "{path}");
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            let page: Value = serde_json::from_slice(&body).expect("JSON");
            all.extend(page["records"].as_array().expect("records").iter().cloned());
            if page["up_to_date"] == true {
                return all;
            }
            let next = page["next"].as_str().expect("a way on");
            path = match next.contains("decode") {
                true => next.to_owned(),
                false => format!("{next}&decode=base64&limit=37"),
            };
        }
    }

    async fn consume_all(&self) -> Vec<Vec<Value>> {
        let mut all = Vec::new();
        for partition in 0..PARTITIONS {
            all.push(self.consume(partition).await);
        }
        all
    }

    /// A pass of upkeep, after which all lies in lake files.
    async fn compact(&self) {
        let config = CompactorConfig {
            lake_small_files_max: 2,
            ..CompactorConfig::eager()
        };
        let report = compactor::run_once(&self.engine, &config).await;
        assert_eq!(report.failures, Vec::<String>::new());
        let beside = self.engine.read(|state| {
            let partitions = state.partitions(self.topic);
            let extents = partitions.flat_map(|(_, partition)| partition.extents().collect::<Vec<_>>());
            extents
                .filter(|extent| !matches!(extent.place, Place::Lake { .. }))
                .count()
        });
        assert_eq!(beside, 0, "all of it is rows");
    }
}

async fn check(first: &[(u32, Batch)], second: &[(u32, Batch)]) {
    let log = Log::new().await;
    log.append(first).await;
    let before = log.consume_all().await;
    let records = first.iter().map(|(_, batch)| batch.header().records_count).sum::<i32>();
    assert_eq!(before.iter().map(Vec::len).sum::<usize>(), records as usize);
    log.compact().await;
    assert_eq!(log.consume_all().await, before, "rows");
    log.append(second).await;
    let before = log.consume_all().await;
    log.compact().await;
    log.compact().await;
    assert_eq!(log.consume_all().await, before, "rows of several files");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn rows_are_the_records_they_were(first in vec(drawn_batch(), 1..10), second in vec(drawn_batch(), 1..10)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(check(&first, &second));
    }
}
