//! What a proxy is told when it starts.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::{Error, Latency, Script};

/// What the proxy understands of what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Requests and answers of HTTP/1.1; faults strike requests.
    Http,
    /// Bytes; faults strike connections.
    Tcp,
}

/// Where a proxy stands, and what it does there.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 for any.
    pub listen: SocketAddr,
    /// What it stands before.
    pub upstream: SocketAddr,
    /// What it understands.
    pub mode: Mode,
    /// The faults.
    pub script: Script,
    /// The seed; the script's when there is none, and drawn when the script has none either.
    pub seed: Option<u64>,
    /// How long requests take more than they would; the script's when there is none.
    pub latency: Option<Latency>,
    /// Where it is controlled from over HTTP; port 0 for any.
    pub control: Option<SocketAddr>,
}

impl Config {
    /// A proxy on a port of its own that passes everything on.
    pub fn new(mode: Mode, upstream: SocketAddr) -> Config {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            upstream,
            mode,
            script: Script::default(),
            seed: None,
            latency: None,
            control: None,
        }
    }

    /// The same with a script.
    ///
    /// # Errors
    /// [`Error::Syntax`] when the text is none.
    pub fn with_script(self, text: &str) -> Result<Config, Error> {
        let script = Script::parse(text)?;
        Ok(Config { script, ..self })
    }

    /// Refuses what is not on this machine alone.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let addresses = [Some(self.listen), Some(self.upstream), self.control];
        match addresses
            .into_iter()
            .flatten()
            .find(|address| !address.ip().is_loopback())
        {
            Some(address) => Err(Error::NotLoopback(address)),
            None => Ok(()),
        }
    }
}
