//! Real data through two agents that share a folder, one of which dies five times, while everything that is kept up is
//! kept up as fast as it can be.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use crash::clean;
use crash::client::{Append, Appended, Client, Producer, Record};
use crash::command::{self, Upkeep};
use crash::flights::{self, Flight};
use crash::place::Place;
use crash::process::{Process, Spec};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::oneshot;
use world::World;

use crate::support::tell;

const PRODUCERS: usize = 4;
const ROWS: usize = 500;
const KILLS: usize = 5;
const PARTITIONS: u32 = 6;
const GRACE: Duration = Duration::from_millis(1_000);

/// The rows of each producer, in order. A carrier belongs to one, or its order would be nobody's.
fn split(flights: &[Flight]) -> Vec<Vec<&Flight>> {
    let mut rows: BTreeMap<&str, Vec<&Flight>> = BTreeMap::new();
    for flight in flights {
        rows.entry(&flight.carrier).or_default().push(flight);
    }
    let mut carriers: Vec<Vec<&Flight>> = rows.into_values().collect();
    carriers.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let mut split: Vec<Vec<Vec<&Flight>>> = vec![Vec::new(); PRODUCERS];
    for carrier in carriers {
        let least = split
            .iter_mut()
            .min_by_key(|rows| rows.iter().map(Vec::len).sum::<usize>());
        least.expect("there are producers").push(carrier);
    }
    // The year's order within a producer, so that a batch is of many carriers and partitions.
    split.into_iter().map(interleave).collect()
}

fn interleave(carriers: Vec<Vec<&Flight>>) -> Vec<&Flight> {
    let total: usize = carriers.iter().map(Vec::len).sum();
    let mut queues: Vec<(usize, VecDeque<&Flight>)> =
        carriers.into_iter().map(|rows| (rows.len(), rows.into())).collect();
    let mut rows = Vec::with_capacity(total);
    while rows.len() < total {
        // Whoever is least far.
        let next = queues.iter_mut().filter(|(_, rows)| !rows.is_empty());
        let next = next.min_by_key(|(all, rows)| (all - rows.len()) * 1_000_000 / all);
        rows.extend(next.and_then(|(_, rows)| rows.pop_front()));
    }
    rows
}

/// Sends its batches one after another, each until it is acknowledged, by whichever agent.
async fn produce(
    world: World,
    agents: [Client; 2],
    number: usize,
    batches: Vec<Bytes>,
    sent: Arc<AtomicUsize>,
) -> Result<usize> {
    let (mut turn, mut repeats) = (number, 0);
    for (sequence, body) in (0..).zip(batches) {
        let deadline = world.clock.now() + Duration::from_secs(60);
        loop {
            let append = Append {
                to: "flights?key_path=$.carrier",
                media_type: "application/x-ndjson",
                body: body.clone(),
                producer: Some(Producer {
                    id: format!("producer-{number}"),
                    epoch: 0,
                    sequence,
                }),
            };
            let why = match agents[turn % 2].append(&append).await {
                Appended::Ok { acks, .. } => {
                    ensure!(!acks.is_empty(), "too old a repeat of what is the last request");
                    break;
                }
                Appended::Refused(refusal) if matches!(refusal.status, None | Some(503 | 504)) => refusal.code,
                Appended::Refused(refusal) => bail!("{refusal:?}"),
                Appended::Unknown(why) => why,
            };
            ensure!(world.clock.now() < deadline, "no agent takes batch {sequence}: {why}");
            (turn, repeats) = (turn + 1, repeats + 1);
            world.clock.sleep(Duration::from_millis(20)).await;
        }
        sent.fetch_add(1, Ordering::SeqCst);
    }
    Ok(repeats)
}

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

/// Every flight once, byte for byte, and each carrier's in the table's order.
fn compare(flights: &[Flight], records: &[Record]) -> Result<()> {
    ensure!(
        records.len() == flights.len(),
        "{} records of {} flights",
        records.len(),
        flights.len()
    );
    let mut expected: HashMap<&str, VecDeque<&str>> = HashMap::new();
    for flight in flights {
        expected.entry(&flight.carrier).or_default().push_back(&flight.json);
    }
    let mut partitions: HashMap<&str, u32> = HashMap::new();
    let mut next: HashMap<u32, u64> = HashMap::new();
    for record in records {
        let key = record.key.as_deref().unwrap_or_default();
        let row = expected.get_mut(key).and_then(VecDeque::pop_front);
        ensure!(row == Some(&record.value), "{key}: {record:?} for {row:?}");
        ensure!(
            *partitions.entry(key).or_insert(record.partition) == record.partition,
            "{key} is in two partitions"
        );
        let next = next.entry(record.partition).or_default();
        ensure!(record.offset == *next, "{record:?} where {next} comes");
        *next += 1;
    }
    ensure!(expected.values().all(VecDeque::is_empty), "flights are missing");
    Ok(())
}

async fn read_back(flights: &[Flight], agents: &[Client; 2]) -> Result<()> {
    for client in agents {
        let mut by_offset = Vec::with_capacity(flights.len());
        for partition in 0..PARTITIONS {
            by_offset.extend(client.read_partition("flights", partition).await?);
        }
        compare(flights, &by_offset)?;
    }
    compare(flights, &agents[1].read_topic("flights").await?)
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
        .set_cluster(&json!({"segment.grace.ms": grace, "snapshot.entries": "50"}))
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
    for (number, rows) in split(&flights).into_iter().enumerate() {
        let body =
            |rows: &[&Flight]| Bytes::from(rows.iter().map(|row| row.json.as_str()).collect::<Vec<_>>().join("\n"));
        let bodies: Vec<Bytes> = rows.chunks(ROWS).map(body).collect();
        batches += bodies.len();
        producing.push(spawn(
            &world,
            "a producer",
            produce(world.clone(), agents.clone(), number, bodies, Arc::clone(&sent)),
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
