//! Lake files: clean as they are, and what befalls them is named.

use std::time::Duration;

use engine::{Engine, FetchedBatch};
use lake::{LakeWriter, WriteSettings};
use metadata::entry::{self, proposal::Kind};
use metadata::{Extent, LakeEnd, ObjectName, PartitionId, Place, Role, TopicNumber};
use store::Key;

use super::folder::{Folder, append, flip, start, topic};

/// Moves what a partition holds into a lake file.
async fn to_lake(engine: &Engine, topic: TopicNumber) {
    let id = PartitionId { topic, partition: 1 };
    let read = engine.read(|state| state.partition(id).map(|partition| partition.extents().collect()));
    let inputs: Vec<Extent> = read.expect("a partition");
    let (first, last) = (inputs[0].first, inputs[inputs.len() - 1].last());
    let mut writer = LakeWriter::new("t", WriteSettings::default()).expect("settings");
    writer.begin(1, first as i64).expect("in order");
    for input in &inputs {
        for FetchedBatch { base_offset, batch, .. } in engine.read_extent(id, input).await.expect("batches") {
            writer.push(&batch, base_offset as i64).expect("in order");
        }
    }
    writer.end(last as i64).expect("beyond the last");
    let written = writer.finish().expect("a file");
    let life = engine.next_flush(Role::Compactor).expect("a life");
    let name = ObjectName {
        incarnation: life.0,
        flush: life.1,
        attempt: 0,
    };
    let end = LakeEnd {
        object_bytes: written.bytes.len() as u64,
        tail_bytes: written.tail_bytes as u32,
        tail_checksum: written.tail_checksum,
    };
    let of = engine.read(|state| state.topic(topic).expect("a topic").id());
    let key = Key::LakeData(of, name);
    engine.store().put(&key, vec![written.bytes]).await.expect("put");
    let output = Extent {
        first,
        last_delta: (last - first) as u32,
        records: inputs.iter().map(|input| input.records).sum(),
        bytes: inputs.iter().map(|input| input.bytes).sum(),
        max_timestamp: inputs[0].max_timestamp,
        place: Place::Lake { name, end },
    };
    let swap = entry::PartitionSwap {
        topic,
        partition: 1,
        inputs: inputs.iter().map(entry::Extent::from).collect(),
        outputs: vec![output.into()],
    };
    let kind = Kind::Swap(entry::Swap { partitions: vec![swap] });
    let verdicts = engine.propose(Role::Compactor, kind, Some(life), "").await;
    assert!(matches!(verdicts.expect("judged")[..], [metadata::Verdict::Applied(_)]));
}

async fn with_a_lake() -> Folder {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = start(dir.path()).await;
    let topic = topic(&engine, "t", "object").await;
    for _ in 0..5 {
        append(&engine, topic, 1).await;
    }
    to_lake(&engine, topic).await;
    append(&engine, topic, 1).await;
    let cluster = engine.cluster();
    engine.stop(Duration::from_secs(10)).await;
    Folder { dir, cluster }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_lake_file_is_clean() {
    let folder = with_a_lake().await;
    assert_eq!(folder.files("lake").len(), 1);
    folder.check(0, &["unnamed"]);
    let (_, report) = folder.run(&["verify"]);
    assert_eq!(report["checked"]["records"], 18, "those in the lake file, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_lake_file_is_named() {
    let folder = with_a_lake().await;
    let file = folder.files("lake").remove(0);
    std::fs::remove_file(&file).expect("removed");
    folder.check(3, &["missing_object", "unnamed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_lake_file_is_named() {
    let folder = with_a_lake().await;
    let file = folder.files("lake").remove(0);
    let length = std::fs::metadata(&file).expect("a file").len() as usize;
    for at in [length - 10, 40] {
        flip(&file, at);
        folder.check(3, &["damaged_object", "damaged_records", "unnamed"]);
        flip(&file, at);
    }
    let bytes = std::fs::read(&file).expect("a file");
    std::fs::write(&file, &bytes[..length - 1]).expect("written");
    folder.check(3, &["damaged_object", "damaged_records", "unnamed"]);
}
