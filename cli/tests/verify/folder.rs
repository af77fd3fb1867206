//! A folder that a real engine wrote, and what can be done to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::{AppendGroup, AppendRun, CreateTopicRequest, Engine, EngineConfig};
use ledger::{ClusterId, ConnectOptions, Hash};
use metadata::{PartitionId, Role, TopicNumber};
use records::{Batch, BatchBuilder, Codec};
use segment::{Index, SegmentBuilder};
use serde_json::Value;
use store::{Store, StoreOptions};
use tempfile::TempDir;
use world::World;

pub(crate) const RECORDS: i32 = 3;

/// What a stopped process left in a folder.
pub(crate) struct Folder {
    pub(crate) dir: TempDir,
    pub(crate) cluster: ClusterId,
}

pub(crate) async fn start(dir: &Path) -> Engine {
    let world = World::real();
    let ledger_url = format!("sqlite:{}", dir.join("ledger.db").display());
    let store_url = format!("file:{}", dir.join("objects").display());
    let backend = ledger::connect(&ledger_url, &ConnectOptions::default(), &world)
        .await
        .expect("a ledger");
    let store = Store::open(&store_url, StoreOptions::default(), world.clone())
        .await
        .expect("a store");
    let config = EngineConfig {
        roles: vec![Role::Agent, Role::Compactor],
        ..EngineConfig::default()
    };
    Engine::start(world.child("engine"), config, Arc::clone(&backend), store)
        .await
        .expect("an engine")
}

pub(crate) async fn topic(engine: &Engine, name: &str, lane: &str) -> TopicNumber {
    let request = CreateTopicRequest {
        name: name.to_owned(),
        partitions: 2,
        // The records are of 1970.
        configs: BTreeMap::from([
            ("tidelog.lane".to_owned(), lane.to_owned()),
            ("retention.ms".to_owned(), "-1".to_owned()),
        ]),
        first_offset: 0,
    };
    engine.create_topic(request, "test").await.expect("a topic").0
}

fn batch(deltas: &[i32], last_value_bytes: usize) -> Batch {
    let mut builder = BatchBuilder::new(Codec::None, None);
    for (at, delta) in deltas.iter().enumerate() {
        let bytes = if at + 1 == deltas.len() { last_value_bytes } else { 20 };
        builder
            .push_at(*delta, 1_000, None, Some(&vec![b'v'; bytes]), &[])
            .expect("a record");
    }
    builder.build().expect("a batch")
}

pub(crate) async fn append(engine: &Engine, topic: TopicNumber, partition: u32) {
    let deltas: Vec<i32> = (0..RECORDS).collect();
    let run = AppendRun {
        partition: PartitionId { topic, partition },
        batches: vec![batch(&deltas, 20)],
        producer: None,
        expected_offset: None,
    };
    let permit = engine.reserve(1024).expect("room");
    let group = AppendGroup {
        runs: vec![run],
        request: None,
    };
    engine.append(permit, group).await.expect("appended");
}

/// A folder with records in segments and in entries, of a process that was stopped.
pub(crate) async fn folder() -> Folder {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = start(dir.path()).await;
    let (large, small) = (
        topic(&engine, "large", "object").await,
        topic(&engine, "small", "inline").await,
    );
    for partition in [0, 1, 0] {
        append(&engine, large, partition).await;
        append(&engine, small, partition).await;
    }
    let cluster = engine.cluster();
    engine.stop(Duration::from_secs(10)).await;
    Folder { dir, cluster }
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Every file below a kind's folder.
    pub(crate) fn files(&self, kind: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        walk(
            &self.path().join("objects").join(self.cluster.to_string()).join(kind),
            &mut files,
        );
        files.sort();
        files
    }

    /// Writes another segment in place of the first, with the first batch replaced by one as long.
    pub(crate) fn replace_first_batch(&self, deltas: &[i32]) {
        let file = self.files("segment").remove(0);
        let object = Bytes::from(std::fs::read(&file).expect("a segment"));
        let index = segment::verify_whole(&object).expect("a good segment");
        let mut builder = SegmentBuilder::new(*index.id());
        let mut replaced = false;
        for run in index.runs() {
            let batches: Vec<(Bytes, u32)> = batches(&index, &object, run.range())
                .into_iter()
                .map(|(bytes, records)| {
                    if std::mem::replace(&mut replaced, true) {
                        (bytes, records)
                    } else {
                        (as_long_as(bytes.len(), deltas), records)
                    }
                })
                .collect();
            builder.add(run.topic, run.partition, batches);
        }
        let built = builder.build();
        std::fs::write(&file, built.parts.concat()).expect("written");
    }

    /// Goes on in another folder, with the same objects and another ledger: the first entries of the one there, changed.
    /// How many there were. No file of a database is moved: connections close behind their handles, and the last one to
    /// close removes files by their names.
    pub(crate) async fn copy_ledger(&mut self, keep: usize, change: impl Fn(u64, &mut Vec<u8>)) -> u64 {
        let world = World::real();
        let other = tempfile::tempdir().expect("a folder");
        let url = |dir: &Path| format!("sqlite:{}", dir.join("ledger.db").display());
        let from = ledger::connect(&url(self.path()), &ConnectOptions::default(), &world)
            .await
            .expect("the ledger");
        let to = ledger::connect(&url(other.path()), &ConnectOptions::default(), &world)
            .await
            .expect("a ledger");
        let entries = from.read(0, 1 << 20).await.expect("entries").entries;
        let mut previous = Hash::ZERO;
        for entry in entries.iter().take(keep) {
            let mut bytes = entry.bytes.to_vec();
            change(entry.position, &mut bytes);
            let hash = Hash::of(&bytes);
            to.append(entry.position, previous, Bytes::from(bytes))
                .await
                .expect("appended");
            if entry.position == 0 {
                let base = from.base().await.expect("readable").expect("a base");
                assert!(to.create_base(&base).await.expect("made"));
            }
            previous = hash;
        }
        std::fs::rename(self.path().join("objects"), other.path().join("objects")).expect("moved");
        self.dir = other;
        entries.len() as u64
    }

    /// Runs a command on the folder: its exit code and what it says.
    pub(crate) fn run(&self, command: &[&str]) -> (i32, Value) {
        let output = Command::new(env!("CARGO_BIN_EXE_tidelog"))
            .args(command)
            .args(["-o", "json", "--dir"])
            .arg(self.path())
            .current_dir(self.path())
            .output()
            .expect("the command runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let said = serde_json::from_str(&text).unwrap_or(Value::Null);
        (output.status.code().expect("a code"), said)
    }

    pub(crate) fn ledger(&self, command: &[&str]) -> (i32, Value) {
        self.run(&[&["ledger"], command].concat())
    }

    /// What verify finds: its exit code, and kinds with objects.
    pub(crate) fn verify(&self) -> (i32, Vec<(String, String)>) {
        let (code, report) = self.run(&["verify"]);
        let findings = report["findings"].as_array().expect("findings").iter();
        let field = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let found = findings
            .map(|finding| (field(finding, "kind"), field(finding, "object")))
            .collect();
        (code, found)
    }

    /// Checks that all of these kinds are found, and no others, with this exit code.
    pub(crate) fn check(&self, code: i32, expect: &[&str]) {
        let (found_code, found) = self.verify();
        let mut kinds: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!((found_code, kinds), (code, expect.to_vec()), "{found:?}");
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn batches(index: &Index, object: &Bytes, range: std::ops::Range<u64>) -> Vec<(Bytes, u32)> {
    index
        .batches_in(range)
        .map(|batch| {
            (
                object.slice(batch.range().start as usize..batch.range().end as usize),
                batch.records,
            )
        })
        .collect()
}

/// A batch with records at these offsets and of this length.
fn as_long_as(bytes: usize, deltas: &[i32]) -> Bytes {
    let fitting = (0..200)
        .map(|value| batch(deltas, value).into_bytes())
        .find(|batch| batch.len() == bytes);
    fitting.expect("some length fits")
}

pub(crate) fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).expect("a file");
    bytes[at] ^= 1;
    std::fs::write(file, bytes).expect("written");
}
