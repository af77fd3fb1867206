//! An agent that is stopped for longer than the others wait, and goes on as if nothing had been.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use crash::client::Client;
use crash::place::Place;
use crash::process::{Process, Spec};
use crash::workload::Shared;
use serde_json::{Value, json};
use world::World;

use crate::support::{finish, mixture, must_hold, start};

/// The lives of agents that others know of, by address.
async fn lives(client: &Client) -> Result<Vec<(String, String)>> {
    let answer = client.get("/v1/agents").await?;
    let agents = answer["agents"].as_array().context("agents")?.clone();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let agents = agents.iter().filter(|agent| agent["role"] == "agent");
    Ok(agents
        .map(|agent| (text(&agent["http_address"]), text(&agent["incarnation"])))
        .collect())
}

async fn life(client: &Client, port: u16) -> Result<Option<String>> {
    let address = format!("127.0.0.1:{port}");
    Ok(lives(client)
        .await?
        .into_iter()
        .find(|(at, _)| *at == address)
        .map(|(_, life)| life))
}

/// Waits until the life at a port satisfies a condition.
async fn wait(world: &World, client: &Client, port: u16, is: impl Fn(Option<&str>) -> bool) -> Result<Option<String>> {
    let deadline = world.clock.now() + Duration::from_secs(20);
    loop {
        let now = life(client, port).await?;
        if is(now.as_deref()) {
            return Ok(now);
        }
        ensure!(
            world.clock.now() < deadline,
            "the life at {port} is still {now:?}: {:?}",
            lives(client).await?
        );
        world.clock.sleep(Duration::from_millis(100)).await;
    }
}

/// Stops a process outside a write: one that is stopped within one keeps SQLite's lock, and nobody, so not even who would
/// retire it, can write until it goes on (docs/ledgers.md).
async fn pause(world: &World, process: &Process) -> Result<()> {
    for _ in 0..100 {
        process.pause()?;
        // Until the last of its threads has stopped.
        world.clock.sleep(Duration::from_millis(50)).await;
        if !holds_a_lock(process.pid()) {
            return Ok(());
        }
        process.resume()?;
        world.clock.sleep(Duration::from_millis(23)).await;
    }
    bail!("it was within a write each of the 100 times that it was stopped")
}

/// Whether a process holds a lock of a file that excludes others. Only Linux tells; elsewhere none is seen.
fn holds_a_lock(pid: u32) -> bool {
    // A line is `1: POSIX  ADVISORY  WRITE 10022 fe:00:9986192 120 120`.
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let held = |line: &str| {
        let mut words = line.split_whitespace().skip(3);
        words.next() == Some("WRITE") && words.next() == Some(&pid.to_string())
    };
    locks.lines().any(held)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_under_a_new_life() -> Result<()> {
    let (world, place) = (World::real(), Place::new()?);
    let shared = Shared::new(&place)?;
    let _dir = std::fs::create_dir_all(place.dir());
    let mut sleeper = Process::start(Spec::agent(&place, "sleeper")?).await?;
    let mut other = Process::start(Spec::agent(&place, "other")?).await?;
    let awake = other.client()?;
    awake.set_cluster(&json!({"agent.timeout.ms": "2000"})).await?;
    awake.create_topic("events", 3, &json!({})).await?;
    let patience = Duration::from_secs(1);
    let agents = [sleeper.client()?.patient(patience)?, awake.patient(patience)?];
    let working = start(
        &world,
        &mixture("events", 3, Duration::from_millis(5)),
        &agents,
        &shared,
    );
    let port = sleeper.spec().port;
    for _ in 0..2 {
        world.clock.sleep(Duration::from_millis(500)).await;
        let before = wait(&world, &awake, port, |life| life.is_some()).await?;
        pause(&world, &sleeper).await?;
        wait(&world, &awake, port, |life| life.is_none()).await?;
        world.clock.sleep(Duration::from_millis(500)).await;
        sleeper.resume()?;
        let after = wait(&world, &awake, port, |life| life.is_some()).await?;
        ensure!(before != after, "the same life {before:?} after it was retired");
    }
    world.clock.sleep(Duration::from_millis(500)).await;
    finish(working, &shared).await?;
    let (ok, ..) = must_hold(&awake, "events", &shared, &place).await?;
    must_hold(&sleeper.client()?, "events", &shared, &place).await?;
    ensure!(ok > 100, "only {ok} requests were acknowledged");
    sleeper.stop().await?;
    other.stop().await?;
    crash::command::must_be_sound(&place).await?;
    place.passed();
    Ok(())
}
