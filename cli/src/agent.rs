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
    /// Where to serve HTTP
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "TIDELOG_HTTP_ADDR",
        default_value = "127.0.0.1:8080"
    )]
    http_addr: String,
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
            http_address: bound
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
    let listener = match args.roles.contains(&RoleArg::Agent) {
        true => Some(serve::bind(&args.http_addr, args.insecure).await?),
        false => None,
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
        Some(bound) => context.talk.say(format!("tidelog serves http://{bound}")),
        None => context.talk.say("tidelog keeps up"),
    }
    serve::until_stopped(&engine, listener, settings, context).await
}
