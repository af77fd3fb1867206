//! `tidelog query` begins nothing and writes nothing.
#![cfg(feature = "query")]

use std::path::Path;
use std::process::{Command, Output};

const TIDELOG: &str = env!("CARGO_BIN_EXE_tidelog");

fn tidelog(args: &[&str]) -> Output {
    Command::new(TIDELOG).args(args).output().expect("it runs")
}

/// The paths of all files below a folder, but for those of SQLite.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let found = entries
        .flat_map(|entry| {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files(&path)
            } else {
                vec![path.display().to_string()]
            }
        })
        .filter(|path| !path.contains("ledger.db"));
    found.collect()
}

#[test]
fn a_log_that_has_not_begun_is_not_begun_by_a_question() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("objects")).expect("a folder");
    let ledger = format!("sqlite:{}", dir.path().join("ledger.db").display());
    assert!(tidelog(&["ledger", "create", "--ledger", &ledger]).status.success());
    let data = dir.path().display().to_string();
    for _ in 0..2 {
        let asked = tidelog(&["query", "SELECT 1", "--dir", &data]);
        let told = String::from_utf8_lossy(&asked.stderr).into_owned();
        assert_eq!(asked.status.code(), Some(4), "{told}");
        assert!(told.contains("the ledger has not begun"), "{told}");
        assert!(asked.stdout.is_empty());
        assert_eq!(files(dir.path()), Vec::<String>::new());
    }
}
