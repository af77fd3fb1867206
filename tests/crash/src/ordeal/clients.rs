//! Who works against the agents of an ordeal.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::oneshot;
use world::World;

use super::{PARTITIONS, TOPIC};
use crate::client::Client;
use crate::follower::{Committer, Follower};
use crate::workload::{Plan, Shared, Worker};

const READERS: u32 = 3;
/// A client gives up after this, and no longer knows.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts them all, with so many producers.
pub(super) async fn start(
    world: &World,
    agents: &[Client],
    shared: &Shared,
    producers: u32,
) -> Result<Vec<oneshot::Receiver<Result<()>>>> {
    let agents: Vec<Client> = agents
        .iter()
        .map(|agent| agent.patient(PATIENCE))
        .collect::<Result<_>>()?;
    let mut working = Vec::new();
    for process in 0..producers {
        let worker = Worker::new(plan(process), agents.clone(), shared.clone());
        working.push(spawn(world, "a producer", worker.run()));
    }
    for process in producers..producers + READERS {
        let follower = Follower::new(process, TOPIC, PARTITIONS, agents.clone(), shared.clone());
        working.push(spawn(world, "a reader", follower.run()));
    }
    let mut committer = Committer::new(producers + READERS, TOPIC, agents, shared.clone());
    committer.begin().await?;
    working.push(spawn(world, "a group", committer.run()));
    Ok(working)
}

/// Small requests, large ones, numbered ones and others.
fn plan(process: u32) -> Plan {
    Plan {
        process,
        topic: TOPIC.to_owned(),
        partition: (!process.is_multiple_of(3)).then_some(process % PARTITIONS),
        records_max: if process % 8 < 6 { 3 } else { 30 },
        padding: if process % 8 == 7 { 3_000 } else { 60 },
        numbered: process.is_multiple_of(2),
        pause: Duration::from_millis(if process % 8 == 7 { 50 } else { 5 }),
    }
}

fn spawn(
    world: &World,
    name: &'static str,
    work: impl Future<Output = Result<()>> + Send + 'static,
) -> oneshot::Receiver<Result<()>> {
    let (done, working) = oneshot::channel();
    world.tasks.spawn(name, async move {
        let _ = done.send(work.await);
    });
    working
}
