//! An agent of the benchmark's own: a process apart, so that what it spends is not mixed with what the clients spend.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use world::Clock;

use super::process::Process;
use super::report::Report;
use crate::client::Client;
use crate::context::Context;

/// How long it may take to be ready, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// The agent, running.
#[derive(Debug)]
pub(super) struct OwnAgent {
    child: Child,
    /// A client of it.
    pub(super) client: Client,
    /// Its process.
    pub(super) process: Process,
}

impl OwnAgent {
    /// Starts `tidelog dev` in the folder and waits until it is ready. How long that took goes into the report.
    pub(super) async fn start(folder: &Path, context: &Context, report: &mut Report) -> Result<OwnAgent> {
        let address = free_address()?;
        let clock = &context.world.clock;
        // Made before the clock runs: loading the system's certificates takes longer than an agent's start.
        let client = Client::new(format!("http://{address}").parse()?)?;
        let began = clock.now();
        let child = Command::new(std::env::current_exe()?)
            .args(["dev", "--quiet", "--log", "error", "--http-addr", &address, "--dir"])
            .arg(folder.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .context("cannot start an agent")?;
        let process = Process::new(child.id());
        let mut own = OwnAgent { child, client, process };
        if let Err(error) = own.ready(clock).await {
            let _ = own.child.kill();
            return Err(error);
        }
        report.startup_ms = Some(clock.now().saturating_duration_since(began).as_secs_f64() * 1000.0);
        Ok(own)
    }

    async fn ready(&mut self, clock: &Clock) -> Result<()> {
        let deadline = clock.now() + PATIENCE;
        while clock.now() < deadline {
            if self.client.get(&["readyz"]).send().await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the agent ended by itself: {status}");
            }
            clock.sleep(Duration::from_millis(2)).await;
        }
        bail!("the agent was not ready within {PATIENCE:?}")
    }

    /// Asks it to stop, and waits. How long that took goes into the report.
    pub(super) async fn stop(mut self, context: &Context, report: &mut Report) {
        let clock = &context.world.clock;
        let began = clock.now();
        // The signal that an operator's tools send; the standard library only knows how to kill.
        let asked = Command::new("kill")
            .args(["-TERM", &self.process.pid().to_string()])
            .status();
        while asked.as_ref().is_ok_and(std::process::ExitStatus::success) && clock.now() < began + PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                report.stop_ms = Some(clock.now().saturating_duration_since(began).as_secs_f64() * 1000.0);
                return;
            }
            clock.sleep(Duration::from_millis(5)).await;
        }
        context.talk.say("the agent did not stop; it is killed");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for OwnAgent {
    /// A benchmark that is interrupted leaves no agent behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// An address that was free a moment ago.
fn free_address() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?.to_string())
}
