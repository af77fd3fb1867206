//! A ledger that lost its end: writes stop, a halt tells everybody, and an operator is waited for.

use std::time::Duration;

use ledger::{Halted, Loss, ReadOutcome, Tip};
use seeded::Bug;

use super::{CALL_DEADLINE, READ_BYTES_MIN, Tail, refuse_looks};
use crate::AppendError;
use crate::intake::Door;

/// How often a halted process looks whether the loss was accepted.
const HALTED_LOOK: Duration = Duration::from_secs(5);

impl Tail {
    /// The ledger lost its end. Writes stop at once; a halt tells everybody.
    pub(super) fn lost(&mut self, loss: Loss) {
        tracing::error!(%loss, "the ledger lost its end");
        self.shared
            .ledger_trouble(Some(format!("the ledger lost its end: {loss}")));
        self.loss = Some(loss);
        self.unlink();
        self.shut(Door::Halted, &AppendError::Halted);
        self.shared.view.set_progress(|progress| progress.reached = false);
    }

    pub(super) fn shut(&self, door: Door, error: &AppendError) {
        if seeded::is(Bug::HaltedAppends) {
            return;
        }
        let mut intake = self.shared.intake.lock();
        intake.door = door;
        intake.refuse_waiting(error);
    }

    /// Writes the halt, and waits until an operator has accepted the loss. Who only reads leaves the halt to those who write:
    /// it serves nothing more, for to load the state anew would be to forget what was lost.
    pub(super) async fn wait_out(&mut self, loss: Loss) {
        refuse_looks(
            std::mem::take(&mut *self.shared.looks.lock()),
            "the ledger lost its end",
        );
        if self.shared.config.only_reads() {
            return self.shared.world.tasks.stopping().await;
        }
        if let Some(tip) = self.halted_at.take()
            && self.is_still_halted(tip).await
        {
            return self.pause().await;
        }
        match self.shared.ledger.halt(&loss).await {
            Ok(Halted::At(tip) | Halted::Already(tip)) => {
                self.halted_at = Some(tip);
                self.pause().await;
            }
            // The loss stands until that has succeeded: only then writes are taken again.
            Ok(Halted::Reload(_)) => self.reload().await,
            Ok(Halted::NotLost) => {
                self.loss = None;
                self.stale = true;
                self.open_door();
            }
            Err(error) => self.failed(&error),
        }
    }

    /// Whether nothing of a new era has come since the ledger was known to be halted. A read from there, where
    /// [`ledger::Ledger::halt`] reads all that lies behind the base: operators take hours, and may have many agents.
    async fn is_still_halted(&mut self, tip: Tip) -> bool {
        let read = self.shared.ledger.read(&tip, READ_BYTES_MIN);
        let Ok(Ok(ReadOutcome::Entries { entries, .. })) = self.shared.world.clock.timeout(CALL_DEADLINE, read).await
        else {
            return false;
        };
        if entries.iter().any(|entry| entry.tip().era != tip.era) {
            return false;
        }
        self.halted_at = Some(entries.last().map_or(tip, ledger::Entry::tip));
        true
    }

    async fn pause(&self) {
        let shared = &self.shared;
        tokio::select! {
            biased;
            () = shared.world.tasks.stopping() => {}
            () = shared.world.clock.sleep(HALTED_LOOK) => {}
        }
    }

    /// Takes writes again, unless the fold has met a halt.
    pub(super) fn open_door(&self) {
        if self.shared.view.read(metadata::State::halted) {
            return;
        }
        let mut intake = self.shared.intake.lock();
        if intake.door == Door::Halted {
            intake.door = Door::Open;
        }
    }
}
