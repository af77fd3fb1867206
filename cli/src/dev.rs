//! `tidelog dev`: everything in one process, in one folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use agent::http::HttpSettings;
use anyhow::{Context as _, Result};
use clap::Args;
use engine::EngineConfig;
use metadata::Role;
use store::StoreOptions;

use crate::context::Context;
use crate::exit::Exit;
use crate::place::{DIR_DEFAULT, Place};
use crate::serve;
use crate::serve::limits::LimitArgs;

/// Run a whole log in one process
///
/// The ledger is a SQLite file and the objects are files, both in one folder; an agent serves HTTP, and upkeep
/// (snapshots, merging, retention, the sweep of garbage) runs beside it. Prints what to paste next. Ctrl-C and SIGTERM
/// finish what is in flight; kill -9 loses nothing that was acknowledged.
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// The folder, which is made if it is not there
    #[arg(long, value_name = "DIR", env = "TIDELOG_DIR", default_value = DIR_DEFAULT)]
    dir: PathBuf,
    /// Where to serve HTTP
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "TIDELOG_HTTP_ADDR",
        default_value = "127.0.0.1:8080"
    )]
    http_addr: String,
    /// Serve without encryption and passwords at an address that other machines reach
    #[arg(long)]
    insecure: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Runs it.
pub(crate) async fn run(args: DevArgs, context: &Context) -> Result<Exit> {
    let listener = serve::bind(&args.http_addr, args.insecure).await?;
    let address = listener.local_addr()?;
    std::fs::create_dir_all(&args.dir).with_context(|| format!("cannot make {}", args.dir.display()))?;
    let mut config = EngineConfig {
        roles: vec![Role::Agent, Role::Compactor],
        name: "dev".to_owned(),
        http_address: serve::advertised(None, address),
        ..EngineConfig::default()
    };
    let (mut options, mut settings) = (StoreOptions::default(), HttpSettings::default());
    args.limits.engine(&mut config);
    args.limits.store(&mut options);
    args.limits.http(&mut settings);
    let engine = serve::open(&Place::in_dir(&args.dir), options, config, context).await?;
    serve::keep_up(&engine);
    for line in paste(&called(), &args.dir, address) {
        context.talk.say(line);
    }
    serve::until_stopped(&engine, Some(listener), settings, context).await
}

/// How this command was called, so that what is printed can be pasted: by its path, where it was given one.
fn called() -> String {
    let called = std::env::args().next().unwrap_or_default();
    if called.contains('/') {
        called
    } else {
        "tidelog".to_owned()
    }
}

/// What to paste next. Lines that begin with blanks are commands.
fn paste(tidelog: &str, dir: &Path, address: SocketAddr) -> Vec<String> {
    let url = format!("http://{address}");
    // The default needs no flag.
    let flag = if url == "http://127.0.0.1:8080" {
        String::new()
    } else {
        format!(" --url {url}")
    };
    let serves = format!("tidelog serves {url} from {}; Ctrl-C stops it.", dir.display());
    vec![
        format!("{serves} In another terminal:"),
        String::new(),
        format!("  {tidelog} topic create orders -p 3{flag}"),
        format!("  echo '{{\"id\":1,\"item\":\"tea\"}}' | {tidelog} produce orders -f ndjson --key-path '$.id'{flag}"),
        format!("  {tidelog} consume orders -f '%p:%o %k %s\\n'{flag}"),
        String::new(),
        "or with nothing but curl:".to_owned(),
        String::new(),
        format!("  curl -X PUT {url}/v1/topics/clicks"),
        format!("  curl {url}/v1/topics/clicks -H 'content-type: application/json' -d '{{\"page\":\"/\"}}'"),
        format!("  curl '{url}/v1/topics/clicks/records?cursor=earliest'"),
        format!("  curl -N '{url}/v1/topics/clicks/records?cursor=earliest' -H 'accept: text/event-stream'"),
        String::new(),
    ]
}

#[cfg(test)]
mod tests;
