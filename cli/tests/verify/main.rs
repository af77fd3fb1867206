//! `tidelog verify` on a folder that a real engine wrote: clean as it is, and naming each fault that is planted.

use std::process::Command;
use std::time::Duration;

use ledger::{Hash, Tip, WitnessOutcome};
use metadata::{Incarnation, ObjectName, Role};
use serde_json::Value;
use store::Key;

mod doctor;
mod folder;
mod lake;

use folder::{Folder, append, flip, folder, start, topic};

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
    let mut folder = folder().await;
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
    let tip = Tip::new(seen.era, seen.position, Hash(engine.read(metadata::State::entry_hash)));
    // The engine keeps the witness too: whoever comes second is told so, and has to look again.
    while engine.ledger().refresh_witness(&tip).await.expect("a witness") == WitnessOutcome::Raced {}
    let cluster = engine.cluster();
    engine.stop(Duration::from_secs(10)).await;
    let mut folder = Folder { dir, cluster };
    folder.copy_ledger(2, |_, _| ()).await;
    let (code, found) = folder.verify();
    assert_eq!(code, 3, "{found:?}");
    assert!(found.iter().any(|(kind, _)| kind == "lost_end"), "{found:?}");
    let (code, ledger) = folder.ledger(&["describe"]);
    assert_eq!((code, &ledger["halted"], &ledger["era"]), (3, &false.into(), &1.into()));
    assert!(ledger["lost_end"].is_string(), "{ledger}");
    let (code, plan) = folder.ledger(&["accept-loss"]);
    assert_eq!((code, plan), (0, ledger), "without --yes nothing changes");
    let (code, accepted) = folder.ledger(&["accept-loss", "--note", "a test", "--yes"]);
    assert_eq!(
        (code, &accepted["era"], &accepted["lost_end"]),
        (0, &2.into(), &Value::Null)
    );
    assert_eq!(folder.ledger(&["describe"]), (0, accepted));
    assert_eq!(
        folder.ledger(&["accept-loss", "--yes"]).0,
        5,
        "there is nothing to accept"
    );
    let (code, found) = folder.verify();
    assert_eq!((code, found.len()), (0, 0), "{found:?}");
    let again = start(folder.path()).await;
    append(&again, topic(&again, "t", "auto").await, 0).await;
    again.stop(Duration::from_secs(10)).await;
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
