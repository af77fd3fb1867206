//! Records become rows, and rows of small files rows of larger ones: everything reads back as it was, and what was replaced
//! goes after its grace.

use compactor::CompactorConfig;
use engine::Engine;
use metadata::{Place, Role, State};
use store::Kind;

use crate::common::{Cluster, append, config, contents, holding, listed, set, topic};

fn small() -> CompactorConfig {
    CompactorConfig {
        lake_level_bytes: 20_000,
        lake_bytes_large: 200_000,
        ..config()
    }
}

/// How many extents lie in lake files, and how many do not.
fn places(engine: &Engine) -> (usize, usize) {
    engine.read(|state: &State| {
        let all = state.topics().flat_map(|topic| state.partitions(topic.number()));
        let extents: Vec<_> = all
            .flat_map(|(_, partition)| partition.extents().collect::<Vec<_>>())
            .collect();
        let lake = |place: Place| matches!(place, Place::Lake { .. });
        let rows = extents.iter().filter(|extent| lake(extent.place)).count();
        (rows, extents.len() - rows)
    })
}

#[tokio::test(start_paused = true)]
async fn records_become_rows_and_small_files_one() {
    let cluster = Cluster::new(1);
    let engine = cluster.engine().await;
    set(&engine, "segment.grace.ms", "1000").await;
    set(&engine, "lake.grace.ms", "60000").await;
    let wide = topic(&engine, "wide", 3, &[("tidelog.lane", "object")]).await;
    let narrow = topic(&engine, "narrow", 1, &[("tidelog.lane", "inline")]).await;
    let mut merged = 0;
    for round in 0..20_u32 {
        for number in 0..6_u32 {
            append(&engine, wide, number % 3, &[&format!("value {round}.{number}"), "y"]).await;
            append(&engine, narrow, 0, &["x"]).await;
        }
        let before = contents(&engine).await;
        let report = compactor::run_once(&engine, &small()).await;
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(places(&engine).1, 0, "all of it is rows");
        assert_eq!(contents(&engine).await, before, "round {round}");
        merged += report.lakes_merged.objects;
    }
    assert!(merged > 4, "{merged}");
    let (rows, _) = places(&engine);
    assert!(rows < 40, "{rows} extents after 20 rounds over four partitions");
    let (before, named) = (contents(&engine).await, holding(&engine));
    assert!(
        listed(&engine, Kind::LakeData).await.len() > named,
        "replaced ones wait for their grace"
    );
    for seconds in [2, 61, 2] {
        cluster.sleep(seconds).await;
        compactor::run_once(&engine, &small()).await;
    }
    assert_eq!(listed(&engine, Kind::LakeData).await.len(), named);
    let other = cluster.engine_of(vec![Role::Agent]).await;
    assert_eq!(contents(&other).await, before);
}

/// Rows are made when records have waited for long, or many have gathered, and not before.
#[tokio::test(start_paused = true)]
async fn records_wait_for_others_and_not_for_ever() {
    let cluster = Cluster::new(2);
    let engine = cluster.engine().await;
    let patient = CompactorConfig {
        lake_at_once: false,
        lake_bytes: 1_000,
        ..small()
    };
    let slow = topic(&engine, "slow", 1, &[("lake.max.delay.ms", "60000")]).await;
    let mut upkeep = compactor::Upkeep::new(engine.clone(), patient);
    append(&engine, slow, 0, &["a"]).await;
    for (seconds, rows) in [(1, 0), (30, 0), (31, 1)] {
        cluster.sleep(seconds).await;
        upkeep.once().await;
        assert_eq!(places(&engine).0, rows, "after {seconds} s more");
    }
    append(&engine, slow, 0, &["b"]).await;
    upkeep.once().await;
    assert_eq!(places(&engine), (1, 1), "it waits anew");
    append(&engine, slow, 0, &["c".repeat(1_000).as_str()]).await;
    upkeep.once().await;
    assert_eq!(places(&engine), (2, 0), "enough have gathered");
}
