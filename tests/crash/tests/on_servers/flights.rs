//! Real data through four agents at once, on each ledger.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context as _, Result};
use crash::flights::{self, feed};
use crash::place::Place;
use crash::process::{Process, Spec};
use crash::servers::{LedgerServer, Servers, StoreServer, fresh_name};
use crash::{clean, command};
use serde_json::json;
use world::World;

const AGENTS: usize = feed::PRODUCERS;
const PARTITIONS: u32 = 8;
const GRACE: Duration = Duration::from_secs(1);

async fn through_four(ledger: LedgerServer) -> Result<()> {
    let (world, flights) = (World::real(), flights::load()?);
    let servers = Servers::from_environment(ledger, StoreServer::Seaweedfs)?;
    servers.furnish().await?;
    let place = Place::on(servers.stand(&fresh_name("flights")))?;
    let mut agents = Vec::new();
    for number in 0..AGENTS {
        agents.push(Process::start(Spec::agent(&place, &format!("agent-{number}"))?).await?);
    }
    let clients = agents.iter().map(Process::client).collect::<Result<Vec<_>>>()?;
    let grace = GRACE.as_millis().to_string();
    let settings = json!({"segment.grace.ms": grace, "lake.grace.ms": grace});
    clients[0].set_cluster(&settings).await?;
    clients[1].create_topic("flights", PARTITIONS, &json!({})).await?;

    let sent = Arc::new(AtomicUsize::new(0));
    let began = world.clock.now();
    let producing = feed::requests(&flights)
        .into_iter()
        .enumerate()
        .map(|(number, bodies)| {
            let sent = Arc::clone(&sent);
            feed::produce(world.clone(), clients.clone(), number, bodies, sent)
        });
    let repeats: usize = futures::future::try_join_all(producing).await?.into_iter().sum();
    let took = world.clock.now() - began;
    for client in &clients {
        let mut records = Vec::with_capacity(flights.len());
        for partition in 0..PARTITIONS {
            records.extend(client.read_partition("flights", partition).await?);
        }
        feed::compare(&flights, &records).context("as one of the agents has it")?;
    }
    for agent in &mut agents {
        agent.stop().await?;
    }
    command::must_be_sound(&place).await?;
    let clean = clean::must_be(&world, &place, GRACE).await?;
    let said = format!(
        "{} flights, {repeats} repeats, {took:.2?}; {}\n",
        flights.len(),
        clean.checked
    );
    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes())?;
    place.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() -> Result<()> {
    through_four(LedgerServer::Postgres).await
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb() -> Result<()> {
    through_four(LedgerServer::Dynamodb).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_on_seaweedfs() -> Result<()> {
    through_four(LedgerServer::Bucket).await
}
