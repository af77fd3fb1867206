//! S3: the conformance suite against two servers, and what only this backend has to hold.

mod measure;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join_all;
use ledger::conformance::{self, Harness, Table};
use ledger::s3::client::{self, Manner};
use ledger::s3::scripted;
use ledger::{
    Append, AwsOptions, Backend, Base, ClusterId, ConnectOptions, Hash, LedgerError, Position, S3Ledger, Secret,
    Verdict,
};
use object_store::ObjectStoreExt as _;
use object_store::aws::AmazonS3;
use object_store::client::ReqwestConnector;
use object_store::path::Path;
use world::World;

/// Prefixes of one bucket, one a table.
#[derive(Debug)]
struct Prefixes {
    aws: AwsOptions,
    run: String,
    count: AtomicU32,
    other: Arc<AmazonS3>,
    world: World,
}

#[derive(Debug)]
struct Prefix {
    prefix: String,
    aws: AwsOptions,
    /// A client of the test's own.
    other: Arc<AmazonS3>,
    world: World,
}

impl Prefixes {
    fn new(variable: &str) -> Prefixes {
        let (aws, world) = (scripted::options(&crate::variable(variable)), World::real());
        let manner = Manner {
            timeout: Duration::from_secs(20),
            retries_max: 5,
            retries_timeout: Duration::from_secs(20),
            unsigned_over_tls: false,
        };
        let other = client::client("tidelog", &aws, &manner, ReqwestConnector::default());
        Prefixes {
            run: format!("ledger-{:016x}", world.chance.u64()),
            count: AtomicU32::new(0),
            other: Arc::new(other.expect("the server")),
            aws,
            world,
        }
    }

    fn next(&self) -> Prefix {
        Prefix {
            prefix: format!("{}/{}", self.run, self.count.fetch_add(1, Ordering::Relaxed)),
            aws: self.aws.clone(),
            other: Arc::clone(&self.other),
            world: self.world.clone(),
        }
    }
}

impl Prefix {
    fn ledger(&self) -> Arc<S3Ledger> {
        let url = format!("s3://tidelog/{}", self.prefix);
        Arc::new(S3Ledger::open(&url, &self.aws, &self.world).expect("a URL"))
    }
}

#[async_trait]
impl Harness for Prefixes {
    async fn fresh(&self) -> Arc<dyn Table> {
        Arc::new(self.next())
    }
}

#[async_trait]
impl Table for Prefix {
    async fn open(&self) -> Arc<dyn Backend> {
        self.ledger()
    }

    async fn plant(&self, position: Position, bytes: Option<Bytes>) {
        let key = Path::from(format!("{}/entries/{position:020}", self.prefix));
        match bytes {
            Some(bytes) => self.other.put(&key, bytes.into()).await.map(drop),
            None => self.other.delete(&key).await,
        }
        .expect("the server");
    }
}

fn entry(position: Position, fill: u8) -> Bytes {
    let mut bytes = vec![fill; 100];
    bytes[..8].copy_from_slice(&position.to_be_bytes());
    Bytes::from(bytes)
}

async fn conforms(variable: &str) {
    let prefixes = Prefixes::new(variable);
    conformance::all(&prefixes, &prefixes.world).await;
}

async fn answers_as_memory_does(variable: &str) {
    let prefixes = Prefixes::new(variable);
    conformance::differential(&prefixes, &prefixes.world, 0, crate::differential_calls()).await;
}

/// Of sixteen that race for a position one gets it, whose bytes are there; and so of sixteen that make the base, and move it.
async fn sixteen_race(variable: &str) {
    let table = Prefixes::new(variable).next();
    let racers: Vec<Arc<S3Ledger>> = (0..16).map(|_| table.ledger()).collect();
    for position in 0..10 {
        let appends = racers.iter().zip(0..).map(async |(racer, fill): (&Arc<S3Ledger>, u8)| {
            racer
                .append(position, Hash::ZERO, entry(position, fill))
                .await
                .expect("an answer")
        });
        let outcomes = join_all(appends).await;
        let won: Vec<u8> = (0..)
            .zip(&outcomes)
            .filter(|(_, won)| **won == Append::Appended)
            .map(|(at, _)| at)
            .collect();
        assert!(won.len() == 1, "{outcomes:?}");
        let others = outcomes.iter().filter(|other| **other == Append::Taken).count();
        assert_eq!(others, 15, "{outcomes:?}");
        let there = racers[0].read(position, 0).await.expect("reads").entries.remove(0);
        assert_eq!(there.bytes, entry(position, won[0]), "who was told so has it");
    }
    let base = async |position: Position, name: &str| Base {
        cluster: ClusterId([7; 16]),
        era: 1,
        position,
        hash: Hash::of(&racers[0].read(position, 0).await.expect("reads").entries[0].bytes),
        snapshot: name.to_owned(),
    };
    let first = base(0, "").await;
    let made = join_all(racers.iter().map(|racer| racer.create_base(&first))).await;
    assert_eq!(made.iter().filter(|made| **made == Ok(true)).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|made| **made == Ok(false)).count(), 15, "{made:?}");
    let mut old = first;
    for position in 1..6 {
        let moves = racers
            .iter()
            .zip(0..)
            .map(async |(racer, number): (&Arc<S3Ledger>, u32)| {
                let new = base(position, &format!("snapshot of {number}")).await;
                (racer.advance_base(&old, &new).await.expect("an answer"), new)
            });
        let moves = join_all(moves).await;
        let won: Vec<&Base> = moves.iter().filter(|(moved, _)| *moved).map(|(_, new)| new).collect();
        assert_eq!(won.len(), 1, "{moves:?}");
        assert_eq!(racers[3].base().await.as_ref(), Ok(&Some(won[0].clone())));
        old = won[0].clone();
    }
}

/// One who is far behind reads all there is, in order, and whoever watches in another process is woken.
async fn one_far_behind(variable: &str) {
    let table = Prefixes::new(variable).next();
    let (writer, reader) = (table.ledger(), table.ledger());
    let count = 600;
    for position in 0..count {
        let put = writer.append(position, Hash::ZERO, entry(position, 1)).await;
        assert_eq!(put, Ok(Append::Appended));
    }
    let (mut from, mut read) = (0, 1);
    loop {
        let page = reader.read(from, 20_000).await.expect("reads");
        for found in page.entries.iter().skip(1) {
            assert_eq!((found.position, &found.bytes), (read, &entry(read, 1)));
            read += 1;
        }
        from = page.entries.last().expect("one's own").position;
        if !page.more {
            break;
        }
    }
    assert_eq!(read, count);
    let woken = table
        .world
        .clock
        .timeout(Duration::from_secs(20), reader.watch(count - 1));
    let append = async {
        table.world.clock.sleep(Duration::from_millis(300)).await;
        writer.append(count, Hash::ZERO, entry(count, 1)).await
    };
    let (woken, put) = futures::join!(woken, append);
    assert_eq!((woken, put), (Ok(Ok(())), Ok(Append::Appended)));
    // All of them go, in as many calls as it takes.
    let mut deleted = 0;
    loop {
        match writer.delete_below(count, 256).await.expect("deletes") {
            0 => break,
            some => deleted += some,
        }
        let left = writer.read(deleted, 0).await.expect("reads").entries.len();
        let gone = writer.read(deleted - 1, 0).await.expect("reads").entries.len();
        assert_eq!((gone, left), (0, 1), "the lowest {deleted} are gone");
    }
    assert_eq!(deleted, count);
}

/// Whoever may not is told so, and does not take the ledger for an empty one.
async fn refuses_strangers(variable: &str) {
    let table = Prefixes::new(variable).next();
    let mut strangers = table.aws.clone();
    strangers.secret_access_key = Some(Secret::new("another secret"));
    refused(&S3Ledger::open("s3://tidelog/p", &strangers, &table.world).expect("a URL")).await;
}

/// No bucket is no empty ledger. (SeaweedFS makes one for whoever puts something there.)
async fn misses_the_bucket(variable: &str) {
    let table = Prefixes::new(variable).next();
    refused(&S3Ledger::open("s3://tidelog-has-no-such-bucket/p", &table.aws, &table.world).expect("a URL")).await;
}

/// The rules of a bucket can be seen, or it is said that they cannot: nothing of it is a failure on a bucket without any.
async fn is_examined(variable: &str) {
    let table = Prefixes::new(variable).next();
    let options = ConnectOptions { aws: table.aws.clone() };
    let found = ledger::examine("s3://tidelog/p", &options, &table.world)
        .await
        .expect("examined");
    let names: Vec<_> = found.iter().map(|found| found.name).collect();
    assert_eq!(names, ["ledger_lifecycle", "ledger_versioning", "ledger_object_lock"]);
    assert!(found.iter().all(|found| found.verdict != Verdict::Fail), "{found:?}");
    assert_eq!(found[0].verdict, Verdict::Ok, "{found:?}");
    let mut strangers = options;
    strangers.aws.secret_access_key = Some(Secret::new("another secret"));
    let found = ledger::examine("s3://tidelog/p", &strangers, &table.world)
        .await
        .expect("examined");
    assert!(
        found
            .iter()
            .all(|found| found.verdict == Verdict::Warn && found.what.contains("is not allowed")),
        "{found:?}"
    );
}

async fn refused(ledger: &S3Ledger) {
    let put = ledger.append(0, Hash::ZERO, entry(0, 0)).await;
    assert!(matches!(put, Err(LedgerError::Refused { .. })), "{put:?}");
    let read = ledger.read(0, 100).await;
    assert!(matches!(read, Err(LedgerError::Refused { .. })), "{read:?}");
    let base = ledger.base().await;
    assert!(matches!(base, Err(LedgerError::Refused { .. })), "{base:?}");
}

/// The tests of one server.
macro_rules! on {
    ($server:ident, $variable:literal: $($test:ident)*) => {
        mod $server {
            pub(super) const SERVER: &str = $variable;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(SERVER).await;
                }
            )*
        }
    };
}

on!(minio, "TIDELOG_TEST_MINIO":
    conforms answers_as_memory_does sixteen_race one_far_behind refuses_strangers misses_the_bucket is_examined);
on!(seaweedfs, "TIDELOG_TEST_SEAWEEDFS":
    conforms answers_as_memory_does sixteen_race one_far_behind refuses_strangers is_examined);
