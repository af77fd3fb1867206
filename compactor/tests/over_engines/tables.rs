//! Topics are published as tables: what is published tells of the lake files there are, whatever happens to what was
//! published before.

use std::collections::{BTreeMap, BTreeSet};

use compactor::CompactorConfig;
use engine::Engine;
use lake::LakeFile;
use lake::iceberg::{Table, told};
use metadata::{PartitionId, Place, State, TopicNumber};
use records::Limits;
use store::{Key, Kind, Objects as _};

use crate::common::{Cluster, append, config, listed, set, topic};

/// Small files, so that some of them are merged.
pub(crate) fn small() -> CompactorConfig {
    CompactorConfig {
        lake_level_bytes: 20_000,
        lake_small_files_max: 4,
        ..config()
    }
}

/// Where the lake files of a topic lie.
fn files(engine: &Engine, number: TopicNumber) -> BTreeSet<String> {
    let names: Vec<Key> = engine.read(|state: &State| {
        let id = state.topic(number).unwrap().id();
        let extents = state
            .partitions(number)
            .flat_map(|(_, partition)| partition.extents().collect::<Vec<_>>());
        let lake = extents.filter_map(|extent| match extent.place {
            Place::Lake { name, .. } => Some(Key::LakeData(id, name)),
            _ => None,
        });
        lake.collect()
    });
    names.iter().map(|key| engine.store().location(key).unwrap()).collect()
}

pub(crate) fn keys(engine: &Engine, number: TopicNumber) -> Vec<Key> {
    engine.read(|state: &State| {
        let (id, published) = (state.topic(number).unwrap().id(), state.published(number).unwrap());
        Key::describing(id, &published).map(|(key, _)| key).collect()
    })
}

async fn table(engine: &Engine, number: TopicNumber) -> Table {
    let mut objects = Vec::new();
    for key in keys(engine, number) {
        objects.push(engine.store().read_fresh(&key, None).await.unwrap());
    }
    let id = engine.read(|state| state.topic(number).unwrap().id());
    Table::open(&id.0, &objects).unwrap()
}

/// The offsets of all rows that the published table has, each of which it has once.
pub(crate) async fn rows(engine: &Engine, number: TopicNumber) -> BTreeMap<PartitionId, BTreeSet<u64>> {
    let mut rows: BTreeMap<PartitionId, BTreeSet<u64>> = BTreeMap::new();
    if engine.read(|state| state.published(number).is_none()) {
        return rows;
    }
    let table = table(engine, number).await;
    for key in listed(engine, Kind::LakeData).await {
        if !table
            .files()
            .contains_key(engine.store().location(&key).unwrap().as_str())
        {
            continue;
        }
        let bytes = engine.store().read_fresh(&key, None).await.unwrap();
        let file = LakeFile::open(&bytes, bytes.len() as u64, crc32c::crc32c(&bytes)).unwrap();
        for part in &file.footer().parts {
            let id = PartitionId {
                topic: number,
                partition: part.partition as u32,
            };
            let mut from = part.base;
            while let Some(reading) = file.read(part.partition, from, u64::MAX).unwrap() {
                let read = reading.over(&bytes).unwrap();
                for rebuilt in read.batches {
                    for record in records::walk(&rebuilt.batch, &Limits::default()).unwrap() {
                        let offset = rebuilt.base_offset + i64::from(record.unwrap().offset_delta);
                        assert!(
                            rows.entry(id).or_default().insert(offset as u64),
                            "{id:?} {offset} twice"
                        );
                    }
                }
                from = read.next;
            }
        }
    }
    rows
}

/// What is published tells of just the files there are, and of `rows` rows; and every snapshot can be read.
pub(crate) async fn check(engine: &Engine, number: TopicNumber, rows: u64) -> usize {
    let table = table(engine, number).await;
    let (told_of, files) = (table.files(), files(engine, number));
    assert_eq!(told_of.keys().map(|&at| at.to_owned()).collect::<BTreeSet<_>>(), files);
    assert_eq!((told_of.values().sum::<u64>(), table.entries()), (rows, files.len()));
    let all = self::rows(engine, number)
        .await
        .values()
        .map(BTreeSet::len)
        .sum::<usize>();
    assert_eq!(all as u64, rows);
    let mut objects = BTreeMap::new();
    for kind in [Kind::LakeMetadata, Kind::LakeData] {
        for key in listed(engine, kind).await {
            let bytes = engine.store().read_fresh(&key, None).await.unwrap();
            objects.insert(engine.store().location(&key).unwrap(), bytes);
        }
    }
    let metadata = &objects[&engine.store().location(&keys(engine, number)[0]).unwrap()];
    let all = told(metadata, |at| objects.get(at).cloned()).unwrap();
    assert!(all.iter().all(|file| objects.contains_key(file)), "{all:?}");
    table.snapshots()
}

#[tokio::test(start_paused = true)]
async fn a_table_follows_the_files_and_its_history_is_bounded() {
    let cluster = Cluster::new(31);
    let engine = cluster.engine().await;
    set(&engine, "lake.grace.ms", "60000").await;
    let number = topic(&engine, "t", 2, &[]).await;
    let mut snapshots = 0;
    for round in 1..=12_u64 {
        append(&engine, number, (round % 2) as u32, &["x", "y"]).await;
        let report = compactor::run_once(&engine, &small()).await;
        assert_eq!(report.failures, Vec::<String>::new());
        snapshots = check(&engine, number, 2 * round).await;
        cluster.sleep(1).await;
    }
    assert!(
        snapshots > 12,
        "{snapshots}: rows come in one snapshot, and are merged in another"
    );
    let published = engine.read(|state| state.published(number).unwrap());
    assert!(published.oldest < published.seen);
    // At rest the old snapshots go, then the files that they told of, and what told of these.
    for _ in 0..6 {
        cluster.sleep(61).await;
        let report = compactor::run_once(&engine, &small()).await;
        assert_eq!(report.failures, Vec::<String>::new());
    }
    assert_eq!(check(&engine, number, 24).await, 1);
    assert_eq!(
        listed(&engine, Kind::LakeMetadata).await.len(),
        keys(&engine, number).len()
    );
    assert_eq!(
        listed(&engine, Kind::LakeData).await.len(),
        files(&engine, number).len()
    );
    let report = compactor::run_once(&engine, &small()).await;
    assert_eq!(report.published, 0, "it is at rest");
}

/// However seldom merges are planned.
#[tokio::test(start_paused = true)]
async fn a_table_is_as_fresh_as_its_topic_asks() {
    let cluster = Cluster::new(33);
    let engine = cluster.engine().await;
    let number = topic(&engine, "t", 1, &[("lake.max.delay.ms", "1000")]).await;
    let upkeep = compactor::run(engine.clone(), CompactorConfig::default());
    cluster.world.tasks.spawn("upkeep", upkeep);
    for round in 1..=20 {
        append(&engine, number, 0, &["x"]).await;
        cluster.sleep(4).await;
        check(&engine, number, round).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_published_and_is_damaged_or_gone_is_made_anew() {
    let cluster = Cluster::new(32);
    let engine = cluster.engine().await;
    let number = topic(&engine, "t", 1, &[]).await;
    let mut rows = 0;
    for part in 0..6_usize {
        for _ in 0..2 {
            append(&engine, number, 0, &["x"]).await;
            rows += 1;
            compactor::run_once(&engine, &config()).await;
        }
        let published = keys(&engine, number);
        let key = published[(part / 2).min(published.len() - 1)];
        let path = key.path(&engine.cluster());
        if part % 2 == 0 {
            let mut bytes = cluster.objects.get(&path, None).await.unwrap().bytes.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            cluster.objects.put(&path, &[bytes.into()]).await.unwrap();
        } else {
            cluster.objects.delete(&[path]).await.unwrap();
        }
        append(&engine, number, 0, &["x"]).await;
        rows += 1;
        let report = compactor::run_once(&engine, &config()).await;
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(
            check(&engine, number, rows).await,
            1,
            "nothing is told of what was before"
        );
    }
    let before = engine.read(|state| state.published(number).unwrap());
    let report = compactor::rebuild_tables(&engine, &config(), |name| name == "t").await;
    assert_eq!((report.published, report.failures), (1, Vec::new()));
    check(&engine, number, rows).await;
    assert_eq!(
        engine.read(|state| state.published(number).unwrap().sequence),
        before.sequence + 1
    );
}
