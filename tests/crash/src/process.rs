//! One `tidelog` process: started on a port of its own, waited for, killed, stopped, paused, started again. Every
//! process ends with the value that stands for it.

use std::ffi::OsString;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use world::{Chance, Clock};

use crate::client::Client;
use crate::place::Place;
use crate::stand::Stand;

/// How long a process may take to serve, and to end when asked to.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);
/// Below the range from which the kernel takes ports for outgoing connections.
const PORTS: std::ops::Range<u64> = 18_000..32_000;

/// The binary beside this test's own.
///
/// # Errors
/// When it was not built.
pub fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find this program's own file")?;
    let folder = own.parent().context("a program lies in a folder")?;
    let profile = if folder.ends_with("deps") {
        folder.parent().context("deps lies in a folder")?
    } else {
        folder
    };
    let binary = profile.join("tidelog");
    if binary.is_file() {
        return Ok(binary);
    }
    bail!(
        "there is no {}: build it with `cargo build --release -p cli` (the tests run in release as well)",
        binary.display()
    )
}

/// A port that nobody listens on now.
///
/// # Errors
/// When none was found.
pub fn free_port() -> Result<u16> {
    let chance = Chance::from_entropy();
    for _ in 0..100 {
        let port = u16::try_from(PORTS.start + chance.below(PORTS.end - PORTS.start))?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("found no free port")
}

/// What is started, and how.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What is run; `tidelog` when nothing is said.
    pub program: Option<PathBuf>,
    /// What comes before the binary: a tracer.
    pub wrapper: Vec<OsString>,
    /// What comes behind it.
    pub arguments: Vec<OsString>,
    /// What its environment says beside what every process of a test is told.
    pub variables: Vec<(&'static str, String)>,
    /// Where it serves HTTP.
    pub port: u16,
    /// What its two streams are written to.
    pub log: PathBuf,
}

impl Spec {
    /// Everything in one process.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn dev(place: &Place) -> Result<Spec> {
        let dir = place.dir();
        Spec::new(place, "dev", &["dev".into(), "--dir".into(), dir.into()])
    }

    /// An agent over the place's ledger and objects. Those of one place speak to each other.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn agent(place: &Place, name: &str) -> Result<Spec> {
        let peers = ["--peer-addr".into(), "127.0.0.1:0".into()];
        Spec::agent_on(place, place.stand(), name, &peers)
    }

    /// An agent that reaches what the place stands on in its own way, and is told more.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn agent_on(place: &Place, stand: &Stand, name: &str, more: &[OsString]) -> Result<Spec> {
        let words = [OsString::from("agent")];
        let arguments: Vec<OsString> = words
            .into_iter()
            .chain(stand.options())
            .chain(more.iter().cloned())
            .collect();
        Ok(Spec {
            variables: stand.variables.clone(),
            ..Spec::new(place, name, &arguments)?
        })
    }

    fn new(place: &Place, name: &str, arguments: &[OsString]) -> Result<Spec> {
        let port = free_port()?;
        let mut arguments = arguments.to_vec();
        arguments.extend(["--http-addr".into(), format!("127.0.0.1:{port}").into()]);
        Ok(Spec {
            program: None,
            wrapper: Vec::new(),
            arguments,
            variables: Vec::new(),
            port,
            log: place.root().join(format!("{name}.log")),
        })
    }

    /// Speaks to it.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn client(&self) -> Result<Client> {
        Client::new(self.url())
    }

    /// Where it serves HTTP.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// A process that runs, or ran.
#[derive(Debug)]
pub struct Process {
    spec: Spec,
    child: Child,
    clock: Clock,
}

impl Process {
    /// Starts it and waits until it serves.
    ///
    /// # Errors
    /// When it ends, or does not serve in time.
    pub async fn start(spec: Spec) -> Result<Process> {
        let mut process = Process {
            child: spawn(&spec)?,
            spec,
            clock: Clock::real(),
        };
        process.ready().await?;
        Ok(process)
    }

    /// What it was started with.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Speaks to it.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn client(&self) -> Result<Client> {
        self.spec.client()
    }

    /// Where it serves HTTP.
    pub fn url(&self) -> String {
        self.spec.url()
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts it again, with the same settings at the same address.
    ///
    /// # Errors
    /// When it runs still, ends, or does not serve in time.
    pub async fn restart(&mut self) -> Result<()> {
        self.begin()?;
        self.ready().await
    }

    /// Starts it again without waiting until it serves.
    ///
    /// # Errors
    /// When it runs still.
    pub fn begin(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            bail!("{} runs still", self.pid());
        }
        self.child = spawn(&self.spec)?;
        Ok(())
    }

    /// Waits until it serves.
    ///
    /// # Errors
    /// When it ends, or does not serve in time.
    pub async fn ready(&mut self) -> Result<()> {
        let client = self.client()?;
        let deadline = self.clock.now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}:\n{}", self.tail_of_log());
            }
            if client.is_ready().await {
                return Ok(());
            }
            if self.clock.now() >= deadline {
                bail!("it does not serve after {PATIENCE:?}:\n{}", self.tail_of_log());
            }
            self.clock.sleep(POLL).await;
        }
    }

    /// Waits until it serves, and starts it again whenever it ends by itself, as what watches over it would: one that
    /// cannot reach its ledger or store when it starts says so and ends.
    ///
    /// # Errors
    /// When it does not serve in time.
    pub async fn watched_until_ready(&mut self) -> Result<()> {
        let deadline = self.clock.now() + PATIENCE;
        loop {
            let ended = match self.ready().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if self.clock.now() >= deadline || self.child.try_wait()?.is_none() {
                return Err(ended);
            }
            self.clock.sleep(POLL).await;
            self.begin()?;
        }
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("cannot kill")?;
        self.child.wait().context("cannot wait")?;
        Ok(())
    }

    /// Asks it to end, and waits until it has. It has to end well.
    ///
    /// # Errors
    /// When it does not end in time, or not well.
    pub async fn stop(&mut self) -> Result<()> {
        self.signal("TERM")?;
        let status = self.ended().await?;
        if !status.success() && status.code() != Some(130) {
            bail!("it ended with {status}:\n{}", self.tail_of_log());
        }
        Ok(())
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let deadline = self.clock.now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if self.clock.now() >= deadline {
                bail!("it does not end in {PATIENCE:?}:\n{}", self.tail_of_log());
            }
            self.clock.sleep(POLL).await;
        }
    }

    /// Stops its clock: SIGSTOP.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on: SIGCONT.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// A number of /proc/PID/status that is told in KiB, in bytes: `VmHWM` is the most memory it ever had resident.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn status_bytes(&self, name: &str) -> Result<u64> {
        status_bytes(&format!("/proc/{}/status", self.pid()), name)
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        std::fs::read(&self.spec.log).map_or_else(
            |error| format!("no log: {error}"),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    fn tail_of_log(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.pid().to_string()])
            .status()
            .context("cannot run kill")?;
        if !status.success() {
            bail!("kill -{name} {}: {status}", self.pid());
        }
        Ok(())
    }
}

/// Nothing outlives its test.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(spec: &Spec) -> Result<Child> {
    let run = match &spec.program {
        Some(program) => program.clone(),
        None => binary()?,
    };
    let mut words = spec.wrapper.iter().cloned().chain([run.into_os_string()]);
    let program = words.next().context("there is a program")?;
    let log = append_to(&spec.log)?;
    Command::new(&program)
        .args(words)
        .args(&spec.arguments)
        .env("TIDELOG_LOG", "info")
        .env("NO_COLOR", "1")
        .env("TIDELOG_CLUSTER_SECRET", "known to the agents of a test")
        .envs(spec.variables.iter().cloned())
        .current_dir(spec.log.parent().unwrap_or(Path::new("/")))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

fn append_to(file: &Path) -> Result<File> {
    File::options()
        .create(true)
        .append(true)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))
}

/// A number of a status file of /proc, in bytes.
///
/// # Errors
/// When there is none of that name.
pub fn status_bytes(file: &str, name: &str) -> Result<u64> {
    let text = std::fs::read_to_string(file).with_context(|| file.to_owned())?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .ok_or_else(|| anyhow!("no {name} in {file}"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
