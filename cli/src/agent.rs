//! `tidelog agent`: a process that serves a log that lies elsewhere.

use std::net::SocketAddr;

use agent::http::HttpSettings;
use anyhow::Result;
use clap::{Args, ValueEnum};
use engine::EngineConfig;
use metadata::Role;

use crate::context::Context;
use crate::exit::Exit;
use crate::peers::PeerArgs;
use crate::place::PlaceArgs;
use crate::serve;
use crate::serve::limits::LimitArgs;

/// Where an agent serves HTTP when nobody says.
const HTTP_ADDR_DEFAULT: &str = "127.0.0.1:8080";

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    /// Takes and serves records
    Agent,
    /// Keeps up: snapshots, merging, retention, the sweep of garbage
    Compact,
}

/// Run an agent
///
/// Agents own nothing: any number may serve the same store and ledger, and one that dies takes nothing with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidelog agent --store file:/srv/tidelog --ledger sqlite:/srv/ledger.db
  tidelog agent --store s3://bucket/prefix --ledger sqlite:/srv/ledger.db --http-addr 0.0.0.0:8080 --insecure \\
      --advertise agent-1.internal:8080")]
pub(crate) struct AgentArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Where to serve HTTP; an agent does at 127.0.0.1:8080 when nobody says. With --roles compact /healthz, /readyz and
    /// /metrics are served there, and nothing without it
    #[arg(long, value_name = "HOST:PORT", env = "TIDELOG_HTTP_ADDR")]
    http_addr: Option<String>,
    /// The address others are told; by default the one bound. A process that starts ends former lives of its address
    #[arg(long, value_name = "HOST:PORT", env = "TIDELOG_ADVERTISE")]
    advertise: Option<String>,
    /// Serve without encryption and passwords at an address that other machines reach
    #[arg(long, env = "TIDELOG_INSECURE")]
    insecure: bool,
    /// What this process does
    #[arg(
        long,
        value_enum,
        value_name = "ROLE",
        value_delimiter = ',',
        default_value = "agent,compact",
        env = "TIDELOG_ROLES"
    )]
    roles: Vec<RoleArg>,
    /// A name for people
    #[arg(long, env = "TIDELOG_NAME", default_value = "")]
    name: String,
    /// The zone it runs in: clients of a zone are sent to agents of it
    #[arg(long, env = "TIDELOG_ZONE", default_value = "", value_parser = crate::args::zone)]
    zone: String,
    #[command(flatten)]
    peers: PeerArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

impl AgentArgs {
    fn is_agent(&self) -> bool {
        self.roles.contains(&RoleArg::Agent)
    }

    /// Where HTTP is served. A process that is no agent tells how it fares, where it is told to.
    fn serves_at(&self) -> Option<&str> {
        let default = self.is_agent().then_some(HTTP_ADDR_DEFAULT);
        self.http_addr.as_deref().or(default)
    }

    fn config(&self, bound: Option<SocketAddr>) -> EngineConfig {
        let roles = [(RoleArg::Agent, Role::Agent), (RoleArg::Compact, Role::Compactor)];
        let wanted = roles
            .into_iter()
            .filter(|(arg, _)| self.roles.contains(arg))
            .map(|(_, role)| role);
        let mut config = EngineConfig {
            roles: wanted.collect(),
            name: self.name.clone(),
            zone: self.zone.clone(),
            // Clients are sent to agents alone.
            http_address: bound
                .filter(|_| self.is_agent())
                .map(|bound| serve::advertised(self.advertise.as_deref(), bound))
                .unwrap_or_default(),
            ..EngineConfig::default()
        };
        self.limits.engine(&mut config);
        config
    }
}

/// Runs it.
pub(crate) async fn run(args: AgentArgs, context: &Context) -> Result<Exit> {
    let place = args.place.required()?;
    let listener = match args.serves_at() {
        Some(address) => Some(serve::bind(address, args.insecure).await?),
        None => None,
    };
    let bound = listener.as_ref().map(tokio::net::TcpListener::local_addr).transpose()?;
    let peers = args.peers.open(args.insecure, &context.world).await?;
    let (mut options, mut settings) = (args.place.aws.store_options(), HttpSettings::default());
    args.limits.store(&mut options);
    args.limits.http(&mut settings);
    let mut config = args.config(bound);
    peers.configure(&mut config);
    let engine = serve::open(&place, options, config, context).await?;
    peers.serve(&engine);
    serve::keep_up(&engine);
    match bound {
        Some(bound) if args.is_agent() => context.talk.say(format!("tidelog serves http://{bound}")),
        bound => serve::say_keeps_up(bound, context),
    }
    serve::until_stopped(&engine, listener, settings, context).await
}

#[cfg(test)]
mod tests;
