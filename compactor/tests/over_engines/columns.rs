//! Typed columns come and go: files are written with those of their time, tables tell of those of now, merges fill what is
//! new, and a table that was published with others is published anew.

use engine::Engine;
use lake::LakeFile;
use metadata::{Place, State, TopicNumber};
use store::{Key, Kind};

use crate::common::{Cluster, append, contents, declare, listed, topic};
use crate::tables::{check, small};

/// The typed columns of each lake file that the topic has, in the order of offsets.
async fn columns(engine: &Engine, number: TopicNumber) -> Vec<Vec<String>> {
    let files = engine.read(|state: &State| {
        let id = state.topic(number).unwrap().id();
        let partitions = state.partitions(number);
        let extents = partitions.flat_map(|(_, partition)| partition.extents().collect::<Vec<_>>());
        let lake = extents.filter_map(|extent| match extent.place {
            Place::Lake { name, end } => Some((Key::LakeData(id, name), end)),
            _ => None,
        });
        let mut lake: Vec<_> = lake.collect();
        lake.dedup();
        lake
    });
    let mut columns = Vec::new();
    for (key, end) in files {
        let bytes = engine.store().read_fresh(&key, None).await.unwrap();
        let tail = bytes.slice(bytes.len() - end.tail_bytes as usize..);
        let file = LakeFile::open(&tail, end.object_bytes, end.tail_checksum).unwrap();
        columns.push(file.typed_columns().map(|(name, _)| name.to_owned()).collect());
    }
    columns
}

#[tokio::test(start_paused = true)]
async fn columns_come_and_go() {
    let cluster = Cluster::new(41);
    let engine = cluster.engine().await;
    let number = topic(&engine, "t", 1, &[]).await;
    let mut rows = 0;
    let mut write = async |values: &[&str]| {
        append(&engine, number, 0, values).await;
        rows += values.len() as u64;
        let before = contents(&engine).await;
        let report = compactor::run_once(&engine, &small()).await;
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(contents(&engine).await, before);
        check(&engine, number, rows).await;
        report
    };
    write(&[r#"{"n": 1}"#]).await;
    declare(&engine, number, "n int, city string from $.addr.city")
        .await
        .unwrap();
    // The files are the same, and the table is not.
    let report = compactor::run_once(&engine, &small()).await;
    assert_eq!(
        (report.published, compactor::run_once(&engine, &small()).await.published),
        (1, 0)
    );
    write(&[r#"{"n": 2, "addr": {"city": "Ulm"}}"#, "garbage"]).await;
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
    assert_eq!(columns(&engine, number).await, [named(&[]), named(&["n", "city"])]);
    let refused = declare(&engine, number, "n string").await.unwrap_err();
    assert!(
        refused.to_string().contains("n is int and cannot become string"),
        "{refused}"
    );
    declare(&engine, number, "n long").await.unwrap();
    let mut merged = 0;
    for _ in 0..6 {
        merged += write(&[r#"{"n": 3}"#]).await.lakes_merged.objects;
    }
    assert!(merged > 0);
    let columns = columns(&engine, number).await;
    assert!(columns.iter().all(|columns| *columns == named(&["n"])), "{columns:?}");
    assert!(listed(&engine, Kind::LakeData).await.len() > columns.len());
}
