//! Real data becomes rows while compactors are killed at their work, and is asked with SQL.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use crash::command::{self, Lake};
use crash::flights::{self, Flight, feed};
use crash::place::Place;
use crash::process::{Process, Spec};
use crash::{clean, client::Client};
use futures::future::try_join_all;
use serde_json::json;
use world::World;

use crate::support::tell;

const PARTITIONS: u32 = 6;
const GRACE: Duration = Duration::from_millis(1_000);
/// Compactors that are killed while flights come in, and afterwards.
const KILLS: usize = 20;

/// Starts compactors and kills them, each after another while, until so many were killed. How many were done before.
async fn kill(place: &Place, kills: usize) -> Result<usize> {
    let (mut killed, mut done) = (0, 0);
    for turn in 0.. {
        ensure!(
            done < 10 * kills,
            "only {killed} compactors lived long enough to be killed"
        );
        let after = Duration::from_millis(20 + 41 * (turn % 13));
        match command::upkeep_killed(place, after).await? {
            true => killed += 1,
            false => done += 1,
        }
        if killed == kills {
            break;
        }
    }
    Ok(done)
}

/// Compacts until all records are rows, which one pass may not do.
async fn all_rows(place: &Place) -> Result<Lake> {
    for _ in 0..5 {
        let upkeep = command::upkeep(place).await?;
        ensure!(upkeep.failures.is_empty(), "{upkeep:?}");
        let lake = command::lake(place, "flights").await?;
        if lake
            .partitions
            .iter()
            .all(|partition| partition.records_not_in_lake == 0)
        {
            return Ok(lake);
        }
    }
    anyhow::bail!("not all of it is rows: {:?}", command::lake(place, "flights").await?)
}

async fn consume(client: &Client, flights: &[Flight]) -> Result<()> {
    feed::compare(flights, &client.read_topic("flights").await?)
}

/// DuckDB answers of the files what it answers of the table.
async fn ask(world: &World, place: &Place, lake: &Lake) -> Result<()> {
    let table = flights::file()?;
    let python = table.with_file_name("venv-duckdb/bin/python");
    ensure!(
        python.exists(),
        "there is no {}: run tests/crash/duckdb/get.sh",
        python.display()
    );
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("duckdb/flights.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .arg(table)
        .arg(lake.duckdb.as_ref().context("no query")?);
    let root = place.dir().join("objects");
    command.args(
        command::lake_files(place, "flights")
            .await?
            .iter()
            .map(|path| root.join(path)),
    );
    let output = world.tasks.blocking(move || command.output()).await?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    tell(said.trim());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flight_becomes_a_row() -> Result<()> {
    let flights = flights::load()?;
    let (world, place) = (World::real(), Place::new()?);
    std::fs::create_dir_all(place.dir())?;
    let mut agent = Process::start(Spec::agent(&place, "agent")?).await?;
    let client = agent.client()?;
    client.create_topic("flights", PARTITIONS, &json!({})).await?;
    let grace = GRACE.as_millis().to_string();
    let settings = json!({"segment.grace.ms": grace, "lake.grace.ms": grace, "snapshot.entries": "50"});
    client.set_cluster(&settings).await?;

    let sent = Arc::new(AtomicUsize::new(0));
    let produce =
        |(number, bodies)| feed::produce(world.clone(), vec![client.clone()], number, bodies, Arc::clone(&sent));
    let producing = try_join_all(feed::requests(&flights).into_iter().enumerate().map(produce));
    let (repeats, done) = tokio::join!(producing, kill(&place, KILLS));
    tell(&format!(
        "{} repeats, {} compactors done and {KILLS} killed",
        repeats?.iter().sum::<usize>(),
        done?
    ));
    consume(&client, &flights).await?;

    let lake = all_rows(&place).await?;
    ensure!(lake.records == flights::COUNT as u64, "{lake:?}");
    consume(&client, &flights).await?;
    ask(&world, &place, &lake).await?;

    // Beside rows that are whole, those who would merge them die.
    tell(&format!(
        "{} compactors done and {KILLS} killed",
        kill(&place, KILLS).await?
    ));
    command::must_be_sound(&place).await?;
    agent.stop().await?;
    tell(&format!(
        "clean: {}",
        clean::must_be(&world, &place, GRACE).await?.checked
    ));
    ask(&world, &place, &all_rows(&place).await?).await?;
    agent.restart().await?;
    consume(&client, &flights).await?;
    place.passed();
    Ok(())
}
