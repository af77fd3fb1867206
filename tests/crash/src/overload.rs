//! A store that has become slow, and producers that have not: memory stays within its budget, and whoever is not taken
//! is told so and when to come back.
//!
//! The agent is a process of its own, so that nothing but its memory is measured: the same engine and front as
//! `tidelog agent` has, over a folder whose every call is delayed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agent::http::HttpSettings;
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use engine::{Engine, EngineConfig};
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::json;
use store::{Delay, Faults, FaultyObjects, FolderObjects, Store, StoreOptions};
use world::World;

use crate::client::{Append, Appended, Client};
use crate::place::Place;
use crate::process::{Process, Spec, free_port};

const MIB: u64 = 1 << 20;
/// What a put or a read of an object store takes when it is well.
const USUAL: Duration = Duration::from_millis(30);
/// How many times slower the store is.
const SLOWDOWN: u32 = 100;
/// Bytes of records that may wait.
const MEMORY_BYTES_MAX: u64 = 64 * MIB;
/// Bytes of objects and of entries that are kept for readers.
const CACHE_BYTES_MAX: u64 = 16 * MIB;
const INLINE_CACHE_BYTES_MAX: u64 = 16 * MIB;
/// Requests that have no answer yet, at most: a client gives up at some point too.
const OPEN_MAX: u64 = 4_000;

/// How much, for how long.
#[derive(Clone, Copy, Debug)]
pub struct Overload {
    /// For how long is produced.
    pub lasts: Duration,
    /// Bytes a second that are offered.
    pub offered: u64,
    /// Bytes of one request.
    pub request_bytes: usize,
}

impl Overload {
    /// Ten times what the slow store takes: `puts_in_flight_max` objects of `segment_bytes_max` each in its latency.
    pub fn during(lasts: Duration) -> Overload {
        let config = EngineConfig::default();
        let at_once = (config.puts_in_flight_max * config.segment_bytes_max) as f64;
        let takes = at_once / (USUAL * SLOWDOWN).as_secs_f64();
        Overload {
            lasts,
            offered: (takes * 10.0) as u64,
            request_bytes: 256 << 10,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Bytes offered a second.
    pub offered: u64,
    /// Bytes acknowledged a second.
    pub taken: u64,
    /// Answers by what they say, and how many.
    pub answers: BTreeMap<String, u64>,
    /// Refusals that are not 503 or 429, or do not say when to come back.
    pub improper: u64,
    /// Memory before the first request, in bytes.
    pub idle_bytes: u64,
    /// The most memory there ever was, in bytes.
    pub peak_bytes: u64,
    /// What the process was told to use, in bytes: records that wait, and caches.
    pub budget_bytes: u64,
}

impl Report {
    /// Memory is within the budget and a quarter, beside what an idle process needs; and nobody was left without a word.
    ///
    /// # Errors
    /// What is not so.
    pub fn must_be_bounded(&self) -> Result<()> {
        let allowed = self.idle_bytes + self.budget_bytes * 5 / 4;
        ensure!(
            self.peak_bytes <= allowed,
            "{} MiB used of {} MiB: {self:#?}",
            self.peak_bytes / MIB,
            allowed / MIB
        );
        ensure!(self.improper == 0, "improper answers: {self:#?}");
        ensure!(self.answers.contains_key("taken"), "nothing was taken: {self:#?}");
        ensure!(self.answers.len() > 1, "nothing was refused: {self:#?}");
        Ok(())
    }
}

/// Counts while producers run.
#[derive(Debug, Default)]
struct Counts {
    open: AtomicU64,
    improper: AtomicU64,
    answers: Mutex<BTreeMap<String, u64>>,
}

/// Starts the agent from the program at `own`, overloads it, and tells.
///
/// # Errors
/// When the agent does not start, or ends.
pub async fn run(own: PathBuf, overload: Overload) -> Result<Report> {
    let (world, place) = (World::real(), Place::new()?);
    let port = free_port()?;
    let arguments = [
        "slow-agent".into(),
        "--dir".into(),
        place.dir().into(),
        "--http-addr".into(),
    ];
    let spec = Spec {
        variables: Vec::new(),
        program: Some(own),
        wrapper: Vec::new(),
        arguments: arguments
            .into_iter()
            .chain([format!("127.0.0.1:{port}").into()])
            .collect(),
        port,
        log: place.root().join("agent.log"),
    };
    let mut process = Process::start(spec).await?;
    let client = process.client()?;
    client.create_topic("load", 8, &json!({})).await?;
    let idle_bytes = process.status_bytes("VmRSS")?;
    let counts = Arc::new(Counts::default());
    produce(&world, &client, overload, &counts).await?;
    let seconds = overload.lasts.as_secs_f64();
    let answers = counts.answers.lock().clone();
    let taken = answers.get("taken").copied().unwrap_or_default();
    let report = Report {
        offered: overload.offered,
        taken: (taken as f64 * overload.request_bytes as f64 / seconds) as u64,
        answers,
        improper: counts.improper.load(Ordering::SeqCst),
        idle_bytes,
        peak_bytes: process.status_bytes("VmHWM")?,
        budget_bytes: MEMORY_BYTES_MAX + CACHE_BYTES_MAX + INLINE_CACHE_BYTES_MAX,
    };
    process.kill()?;
    place.passed();
    Ok(report)
}

/// Sends requests at a rate, whatever becomes of those before.
async fn produce(world: &World, client: &Client, overload: Overload, counts: &Arc<Counts>) -> Result<()> {
    let body = body(overload.request_bytes);
    let began = world.clock.now();
    let per_second = overload.offered as f64 / overload.request_bytes as f64;
    let mut sent = 0.0;
    while world.clock.now() - began < overload.lasts {
        let due = (world.clock.now() - began).as_secs_f64() * per_second;
        while sent < due {
            sent += 1.0;
            if counts.open.load(Ordering::SeqCst) < OPEN_MAX {
                counts.open.fetch_add(1, Ordering::SeqCst);
                let (client, body, counts) = (client.clone(), body.clone(), Arc::clone(counts));
                world
                    .tasks
                    .spawn("a request", async move { counts.request(&client, body).await });
            }
        }
        world.clock.sleep(Duration::from_millis(5)).await;
    }
    let deadline = world.clock.now() + Duration::from_secs(60);
    while counts.open.load(Ordering::SeqCst) > 0 {
        ensure!(world.clock.now() < deadline, "requests are never answered");
        world.clock.sleep(Duration::from_millis(50)).await;
    }
    ensure!(
        client
            .request(Method::GET, "/healthz")
            .send()
            .await?
            .status()
            .is_success(),
        "it does not answer any more"
    );
    Ok(())
}

fn body(bytes: usize) -> Bytes {
    let line = format!("{{\"pad\":\"{}\"}}\n", "x".repeat(1013));
    line.repeat(bytes / line.len()).into()
}

impl Counts {
    async fn request(&self, client: &Client, body: Bytes) {
        let append = Append {
            to: "load",
            media_type: "application/x-ndjson",
            body,
            producer: None,
        };
        let (said, proper) = match client.append(&append).await {
            Appended::Ok { .. } => ("taken".to_owned(), true),
            Appended::Refused(refusal) => {
                let proper = matches!(refusal.status, Some(503 | 429)) && refusal.retry_after;
                (format!("{:?} {}", refusal.status, refusal.code), proper)
            }
            Appended::Unknown(why) => (why.chars().take(160).collect(), false),
        };
        *self.answers.lock().entry(said).or_default() += 1;
        self.improper.fetch_add(u64::from(!proper), Ordering::SeqCst);
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The agent: as `tidelog agent` runs it, over a slow store.
///
/// # Errors
/// When it does not start.
pub async fn serve(dir: PathBuf, http_addr: String) -> Result<()> {
    let world = World::real();
    std::fs::create_dir_all(&dir)?;
    let listener = tokio::net::TcpListener::bind(&http_addr).await?;
    let ledger = ledger::connect(
        &format!("sqlite:{}", dir.join("ledger.db").display()),
        &ledger::ConnectOptions::default(),
        &world,
    )
    .await?;
    let folder = dir.join("objects").display().to_string();
    let folder = FolderObjects::open(&folder, world.child("folder")).await?;
    let slow = Arc::new(FaultyObjects::new(Arc::new(folder), world.child("slow"), Faults::NONE));
    let options = StoreOptions {
        cache_bytes_max: CACHE_BYTES_MAX,
        ..StoreOptions::default()
    };
    let store = Store::with_objects(slow.clone(), options, world.clone());
    let config = EngineConfig {
        http_address: http_addr,
        memory_bytes_max: usize::try_from(MEMORY_BYTES_MAX)?,
        inline_cache_bytes_max: usize::try_from(INLINE_CACHE_BYTES_MAX)?,
        ..EngineConfig::default()
    };
    let engine = Engine::start(world.child("engine"), config, ledger, store).await?;
    slow.set(Faults {
        delay: Delay::Exponential { mean: USUAL },
        slowdown: f64::from(SLOWDOWN),
        ..Faults::NONE
    });
    agent::http::serve(engine, listener, HttpSettings::default())
        .await
        .context("HTTP ended")
}
