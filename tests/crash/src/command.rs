//! The `tidelog` command as a script runs it.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use world::World;

use crate::place::Place;
use crate::process::binary;
use crate::stand::Stand;

/// What `tidelog verify` found.
#[derive(Clone, Debug, Deserialize)]
pub struct Verified {
    /// The exit code.
    #[serde(skip)]
    pub code: i32,
    /// Faults and garbage.
    pub findings: Vec<Finding>,
    /// How much was looked at.
    pub checked: Value,
}

/// One of them.
#[derive(Clone, Debug, Deserialize)]
pub struct Finding {
    /// `damaged_object` and so on.
    pub kind: String,
    /// Whether it is a fault, not garbage.
    pub fault: bool,
    /// The object's path.
    pub object: Option<String>,
    /// The topic.
    pub topic: Option<String>,
    /// The partition.
    pub partition: Option<u32>,
    /// The first offset concerned.
    pub first_offset: Option<u64>,
    /// The last.
    pub last_offset: Option<u64>,
    /// The ledger position.
    pub position: Option<u64>,
    /// In words.
    pub what: String,
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started.
pub async fn run<S: AsRef<OsStr> + Send>(stand: &Stand, arguments: impl IntoIterator<Item = S>) -> Result<Output> {
    let mut command = Command::new(binary()?);
    command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::null());
    command.envs(stand.variables.iter().cloned());
    let output = World::real().tasks.blocking(move || command.output()).await;
    output.context("cannot run tidelog")
}

/// A command that is told where the log is.
///
/// # Errors
/// When it cannot be started.
pub async fn told(place: &Place, words: &[&str]) -> Result<Output> {
    let words = words.iter().map(OsString::from);
    run(place.stand(), words.chain(place.stand().options())).await
}

/// `tidelog verify`, running agents or none.
///
/// # Errors
/// When it says nothing that can be read.
pub async fn verify(place: &Place) -> Result<Verified> {
    let output = told(place, &["verify", "-o", "json"]).await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut verified: Verified =
        serde_json::from_str(&said).with_context(|| format!("{said}{}", String::from_utf8_lossy(&output.stderr)))?;
    verified.code = output.status.code().unwrap_or(-1);
    Ok(verified)
}

/// `tidelog verify` has to find no fault.
///
/// # Errors
/// When it finds one.
pub async fn must_be_sound(place: &Place) -> Result<Verified> {
    let verified = verify(place).await?;
    let faults: Vec<&Finding> = verified.findings.iter().filter(|finding| finding.fault).collect();
    ensure!(
        verified.code == 0 && faults.is_empty(),
        "exit code {}: {faults:#?}",
        verified.code
    );
    Ok(verified)
}

/// What `tidelog compactor --once` did.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Upkeep {
    /// Where the snapshot it took stands.
    pub snapshot_position: Option<u64>,
    /// Where it moved the base to.
    pub base_position: Option<u64>,
    /// Entries that it deleted.
    pub entries_deleted: u64,
    /// Objects that it deleted.
    pub objects_deleted: u64,
    /// Of them, those that nothing ever named.
    pub orphans_deleted: u64,
    /// Objects that wait for their grace.
    pub garbage_waiting: u64,
    /// What it merged.
    pub merged: Value,
    /// What went wrong.
    pub failures: Vec<String>,
}

/// `tidelog compactor --once`.
///
/// # Errors
/// When it says nothing that can be read.
pub async fn upkeep(place: &Place) -> Result<Upkeep> {
    read(&told(place, &["compactor", "--once", "-o", "json"]).await?)
}

/// `tidelog compactor --once`, killed after a while unless it has ended by then. Whether it was killed.
///
/// # Errors
/// When it cannot be started, or ends by itself with something gone wrong.
pub async fn upkeep_killed(place: &Place, after: Duration) -> Result<bool> {
    let world = World::real();
    let mut command = Command::new(binary()?);
    command.args(["compactor", "--once"]).args(place.stand().options());
    command.envs(place.stand().variables.iter().cloned());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().context("cannot run tidelog")?;
    world.clock.sleep(after).await;
    if let Some(status) = child.try_wait()? {
        ensure!(status.success(), "tidelog compactor --once: {status}");
        return Ok(false);
    }
    child.kill()?;
    child.wait()?;
    Ok(true)
}

/// What `tidelog lake describe` says of a topic.
#[derive(Clone, Debug, Deserialize)]
pub struct Lake {
    /// How many files it has.
    pub files: u64,
    /// Records that lie in them.
    pub records: u64,
    /// Its partitions.
    pub partitions: Vec<LakePartition>,
    /// A query over the files, for DuckDB; none when there are none.
    pub duckdb: Option<String>,
    /// Where the metadata of its table lies; none when nothing is published of it.
    pub table_metadata: Option<String>,
    /// Whether that tells of the lake files there are now.
    pub table_is_current: bool,
}

/// How far one is in lake files.
#[derive(Clone, Debug, Deserialize)]
pub struct LakePartition {
    /// Records in no lake file.
    pub records_not_in_lake: u64,
}

/// `tidelog lake describe`.
///
/// # Errors
/// When it says nothing that can be read.
pub async fn lake(place: &Place, topic: &str) -> Result<Lake> {
    read(&told(place, &["lake", "describe", topic, "-o", "json"]).await?)
}

/// The paths of a topic's lake files in the store, the oldest first.
///
/// # Errors
/// When `tidelog lake files` says nothing that can be read.
pub async fn lake_files(place: &Place, topic: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct File {
        path: String,
    }
    let files: Vec<File> = read(&told(place, &["lake", "files", topic, "-o", "json"]).await?)?;
    Ok(files.into_iter().map(|file| file.path).collect())
}

fn read<T: for<'a> Deserialize<'a>>(output: &Output) -> Result<T> {
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&said)
        .with_context(|| format!("{}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
