//! What every command is given: the world, and whether it may talk.

use std::future::Future;

use anyhow::Result;
use world::World;

use crate::exit::{Ended, Exit};
use crate::out::Talk;

/// The surroundings of a command.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// Clock, chance and tasks.
    pub(crate) world: World,
    /// Talk on stderr.
    pub(crate) talk: Talk,
}

/// Runs a command that holds nothing worth draining, until it is done or Ctrl-C or SIGTERM comes.
pub(crate) async fn until_interrupted(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    tokio::select! {
        biased;
        () = asked_to_stop() => Err(Ended::interrupted().into()),
        outcome = command => outcome,
    }
}

/// Resolves at the first Ctrl-C or SIGTERM; never, where signals cannot be had.
pub(crate) async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        biased;
        _ = interrupt.recv() => (),
        _ = terminate.recv() => (),
    }
}
