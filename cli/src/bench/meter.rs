//! What an agent spent between two moments.

use anyhow::Result;
use serde::Serialize;
use world::{Clock, Instant};

use super::process::Process;
use super::prometheus::{self, Counters};
use crate::client::Client;

/// Reads an agent's counters before and after.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    client: Client,
    process: Option<Process>,
    clock: Clock,
}

/// The counters before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    at: Instant,
    cpu_seconds: Option<f64>,
    own_cpu_seconds: Option<f64>,
    counters: Option<Counters>,
}

/// What was spent on some bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Spent {
    /// How long it took, in seconds.
    pub(super) seconds: f64,
    /// Bytes of record values.
    pub(super) bytes: u64,
    /// MiB of them a second.
    pub(super) mib_per_second: f64,
    /// CPU seconds of the agent for a GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent_cpu_seconds_per_gib: Option<f64>,
    /// CPU seconds of this process, which are not the agent's, for a GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bench_cpu_seconds_per_gib: Option<f64>,
    /// Objects put for a GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) puts_per_gib: Option<f64>,
    /// Ledger entries for a GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entries_per_gib: Option<f64>,
    /// The agent's resident memory afterwards, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent_rss_bytes: Option<u64>,
}

impl Meter {
    /// A meter of this agent; without its process only what it tells over HTTP.
    pub(super) fn new(client: Client, process: Option<Process>, clock: Clock) -> Meter {
        Meter { client, process, clock }
    }

    /// The counters now.
    pub(super) async fn before(&self) -> Result<Before> {
        let counters = prometheus::read(&self.client).await?;
        Ok(Before {
            at: self.clock.now(),
            cpu_seconds: self.process.map(Process::cpu_seconds).transpose()?,
            own_cpu_seconds: Process::new(std::process::id()).cpu_seconds().ok(),
            counters,
        })
    }

    /// What was spent since.
    pub(super) async fn since(&self, before: &Before, bytes: u64) -> Result<Spent> {
        let seconds = self.clock.now().saturating_duration_since(before.at).as_secs_f64();
        let cpu_seconds = self.process.map(Process::cpu_seconds).transpose()?;
        let own_cpu_seconds = Process::new(std::process::id()).cpu_seconds().ok();
        let counters = prometheus::read(&self.client).await?;
        let gib = (bytes as f64 / f64::from(1 << 30)).max(f64::MIN_POSITIVE);
        let per_gib = |before: Option<f64>, after: Option<f64>| Some((after? - before?) / gib);
        let counted =
            |field: fn(&Counters) -> f64| per_gib(before.counters.as_ref().map(field), counters.as_ref().map(field));
        Ok(Spent {
            seconds,
            bytes,
            mib_per_second: mib_per_second(bytes, seconds),
            agent_cpu_seconds_per_gib: per_gib(before.cpu_seconds, cpu_seconds),
            bench_cpu_seconds_per_gib: per_gib(before.own_cpu_seconds, own_cpu_seconds),
            puts_per_gib: counted(|counters| counters.puts),
            entries_per_gib: counted(|counters| counters.entries),
            agent_rss_bytes: self.process.map(Process::rss_bytes).transpose()?,
        })
    }
}

/// MiB a second.
pub(super) fn mib_per_second(bytes: u64, seconds: f64) -> f64 {
    bytes as f64 / f64::from(1 << 20) / seconds.max(1e-9)
}
