//! Looks at the tip: what a negative or final answer rests on.

use tokio::sync::oneshot;

use crate::intake::Door;
use crate::shared::Shared;
use crate::{ReadError, Seen};

/// Waits for a read of the tip that begins after this call; one read serves all that wait.
///
/// While a loss stands that this process saw itself, there is nothing to wait for: people take minutes to decide.
pub(crate) async fn look(shared: &Shared) -> Result<Seen, ReadError> {
    if !shared.view.progress().reached && shared.intake.lock().door == Door::Halted {
        return Err(ReadError::Halted);
    }
    let (reply, answer) = oneshot::channel();
    shared.looks.lock().push(reply);
    shared.wake.notify_one();
    let looked = async {
        tokio::select! {
            biased;
            looked = answer => looked.ok(),
            // The tail has gone, or is about to.
            () = shared.world.tasks.stopping() => None,
        }
    };
    match shared.world.clock.timeout(shared.config.change_deadline, looked).await {
        Ok(Some(looked)) => looked,
        Ok(None) => Err(ReadError::NotCurrent("the process is stopping".to_owned())),
        Err(elapsed) => Err(ReadError::NotCurrent(elapsed.to_string())),
    }
}

/// Whether this process may serve what it has folded: its latest read of the tip is recent enough, or one is made now.
pub(crate) async fn fresh(shared: &Shared) -> Result<(), ReadError> {
    let progress = shared.view.progress();
    let recent = progress
        .looked
        .is_some_and(|looked| shared.world.clock.now().saturating_duration_since(looked) < shared.config.staleness_max);
    if progress.reached && recent {
        Ok(())
    } else {
        look(shared).await.map(drop)
    }
}
