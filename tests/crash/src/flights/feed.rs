//! The flights into a log and out again: by several producers, in any order between them, each carrier's in its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use world::World;

use super::Flight;
use crate::client::{Append, Appended, Client, Producer, Record};

/// Those who send the flights.
pub const PRODUCERS: usize = 4;
/// Flights of one request.
const ROWS: usize = 500;

/// The requests of each producer, in order.
pub fn requests(flights: &[Flight]) -> Vec<Vec<Bytes>> {
    let body = |rows: &[&Flight]| Bytes::from(rows.iter().map(|row| row.json.as_str()).collect::<Vec<_>>().join("\n"));
    let bodies = |rows: Vec<&Flight>| rows.chunks(ROWS).map(body).collect();
    split(flights).into_iter().map(bodies).collect()
}

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

/// Sends its batches one after another, each until it is acknowledged, by whichever agent; the number of the producer says
/// by which one first. How many were repeated.
///
/// # Errors
/// When one is refused for good, or taken by no agent for a minute.
pub async fn produce(
    world: World,
    agents: Vec<Client>,
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
            let why = match agents[turn % agents.len()].append(&append).await {
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

/// Every flight once, byte for byte, and each carrier's in the table's order. Records come by partition and offset.
///
/// # Errors
/// What is missing, doubled, changed, or out of order.
pub fn compare(flights: &[Flight], records: &[Record]) -> Result<()> {
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
