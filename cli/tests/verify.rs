//! `tidelog verify` on a folder that a real engine wrote: clean as it is, and naming each fault that is planted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::{AppendGroup, AppendRun, CreateTopicRequest, Engine, EngineConfig};
use ledger::{ClusterId, Hash, Tip};
use metadata::{Incarnation, ObjectName, PartitionId, Role, TopicNumber};
use records::{Batch, BatchBuilder, Codec};
use segment::{Index, SegmentBuilder};
use serde_json::Value;
use store::{Key, Store, StoreOptions};
use tempfile::TempDir;
use world::World;

const RECORDS: i32 = 3;

/// What a stopped process left in a folder.
struct Folder {
    dir: TempDir,
    cluster: ClusterId,
}

async fn start(dir: &Path) -> Engine {
    let world = World::real();
    let ledger_url = format!("sqlite:{}", dir.join("ledger.db").display());
    let store_url = format!("file:{}", dir.join("objects").display());
    let backend = ledger::connect(&ledger_url, &world).await.expect("a ledger");
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

async fn topic(engine: &Engine, name: &str, lane: &str) -> TopicNumber {
    let request = CreateTopicRequest {
        name: name.to_owned(),
        partitions: 2,
        configs: BTreeMap::from([("tidelog.lane".to_owned(), lane.to_owned())]),
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

async fn append(engine: &Engine, topic: TopicNumber, partition: u32) {
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
async fn folder() -> Folder {
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
    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Every file below a kind's folder.
    fn files(&self, kind: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        walk(
            &self.path().join("objects").join(self.cluster.to_string()).join(kind),
            &mut files,
        );
        files.sort();
        files
    }

    /// Writes another segment in place of the first, with the first batch replaced by one as long.
    fn replace_first_batch(&self, deltas: &[i32]) {
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

    /// Puts another ledger in place of the one there: its first entries, changed. How many there were.
    async fn copy_ledger(&self, keep: usize, change: impl Fn(u64, &mut Vec<u8>)) -> u64 {
        let world = World::real();
        let url = |name: &str| format!("sqlite:{}", self.path().join(name).display());
        let from = ledger::connect(&url("ledger.db"), &world).await.expect("the ledger");
        let to = ledger::connect(&url("copy.db"), &world).await.expect("a ledger");
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
        drop((from, to));
        self.wait_until_closed("copy.db-wal");
        self.wait_until_closed("ledger.db-wal");
        for end in ["", "-wal", "-shm"] {
            let file = |name: &str| self.path().join(format!("{name}{end}"));
            let _ = std::fs::remove_file(file("ledger.db"));
            let _ = std::fs::rename(file("copy.db"), file("ledger.db"));
        }
        entries.len() as u64
    }

    /// Connections close behind their handles; the last one of a database removes its WAL, once that is settled.
    fn wait_until_closed(&self, wal: &str) {
        for _ in 0..200_000 {
            if !self.path().join(wal).exists() {
                return;
            }
            // No clock of ours: nothing is measured here, another process's file is waited for.
            std::thread::yield_now();
            let _ = std::fs::read_dir(self.path()).map(Iterator::count);
        }
    }

    /// What verify finds: its exit code, and kinds with objects.
    fn verify(&self) -> (i32, Vec<(String, String)>) {
        let output = Command::new(env!("CARGO_BIN_EXE_tidelog"))
            .args(["verify", "-o", "json", "--dir"])
            .arg(self.path())
            .current_dir(self.path())
            .output()
            .expect("the command runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let report: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {text} {}", String::from_utf8_lossy(&output.stderr)));
        let findings = report["findings"].as_array().expect("findings").iter();
        let field = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let found = findings
            .map(|finding| (field(finding, "kind"), field(finding, "object")))
            .collect();
        (output.status.code().expect("a code"), found)
    }

    /// Checks that all of these kinds are found, and no others, with this exit code.
    fn check(&self, code: i32, expect: &[&str]) {
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

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).expect("a file");
    bytes[at] ^= 1;
    std::fs::write(file, bytes).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_folder_is_clean() {
    let folder = folder().await;
    assert!(!folder.files("segment").is_empty(), "records lie in segments");
    folder.check(0, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_object_is_named() {
    let folder = folder().await;
    let file = folder.files("segment").remove(0);
    std::fs::remove_file(&file).expect("removed");
    folder.check(3, &["missing_object"]);
    let (_, found) = folder.verify();
    assert!(file.ends_with(&found[0].1), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_named() {
    let folder = folder().await;
    let file = folder.files("segment").remove(0);
    let length = std::fs::metadata(&file).expect("a file").len() as usize;
    flip(&file, length - 10);
    folder.check(3, &["damaged_object"]);
    flip(&file, length - 10);
    // In the first batch's records.
    flip(&file, 8 + 80);
    folder.check(3, &["damaged_object", "damaged_records"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_named() {
    let folder = folder().await;
    folder.replace_first_batch(&[0, 1]);
    folder.check(3, &["hole", "wrong_count"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_count_is_named() {
    let folder = folder().await;
    folder.replace_first_batch(&[0, 2]);
    folder.check(3, &["wrong_count"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_listed_and_is_no_failure() {
    let folder = folder().await;
    let file = folder.files("segment").remove(0);
    let staged = format!("{}#1", file.display());
    std::fs::write(staged, "half").expect("written");
    folder.check(0, &["staged_file"]);
    let name = ObjectName {
        incarnation: Incarnation {
            position: 1,
            index: 0,
            nonce: 42,
        },
        flush: 3,
        attempt: 0,
    };
    let orphan = folder
        .path()
        .join("objects")
        .join(Key::Segment(name).path(&folder.cluster));
    std::fs::create_dir_all(orphan.parent().expect("a folder")).expect("made");
    std::fs::copy(&file, &orphan).expect("copied");
    folder.check(0, &["orphan", "staged_file"]);
    std::fs::write(file.with_file_name("junk"), "?").expect("written");
    folder.check(0, &["orphan", "staged_file", "unknown_name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_entry_is_named() {
    let folder = folder().await;
    let damaged = folder.copy_ledger(usize::MAX, |position, bytes| {
        if position == 4 {
            bytes[80] ^= 1;
        }
    });
    assert!(damaged.await > 4, "there are entries behind the damaged one");
    let (code, found) = folder.verify();
    assert_eq!(code, 3, "{found:?}");
    assert!(found.iter().any(|(kind, _)| kind == "damaged_entry"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_end_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = start(dir.path()).await;
    topic(&engine, "t", "auto").await;
    let seen = engine.seen();
    let tip = Tip {
        era: seen.era,
        position: seen.position,
        hash: Hash(engine.read(metadata::State::entry_hash)),
    };
    engine.ledger().refresh_witness(&tip).await.expect("a witness");
    let cluster = engine.cluster();
    engine.stop(Duration::from_secs(10)).await;
    let folder = Folder { dir, cluster };
    folder.copy_ledger(2, |_, _| ()).await;
    let (code, found) = folder.verify();
    assert_eq!(code, 3, "{found:?}");
    assert!(found.iter().any(|(kind, _)| kind == "lost_end"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_checked() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = start(dir.path()).await;
    let large = topic(&engine, "large", "object").await;
    for _ in 0..3 {
        append(&engine, large, 0).await;
        engine.take_snapshot(Role::Compactor).await.expect("a snapshot");
        append(&engine, large, 1).await;
    }
    let moved = engine.advance_base().await.expect("a base");
    assert!(moved.is_some(), "the base moves behind the second newest snapshot");
    let cluster = engine.cluster();
    engine.stop(Duration::from_secs(10)).await;
    let folder = Folder { dir, cluster };
    let (code, found) = folder.verify();
    assert_eq!(code, 0, "{found:?}");
    let newest = folder
        .files("snapshot")
        .into_iter()
        .max_by_key(|file| file.file_name().map(ToOwned::to_owned))
        .expect("snapshots");
    let half = std::fs::metadata(&newest).expect("a file").len() as usize / 2;
    flip(&newest, half);
    let (code, found) = folder.verify();
    assert_eq!(code, 3, "{found:?}");
    assert!(found.iter().any(|(kind, _)| kind == "damaged_snapshot"), "{found:?}");
    std::fs::remove_file(&newest).expect("removed");
    let (code, found) = folder.verify();
    assert_eq!(code, 3, "{found:?}");
    assert!(found.iter().any(|(kind, _)| kind == "missing_snapshot"), "{found:?}");
}

#[test]
fn where_nothing_is_nothing_is_made() {
    let dir = tempfile::tempdir().expect("a folder");
    let status = Command::new(env!("CARGO_BIN_EXE_tidelog"))
        .args(["verify", "--dir"])
        .arg(dir.path())
        .status();
    assert_eq!(status.expect("the command runs").code(), Some(4));
    assert_eq!(std::fs::read_dir(dir.path()).expect("the folder").count(), 0);
}
