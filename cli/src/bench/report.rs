//! All figures of a run, as JSON and as a table.

use serde::Serialize;

use super::meter::Spent;
use super::process::Idle;
use super::{consume, floor, produce};
use crate::out::human_bytes;

/// The figures; those that were not measured are absent.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// From starting the process to the first good answer of /readyz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) startup_ms: Option<f64>,
    /// Before anything was asked of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) idle: Option<Idle>,
    /// Large requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) produce: Option<produce::Round>,
    /// Reading back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) consume: Vec<consume::Round>,
    /// Single records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) latency: Vec<produce::Round>,
    /// The plain loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) floor: Option<floor::Floor>,
    /// From SIGTERM to the end of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_ms: Option<f64>,
}

impl Report {
    /// The lines of a table.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = Rows::default();
        rows.opt("start-up to ready", self.startup_ms.map(|ms| format!("{ms:.0} ms")));
        if let Some(idle) = &self.idle {
            rows.add("idle memory", human_bytes(idle.rss_bytes));
            rows.add("idle CPU", format!("{:.2} % of a core", idle.cpu_percent));
        }
        for round in self.produce.iter().chain(&self.latency) {
            let name = format!(
                "produce {} x {} ({})",
                round.clients, round.records_per_request, round.encoding
            );
            let latency = &round.latency;
            rows.add(
                &name,
                format!(
                    "{:.1} MiB/s, {:.0} requests/s",
                    round.spent.mib_per_second, round.requests_per_second
                ),
            );
            rows.add(
                "",
                format!(
                    "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
                    latency.p50_ms, latency.p99_ms, latency.max_ms
                ),
            );
            if round.refused > 0 {
                rows.add("", format!("{} refused and sent again", round.refused));
            }
            rows.spent(&round.spent);
        }
        for round in &self.consume {
            let name = format!("consume ({})", round.encoding);
            let value = format!("{:.1} MiB/s, {} records", round.spent.mib_per_second, round.records);
            rows.add(&name, value);
            rows.spent(&round.spent);
        }
        if let Some(floor) = &self.floor {
            rows.add(
                "write and fsync, 8 MiB each",
                format!("{:.1} MiB/s", floor.mib_per_second),
            );
            rows.add("", format!("CPU {:.2} s/GiB", floor.cpu_seconds_per_gib));
            let one = &floor.one_record;
            rows.add(
                "write and fsync, one record",
                format!(
                    "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
                    one.p50_ms, one.p99_ms, one.max_ms
                ),
            );
        }
        rows.opt("SIGTERM to end", self.stop_ms.map(|ms| format!("{ms:.0} ms")));
        rows.0
    }
}

#[derive(Debug, Default)]
struct Rows(Vec<Vec<String>>);

impl Rows {
    fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(vec![name.to_owned(), value.into()]);
    }

    fn opt(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn spent(&mut self, spent: &Spent) {
        let parts = [
            spent
                .agent_cpu_seconds_per_gib
                .map(|cpu| format!("agent CPU {cpu:.2} s/GiB")),
            spent
                .bench_cpu_seconds_per_gib
                .map(|cpu| format!("bench CPU {cpu:.2} s/GiB")),
            spent.puts_per_gib.map(|puts| format!("{puts:.0} PUTs/GiB")),
            spent.entries_per_gib.map(|entries| format!("{entries:.0} entries/GiB")),
            spent
                .agent_rss_bytes
                .map(|bytes| format!("agent memory {}", human_bytes(bytes))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if !parts.is_empty() {
            self.add("", parts.join(", "));
        }
    }
}
