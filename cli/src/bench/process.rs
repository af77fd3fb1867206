//! CPU seconds and memory of a process, from /proc.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use world::Clock;

/// Linux tells times of processes in hundredths of a second (USER_HZ), whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;
/// Linux' pages on x86-64 and most arm64.
const PAGE_BYTES: u64 = 4096;

/// A process of this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process {
    pid: u32,
}

/// What a process uses while nobody asks anything of it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Idle {
    /// Resident memory, in bytes.
    pub(super) rss_bytes: u64,
    /// CPU, in percent of one core.
    pub(super) cpu_percent: f64,
}

impl Process {
    /// The process with this id.
    pub(super) fn new(pid: u32) -> Process {
        Process { pid }
    }

    /// The id.
    pub(super) fn pid(self) -> u32 {
        self.pid
    }

    /// CPU seconds it has used, of the user's and the system's time, over all threads.
    pub(super) fn cpu_seconds(self) -> Result<f64> {
        let path = format!("/proc/{}/stat", self.pid);
        let stat = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        cpu_ticks(&stat)
            .map(|ticks| ticks as f64 / TICKS_PER_SECOND)
            .with_context(|| format!("{path} makes no sense"))
    }

    /// Resident memory, in bytes.
    pub(super) fn rss_bytes(self) -> Result<u64> {
        let path = format!("/proc/{}/statm", self.pid);
        let statm = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
        pages
            .map(|pages| pages * PAGE_BYTES)
            .with_context(|| format!("{path} makes no sense"))
    }

    /// What it uses over this span.
    pub(super) async fn idle(self, clock: &Clock, span: Duration) -> Result<Idle> {
        // Let what starting left to do be done.
        clock.sleep(Duration::from_secs(2)).await;
        let before = self.cpu_seconds()?;
        clock.sleep(span).await;
        Ok(Idle {
            rss_bytes: self.rss_bytes()?,
            cpu_percent: (self.cpu_seconds()? - before) / span.as_secs_f64() * 100.0,
        })
    }
}

/// User and system time in a line of /proc/PID/stat. The name of the program stands in parentheses and may hold
/// anything, so fields are counted from the last one.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests;
