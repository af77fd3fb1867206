//! `tidelog doctor` on a folder that a real engine wrote.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::folder::{Folder, append, folder, start, topic};

/// The exit code, and what is said of a point.
fn doctor(folder: &Folder, flags: &[&str]) -> (i32, Value) {
    folder.run(&[&["doctor"], flags].concat())
}

fn verdict<'a>(report: &'a Value, name: &str) -> &'a str {
    let mut findings = report["findings"].as_array().expect("findings").iter();
    let found = findings.find(|finding| finding["name"] == name);
    found.and_then(|found| found["verdict"].as_str()).unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_folder_is_well() {
    let folder = folder().await;
    let before = folder.ledger(&["describe"]);
    let (code, report) = doctor(&folder, &[]);
    assert_eq!((code, &report["fail"]), (0, &0.into()), "{report:#}");
    for name in [
        "sqlite_durability",
        "ledger_open",
        "ledger_base",
        "ledger_append",
        "store_cluster",
        "store_put",
        "store_get",
        "store_if_none_match",
        "store_if_match",
        "store_delete",
        "state_end",
        "state_snapshot",
        "state_base",
        "agent_address",
    ] {
        assert_eq!(verdict(&report, name), "OK", "{name}: {report:#}");
    }
    assert_eq!(
        folder.ledger(&["describe"]),
        before,
        "nothing was written to the ledger"
    );
    folder.check(0, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_entries_are_appended_when_asked_for() {
    let folder = folder().await;
    let end = |folder: &Folder| {
        folder.ledger(&["describe"]).1["end_position"]
            .as_u64()
            .expect("a position")
    };
    let before = end(&folder);
    let (code, report) = doctor(&folder, &["--write"]);
    assert_eq!((code, verdict(&report, "ledger_append")), (0, "OK"), "{report:#}");
    assert_ne!(verdict(&report, "ledger_append_latency"), "none");
    assert_eq!(end(&folder), before + 5);
    folder.check(0, &[]);
    let engine = start(folder.path()).await;
    append(&engine, topic(&engine, "after", "auto").await, 0).await;
    engine.stop(Duration::from_secs(10)).await;
    folder.check(0, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_its_name_fails() {
    let folder = folder().await;
    std::fs::remove_file(folder.path().join("objects/cluster.json")).expect("removed");
    let (code, report) = doctor(&folder, &[]);
    assert_eq!((code, verdict(&report, "store_cluster")), (3, "FAIL"), "{report:#}");
    assert!(!folder.path().join("objects/cluster.json").exists(), "it was not made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_entry_fails() {
    let mut folder = folder().await;
    folder
        .copy_ledger(usize::MAX, |position, bytes| {
            if position == 4 {
                bytes[80] ^= 1;
            }
        })
        .await;
    let (code, report) = doctor(&folder, &[]);
    assert_eq!((code, verdict(&report, "state_fold")), (3, "FAIL"), "{report:#}");
}

#[test]
fn who_is_not_there_is_unreachable() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_tidelog"))
        .args([
            "doctor",
            "-o",
            "json",
            "--ledger",
            "postgres://me@127.0.0.1:1/db",
            "--store",
        ])
        .arg(format!("file:{}", dir.path().display()))
        .current_dir(dir.path())
        .output()
        .expect("the command runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(
        (output.status.code(), verdict(&report, "ledger_open")),
        (Some(6), "FAIL"),
        "{report:#}"
    );
}
