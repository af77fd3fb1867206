//! `kill -9` of the only process, at moments nobody chose, while clients append.

use std::time::Duration;

use anyhow::{Result, ensure};
use crash::place::Place;
use crash::process::{Process, Spec};
use crash::workload::Shared;
use serde_json::json;
use world::World;

use crate::support::{finish, mixture, must_hold, start, tell};

const KILLS: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_once() -> Result<()> {
    let (world, place) = (World::real(), Place::new()?);
    let shared = Shared::new(&place)?;
    let mut process = Process::start(Spec::dev(&place)?).await?;
    let client = process.client()?;
    client.create_topic("events", 3, &json!({})).await?;
    let plans = mixture("events", 3, Duration::from_millis(2));
    let working = start(&world, &plans, std::slice::from_ref(&client), &shared);
    let mut slowest = Duration::ZERO;
    for _ in 0..KILLS {
        world
            .clock
            .sleep(
                world
                    .chance
                    .between(Duration::from_millis(100), Duration::from_millis(900)),
            )
            .await;
        process.kill()?;
        let began = world.clock.now();
        process.restart().await?;
        slowest = slowest.max(world.clock.now() - began);
    }
    world.clock.sleep(Duration::from_millis(300)).await;
    finish(working, &shared).await?;
    let (ok, ..) = must_hold(&client, "events", &shared, &place).await?;
    ensure!(ok > 100, "only {ok} requests were acknowledged");
    process.stop().await?;
    crash::command::must_be_sound(&place).await?;
    tell(&format!("the slowest of {KILLS} starts took {slowest:?}"));
    place.passed();
    Ok(())
}
