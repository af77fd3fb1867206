//! The `tidelog` command as a script runs it.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Output, Stdio};

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
    let output = told(place, &["compactor", "--once", "-o", "json"]).await?;
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&said)
        .with_context(|| format!("{}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
