//! The agents of an ordeal, and what can befall them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use world::{Chance, Clock, World};

use super::{AGENT_TIMEOUT, GRACE, LAKE_DELAY, PARTITIONS, TOPIC};
use crate::client::Client;
use crate::disk::SmallDisk;
use crate::lines::{Line, Lines};
use crate::place::Place;
use crate::process::{Process, Spec, free_port};
use crate::servers::Servers;
use crate::workload::{Shared, read_all};

/// What was under way when all was calm has ended after this long.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

/// What stands around the agents.
#[derive(Debug)]
enum Ground {
    /// A small disk below all of them.
    Disk(SmallDisk),
    /// Lines to servers, for each agent its own.
    Lines(Vec<Lines>),
}

/// The agents, and what can befall them.
#[derive(Debug)]
pub(super) struct Yard {
    agents: Vec<Process>,
    ground: Ground,
    clock: Clock,
    chance: Chance,
    /// What befell, and how often.
    pub(super) blows: BTreeMap<&'static str, usize>,
    /// What the lines' scripts did.
    pub(super) happened: BTreeMap<String, u64>,
}

impl Yard {
    /// Two agents on a SQLite ledger and a folder.
    pub(super) async fn on_a_disk(place: &Place, disk: SmallDisk) -> Result<Yard> {
        let specs = [Spec::agent(place, "one")?, Spec::agent(place, "other")?];
        Yard::start(specs.into(), Ground::Disk(disk)).await
    }

    /// Three agents on servers, none of which is reached but through lines of its own.
    pub(super) async fn on_servers(world: &World, place: &Place, servers: &Servers, log: &str) -> Result<Yard> {
        let (mut specs, mut laid) = (Vec::new(), Vec::new());
        for name in ["one", "two", "three"] {
            let peer_port = free_port()?;
            let lines = Lines::lay(world, servers, peer_port).await?;
            let words = [
                "--peer-addr".to_owned(),
                format!("127.0.0.1:{peer_port}"),
                "--peer-advertise".to_owned(),
                lines.peer_address().to_string(),
            ];
            let stand = lines.stand(servers, log);
            specs.push(Spec::agent_on(place, &stand, name, &words.map(OsString::from))?);
            laid.push(lines);
        }
        Yard::start(specs, Ground::Lines(laid)).await
    }

    async fn start(specs: Vec<Spec>, ground: Ground) -> Result<Yard> {
        let mut agents = Vec::new();
        for spec in specs {
            agents.push(Process::start(spec).await?);
        }
        let yard = Yard {
            agents,
            ground,
            clock: Clock::real(),
            chance: Chance::from_entropy(),
            blows: BTreeMap::new(),
            happened: BTreeMap::new(),
        };
        yard.set_up().await?;
        Ok(yard)
    }

    /// A short timeout, a short grace, much to keep up, and the topic.
    async fn set_up(&self) -> Result<()> {
        let client = self.agents[0].client()?;
        let millis = |time: Duration| time.as_millis().to_string();
        let settings: Value = json!({
            "agent.timeout.ms": millis(AGENT_TIMEOUT),
            "segment.grace.ms": millis(GRACE),
            "lake.grace.ms": millis(GRACE),
            "snapshot.entries": "500",
        });
        client.set_cluster(&settings).await?;
        let config = json!({"lake.max.delay.ms": millis(LAKE_DELAY)});
        client.create_topic(TOPIC, PARTITIONS, &config).await
    }

    /// From here on everything may go wrong.
    pub(super) fn begin(&self) -> Result<()> {
        if let Ground::Lines(all) = &self.ground {
            all.iter().try_for_each(Lines::begin_scripts)?;
        }
        Ok(())
    }

    /// Each agent as a client speaks to it.
    pub(super) fn clients(&self) -> Result<Vec<Client>> {
        self.agents.iter().map(Process::client).collect()
    }

    pub(super) async fn rest(&self, low_ms: u64, high_ms: u64) {
        let rest = (Duration::from_millis(low_ms), Duration::from_millis(high_ms));
        self.clock.sleep(self.chance.between(rest.0, rest.1)).await;
    }

    /// The next blow.
    pub(super) async fn befall(&mut self) -> Result<()> {
        let victim = self.any();
        let blow = match (&self.ground, self.chance.below(10)) {
            (Ground::Disk(_), 0..=4) | (Ground::Lines(_), 0..=2) => self.kill(victim).await?,
            (Ground::Disk(_), 5..=8) | (Ground::Lines(_), 3..=5) => self.pause(victim).await?,
            (Ground::Disk(disk), _) => {
                let ballast = disk.fill()?;
                self.rest(200, 1_500).await;
                std::fs::remove_file(&ballast).context("the ballast")?;
                "full disk"
            }
            (Ground::Lines(lines), _) => self.cut(&lines[victim]).await?,
        };
        *self.blows.entry(blow).or_default() += 1;
        Ok(())
    }

    fn any(&self) -> usize {
        usize::try_from(self.chance.below(self.agents.len() as u64)).unwrap_or_default()
    }

    /// One agent dies, or all at once.
    async fn kill(&mut self, victim: usize) -> Result<&'static str> {
        let all = self.chance.coin(0.2);
        let killed: Vec<usize> = if all {
            (0..self.agents.len()).collect()
        } else {
            vec![victim]
        };
        for agent in &killed {
            self.agents[*agent].kill()?;
        }
        self.rest(0, 500).await;
        for agent in &killed {
            self.agents[*agent].begin()?;
        }
        for agent in killed {
            self.agents[agent].watched_until_ready().await?;
        }
        Ok("kill")
    }

    /// One agent sleeps, mostly until another has retired it.
    async fn pause(&mut self, victim: usize) -> Result<&'static str> {
        self.agents[victim].pause()?;
        let timeout_ms = u64::try_from(AGENT_TIMEOUT.as_millis())?;
        self.rest(timeout_ms / 2, timeout_ms * 2).await;
        self.agents[victim].resume()?;
        Ok("pause")
    }

    /// One line of an agent is down, sometimes for longer than it takes to be retired. Others go on meanwhile, and so do
    /// blows.
    async fn cut(&self, lines: &Lines) -> Result<&'static str> {
        let (line, blow) = match self.chance.below(3) {
            0 => (Line::Ledger, "cut from its ledger"),
            1 => (Line::Store, "cut from its store"),
            _ => (Line::Peer, "cut from its peers"),
        };
        let lasts = self
            .chance
            .between(Duration::from_millis(200), AGENT_TIMEOUT.mul_f64(1.5));
        lines.cut(line, lasts, &self.chance)?;
        self.rest(0, 1_000).await;
        Ok(blow)
    }

    /// Nothing befalls anybody from here on, and whoever lives serves.
    pub(super) async fn calm(&mut self, world: &World) -> Result<()> {
        if let Ground::Lines(all) = &self.ground {
            for lines in all {
                lines.end_scripts(&mut self.happened)?;
                lines.calm(world).await?;
            }
        }
        for agent in &mut self.agents {
            agent.watched_until_ready().await?;
        }
        Ok(())
    }

    /// All agents say the same, at the very end: once what clients had given up, and what a line had held back, has come to
    /// its end too.
    pub(super) async fn last_look(&self, world: &World, shared: &Shared) -> Result<usize> {
        let deadline = world.clock.now() + SETTLED_WITHIN;
        loop {
            let mut seen = Vec::new();
            for agent in &self.agents {
                seen.push(read_all(&agent.client()?, TOPIC, shared, true).await?);
            }
            if seen.iter().all(|records| *records == seen[0]) {
                return Ok(seen[0]);
            }
            ensure!(world.clock.now() < deadline, "agents have these many records: {seen:?}");
            world.clock.sleep(Duration::from_secs(1)).await;
        }
    }

    pub(super) async fn end(&mut self) -> Result<()> {
        for agent in &mut self.agents {
            agent.stop().await?;
        }
        Ok(())
    }
}
