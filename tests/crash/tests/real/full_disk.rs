//! A disk without room: appends are refused and say so, reads go on, and room makes it well again.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use crash::disk::SmallDisk;
use crash::place::Place;
use crash::process::{Process, Spec};
use crash::workload::{Ended, Plan, Shared, Worker, read_all};
use serde_json::json;
use world::World;

use crate::support::must_hold;

fn plan(process: u32, padding: usize) -> Plan {
    Plan {
        process,
        topic: "events".to_owned(),
        partition: Some(process % 2),
        records_max: 3,
        padding,
        numbered: false,
        pause: Duration::ZERO,
    }
}

fn is_ok(ended: &Ended) -> bool {
    matches!(ended, Ended::Ok(_))
}

/// Appends until it is refused for want of room. How often it was taken until then.
async fn until_full(worker: &mut Worker) -> Result<usize> {
    for taken in 0..2_000 {
        match worker.once().await? {
            Ended::Ok(_) => {}
            Ended::Fail(code) => {
                ensure!(code == "storage_full", "refused as {code}");
                return Ok(taken);
            }
            Ended::Info(why) => anyhow::bail!("a full disk leaves nothing unknown: {why}"),
        }
    }
    anyhow::bail!("a full disk takes everything")
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_are_refused_and_reads_go_on() -> Result<()> {
    let (world, outer) = (World::real(), Place::new()?);
    let shared = Shared::new(&outer)?;
    let disk = SmallDisk::mount(&outer.dir(), 32)?;
    let mut process = Process::start(Spec::dev(&outer)?).await?;
    let client = process.client()?;
    client.create_topic("events", 2, &json!({})).await?;
    let worker = |process, padding| Worker::new(plan(process, padding), vec![client.clone()], shared.clone());
    let (mut small, mut large) = (worker(0, 100), worker(1, 100_000));
    for _ in 0..10 {
        ensure!(
            is_ok(&small.once().await?) && is_ok(&large.once().await?),
            "there is room"
        );
    }
    let ballast = disk.fill()?;
    until_full(&mut large).await?;
    until_full(&mut small).await?;
    let before = read_all(&client, "events", &shared, false)
        .await
        .context("a full disk is read")?;
    ensure!(before >= 20, "{before} records");
    // Still full, and still serving, some time later.
    world.clock.sleep(Duration::from_secs(3)).await;
    until_full(&mut large).await?;
    ensure!(
        read_all(&client, "events", &shared, false).await? >= before,
        "records went"
    );
    std::fs::remove_file(&ballast)?;
    for worker in [&mut small, &mut large] {
        must_recover(&world, worker).await?;
    }
    must_hold(&client, "events", &shared, &outer).await?;
    process.stop().await?;
    crash::command::must_be_sound(&outer).await?;
    drop(process);
    drop(disk);
    outer.passed();
    Ok(())
}

/// Writes work again before long, without anybody's help.
async fn must_recover(world: &World, worker: &mut Worker) -> Result<()> {
    let deadline = world.clock.now() + Duration::from_secs(10);
    while !is_ok(&worker.once().await?) {
        ensure!(
            world.clock.now() < deadline,
            "still refused ten seconds after there is room"
        );
        world.clock.sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
