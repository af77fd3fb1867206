//! Real data through two agents that share a folder, one of which dies five times, while everything that is kept up is
//! kept up as fast as it can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use crash::clean;
use crash::client::Client;
use crash::command::{self, Upkeep};
use crash::flights::{self, Flight, feed};
use crash::place::Place;
use crash::process::{Process, Spec};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::oneshot;
use world::World;

use crate::support::tell;

const KILLS: usize = 5;
const PARTITIONS: u32 = 6;
const GRACE: Duration = Duration::from_millis(1_000);

/// Keeps the log up, again and again, until told to stop.
async fn keep_up(world: World, place: Arc<Place>, stop: Arc<AtomicBool>, done: Arc<Mutex<Vec<Upkeep>>>) -> Result<()> {
    while !stop.load(Ordering::SeqCst) {
        let upkeep = command::upkeep(&place).await?;
        done.lock().push(upkeep);
        world.clock.sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn spawn<T: Send + 'static>(
    world: &World,
    name: &'static str,
    future: impl Future<Output = T> + Send + 'static,
) -> oneshot::Receiver<T> {
    let (done, waits) = oneshot::channel();
    world.tasks.spawn(name, async move {
        let _ = done.send(future.await);
    });
    waits
}

/// Kills an agent each time another sixth of the batches is acknowledged.
async fn kill(world: &World, victim: &mut Process, sent: &AtomicUsize, batches: usize) -> Result<()> {
    for number in 1..=KILLS {
        while sent.load(Ordering::SeqCst) < batches * number / (KILLS + 1) {
            world.clock.sleep(Duration::from_millis(5)).await;
        }
        victim.kill()?;
        world.clock.sleep(Duration::from_millis(200)).await;
        victim.restart().await?;
    }
    Ok(())
}

async fn read_back(flights: &[Flight], agents: &[Client; 2]) -> Result<()> {
    for client in agents {
        let mut by_offset = Vec::with_capacity(flights.len());
        for partition in 0..PARTITIONS {
            by_offset.extend(client.read_partition("flights", partition).await?);
        }
        feed::compare(flights, &by_offset)?;
    }
    feed::compare(flights, &agents[1].read_topic("flights").await?)
}

/// What was done while the producers ran.
fn must_have_been_kept_up(done: &[Upkeep]) -> Result<()> {
    let sum = |of: fn(&Upkeep) -> u64| done.iter().map(of).sum::<u64>();
    let snapshots = sum(|upkeep| u64::from(upkeep.snapshot_position.is_some()));
    let bases = sum(|upkeep| u64::from(upkeep.base_position.is_some()));
    let (entries, objects) = (
        sum(|upkeep| upkeep.entries_deleted),
        sum(|upkeep| upkeep.objects_deleted),
    );
    let failures: Vec<&String> = done.iter().flat_map(|upkeep| &upkeep.failures).collect();
    tell(&format!(
        "{} passes of upkeep: {snapshots} snapshots, {bases} moves of the base, {entries} entries and {objects} objects deleted, {failures:?}",
        done.len()
    ));
    ensure!(
        snapshots > 0 && bases > 0 && entries > 0 && objects > 0,
        "upkeep did not run: {done:#?}"
    );
    ensure!(failures.is_empty(), "upkeep failed: {failures:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flight_once_and_in_order() -> Result<()> {
    let flights = flights::load()?;
    let (world, place) = (World::real(), Arc::new(Place::new()?));
    std::fs::create_dir_all(place.dir())?;
    let mut victim = Process::start(Spec::agent(&place, "victim")?).await?;
    let mut other = Process::start(Spec::agent(&place, "other")?).await?;
    let agents = [victim.client()?, other.client()?];
    agents[0].create_topic("flights", PARTITIONS, &json!({})).await?;
    let grace = GRACE.as_millis().to_string();
    agents[1]
        .set_cluster(&json!({"segment.grace.ms": grace, "lake.grace.ms": grace, "snapshot.entries": "50"}))
        .await?;

    let (stop, kept_up) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let keeping_up = spawn(
        &world,
        "upkeep",
        keep_up(
            world.clone(),
            Arc::clone(&place),
            Arc::clone(&stop),
            Arc::clone(&kept_up),
        ),
    );
    let sent = Arc::new(AtomicUsize::new(0));
    let (mut producing, mut batches, began) = (Vec::new(), 0, world.clock.now());
    for (number, bodies) in feed::requests(&flights).into_iter().enumerate() {
        batches += bodies.len();
        producing.push(spawn(
            &world,
            "a producer",
            feed::produce(world.clone(), agents.to_vec(), number, bodies, Arc::clone(&sent)),
        ));
    }
    kill(&world, &mut victim, &sent, batches).await?;
    let mut repeats = 0;
    for producer in producing {
        repeats += producer.await??;
    }
    let took = world.clock.now() - began;
    let rate = flights.len() as f64 / took.as_secs_f64();
    tell(&format!(
        "{} flights in {batches} requests and {repeats} repeats: {took:.2?}, {rate:.0} a second",
        flights.len()
    ));

    let began = world.clock.now();
    read_back(&flights, &agents).await?;
    tell(&format!("read three times in {:.2?}", world.clock.now() - began));
    stop.store(true, Ordering::SeqCst);
    keeping_up.await??;
    must_have_been_kept_up(&kept_up.lock())?;
    command::must_be_sound(&place).await?;
    victim.stop().await?;
    other.stop().await?;
    tell(&format!(
        "clean: {}",
        clean::must_be(&world, &place, GRACE).await?.checked
    ));
    // What the sweeps left is all of it.
    other.restart().await?;
    read_back(&flights, &[agents[1].clone(), agents[1].clone()]).await?;
    place.passed();
    Ok(())
}
