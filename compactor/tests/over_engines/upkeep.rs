//! What upkeep does to a log: everything reads back as it was, while extents, objects and entries become fewer.

use std::time::Duration;

use crate::common::{Cluster, append, config, contents, counts, listed, set, topic, upkeep};
use compactor::CompactorConfig;
use engine::Engine;
use metadata::entry::proposal::Kind::Beat;
use metadata::{PartitionId, Role, State};
use store::{Kind, Objects as _};

/// Records of two topics in both lanes.
async fn produce(engine: &Engine) -> (u32, u32) {
    let inline = topic(engine, "inline", 3, &[("tidelog.lane", "inline")]).await;
    let object = topic(engine, "object", 2, &[("tidelog.lane", "object")]).await;
    for number in 0..20_u32 {
        let value = format!("value {number}");
        append(engine, inline, number % 3, &[&value]).await;
        append(engine, object, number % 2, &[&value, "another"]).await;
        append(engine, inline, 0, &["x", "y", &value]).await;
    }
    (inline, object)
}

#[tokio::test(start_paused = true)]
async fn everything_reads_back_as_it_was() {
    let cluster = Cluster::new(1);
    let engine = cluster.engine().await;
    produce(&engine).await;
    let (before, (extents, objects)) = (contents(&engine).await, counts(&engine));
    let report = upkeep(&engine).await;
    assert_eq!(contents(&engine).await, before);
    assert_eq!(engine.read(State::inline_bytes), 0);
    assert!(
        report.moved_out.inputs == 40 && report.moved_out.outputs == 3,
        "{report:?}"
    );
    let (extents_after, objects_after) = counts(&engine);
    assert!(extents_after * 4 < extents, "{extents_after} of {extents}");
    assert!(objects_after * 4 < objects, "{objects_after} of {objects}");
    // One that never held any of it in a cache reads the same.
    let other = cluster.engine_of(vec![Role::Agent]).await;
    assert_eq!(contents(&other).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_second_pass_finds_nothing_to_do() {
    let cluster = Cluster::new(2);
    let engine = cluster.engine().await;
    produce(&engine).await;
    upkeep(&engine).await;
    upkeep(&engine).await;
    let position = engine.seen().position;
    let quiet = CompactorConfig {
        snapshot_entries_min: 100,
        ..config()
    };
    let report = compactor::run_once(&engine, &quiet).await;
    assert_eq!((report.moved_out.inputs, report.merged.inputs), (0, 0), "{report:?}");
    assert_eq!(engine.seen().position, position, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn windows_and_proposals_are_bounded() {
    let cluster = Cluster::new(3);
    let engine = cluster.engine().await;
    produce(&engine).await;
    let before = contents(&engine).await;
    let small = CompactorConfig {
        window_bytes_max: 500,
        proposal_bytes_max: 300,
        ..config()
    };
    let report = compactor::run_once(&engine, &small).await;
    assert_eq!(report.failures, Vec::<String>::new());
    assert!(report.moved_out.objects > 5, "{report:?}");
    assert_eq!(report.moved_out.refused, 0);
    assert_eq!(engine.read(State::inline_bytes), 0);
    assert_eq!(contents(&engine).await, before);
}

#[tokio::test(start_paused = true)]
async fn retention_trims_whole_extents() {
    let cluster = Cluster::new(4);
    let engine = cluster.engine().await;
    let configs = [("tidelog.lane", "object"), ("retention.ms", "60000")];
    let topic = topic(&engine, "t", 1, &configs).await;
    append(&engine, topic, 0, &["old", "old"]).await;
    cluster.sleep(50).await;
    append(&engine, topic, 0, &["new"]).await;
    cluster.sleep(20).await;
    assert_eq!(upkeep(&engine).await.trimmed, 1);
    let partition = PartitionId { topic, partition: 0 };
    let log = || engine.read(|state| state.partition(partition).map(|p| (p.log_start(), p.high_watermark())));
    assert_eq!(log(), Some((2, 3)));
    cluster.sleep(60).await;
    assert_eq!(upkeep(&engine).await.trimmed, 1);
    assert_eq!(log(), Some((3, 3)));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_trims_nothing() {
    let cluster = Cluster::new(5);
    let mut world = cluster.world.child("engine");
    world.clock = world.clock.skewable();
    let engine = cluster
        .engine_in(world.clone(), vec![Role::Agent, Role::Compactor])
        .await;
    let topic = topic(&engine, "t", 1, &[("retention.ms", "60000")]).await;
    append(&engine, topic, 0, &["a"]).await;
    world.clock.skew(3_600_000);
    let report = upkeep(&engine).await;
    assert_eq!((report.trimmed, report.clock_difference_ms), (0, Some(3_600_000)));
    world.clock.skew(-3_600_000);
    cluster.sleep(70).await;
    assert_eq!(upkeep(&engine).await.trimmed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_topic_leaves_no_objects_after_the_grace() {
    let cluster = Cluster::new(6);
    let engine = cluster.engine().await;
    set(&engine, "segment.grace.ms", "10000").await;
    let (inline, object) = produce(&engine).await;
    upkeep(&engine).await;
    for number in [inline, object] {
        engine.delete_topic(number, "test").await.unwrap();
    }
    // The agent's last flush is over when a later one was taken.
    let kept = topic(&engine, "kept", 1, &[("tidelog.lane", "object")]).await;
    append(&engine, kept, 0, &["kept"]).await;
    upkeep(&engine).await;
    let waiting = listed(&engine, Kind::Segment).await.len();
    assert!(waiting > 10, "readers may still want them");
    cluster.sleep(9).await;
    upkeep(&engine).await;
    assert!(listed(&engine, Kind::Segment).await.len() >= waiting);
    cluster.sleep(2).await;
    upkeep(&engine).await;
    let report = upkeep(&engine).await;
    assert!(report.swept.unwrap().deleted > 10, "{report:?}");
    assert_eq!(listed(&engine, Kind::Segment).await.len(), 1);
    assert_eq!(contents(&engine).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_ledger_is_kept_short_and_a_new_process_starts_from_the_snapshot() {
    let cluster = Cluster::new(7);
    let engine = cluster.engine().await;
    set(&engine, "segment.grace.ms", "1000").await;
    produce(&engine).await;
    let before = contents(&engine).await;
    let mut deleted = 0;
    let mut based = false;
    for _ in 0..5 {
        let report = upkeep(&engine).await;
        deleted += report.entries_deleted;
        based |= report.base.is_some();
        cluster.sleep(2).await;
    }
    assert!(based);
    assert!(deleted > 60, "{deleted} entries deleted");
    assert!(
        cluster.ledger.entries().len() < 40,
        "{} are left",
        cluster.ledger.entries().len()
    );
    let snapshots = listed(&engine, Kind::Snapshot).await.len();
    assert!((1..=3).contains(&snapshots), "{snapshots} snapshots");
    let other = cluster.engine().await;
    assert_eq!(contents(&other).await, before);
    let topic = topic(&other, "more", 1, &[]).await;
    append(&other, topic, 0, &["more"]).await;
}

#[tokio::test(start_paused = true)]
async fn producers_and_groups_expire() {
    let cluster = Cluster::new(8);
    let engine = cluster.engine().await;
    set(&engine, "producer.id.expiration.ms", "60000").await;
    set(&engine, "offsets.retention.minutes", "1").await;
    let number = topic(&engine, "t", 1, &[]).await;
    let offsets = [metadata::entry::OffsetCommit {
        topic: number,
        ..Default::default()
    }];
    let commit = engine.commit_offsets("g", engine::CommitBasis::Latest, &offsets, "test");
    commit.await.unwrap();
    produce_idempotently(&engine, number).await;
    let producers = || {
        let partition = PartitionId {
            topic: number,
            partition: 0,
        };
        engine.read(|state| state.partition(partition).map(|partition| partition.producers().len()))
    };
    upkeep(&engine).await;
    assert_eq!((producers(), engine.read(|state| state.groups().len())), (Some(1), 1));
    cluster.sleep(61).await;
    assert_eq!(upkeep(&engine).await.expired, 2);
    assert_eq!((producers(), engine.read(|state| state.groups().len())), (Some(0), 0));
}

async fn produce_idempotently(engine: &Engine, topic: u32) {
    let mut builder = records::BatchBuilder::new(records::Codec::None, None);
    builder.push(0, None, Some(b"x"), &[]).unwrap();
    let run = engine::AppendRun {
        partition: PartitionId { topic, partition: 0 },
        batches: vec![builder.build().unwrap()],
        producer: Some(metadata::entry::ProducerBatch {
            id: 7,
            epoch: 0,
            base_sequence: 0,
        }),
        expected_offset: None,
    };
    let group = engine::AppendGroup {
        runs: vec![run],
        request: None,
    };
    engine.append(engine.reserve(1).unwrap(), group).await.unwrap();
}

/// A damaged segment is named exactly, stays where it is, and the rest goes on.
#[tokio::test(start_paused = true)]
async fn damage_is_named_and_holds_nobody_up() {
    let cluster = Cluster::new(9);
    let engine = cluster.engine_of(vec![Role::Agent]).await;
    let topic = topic(&engine, "t", 2, &[("tidelog.lane", "object")]).await;
    for number in 0..8 {
        append(&engine, topic, number % 2, &["some value"]).await;
    }
    let hurt = PartitionId { topic, partition: 0 };
    let extent = engine.read(|state| state.partition(hurt).unwrap().extents().nth(1).unwrap());
    let metadata::Place::Segment { name, start } = extent.place else {
        panic!("in the object lane")
    };
    let path = store::Key::Segment(name).path(&engine.cluster());
    let mut bytes = cluster.objects.get(&path, None).await.unwrap().bytes.to_vec();
    bytes[usize::try_from(start).unwrap() + 70] ^= 1;
    cluster.objects.put(&path, &[bytes.into()]).await.unwrap();
    // A process of its own, whose cache does not know better.
    let compactor = cluster.engine_of(vec![Role::Compactor]).await;
    let report = upkeep(&compactor).await;
    let named: Vec<_> = report
        .damaged
        .iter()
        .map(|damaged| (damaged.partition, damaged.extent))
        .collect();
    assert_eq!(named, [(hurt, extent)]);
    let firsts = |partition: u32| -> Vec<u64> {
        let partition = PartitionId { topic, partition };
        compactor.read(|state| {
            state
                .partition(partition)
                .unwrap()
                .extents()
                .map(|extent| extent.first)
                .collect()
        })
    };
    assert_eq!(firsts(0), [0, 1, 2]);
    assert_eq!(firsts(1), [0]);
    // It is not read again at once, and others are merged meanwhile.
    assert_eq!(upkeep(&compactor).await.failures.len(), 0);
}

/// How many entries after `position` say more than that a life goes on.
async fn said_since(cluster: &Cluster, engine: &Engine, position: u64) -> usize {
    let mut said = 0;
    let entries = cluster.ledger.entries();
    for entry in entries.iter().filter(|entry| entry.position > position) {
        let body = engine.ledger().read_body(entry.position).await.unwrap().unwrap();
        let proposals = metadata::decode_body(body).unwrap().proposals;
        let is_beat = |proposal: &metadata::entry::Proposal| matches!(proposal.kind, Some(Beat(_)));
        said += usize::from(!proposals.iter().all(is_beat));
    }
    said
}

/// Under a steady trickle the loop keeps everything small; at rest it says nothing.
#[tokio::test(start_paused = true)]
async fn the_loop_keeps_up_and_then_rests() {
    let cluster = Cluster::new(10);
    let engine = cluster.engine().await;
    set(&engine, "segment.grace.ms", "60000").await;
    set(&engine, "snapshot.entries", "200").await;
    let config = CompactorConfig {
        sweep_interval: Duration::from_mins(1),
        ..CompactorConfig::default()
    };
    let tasks = engine.world().tasks.clone();
    tasks.spawn("upkeep", compactor::run(engine.clone(), config));
    let inline = topic(&engine, "inline", 2, &[("tidelog.lane", "inline")]).await;
    let object = topic(&engine, "object", 2, &[("tidelog.lane", "object")]).await;
    for number in 0..1200_u32 {
        append(&engine, inline, number % 2, &["a value"]).await;
        append(&engine, object, number % 2, &["another value"]).await;
        cluster.sleep(1).await;
    }
    let before = contents(&engine).await;
    let held = engine.read(State::inline_bytes);
    assert!(held < 3000, "{held} bytes inline");
    let (extents, objects) = counts(&engine);
    assert!(extents < 600 && objects < 150, "{extents} extents, {objects} objects");
    let entries = cluster.ledger.entries().len();
    assert!(entries < 1500, "{entries} entries");
    cluster.sleep(1200).await;
    let (settled, entries) = (engine.seen().position, cluster.ledger.entries().len());
    // The base stays behind the inline bytes that the second newest snapshot still names, so at the third newest.
    assert!(entries < 900, "{entries} entries");
    cluster.sleep(3600).await;
    let said = said_since(&cluster, &engine, settled).await;
    assert!(said <= 4, "{said} entries but beats in an hour of rest");
    assert_eq!(contents(&engine).await, before);
    engine.stop(Duration::from_secs(10)).await;
}

/// Names that are not ours stay, whatever lies under them.
#[tokio::test(start_paused = true)]
async fn unknown_names_are_counted_and_stay() {
    let cluster = Cluster::new(11);
    let engine = cluster.engine().await;
    produce(&engine).await;
    let folder = engine.cluster();
    let strangers = [format!("{folder}/segment/notes.txt"), format!("{folder}/other/0")];
    for path in &strangers {
        cluster
            .objects
            .put(path, &[bytes::Bytes::from_static(b"x")])
            .await
            .unwrap();
    }
    for _ in 0..3 {
        assert_eq!(upkeep(&engine).await.swept.unwrap().unknown, 2);
        cluster.sleep(7200).await;
    }
    for path in &strangers {
        assert!(cluster.objects.get(path, None).await.is_ok());
    }
}

/// What a killed put left staged in a folder goes; what it had finished does not.
#[tokio::test]
async fn staged_files_of_a_folder_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let world = world::World::real();
    let url = format!("file:{}", folder.path().display());
    let store = store::Store::open(&url, store::StoreOptions::default(), world.clone())
        .await
        .unwrap();
    let ledger = std::sync::Arc::new(ledger::memory::MemoryLedger::sql_like());
    let engine_config = engine::EngineConfig {
        roles: vec![Role::Agent, Role::Compactor],
        ..engine::EngineConfig::default()
    };
    let engine = Engine::start(world, engine_config, ledger, store).await.unwrap();
    produce(&engine).await;
    let before = contents(&engine).await;
    let staged = folder.path().join(format!("{}/segment/00", engine.cluster()));
    std::fs::create_dir_all(&staged).unwrap();
    std::fs::write(staged.join("half#1"), b"half").unwrap();
    let at_once = CompactorConfig {
        staged_after: Duration::ZERO,
        ..config()
    };
    engine.world().clock.sleep(Duration::from_millis(20)).await;
    let report = compactor::run_once(&engine, &at_once).await;
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.swept.unwrap().staged, 1);
    assert!(!staged.join("half#1").exists());
    assert_eq!(contents(&engine).await, before);
    engine.stop(Duration::from_secs(5)).await;
}
