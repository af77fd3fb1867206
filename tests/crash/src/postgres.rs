//! A PostgreSQL server of a test's own, which it stops, kills, backs up, and puts an older one in the place of. All by
//! `infra/local/servers/postgres`.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use world::World;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/local/servers/postgres");

/// One server, running or not: a folder and a port.
#[derive(Debug)]
pub struct Postgres {
    dir: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts an empty one.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(root: &Path, name: &str, port: u16) -> Result<Postgres> {
        let server = Postgres {
            dir: root.join(name),
            port,
        };
        server.begin().await?;
        Ok(server)
    }

    /// Starts it on what its folder holds.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn begin(&self) -> Result<()> {
        self.script([
            OsStr::new("start"),
            self.dir.as_os_str(),
            OsStr::new(&self.port.to_string()),
        ])
        .await?;
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// A backup of it as it is now, not started, which would listen on the same port.
    ///
    /// # Errors
    /// When none can be taken.
    pub async fn backup(&self, name: &str) -> Result<Postgres> {
        self.copy("backup", self.port, name, self.port).await
    }

    /// A standby that reaches it through a port, not started, which would listen on another.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub async fn standby(&self, through: u16, name: &str, port: u16) -> Result<Postgres> {
        self.copy("standby", through, name, port).await
    }

    async fn copy(&self, word: &str, through: u16, name: &str, port: u16) -> Result<Postgres> {
        let dir = self.dir.with_file_name(name);
        self.script([OsStr::new(word), OsStr::new(&through.to_string()), dir.as_os_str()])
            .await?;
        Ok(Postgres { dir, port })
    }

    /// The same folder, which would listen elsewhere from its next start on.
    pub fn at(self, port: u16) -> Postgres {
        let dir = self.dir.clone();
        // What runs there is stopped by its folder, whatever its port.
        drop(self);
        Postgres { dir, port }
    }

    /// Makes a primary of a standby.
    ///
    /// # Errors
    /// When it does not become one.
    pub async fn promote(&self) -> Result<()> {
        self.script([OsStr::new("promote"), self.dir.as_os_str()]).await?;
        Ok(())
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop(&self) -> Result<()> {
        self.script([OsStr::new("stop"), self.dir.as_os_str()]).await?;
        Ok(())
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&self) -> Result<()> {
        let pid = std::fs::read_to_string(self.dir.join("pid")).context("the server's number")?;
        let status = Command::new("kill").args(["-9", pid.trim()]).status()?;
        ensure!(status.success(), "kill -9 {pid}: {status}");
        Ok(())
    }

    /// What it answers to a statement.
    ///
    /// # Errors
    /// What it says.
    pub async fn sql(&self, statement: &str) -> Result<String> {
        self.script([OsStr::new("sql"), self.dir.as_os_str(), OsStr::new(statement)])
            .await
    }

    async fn script<'a>(&self, words: impl IntoIterator<Item = &'a OsStr>) -> Result<String> {
        let words: Vec<OsString> = words.into_iter().map(OsStr::to_os_string).collect();
        let run = move || run(&words);
        World::real().tasks.blocking(run).await
    }
}

/// Nothing outlives its test.
impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = run(&["stop".into(), self.dir.clone().into()]);
    }
}

fn run(words: &[OsString]) -> Result<String> {
    // What it starts must not hold the pipe of what it says open, so errors go to the test's own.
    let output = Command::new(SCRIPT)
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run the server's script")?;
    ensure!(output.status.success(), "{words:?}: {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
