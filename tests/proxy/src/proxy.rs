//! A proxy as a test holds it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use world::World;

use crate::judge::Judge;
use crate::listener::{self, Port};
use crate::network::{Cut, Network};
use crate::shared::Shared;
use crate::{Config, Counts, Error, Script, control};

/// How long tasks may take to end; they are told to at once, so only a starved machine needs it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running proxy. It ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    control: Option<SocketAddr>,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts one, with tasks of its own below those of this world.
    ///
    /// # Errors
    /// When an address is not this machine's alone, a port is taken or the script cannot be followed. Nothing was started.
    pub async fn start(world: &World, config: Config) -> Result<Proxy, Error> {
        config.check()?;
        let world = world.child("fault proxy");
        let seed = config.seed.or(config.script.seed).unwrap_or_else(|| world.chance.u64());
        let now = world.clock.now();
        let judge = Judge::begin(config.script, config.mode, seed, config.latency, now)?;
        let listen = |address: SocketAddr| move |source| Error::Listen { address, source };
        let port = Port::hold(config.listen).map_err(listen(config.listen))?;
        let address = port.address;
        let first = port.listen().map_err(listen(address))?;
        let control = match config.control {
            Some(control) => Some(TcpListener::bind(control).await.map_err(listen(control))?),
            None => None,
        };
        let control_address = control.as_ref().and_then(|control| control.local_addr().ok());
        let shared = Arc::new(Shared {
            network: Network::new(world.clock.clone()),
            world,
            mode: config.mode,
            upstream: config.upstream,
            totals: Default::default(),
            seed: config.seed,
            latency: config.latency,
            judge: Mutex::new(Arc::new(judge)),
        });
        let tasks = &shared.world.tasks;
        tasks.spawn("accept", listener::accept(Arc::clone(&shared), port, first));
        if let Some(control) = control {
            tasks.spawn("control", control::serve(Arc::clone(&shared), control));
        }
        shared.schedule(&shared.judge());
        let control = control_address;
        Ok(Proxy {
            address,
            control,
            shared,
        })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is controlled from, if anywhere.
    pub fn control(&self) -> Option<SocketAddr> {
        self.control
    }

    /// The seed that everything is drawn from.
    pub fn seed(&self) -> u64 {
        self.shared.judge().seed
    }

    /// Cuts everything that passes and comes; a cut that holds is replaced.
    ///
    /// # Errors
    /// When anything but a stall has a direction. Nothing was cut.
    pub fn cut(&self, cut: Cut) -> Result<(), Error> {
        cut.check().map_err(|why| Error::script("the cut", why))?;
        self.shared.network.cut(cut);
        Ok(())
    }

    /// Ends the cut that holds. What a stall held passes then.
    pub fn heal(&self) {
        self.shared.network.heal();
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// Follows another script from now on, and says what happened until now. Requests that are under way keep the fault
    /// that was decided for them. A seed or latency that the proxy was started with stays.
    ///
    /// # Errors
    /// When the script cannot be followed. The one before still is.
    pub fn follow(&self, script: Script) -> Result<Counts, Error> {
        self.shared.replace(script)
    }

    /// Ends it: every connection is closed, and copies that wait are not delivered. What happened until then.
    pub async fn stop(self) -> Counts {
        self.shared.world.tasks.drain(PATIENCE).await;
        self.shared.counts()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.world.tasks.stop();
    }
}
