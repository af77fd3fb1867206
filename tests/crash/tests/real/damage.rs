//! One wrong byte in a file of a stopped log: what it hits is named exactly, everything else works.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use crash::command;
use crash::place::Place;
use crash::process::{Process, Spec};
use serde_json::json;

use crate::support::append_one;

fn value(mark: &str) -> String {
    format!(r#"{{"mark":"{mark}"}}"#)
}

/// Turns one bit in the last place where a text stands in a file.
fn flip(file: &Path, text: &str) -> Result<()> {
    let mut bytes = std::fs::read(file)?;
    let at = bytes.windows(text.len()).rposition(|window| window == text.as_bytes());
    let at = at.with_context(|| format!("no {text} in {}", file.display()))?;
    bytes[at] ^= 1;
    Ok(std::fs::write(file, bytes)?)
}

/// Brings what a stopped process left in the database's WAL into its file. A wrong byte in the WAL would be another
/// test: SQLite finds it by itself, and the end is lost.
fn settle(ledger: &Path) -> Result<()> {
    let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('pragma wal_checkpoint(truncate)')";
    let settled = Command::new("python3").args(["-c", script]).arg(ledger).output()?;
    let said = String::from_utf8_lossy(&settled.stderr);
    ensure!(settled.status.success(), "{said}");
    Ok(())
}

fn file_with(files: &[PathBuf], text: &str) -> Result<PathBuf> {
    let has = |file: &&PathBuf| {
        std::fs::read(file).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    let found: Vec<&PathBuf> = files.iter().filter(has).collect();
    ensure!(found.len() == 1, "{text} stands in {found:?}");
    Ok(found[0].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_object() -> Result<()> {
    let place = Place::new()?;
    let mut process = Process::start(Spec::dev(&place)?).await?;
    let client = process.client()?;
    client
        .create_topic("events", 2, &json!({"tidelog.lane": "object"}))
        .await?;
    for (to, mark) in [
        ("events/partitions/0", "first"),
        ("events/partitions/0", "second"),
        ("events/partitions/0", "third"),
        ("events/partitions/1", "other"),
    ] {
        append_one(&client, to, value(mark)).await?;
    }
    process.stop().await?;
    let file = file_with(&place.objects("/segment/")?, "second")?;
    flip(&file, "second")?;

    let verified = command::verify(&place).await?;
    ensure!(verified.code == 3, "exit code {}", verified.code);
    let object = file
        .strip_prefix(place.dir().join("objects"))?
        .to_string_lossy()
        .into_owned();
    let faults: Vec<_> = verified.findings.iter().filter(|finding| finding.fault).collect();
    let named = |fault: &&command::Finding| fault.object.as_ref().is_some_and(|path| path.ends_with(&object));
    ensure!(!faults.is_empty() && faults.iter().all(named), "{faults:#?}");
    let exact = |fault: &&command::Finding| {
        (
            fault.topic.as_deref(),
            fault.partition,
            fault.first_offset,
            fault.last_offset,
        ) == (Some("events"), Some(0), Some(1), Some(1))
    };
    ensure!(faults.iter().any(exact), "{faults:#?}");

    process.restart().await?;
    let read = |partition: u32, offset: u64| {
        format!("/v1/topics/events/partitions/{partition}/records?offset={offset}&limit=1")
    };
    for (partition, offset, mark) in [(0, 0, "first"), (0, 2, "third"), (1, 0, "other")] {
        let page = client.read(&read(partition, offset)).await?;
        ensure!(
            page.records.first().map(|record| record.value.clone()) == Some(value(mark)),
            "{page:?}"
        );
    }
    let (status, problem) = client.problem(&read(0, 1)).await?;
    let told = (
        status,
        &problem["code"],
        &problem["first_offset"],
        &problem["last_offset"],
    );
    ensure!(told == (500, &json!("data_corrupt"), &json!(1), &json!(1)), "{problem}");
    ensure!(
        append_one(&client, "events/partitions/0", value("fourth")).await? == 3,
        "appends go on"
    );
    let page = client.read(&read(0, 3)).await?;
    ensure!(
        page.records.first().map(|record| record.value.clone()) == Some(value("fourth")),
        "{page:?}"
    );
    process.stop().await?;
    place.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_entry() -> Result<()> {
    let place = Place::new()?;
    let mut process = Process::start(Spec::dev(&place)?).await?;
    let client = process.client()?;
    client
        .create_topic("events", 1, &json!({"tidelog.lane": "inline"}))
        .await?;
    for mark in ["first", "second", "third"] {
        append_one(&client, "events", value(mark)).await?;
    }
    process.stop().await?;
    settle(&place.ledger_file())?;
    flip(&place.ledger_file(), "second")?;

    let verified = command::verify(&place).await?;
    ensure!(verified.code == 3, "exit code {}", verified.code);
    let positions: Vec<u64> = verified
        .findings
        .iter()
        .filter_map(|finding| finding.position)
        .collect();
    ensure!(!positions.is_empty(), "{:#?}", verified.findings);

    // The chain does not fit, so nothing can be believed that comes after: it does not start, and says which entry it is.
    process.begin()?;
    let status = process.ended().await?;
    ensure!(!status.success(), "it serves a ledger that was changed");
    let log = process.log();
    let named = positions.iter().any(|position| log.contains(&position.to_string()));
    ensure!(
        log.contains("entry") && named,
        "entries {positions:?} are not named:\n{log}"
    );
    place.passed();
    Ok(())
}
