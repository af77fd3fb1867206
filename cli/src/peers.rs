//! How agents of one cluster reach each other.

use std::path::PathBuf;
use std::sync::Arc;

use agent::peer::{ClusterSecret, TcpPeers};
use anyhow::{Context as _, Result};
use clap::Args;
use engine::{Engine, EngineConfig, Peers};
use tokio::net::TcpListener;
use world::World;

use crate::exit::Ended;
use crate::serve;

/// How other agents reach this one and are reached. With these, one agent puts the entries of all, and the others hand it
/// theirs; without them every agent puts its own.
#[derive(Debug, Clone, Args)]
pub(crate) struct PeerArgs {
    /// Where other agents reach this one; needs the cluster's secret
    #[arg(long, value_name = "HOST:PORT", env = "TIDELOG_PEER_ADDR")]
    peer_addr: Option<String>,
    /// The peer address that others are told; by default the one bound
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "TIDELOG_PEER_ADVERTISE",
        requires = "peer_addr"
    )]
    peer_advertise: Option<String>,
    #[command(flatten)]
    secret: SecretArgs,
}

/// What all agents of a cluster know. It comes from the environment or a file: a command line is seen by others.
#[derive(Debug, Clone, Args)]
pub(crate) struct SecretArgs {
    /// A file with the cluster's secret, at least sixteen bytes; or the variable TIDELOG_CLUSTER_SECRET
    #[arg(long, value_name = "FILE", env = "TIDELOG_CLUSTER_SECRET_FILE")]
    cluster_secret_file: Option<PathBuf>,
    #[arg(long, hide = true, env = "TIDELOG_CLUSTER_SECRET", hide_env_values = true)]
    cluster_secret: Option<String>,
}

/// What was opened for other agents.
#[derive(Debug)]
pub(crate) struct Opened {
    listener: Option<(TcpListener, String)>,
    secret: Option<ClusterSecret>,
    peers: Option<Arc<dyn Peers>>,
}

impl PeerArgs {
    /// Reads the secret and binds the address.
    pub(crate) async fn open(&self, insecure: bool, world: &World) -> Result<Opened> {
        let secret = self.secret.read()?;
        if self.peer_addr.is_some() && secret.is_none() {
            let what = "--peer-addr needs the cluster's secret: TIDELOG_CLUSTER_SECRET or --cluster-secret-file";
            return Err(Ended::usage(what).into());
        }
        let listener = match &self.peer_addr {
            None => None,
            Some(address) => {
                let listener = serve::bind(address, insecure).await?;
                let advertised = serve::advertised(self.peer_advertise.as_deref(), listener.local_addr()?);
                if advertised.is_empty() {
                    let what = "--peer-addr means every address of this machine; say with --peer-advertise which one others reach";
                    return Err(Ended::usage(what).into());
                }
                Some((listener, advertised))
            }
        };
        Ok(Opened {
            listener,
            peers: reached(secret.clone(), world),
            secret,
        })
    }
}

fn reached(secret: Option<ClusterSecret>, world: &World) -> Option<Arc<dyn Peers>> {
    secret.map(|secret| Arc::new(TcpPeers::new(secret, world.child("peers"))) as Arc<dyn Peers>)
}

impl SecretArgs {
    /// How a process that serves nobody reaches agents, if it knows the secret.
    pub(crate) fn peers(&self, world: &World) -> Result<Option<Arc<dyn Peers>>> {
        Ok(reached(self.read()?, world))
    }

    fn read(&self) -> Result<Option<ClusterSecret>> {
        let text = match (&self.cluster_secret, &self.cluster_secret_file) {
            (Some(text), None) => text.clone(),
            (None, Some(file)) => std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the cluster's secret from {}", file.display()))?,
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(Ended::usage("the cluster's secret is given twice, by its variable and by a file").into());
            }
        };
        match ClusterSecret::new(&text) {
            Ok(secret) => Ok(Some(secret)),
            Err(error) => Err(Ended::usage(error.to_string()).into()),
        }
    }
}

impl Opened {
    /// Tells the engine.
    pub(crate) fn configure(&self, config: &mut EngineConfig) {
        config.peers.clone_from(&self.peers);
        if let Some((_, advertised)) = &self.listener {
            config.peer_address.clone_from(advertised);
        }
    }

    /// Serves those who follow this process.
    pub(crate) fn serve(self, engine: &Engine) {
        if let (Some((listener, address)), Some(secret)) = (self.listener, self.secret) {
            tracing::info!(address, "serving other agents");
            let serving = agent::peer::serve(engine.clone(), listener, secret);
            engine.world().tasks.spawn("peers", serving);
        }
    }
}
