//! Many agents in one process: each as `tidelog agent` runs it, with a handle of its own to ledger and store, but without a
//! front. Linked ones speak to each other over loopback.

use std::sync::Arc;
use std::time::Duration;

use agent::peer::{ClusterSecret, TcpPeers};
use anyhow::{Context as _, Result, ensure};
use compactor::CompactorConfig;
use engine::{CreateTopicRequest, Engine, EngineConfig};
use futures::future::join_all;
use metadata::{Role, TopicNumber};
use tokio::net::TcpListener;
use world::World;

use crate::place::Place;

/// How long agents may take to know each other.
const SETTLE_MAX: Duration = Duration::from_secs(60);
/// How long agents may take to end.
const STOP_MAX: Duration = Duration::from_secs(20);
/// All agents of a run know it.
const SECRET: &str = "the secret of measured agents";

/// What an agent is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Whether agents speak to each other, so that one puts the entries of all.
    pub linked: bool,
    /// Whether they keep up too, as `tidelog agent` does when nothing else is said.
    pub compacts: bool,
}

/// Agents of one log.
#[derive(Debug)]
pub struct Agents {
    /// The agents.
    pub engines: Vec<Engine>,
    place: Place,
    kind: Kind,
    world: World,
}

impl Agents {
    /// Starts as many, and waits until each has a life and, where they are linked, all but one follow.
    ///
    /// # Errors
    /// When one does not start, or they do not find each other.
    pub async fn start(place: &Place, count: usize, kind: Kind, world: &World) -> Result<Agents> {
        let mut agents = Agents {
            engines: Vec::new(),
            place: place.clone(),
            kind,
            world: world.clone(),
        };
        agents.grow(count).await?;
        Ok(agents)
    }

    /// Starts more until there are `count`, one after another.
    ///
    /// # Errors
    /// As [`Agents::start`].
    pub async fn grow(&mut self, count: usize) -> Result<()> {
        while self.engines.len() < count {
            let engine = start(&self.place, self.kind, &self.world).await?;
            self.engines.push(engine);
        }
        let deadline = self.world.clock.now() + SETTLE_MAX;
        while !self.settled() {
            ensure!(
                self.world.clock.now() < deadline,
                "the agents do not find each other: {:?}",
                self.engines.first().map(Engine::health)
            );
            self.world.clock.sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn settled(&self) -> bool {
        let live = |engine: &Engine| engine.incarnation(Role::Agent).is_some() && engine.health().serving;
        let following = |engine: &&Engine| engine.health().follows.is_some();
        let followers = self.engines.iter().filter(following).count();
        self.engines.iter().all(live) && (!self.kind.linked || followers + 1 == self.engines.len())
    }

    /// Makes a topic, which all agents know when this returns.
    ///
    /// # Errors
    /// When it cannot be made, or an agent does not hear of it.
    pub async fn topic(&self, name: &str, partitions: u32, lane: &str) -> Result<TopicNumber> {
        let first = self.engines.first().context("an agent")?;
        let request = CreateTopicRequest {
            name: name.to_owned(),
            partitions,
            configs: [("tidelog.lane".to_owned(), lane.to_owned())].into(),
            first_offset: 0,
        };
        let (topic, _) = first.create_topic(request, "").await?;
        let (seen, deadline) = (first.seen(), self.world.clock.now() + SETTLE_MAX);
        for engine in &self.engines {
            engine.wait_for(seen, deadline).await?;
        }
        Ok(topic)
    }

    /// Ends all of them.
    pub async fn stop(self) {
        join_all(self.engines.iter().map(|engine| engine.stop(STOP_MAX))).await;
    }
}

/// Starts one, as the command does.
///
/// # Errors
/// When it does not start.
pub async fn start(place: &Place, kind: Kind, world: &World) -> Result<Engine> {
    let world = world.child("agent");
    let (ledger, store) = (place.ledger(&world).await?, place.store(&world).await?);
    let mut config = EngineConfig {
        puts_per_second: store.puts_per_second_default(),
        ..EngineConfig::default()
    };
    if kind.compacts {
        config.roles = vec![Role::Agent, Role::Compactor];
    }
    let mut listener = None;
    if kind.linked {
        let bound = TcpListener::bind("127.0.0.1:0").await?;
        let secret = ClusterSecret::new(SECRET)?;
        config.peer_address = bound.local_addr()?.to_string();
        config.peers = Some(Arc::new(TcpPeers::new(secret.clone(), world.child("peers"))));
        listener = Some((bound, secret));
    }
    let engine = Engine::start(world.child("engine"), config, ledger, store).await?;
    if let Some((bound, secret)) = listener {
        let serving = agent::peer::serve(engine.clone(), bound, secret);
        engine.world().tasks.spawn("peers", serving);
    }
    if kind.compacts {
        let upkeep = compactor::run(engine.clone(), CompactorConfig::default());
        engine.world().tasks.spawn("upkeep", upkeep);
    }
    Ok(engine)
}
