//! Two agents on one ledger and one folder, clients that append, read and commit, and everything that befalls a process:
//! killed, paused for longer than any timeout, left without disk. What the clients did is a history, and has to be one
//! without an anomaly.
//!
//! Figures that are missed fail it too: too few operations, or too few of them acknowledged, show nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::sync::oneshot;
use world::{Chance, Clock, World};

use crate::client::Client;
use crate::disk::SmallDisk;
use crate::follower::{Committer, Follower};
use crate::place::Place;
use crate::process::{Process, Spec};
use crate::workload::{Plan, Shared, Worker, read_all};
use crate::{command, verdict};

const TOPIC: &str = "events";
const PARTITIONS: u32 = 4;
/// Silence after which an agent is retired: pauses are longer.
const AGENT_TIMEOUT: Duration = Duration::from_secs(2);
/// A client gives up after this, and no longer knows.
const PATIENCE: Duration = Duration::from_secs(1);
/// The small disk. What is appended in a minute fits.
const DISK_MIB: u64 = 1_024;

/// How much, for how long.
#[derive(Clone, Copy, Debug)]
pub struct Ordeal {
    /// For how long clients work.
    pub lasts: Duration,
    /// Fewer kills and pauses than this fail it.
    pub blows_min: usize,
    /// Fewer operations than this fail it.
    pub operations_min: usize,
}

impl Ordeal {
    /// As many as the whole length should have: ten blows and 20,000 operations in a minute.
    pub fn during(lasts: Duration) -> Ordeal {
        let share = lasts.as_secs_f64() / 60.0;
        Ordeal {
            lasts,
            blows_min: (10.0 * share) as usize,
            operations_min: (20_000.0 * share) as usize,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// What befell, and how often.
    pub blows: BTreeMap<&'static str, usize>,
    /// Operations of clients.
    pub operations: usize,
    /// Those that were acknowledged.
    pub acknowledged: usize,
    /// Sends that were definitely refused.
    pub refused: usize,
    /// Sends of which nobody knows.
    pub unknown: usize,
    /// Records in the log at the end.
    pub records: usize,
}

impl Report {
    fn must_suffice(&self, ordeal: &Ordeal) -> Result<()> {
        let blows = self.blows.get("kill").unwrap_or(&0) + self.blows.get("pause").unwrap_or(&0);
        ensure!(blows >= ordeal.blows_min, "only {blows} kills and pauses: {self:#?}");
        ensure!(
            self.operations >= ordeal.operations_min,
            "too few operations: {self:#?}"
        );
        let share = self.acknowledged as f64 / self.operations as f64;
        ensure!(
            share >= 0.6,
            "only {share:.2} of the operations acknowledged: {self:#?}"
        );
        Ok(())
    }
}

/// Runs one.
///
/// # Errors
/// What is wrong with the history, the log, or the figures.
pub async fn run(ordeal: Ordeal) -> Result<Report> {
    let (world, place) = (World::real(), Place::new()?);
    let shared = Shared::new(&place)?;
    let disk = SmallDisk::mount(&place.dir(), DISK_MIB)?;
    let mut yard = Yard::start(&place, disk).await?;
    let working = yard.clients(&world, &shared).await?;
    let deadline = world.clock.now() + ordeal.lasts;
    while world.clock.now() < deadline {
        yard.rest(100, 1_500).await;
        yard.befall().await?;
    }
    shared.stop();
    for worker in working {
        worker.await??;
    }
    let records = yard.last_look(&shared).await?;
    verdict::must_hold(&place, &shared)?;
    command::must_be_sound(&place).await?;
    let report = report(&shared, yard.blows.clone(), records);
    yard.end().await?;
    command::must_be_sound(&place).await?;
    report.must_suffice(&ordeal)?;
    place.passed();
    Ok(report)
}

fn report(shared: &Shared, blows: BTreeMap<&'static str, usize>, records: usize) -> Report {
    let (sent, refused, unknown) = shared.history.sends();
    let (asked, answered) = shared.others();
    Report {
        blows,
        operations: sent + refused + unknown + asked,
        acknowledged: sent + answered,
        refused,
        unknown,
        records,
    }
}

/// The agents, and what can befall them.
struct Yard {
    agents: [Process; 2],
    disk: SmallDisk,
    clock: Clock,
    chance: Chance,
    blows: BTreeMap<&'static str, usize>,
}

impl Yard {
    async fn start(place: &Place, disk: SmallDisk) -> Result<Yard> {
        let one = Process::start(Spec::agent(place, "one")?).await?;
        let other = Process::start(Spec::agent(place, "other")?).await?;
        let client = one.client()?;
        let timeout = AGENT_TIMEOUT.as_millis().to_string();
        let settings = json!({"agent.timeout.ms": timeout, "segment.grace.ms": "1000", "snapshot.entries": "500"});
        client.set_cluster(&settings).await?;
        client.create_topic(TOPIC, PARTITIONS, &json!({})).await?;
        Ok(Yard {
            agents: [one, other],
            disk,
            clock: Clock::real(),
            chance: Chance::from_entropy(),
            blows: BTreeMap::new(),
        })
    }

    /// Starts everybody who works against the agents.
    async fn clients(&self, world: &World, shared: &Shared) -> Result<Vec<oneshot::Receiver<Result<()>>>> {
        let agents: Vec<Client> = self
            .agents
            .iter()
            .map(|agent| agent.client()?.patient(PATIENCE))
            .collect::<Result<_>>()?;
        let mut working = Vec::new();
        for process in 0..8 {
            let worker = Worker::new(plan(process), agents.clone(), shared.clone());
            working.push(spawn(world, "a producer", worker.run()));
        }
        for process in 8..11 {
            let follower = Follower::new(process, TOPIC, PARTITIONS, agents.clone(), shared.clone());
            working.push(spawn(world, "a reader", follower.run()));
        }
        let mut committer = Committer::new(11, TOPIC, agents, shared.clone());
        committer.begin().await?;
        working.push(spawn(world, "a group", committer.run()));
        Ok(working)
    }

    async fn rest(&self, low_ms: u64, high_ms: u64) {
        let rest = (Duration::from_millis(low_ms), Duration::from_millis(high_ms));
        self.clock.sleep(self.chance.between(rest.0, rest.1)).await;
    }

    async fn befall(&mut self) -> Result<()> {
        let victim = usize::from(self.chance.coin(0.5));
        let blow = match self.chance.below(10) {
            0..=4 => self.kill(victim).await?,
            5..=8 => self.pause(victim).await?,
            _ => self.fill().await?,
        };
        *self.blows.entry(blow).or_default() += 1;
        Ok(())
    }

    /// One agent dies, or both at once.
    async fn kill(&mut self, victim: usize) -> Result<&'static str> {
        let both = self.chance.coin(0.2);
        let killed: Vec<usize> = if both { vec![0, 1] } else { vec![victim] };
        for agent in &killed {
            self.agents[*agent].kill()?;
        }
        self.rest(0, 500).await;
        for agent in &killed {
            self.agents[*agent].begin()?;
        }
        for agent in killed {
            self.agents[agent].ready().await?;
        }
        Ok("kill")
    }

    /// One agent sleeps, mostly until the other has retired it.
    async fn pause(&mut self, victim: usize) -> Result<&'static str> {
        self.agents[victim].pause()?;
        let timeout_ms = u64::try_from(AGENT_TIMEOUT.as_millis())?;
        self.rest(timeout_ms / 2, timeout_ms * 2).await;
        self.agents[victim].resume()?;
        Ok("pause")
    }

    /// The disk has no room for a while.
    async fn fill(&mut self) -> Result<&'static str> {
        let ballast = self.disk.fill()?;
        self.rest(200, 1_500).await;
        std::fs::remove_file(&ballast).context("the ballast")?;
        Ok("full disk")
    }

    /// Both agents say the same, at the very end.
    async fn last_look(&mut self, shared: &Shared) -> Result<usize> {
        let first = read_all(&self.agents[0].client()?, TOPIC, shared, true).await?;
        let second = read_all(&self.agents[1].client()?, TOPIC, shared, true).await?;
        ensure!(first == second, "one agent has {first} records, the other {second}");
        Ok(first)
    }

    async fn end(&mut self) -> Result<()> {
        for agent in &mut self.agents {
            agent.stop().await?;
        }
        Ok(())
    }
}

/// Small requests, large ones, numbered ones and others.
fn plan(process: u32) -> Plan {
    Plan {
        process,
        topic: TOPIC.to_owned(),
        partition: (!process.is_multiple_of(3)).then_some(process % PARTITIONS),
        records_max: if process < 6 { 3 } else { 30 },
        padding: if process == 7 { 3_000 } else { 60 },
        numbered: process.is_multiple_of(2),
        pause: Duration::from_millis(if process == 7 { 50 } else { 5 }),
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
