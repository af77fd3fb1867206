//! Real data becomes rows while compactors are killed at their work, and is asked with SQL.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
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
/// The flights come in so many parts, behind each of which so many compactors start, most of which are killed.
const PARTS: usize = 8;
const COMPACTORS: u64 = 4;

/// The typed columns at first, and those of the later half: one is widened, and one new, which some rows do not fit.
const COLUMNS: &str = "carrier string, tail string from $.tailnum, distance int, time_hour timestamptz";
const COLUMNS_LATER: &str =
    "carrier string, tail string from $.tailnum, distance long, time_hour timestamptz, dep_delay double";

/// Starts compactors one behind the other and kills each after another while. How many were killed.
async fn kill(place: &Place, part: usize) -> Result<usize> {
    let mut killed = 0;
    for number in 0..COMPACTORS {
        let after = Duration::from_millis(20 + 13 * (number * PARTS as u64 + part as u64) % 170);
        killed += usize::from(command::upkeep_killed(place, after).await?);
    }
    Ok(killed)
}

/// The requests of each producer, part by part.
fn parts(flights: &[Flight]) -> Vec<Vec<Vec<Bytes>>> {
    let mut parts = vec![Vec::new(); PARTS];
    for requests in feed::requests(flights) {
        let each = requests.len().div_ceil(PARTS);
        for (part, number) in parts.iter_mut().zip(0..) {
            part.push(requests.iter().skip(number * each).take(each).cloned().collect());
        }
    }
    parts
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
    bail!("not all of it is rows: {:?}", command::lake(place, "flights").await?)
}

async fn consume(client: &Client, flights: &[Flight]) -> Result<()> {
    feed::compare(flights, &client.read_topic("flights").await?)
}

/// DuckDB and pyiceberg answer of the files, of the table's metadata and, where an agent runs, over its catalog what they
/// answer of the CSV.
async fn ask(world: &World, place: &Place, lake: &Lake, agent: Option<&Process>) -> Result<()> {
    ensure!(lake.table_is_current, "the table is behind: {lake:?}");
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
        .arg(lake.duckdb.as_ref().context("no query")?)
        .arg(lake.table_metadata.as_ref().context("no table")?)
        .arg(agent.map_or("-".to_owned(), Process::url));
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
    let columns = json!({"lake.mode": "json", "lake.columns": COLUMNS});
    client.create_topic("flights", PARTITIONS, &columns).await?;
    let grace = GRACE.as_millis().to_string();
    // The killed are retired soon, or what they left would wait for them.
    let settings = json!({
        "segment.grace.ms": grace,
        "lake.grace.ms": grace,
        "snapshot.entries": "50",
        "agent.timeout.ms": "2000",
    });
    client.set_cluster(&settings).await?;

    let (sent, mut killed) = (Arc::new(AtomicUsize::new(0)), 0);
    for (part, requests) in parts(&flights).into_iter().enumerate() {
        let produce = |(number, bodies)| {
            // Another producer in each part: it numbers its requests from 0 on.
            let number = part * feed::PRODUCERS + number;
            feed::produce(world.clone(), vec![client.clone()], number, bodies, Arc::clone(&sent))
        };
        try_join_all(requests.into_iter().enumerate().map(produce)).await?;
        killed += kill(&place, part).await?;
        if part == PARTS / 2 {
            client
                .set_topic("flights", &json!({"lake.columns": COLUMNS_LATER}))
                .await?;
        }
    }
    tell(&format!("{killed} of {} compactors killed", PARTS as u64 * COMPACTORS));
    ensure!(killed >= 10, "only {killed} compactors lived long enough to be killed");
    consume(&client, &flights).await?;

    let lake = all_rows(&place).await?;
    ensure!(lake.records == flights::COUNT as u64, "{lake:?}");
    consume(&client, &flights).await?;
    ask(&world, &place, &lake, Some(&agent)).await?;

    command::must_be_sound(&place).await?;
    agent.stop().await?;
    tell(&format!(
        "clean: {}",
        clean::must_be(&world, &place, GRACE).await?.checked
    ));
    ask(&world, &place, &all_rows(&place).await?, None).await?;
    agent.restart().await?;
    ask(&world, &place, &all_rows(&place).await?, Some(&agent)).await?;
    consume(&client, &flights).await?;
    place.passed();
    Ok(())
}
