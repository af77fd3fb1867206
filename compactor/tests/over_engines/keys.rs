//! Compaction by key against a naive map: random histories with tombstones, trims, two compactors and processes that end at
//! their work. TIDELOG_HISTORIES says how many; without it a few hundred.

use std::collections::{BTreeMap, BTreeSet};

use compactor::{CompactorConfig, Upkeep};
use engine::Engine;
use metadata::{PartitionId, Place, Role};
use records::{BatchBuilder, Codec, Limits};
use store::Objects as _;
use world::Chance;

use crate::common::{Cluster, append_batch, batches, config, set, topic, upkeep};
use crate::tables;

const PARTITIONS: u32 = 2;
const TOMBSTONES_MS: u64 = 60_000;
const CODECS: [Codec; 3] = [Codec::None, Codec::Lz4, Codec::Zstd];

/// A record as its client made it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    key: String,
    value: Option<String>,
    at_ms: i64,
}

/// One history: what was sent, in the order of offsets, and where each log starts.
struct History {
    cluster: Cluster,
    chance: Chance,
    topic: u32,
    engines: [Engine; 2],
    upkeep: [Upkeep; 2],
    sent: BTreeMap<PartitionId, Vec<Sent>>,
    starts: BTreeMap<PartitionId, u64>,
    /// Records that compactors left out, as far as they lived to tell.
    dropped: u64,
}

fn small(chance: &Chance) -> CompactorConfig {
    let pick = |of: &[u64]| of[usize::try_from(chance.below(of.len() as u64)).unwrap()];
    CompactorConfig {
        lake_level_bytes: pick(&[1_000, 20_000]),
        lake_small_files_max: pick(&[2, 4]),
        lake_bytes_large: 200_000,
        lake_window_bytes_max: pick(&[300, 2_000, 1 << 20]),
        lake_partitions_max: u32::try_from(pick(&[1, 64])).unwrap(),
        lake_zstd_level_new: 0,
        lake_zstd_level_merged: 0,
        clean_keys_max: usize::try_from(pick(&[2, 5, 1_000])).unwrap(),
        ..config()
    }
}

impl History {
    async fn new(seed: u64) -> History {
        let cluster = Cluster::new(seed);
        let chance = cluster.world.chance.fork("history");
        let engines = [cluster.engine().await, cluster.engine().await];
        set(&engines[0], "segment.grace.ms", "1000").await;
        set(&engines[0], "lake.grace.ms", "1000").await;
        let ratio = ["0", "0.3", "0.9"][usize::try_from(chance.below(3)).unwrap()];
        let configs = [
            ("cleanup.policy", "compact"),
            ("delete.retention.ms", "60000"),
            ("min.cleanable.dirty.ratio", ratio),
        ];
        let topic = topic(&engines[0], "keys", PARTITIONS, &configs).await;
        let upkeep = [0, 1].map(|at: usize| Upkeep::new(engines[at].clone(), small(&chance)));
        let ids = (0..PARTITIONS).map(|partition| PartitionId { topic, partition });
        History {
            sent: ids.clone().map(|id| (id, Vec::new())).collect(),
            starts: ids.map(|id| (id, 0)).collect(),
            dropped: 0,
            cluster,
            chance,
            topic,
            engines,
            upkeep,
        }
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.chance.below(bound as u64)).unwrap()
    }

    fn partition(&self) -> PartitionId {
        PartitionId {
            topic: self.topic,
            partition: u32::try_from(self.chance.below(u64::from(PARTITIONS))).unwrap(),
        }
    }

    async fn step(&mut self) {
        let at = self.below(2);
        match self.below(20) {
            0..=9 => self.append(at).await,
            10..=13 => self.dropped += self.upkeep[at].once().await.cleaned.dropped,
            14 => self.both().await,
            15 => self.interrupted(at).await,
            16 => self.restart(at).await,
            17 => self.trim(at).await,
            _ => self.cluster.sleep(self.chance.below(TOMBSTONES_MS / 500)).await,
        }
    }

    async fn append(&mut self, at: usize) {
        let id = self.partition();
        let mut builder = BatchBuilder::new(CODECS[self.below(3)], None);
        for _ in 0..=self.below(4) {
            let at_ms = self.cluster.world.clock.wall_ms();
            let sent = Sent {
                key: format!("key {}", self.below(6)),
                value: (self.below(4) > 0).then(|| format!("value {}", self.chance.u64())),
                at_ms,
            };
            let value = sent.value.as_deref().map(str::as_bytes);
            builder.push(at_ms, Some(sent.key.as_bytes()), value, &[]).unwrap();
            self.sent.get_mut(&id).unwrap().push(sent);
        }
        append_batch(&self.engines[at], id, builder.build().unwrap()).await;
    }

    /// Two compactors at once.
    async fn both(&mut self) {
        let [one, two] = &mut self.upkeep;
        tokio::join!(one.once(), two.once());
    }

    /// A compactor that ends amid its work, at whatever it waits for by then.
    async fn interrupted(&mut self, at: usize) {
        let mut left = self.below(60);
        let mut once = Box::pin(self.upkeep[at].once());
        std::future::poll_fn(|context| {
            left = left.saturating_sub(1);
            match once.as_mut().poll(context) {
                std::task::Poll::Pending if left > 0 => std::task::Poll::Pending,
                _ => std::task::Poll::Ready(()),
            }
        })
        .await;
        drop(once);
        self.restart(at).await;
    }

    async fn restart(&mut self, at: usize) {
        self.engines[at].world().tasks.kill();
        self.engines[at] = self.cluster.engine().await;
        self.upkeep[at] = Upkeep::new(self.engines[at].clone(), small(&self.chance));
    }

    async fn trim(&mut self, at: usize) {
        let id = self.partition();
        let before = self.chance.below(self.sent[&id].len() as u64 + 1);
        self.engines[at].look().await.unwrap();
        let trimmed = self.engines[at].delete_records(&[(id, before)], "test").await;
        assert!(trimmed.is_ok(), "{trimmed:?}");
        let start = self.starts.get_mut(&id).unwrap();
        *start = before.max(*start);
    }

    /// Compares all that a new process reads with what was sent. With `all`, that nothing is left that could be gone.
    async fn check(&self, all: bool) {
        let engine = self.cluster.engine_of(vec![Role::Agent]).await;
        engine.look().await.unwrap();
        let table = tables::rows(&engine, self.topic).await;
        for (id, sent) in &self.sent {
            let cleaned = engine.read(|state| state.partition(*id).unwrap().cleaned());
            let read = records_of(&engine, *id).await;
            let start = self.starts[id];
            let read: BTreeMap<u64, Sent> = read.into_iter().filter(|(offset, _)| *offset >= start).collect();
            for (offset, record) in &read {
                assert_eq!(
                    Some(record),
                    sent.get(usize::try_from(*offset).unwrap()),
                    "{id:?} {offset}"
                );
            }
            let mut latest: BTreeMap<&str, (u64, &Sent)> = BTreeMap::new();
            for (offset, record) in (0..).zip(sent).filter(|(offset, _)| *offset >= start) {
                latest.insert(&record.key, (offset, record));
            }
            for (key, (offset, record)) in &latest {
                let what = format!("{id:?} {key} at {offset} {record:?}, cleaned {cleaned:?}: {read:?}");
                if read.contains_key(offset) {
                    continue;
                }
                let age_ms = self.cluster.world.clock.wall_ms() - record.at_ms;
                assert!(record.value.is_none(), "the last record of a key is gone: {what}");
                assert!(
                    age_ms >= i64::try_from(TOMBSTONES_MS).unwrap(),
                    "a tombstone is gone too soon: {what}"
                );
                let older = read.values().any(|other| other.key == *key);
                assert!(!older, "what was deleted is there again: {what}");
            }
            let mut clean: Vec<&str> = read.range(..cleaned.through).map(|(_, record)| &*record.key).collect();
            let count = clean.len();
            clean.sort_unstable();
            clean.dedup();
            assert_eq!(
                clean.len(),
                count,
                "{id:?} is clean below {}: {read:?}",
                cleaned.through
            );
            if all {
                let rows = table.get(id).cloned().unwrap_or_default();
                let rows: BTreeSet<u64> = rows.range(start..).copied().collect();
                assert_eq!(rows, read.keys().copied().collect(), "{id:?}: the table is the log");
                let table: BTreeMap<&str, &Sent> = read.values().map(|record| (&*record.key, record)).collect();
                let naive = latest.iter().map(|(key, (_, record))| (*key, *record));
                let naive: BTreeMap<&str, &Sent> = naive.filter(|(_, record)| record.value.is_some()).collect();
                assert_eq!((table, read.len()), (naive.clone(), naive.len()), "{id:?} {cleaned:?}");
            }
        }
        engine.world().tasks.kill();
    }

    /// Compacts all there is, lets tombstones pass their time, and compacts once more.
    async fn finish(&mut self) {
        let all = BTreeMap::from([("min.cleanable.dirty.ratio".to_owned(), "0".to_owned())]);
        self.engines[0]
            .alter_topic(self.topic, all, Vec::new(), "test")
            .await
            .unwrap();
        // As many passes as a few keys at a time can take, twice: tombstones wait from the pass that found them.
        for _ in 0..3 {
            for _ in 0..40 {
                let report = self.upkeep[0].once().await;
                self.dropped += report.cleaned.dropped;
                assert_eq!(report.failures, Vec::<String>::new());
                if report.cleaned.inputs == 0 {
                    break;
                }
            }
            self.cluster.sleep(TOMBSTONES_MS / 1_000 + 1).await;
        }
    }
}

async fn records_of(engine: &Engine, id: PartitionId) -> BTreeMap<u64, Sent> {
    let mut records = BTreeMap::new();
    for (base, batch) in batches(engine, id).await {
        for record in records::walk(&batch, &Limits::default()).unwrap() {
            let record = record.unwrap();
            let text = |bytes: bytes::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
            let sent = Sent {
                key: text(record.key.clone().unwrap()),
                value: record.value.clone().map(text),
                at_ms: record.timestamp(batch.header()),
            };
            let before = records.insert(base + u64::try_from(record.offset_delta).unwrap(), sent);
            assert_eq!(before, None);
        }
    }
    records
}

/// How many records were left out in a history that this seed makes.
fn history(seed: u64) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut history = History::new(seed).await;
        for number in 0..30 + history.below(50) {
            history.step().await;
            if number % 16 == 15 {
                history.check(false).await;
            }
        }
        history.finish().await;
        history.check(true).await;
        history.dropped
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "how many are tried is for who runs the tests to say"
)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn what_is_left_is_what_a_map_would_hold() {
    let (begin, count) = (
        setting("TIDELOG_HISTORY").unwrap_or(1),
        setting("TIDELOG_HISTORIES").unwrap_or(200),
    );
    let mut dropped = 0;
    for seed in begin..begin + count {
        let left_out = std::panic::catch_unwind(|| history(seed));
        assert!(
            left_out.is_ok(),
            "TIDELOG_HISTORY={seed} TIDELOG_HISTORIES=1 shows it again"
        );
        dropped += left_out.unwrap_or(0);
    }
    assert!(dropped >= 10 * count, "{dropped} records left out in {count} histories");
}

async fn clean_at(engine: &Engine, topic: u32, ratio: &str) {
    let ratio = BTreeMap::from([("min.cleanable.dirty.ratio".to_owned(), ratio.to_owned())]);
    engine.alter_topic(topic, ratio, Vec::new(), "test").await.unwrap();
}

/// Keys that cannot be read are named, and what is clean before them is not rewritten for nothing.
#[tokio::test(start_paused = true)]
async fn keys_that_are_damaged_are_named_and_nothing_is_rewritten() {
    let cluster = Cluster::new(1);
    let engine = cluster.engine().await;
    let topic = topic(&engine, "keys", 1, &[("cleanup.policy", "compact")]).await;
    let id = PartitionId { topic, partition: 0 };
    for key in ["a", "b"] {
        clean_at(&engine, topic, "1").await;
        let mut builder = BatchBuilder::new(Codec::None, None);
        builder.push(1, Some(key.as_bytes()), Some(b"value"), &[]).unwrap();
        append_batch(&engine, id, builder.build().unwrap()).await;
        assert_eq!(upkeep(&engine).await.cleaned.objects, 0);
        clean_at(&engine, topic, "0").await;
        if key == "a" {
            assert_eq!(upkeep(&engine).await.cleaned.objects, 1);
        }
    }
    let hurt = engine.read(|state| state.partition(id).unwrap().extents().nth(1).unwrap());
    let Place::Lake { name, .. } = hurt.place else {
        panic!("in a lake file")
    };
    let of = engine.read(|state| state.topic(topic).unwrap().id());
    let path = store::Key::LakeData(of, name).path(&engine.cluster());
    let mut bytes = cluster.objects.get(&path, None).await.unwrap().bytes.to_vec();
    bytes[40] ^= 1;
    cluster.objects.put(&path, &[bytes.into()]).await.unwrap();
    engine.world().tasks.kill();
    let fresh = cluster.engine().await;
    let mut upkeep = Upkeep::new(fresh, config());
    for _ in 0..2 {
        let report = upkeep.once().await;
        let named: Vec<_> = report.damaged.iter().map(|damaged| damaged.extent).collect();
        assert_eq!((named, report.cleaned.objects), (vec![hurt], 0));
    }
}

/// What is left of a batch may lie further apart than all of it lay from its first record, and is served.
#[tokio::test(start_paused = true)]
async fn what_lies_far_apart_is_served_when_it_was_compacted() {
    let cluster = Cluster::new(7);
    let engine = cluster.engine().await;
    let configs = [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0")];
    let topic = topic(&engine, "keys", 1, &configs).await;
    let id = PartitionId { topic, partition: 0 };
    let far = 1_i64 << 62;
    for records in [&[("a", 0), ("b", -far), ("c", far)][..], &[("a", 5)]] {
        let mut builder = BatchBuilder::new(Codec::Lz4, None);
        for (key, at) in records {
            builder.push(*at, Some(key.as_bytes()), Some(b"v"), &[]).unwrap();
        }
        append_batch(&engine, id, builder.build().unwrap()).await;
    }
    assert!(upkeep(&engine).await.cleaned.dropped > 0);
    upkeep(&engine).await;
    let mut found = Vec::new();
    for (base, batch) in batches(&engine, id).await {
        for record in records::walk(&batch, &Limits::default()).unwrap() {
            let record = record.unwrap();
            let offset = base + u64::try_from(record.offset_delta).unwrap();
            found.push((offset, record.key.clone().unwrap(), record.timestamp(batch.header())));
        }
    }
    let expect = [(1, "b", -far), (2, "c", far), (3, "a", 5)];
    assert_eq!(found, expect.map(|(offset, key, at)| (offset, key.into(), at)));
}
