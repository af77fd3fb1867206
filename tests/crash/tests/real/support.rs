//! What several tests do alike.

use std::time::Duration;

use anyhow::{Result, ensure};
use crash::client::{Append, Appended, Client};
use crash::command;
use crash::place::Place;
use crash::verdict;
use crash::workload::{Plan, Shared, Worker, read_all};
use tokio::sync::oneshot;
use world::World;

/// A client that appends to a topic, beside the test.
pub(crate) type Working = oneshot::Receiver<Result<()>>;

/// Starts one client after another.
pub(crate) fn start(world: &World, plans: &[Plan], agents: &[Client], shared: &Shared) -> Vec<Working> {
    let start = |plan: &Plan| {
        let (done, working) = oneshot::channel();
        let worker = Worker::new(plan.clone(), agents.to_vec(), shared.clone());
        world.tasks.spawn("a client", async move {
            let _ = done.send(worker.run().await);
        });
        working
    };
    plans.iter().map(start).collect()
}

/// Tells clients to stop, and waits until they have.
pub(crate) async fn finish(working: Vec<Working>, shared: &Shared) -> Result<()> {
    shared.stop();
    for worker in working {
        worker.await??;
    }
    Ok(())
}

/// A mixture of clients: large and small requests, numbered or not.
pub(crate) fn mixture(topic: &str, partitions: u32, pause: Duration) -> Vec<Plan> {
    let plan = |process: u32| Plan {
        process,
        topic: topic.to_owned(),
        partition: (!process.is_multiple_of(3)).then_some(process % partitions),
        records_max: 20,
        padding: if process < 6 { 100 } else { 8_000 },
        numbered: process.is_multiple_of(2),
        pause,
    };
    (0..8).map(plan).collect()
}

/// What clients were told is what the log holds; what is there is sound.
pub(crate) async fn must_hold(
    client: &Client,
    topic: &str,
    shared: &Shared,
    place: &Place,
) -> Result<(usize, usize, usize)> {
    let records = read_all(client, topic, shared, true).await?;
    verdict::must_hold(place, shared)?;
    command::must_be_sound(place).await?;
    let counts = shared.history.sends();
    let (ok, fail, info) = counts;
    tell(&format!(
        "{topic}: {ok} acknowledged, {fail} refused, {info} unknown, {records} records"
    ));
    Ok(counts)
}

/// A line of the test's own.
pub(crate) fn tell(line: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
}

/// Appends one JSON value, which has to be taken. Its offset.
pub(crate) async fn append_one(client: &Client, to: &str, value: String) -> Result<u64> {
    let append = Append {
        to,
        media_type: "application/x-ndjson",
        body: value.into(),
        producer: None,
    };
    match client.append(&append).await {
        Appended::Ok { acks, .. } => {
            ensure!(acks.len() == 1, "{acks:?}");
            Ok(acks[0].base_offset)
        }
        other => anyhow::bail!("{to}: {other:?}"),
    }
}
