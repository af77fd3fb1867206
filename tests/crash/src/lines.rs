//! The network of one agent: a fault proxy before each of what it speaks to. Their scripts do what happens to single
//! requests and connections; [`Lines::cut`] takes a whole line down.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, bail};
use proxy::{Config, Counts, Cut, Direction, How, Mode, Proxy, Script};
use world::{Chance, World};

use crate::servers::Servers;
use crate::stand::Stand;

const STORE: &str = include_str!("lines/store.toml");
const DYNAMODB: &str = include_str!("lines/dynamodb.toml");
const CONNECTION: &str = include_str!("lines/connection.toml");

/// For how long copies of requests may be under way when everything has ended.
const COPIES_LAST: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// What one agent speaks through.
#[derive(Debug)]
pub struct Lines {
    /// None when the ledger is in the store.
    ledger: Option<(Mode, Proxy)>,
    store: Proxy,
    /// Before the agent: those who follow it come through here.
    peer: Proxy,
}

/// One of an agent's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// To its ledger.
    Ledger,
    /// To its store.
    Store,
    /// To it, from other agents.
    Peer,
}

impl Lines {
    /// Lays them for an agent that listens for others at a port. Nothing goes wrong on them yet.
    ///
    /// # Errors
    /// When a proxy does not start.
    pub async fn lay(world: &World, servers: &Servers, peer_port: u16) -> Result<Lines> {
        let start = async |mode, upstream| Proxy::start(world, Config::new(mode, upstream)).await;
        let ledger = match servers.ledger_mode() {
            None => None,
            Some(mode) => Some((mode, start(mode, servers.ledger_at).await?)),
        };
        let peer_at = SocketAddr::from((Ipv4Addr::LOCALHOST, peer_port));
        Ok(Lines {
            ledger,
            store: start(Mode::Http, servers.store_at).await?,
            peer: start(Mode::Tcp, peer_at).await?,
        })
    }

    /// From here on single requests and connections suffer.
    ///
    /// # Errors
    /// When a script cannot be followed.
    pub fn begin_scripts(&self) -> Result<()> {
        if let Some((mode, ledger)) = &self.ledger {
            ledger.follow(match mode {
                Mode::Http => Script::parse(DYNAMODB)?,
                Mode::Tcp => connection("ledger")?,
            })?;
        }
        self.store.follow(Script::parse(STORE)?)?;
        self.peer.follow(connection("peer")?)?;
        Ok(())
    }

    /// A log as it is reached through them.
    pub fn stand(&self, servers: &Servers, log: &str) -> Stand {
        let store_at = self.store.address();
        let ledger_at = self.ledger.as_ref().map_or(store_at, |(_, proxy)| proxy.address());
        servers.through(log, ledger_at, store_at)
    }

    /// Where other agents are to come.
    pub fn peer_address(&self) -> SocketAddr {
        self.peer.address()
    }

    /// Takes one of them down for a time, in one of the ways in which a network fails.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn cut(&self, line: Line, lasts: Duration, chance: &Chance) -> Result<()> {
        let proxy = match line {
            Line::Ledger => self.ledger.as_ref().map_or(&self.store, |(_, proxy)| proxy),
            Line::Store => &self.store,
            Line::Peer => &self.peer,
        };
        let (how, direction) = match chance.below(5) {
            0 => (How::Stall, Direction::Both),
            1 => (How::Stall, Direction::Up),
            2 => (How::Stall, Direction::Down),
            3 => (How::Reset, Direction::Both),
            _ => (How::Refuse, Direction::Both),
        };
        let cut = Cut {
            direction,
            ..Cut::new(how).lasting(lasts)
        };
        proxy.cut(cut)?;
        Ok(())
    }

    /// From here on nothing goes wrong, and what was held back has arrived.
    ///
    /// # Errors
    /// When copies of requests stay under way.
    pub async fn calm(&self, world: &World) -> Result<()> {
        let deadline = world.clock.now() + COPIES_LAST;
        for proxy in self.all() {
            proxy.heal();
            while proxy.counts().copies_waiting > 0 {
                if world.clock.now() > deadline {
                    bail!("copies that never arrive: {:?}", proxy.counts());
                }
                world.clock.sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// The scripts end, and how often each of their faults happened is added. A cut that holds goes on.
    ///
    /// # Errors
    /// When a proxy refuses.
    pub fn end_scripts(&self, happened: &mut BTreeMap<String, u64>) -> Result<()> {
        for proxy in self.all() {
            let Counts { rules, .. } = proxy.follow(Script::default())?;
            for rule in rules {
                *happened.entry(rule.name).or_default() += rule.happened;
            }
        }
        Ok(())
    }

    fn all(&self) -> impl Iterator<Item = &Proxy> {
        self.ledger
            .iter()
            .map(|(_, proxy)| proxy)
            .chain([&self.store, &self.peer])
    }
}

/// What happens to connections, counted by a name.
fn connection(name: &str) -> Result<Script> {
    Ok(Script::parse(&CONNECTION.replace("NAME", name))?)
}
