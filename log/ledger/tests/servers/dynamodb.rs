//! DynamoDB. One table serves all tests of a run; each table of the suite is a log of its own in it.

mod kill;
mod measure;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use futures::future::join_all;
use ledger::conformance::differential;
use ledger::conformance::{self, Harness, Table};
use ledger::{Append, AwsOptions, Backend, ConnectOptions, Hash, Position, Secret};
use world::World;

fn options(endpoint: &str) -> ConnectOptions {
    ConnectOptions {
        aws: AwsOptions {
            endpoint_dynamodb: Some(endpoint.to_owned()),
            access_key_id: Some("key".to_owned()),
            secret_access_key: Some(Secret::new("secret")),
            ..AwsOptions::default()
        },
    }
}

/// The SDK itself, for what the backend never does.
fn sdk(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .endpoint_url(endpoint)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

#[derive(Debug)]
struct Dynamo {
    endpoint: String,
    table: String,
    logs: AtomicU32,
    world: World,
}

impl Dynamo {
    /// A new table on the server that the variable names.
    async fn new(world: &World) -> Dynamo {
        Dynamo::at(crate::variable("TIDELOG_TEST_DYNAMODB"), world).await
    }

    async fn at(endpoint: String, world: &World) -> Dynamo {
        let table = format!("ledger-{:016x}", world.chance.u64());
        let made = ledger::create(&format!("dynamodb://{table}"), &options(&endpoint), world).await;
        assert!(made.expect("a table").made);
        Dynamo {
            endpoint,
            table,
            logs: AtomicU32::new(0),
            world: world.clone(),
        }
    }

    /// A log that holds nothing.
    fn log(&self) -> Log {
        let name = format!("log-{}", self.logs.fetch_add(1, Ordering::Relaxed));
        Log {
            url: format!("dynamodb://{}?log={name}", self.table),
            name,
            table: self.table.clone(),
            endpoint: self.endpoint.clone(),
            sdk: sdk(&self.endpoint),
            world: self.world.clone(),
        }
    }
}

#[derive(Debug)]
struct Log {
    url: String,
    name: String,
    table: String,
    endpoint: String,
    sdk: aws_sdk_dynamodb::Client,
    world: World,
}

#[async_trait]
impl Harness for Dynamo {
    async fn fresh(&self) -> Arc<dyn Table> {
        Arc::new(self.log())
    }
}

#[async_trait]
impl Table for Log {
    async fn open(&self) -> Arc<dyn Backend> {
        let opened = ledger::connect(&self.url, &options(&self.endpoint), &self.world).await;
        opened.expect("the table of the tests")
    }

    async fn plant(&self, position: Position, bytes: Option<Bytes>) {
        let segment = AttributeValue::S(format!("{}/{}", self.name, position / 65_536));
        let position = AttributeValue::N(position.to_string());
        match bytes {
            Some(bytes) => {
                let put = self.sdk.put_item().table_name(&self.table);
                let put = put.item("log_segment", segment).item("position", position);
                let put = put.item("bytes", AttributeValue::B(Blob::new(bytes)));
                drop(put.send().await.expect("plants"));
            }
            None => {
                let delete = self.sdk.delete_item().table_name(&self.table);
                let delete = delete.key("log_segment", segment).key("position", position);
                drop(delete.send().await.expect("uproots"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_conforms() {
    let world = World::real();
    conformance::all(&Dynamo::new(&world).await, &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_answers_as_the_model() {
    let world = World::real();
    differential(&Dynamo::new(&world).await, &world, 1, crate::differential_calls()).await;
}

/// Sixteen processes put at the same position at once, again and again: one of them is told that it has it, and its
/// entry is what is there.
#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_has_one_winner() {
    let world = World::real();
    let log = Dynamo::new(&world).await.log();
    let handles = join_all((0..16).map(|_| log.open())).await;
    for position in 0..60 {
        let puts = handles.iter().zip(0..).map(|(handle, name)| async move {
            let bytes = Bytes::from(format!("{position} by {name}"));
            (
                bytes.clone(),
                handle.append(position, Hash::ZERO, bytes).await.expect("an answer"),
            )
        });
        let puts = join_all(puts).await;
        let won: Vec<_> = puts.iter().filter(|(_, put)| *put == Append::Appended).collect();
        assert_eq!(won.len(), 1, "{puts:?}");
        let there = handles[0].read(position, 0).await.expect("reads");
        assert_eq!(there.entries[0].bytes, won[0].0);
    }
}

/// Logs of one table know nothing of each other.
#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_keeps_logs_apart() {
    let world = World::real();
    let harness = Dynamo::new(&world).await;
    let (one, two) = (harness.log().open().await, harness.log().open().await);
    assert_eq!(one.append(0, Hash::ZERO, "one".into()).await, Ok(Append::Appended));
    assert_eq!(two.append(0, Hash::ZERO, "two".into()).await, Ok(Append::Appended));
    assert_eq!(one.delete_below(1, 10).await, Ok(1));
    assert!(one.read(0, 100).await.expect("reads").entries.is_empty());
    assert_eq!(two.read(0, 100).await.expect("reads").entries[0].bytes, "two");
    let nothing = world.clock.timeout(Duration::from_millis(200), one.watch(0)).await;
    assert!(nothing.is_err(), "nothing comes in the first");
}

/// More than a page (1 MB) of entries, and more than a request deletes.
#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_reads_and_deletes_many() {
    let log = Dynamo::new(&World::real()).await.log();
    let ledger = log.open().await;
    let first = 65_536 - 20;
    let entry = |position: u64| Bytes::from(vec![u8::try_from(position % 251).expect("small"); 60_000]);
    for position in first..first + 60 {
        log.plant(position, Some(entry(position))).await;
    }
    let read = ledger.read(first, 10 << 20).await.expect("reads");
    assert_eq!((read.entries.len(), read.more), (60, false));
    let whole = |(raw, position): (&ledger::RawEntry, u64)| raw.position == position && raw.bytes == entry(position);
    assert!(read.entries.iter().zip(first..).all(whole));
    let read = ledger.read(first, 2_500_000).await.expect("reads");
    assert_eq!((read.entries.len(), read.more), (42, true));
    assert_eq!(ledger.delete_below(first + 59, 30).await, Ok(30));
    assert_eq!(ledger.delete_below(first + 59, 100).await, Ok(29));
    assert_eq!(ledger.delete_below(first + 59, 100).await, Ok(0));
    assert_eq!(ledger.read(first + 59, 0).await.expect("reads").entries.len(), 1);
}
