//! Why a proxy does not start, or does not take a script.

use std::net::SocketAddr;

/// Nothing was started or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that can be reached from, or lies on, another machine.
    #[error("{0} is not an address of the loopback interface")]
    NotLoopback(SocketAddr),
    /// The port cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is no script.
    #[error("not a script: {0}")]
    Syntax(#[from] toml::de::Error),
    /// The script cannot be followed.
    #[error("{rule}: {why}")]
    Script {
        /// The rule's name, or what else is wrong.
        rule: String,
        /// What is wrong.
        why: String,
    },
}

impl Error {
    pub(crate) fn script(rule: &str, why: impl Into<String>) -> Error {
        let (rule, why) = (rule.to_owned(), why.into());
        Error::Script { rule, why }
    }
}
