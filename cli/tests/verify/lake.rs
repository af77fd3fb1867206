//! Lake files: clean as they are, and what befalls them is named.

use std::time::Duration;

use super::folder::{Folder, append, flip, start, topic};

/// Records of two partitions in a lake file, and a few that came later.
async fn with_a_lake() -> Folder {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = start(dir.path()).await;
    let topic = topic(&engine, "t", "object").await;
    for number in 0..5 {
        append(&engine, topic, number % 2).await;
    }
    let cluster = engine.cluster();
    engine.stop(Duration::from_secs(10)).await;
    let folder = Folder { dir, cluster };
    let (code, report) = folder.run(&["compactor", "--once"]);
    assert_eq!((code, &report["to_lake"]["objects"]), (0, &1.into()), "{report}");
    let engine = start(folder.path()).await;
    append(&engine, topic, 1).await;
    engine.stop(Duration::from_secs(10)).await;
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn its_files_are_listed_and_how_far_each_partition_is() {
    let folder = with_a_lake().await;
    let (code, files) = folder.run(&["lake", "files", "t"]);
    let file = &files[0];
    assert_eq!((code, files.as_array().map(Vec::len)), (0, Some(1)), "{files}");
    assert_eq!(
        (&file["records"], &file["partitions"]),
        (&15.into(), &2.into()),
        "{file}"
    );
    let path = file["path"].as_str().expect("a path");
    assert!(folder.files("lake")[0].ends_with(path), "{path}");
    let (code, told) = folder.run(&["lake", "describe", "t"]);
    let line = |at: usize, name: &str| told["partitions"][at][name].as_u64();
    assert_eq!((code, &told["files"], &told["records"]), (0, &1.into(), &15.into()));
    assert_eq!(
        (line(0, "in_lake_to"), line(0, "records_not_in_lake")),
        (Some(9), Some(0))
    );
    assert_eq!(
        (line(1, "in_lake_to"), line(1, "records_not_in_lake")),
        (Some(6), Some(3))
    );
    assert!(
        told["duckdb"].as_str().is_some_and(|query| query.contains(path)),
        "{told}"
    );
    assert_eq!(folder.run(&["lake", "files", "nothing"]).0, 4, "there is no such topic");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_lake_file_is_clean() {
    let folder = with_a_lake().await;
    // The file, and the manifest, the list and the metadata that tell of it.
    assert_eq!(folder.files("lake").len(), 4);
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
