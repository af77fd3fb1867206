//! The `fault-proxy` command: a proxy as a process of its own, for drivers that are not written in Rust.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use proxy::{Config, Latency, Mode, Proxy, Script};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};
use world::World;

/// The same allocator as the `tidelog` command has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Stands between two processes and does by a seeded script what networks and services do
///
/// Prints one line of JSON with its ports and its seed when it is ready. Ends on SIGTERM and SIGINT.
#[derive(Debug, Parser)]
#[command(name = "fault-proxy")]
struct Cli {
    /// Where it listens; only loopback, port 0 for any
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What it stands before; only loopback
    #[arg(long, required_unless_present = "bench")]
    upstream: Option<SocketAddr>,
    /// What it understands of what passes
    #[arg(long, value_enum, default_value_t = Understands::Http)]
    mode: Understands,
    /// The faults: docs/faults.md
    #[arg(long)]
    script: Option<PathBuf>,
    /// What everything is drawn from; the script's seed when nothing is said, else drawn
    #[arg(long)]
    seed: Option<u64>,
    /// How long requests take more: 35ms, uniform:10ms,50ms, lognormal:35ms,150ms (median, 99th percentile)
    #[arg(long)]
    latency: Option<Latency>,
    /// Where it is controlled from over HTTP; only loopback, port 0 for any
    #[arg(long)]
    control: Option<SocketAddr>,
    /// End when the standard input ends, so that it outlives no driver
    #[arg(long)]
    until_stdin_closes: bool,
    /// Measure what the proxy itself costs, against a server of its own, and end
    #[arg(long)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Understands {
    Http,
    Tcp,
}

impl From<Understands> for Mode {
    fn from(understands: Understands) -> Mode {
        match understands {
            Understands::Http => Mode::Http,
            Understands::Tcp => Mode::Tcp,
        }
    }
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run(cli));
    // A read of the standard input cannot be ended, and is not waited for.
    runtime.shutdown_background();
    done
}

fn say(line: &serde_json::Value) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

async fn run(cli: Cli) -> Result<()> {
    let world = World::real();
    let Some(upstream) = cli.upstream.filter(|_| !cli.bench) else {
        return say(&Box::pin(proxy::bench(&world)).await?);
    };
    let script = match &cli.script {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            Script::parse(&text).with_context(|| file.display().to_string())?
        }
        None => Script::default(),
    };
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let config = Config {
        listen: cli.listen,
        upstream,
        mode: cli.mode.into(),
        script,
        seed: cli.seed,
        latency: cli.latency,
        control: cli.control,
    };
    let proxy = Proxy::start(&world, config).await?;
    say(&json!({
        "listen": proxy.address(),
        "control": proxy.control(),
        "upstream": upstream,
        "seed": proxy.seed(),
    }))?;
    tokio::select! {
        biased;
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = stdin_closes(), if cli.until_stdin_closes => {}
    }
    proxy.stop().await;
    Ok(())
}

async fn stdin_closes() {
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0; 1024];
    while let Ok(1..) = stdin.read(&mut ignored).await {}
}
