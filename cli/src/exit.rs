//! Exit codes, and which code an error leads to. Knows nothing of what the commands do.

use std::io;

use engine::StartError;

use crate::client::ClientError;

/// How the command ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// Not done.
    Failed = 1,
    /// The command line or the settings make no sense.
    Usage = 2,
    /// What was checked is not as it should be.
    CheckNotMet = 3,
    /// What was asked for is not there.
    NotFound = 4,
    /// A condition was not met, or something else is there already.
    Conflict = 5,
    /// Nobody answered, or nobody who can serve now.
    Unreachable = 6,
    /// Not allowed.
    NotPermitted = 7,
    /// Stopped by Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// The number for the shell.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

/// An error with an exit code of its own.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Ended {
    /// The exit code.
    pub(crate) exit: Exit,
    what: String,
}

impl Ended {
    /// An error that ends with the given code.
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Ended {
        Ended {
            exit,
            what: what.into(),
        }
    }

    /// A command line that makes no sense, found after parsing.
    pub(crate) fn usage(what: impl Into<String>) -> Ended {
        Ended::new(Exit::Usage, what)
    }

    /// Ctrl-C came.
    pub(crate) fn interrupted() -> Ended {
        Ended::new(Exit::Interrupted, "interrupted")
    }
}

/// The code an error leads to: that of the first link of its chain that has one.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(of_link).unwrap_or(Exit::Failed)
}

fn of_link(link: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(ended) = link.downcast_ref::<Ended>() {
        return Some(ended.exit);
    }
    if let Some(client) = link.downcast_ref::<ClientError>() {
        return Some(client.exit());
    }
    if let Some(StartError::NotBegun) = link.downcast_ref::<StartError>() {
        return Some(Exit::NotFound);
    }
    let io = link.downcast_ref::<io::Error>()?;
    match io.kind() {
        // Whoever read our output has seen enough: `tidelog consume | head` is not a failure.
        io::ErrorKind::BrokenPipe => Some(Exit::Ok),
        io::ErrorKind::NotFound => Some(Exit::NotFound),
        io::ErrorKind::PermissionDenied => Some(Exit::NotPermitted),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
