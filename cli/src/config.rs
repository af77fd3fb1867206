//! `./tidelog.toml`: defaults for a few options, behind flags and environment. Every key is optional, an unknown one is
//! refused.
//!
//!     url = "http://127.0.0.1:8080"       # the agent that commands talk to
//!     output = "table"                    # or "json"
//!     dir = "./data"                      # the folder of dev and verify
//!     store = "s3://bucket/prefix"        # of agent, compactor and verify
//!     ledger = "sqlite:/var/lib/tidelog/ledger.db"
//!     http-addr = "127.0.0.1:8080"        # where dev and agent listen

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Command;
use clap::builder::OsStr;
use serde::Deserialize;

use crate::exit::Ended;

/// The name of the file in the working directory.
pub(crate) const FILE: &str = "tidelog.toml";

/// What the file may say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FileConfig {
    url: Option<String>,
    output: Option<String>,
    dir: Option<String>,
    store: Option<String>,
    ledger: Option<String>,
    http_addr: Option<String>,
}

impl FileConfig {
    /// Reads the file; one that is not there says nothing.
    pub(crate) fn read(path: &Path) -> Result<FileConfig> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(FileConfig::default()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        FileConfig::parse(&text).with_context(|| format!("{} makes no sense", path.display()))
    }

    fn parse(text: &str) -> Result<FileConfig> {
        toml::from_str(text).map_err(|error| Ended::usage(error.to_string().trim_end()).into())
    }

    fn get(&self, id: &str) -> Option<&str> {
        match id {
            "url" => self.url.as_deref(),
            "output" => self.output.as_deref(),
            "dir" => self.dir.as_deref(),
            "store" => self.store.as_deref(),
            "ledger" => self.ledger.as_deref(),
            "http_addr" => self.http_addr.as_deref(),
            _ => None,
        }
    }

    /// Makes what the file says the default of the options of that name in every command. Flags and environment come
    /// before defaults, so they win.
    pub(crate) fn apply(&self, command: Command) -> Command {
        command
            .mut_args(|arg| match self.get(arg.get_id().as_str()) {
                Some(value) => arg.default_value(OsStr::from(value.to_owned())),
                None => arg,
            })
            .mut_subcommands(|command| self.apply(command))
    }
}

#[cfg(test)]
mod tests;
