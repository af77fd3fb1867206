//! Keeping the witness: an object that remembers how far the ledger went, refreshed every few seconds while busy, by who puts
//! the entries or reads them: one who follows another knows no more than that one.

use std::sync::Arc;

use ledger::WitnessOutcome;

use crate::error::chain;
use crate::shared::Shared;

/// Runs until the process stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut written = None;
    let follows = || shared.follows.lock().is_some();
    loop {
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => break,
            progress = shared.view.progress_when(|progress| progress.reached && written != Some(progress.tip) && !follows()) => {
                written = Some(progress.tip);
            }
        }
        refresh(&shared).await;
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => break,
            () = shared.world.clock.sleep(shared.config.witness_interval) => {}
        }
    }
}

async fn refresh(shared: &Shared) {
    let progress = shared.view.progress();
    match shared.ledger.refresh_witness(&progress.tip).await {
        // The tail finds the same loss when it reads or appends next, and it is the one to act: it owns the tip.
        Ok(WitnessOutcome::Lost(loss)) => {
            tracing::error!(%loss, "the witness knows of an entry that the ledger does not have");
            shared.losses.lock().get_or_insert(loss);
            shared.wake.notify_one();
        }
        Ok(outcome) => tracing::trace!(?outcome, "witness"),
        Err(error) => tracing::debug!(error = %chain(&error), "the witness could not be refreshed"),
    }
}
