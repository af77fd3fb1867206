//! Loading the state that a ledger begins with: the base's snapshot, or genesis.

use ledger::{Base, Ledger, Tip};
use metadata::State;
use seeded::Bug;
use store::{Key, Kind, SnapshotName, Store, StoreError};

use super::Tail;
use crate::error::chain;
use crate::{AppendError, UpkeepError};

impl Tail {
    /// Starts again from the base: this process slept while the base moved past it, or saw a loss that is accepted by now.
    pub(super) async fn reload(&mut self) {
        tracing::info!(
            position = self.tip.position,
            "the base has moved past this process; reloading"
        );
        metrics::counter!("tidelog_reloads_total").increment(1);
        self.shared.view.set_progress(|progress| progress.reached = false);
        let loaded = match self.shared.ledger.base().await {
            Ok(base) => load(&self.shared.ledger, &self.shared.store, &base).await,
            Err(error) => Err(error.into()),
        };
        let (state, tip) = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                let text = format!("cannot reload: {}", chain(&error));
                tracing::warn!(error = %text, "reload failed");
                self.shared.ledger_trouble(Some(text));
                // The next read, or the next word of the loss, comes back here.
                self.stale = true;
                return;
            }
        };
        self.shared.view.write(|current| *current = state);
        self.shared.view.bodies.clear();
        self.tip = tip;
        self.loss = None;
        self.stale = true;
        self.reloaded = true;
        self.shared.recent.restart(tip);
        self.rethread();
        self.shared.view.set_progress(|progress| progress.tip = tip);
        if seeded::is(Bug::ServedWhileReloading) {
            let looked = Some(self.shared.world.clock.now());
            self.shared
                .view
                .set_progress(|progress| (progress.reached, progress.looked) = (true, looked));
        }
        self.reconcile();
        self.shared.view.waiters.wake_all();
    }

    /// What was in flight may have been taken in the part of the history that was skipped. It is answered as unknown.
    fn reconcile(&self) {
        let now = self.shared.world.clock.now();
        let unknown = AppendError::Unknown("the agent fell behind and reloaded".to_owned());
        let mut intake = self.shared.intake.lock();
        self.shared.view.read(|state| {
            intake.reloaded(|incarnation, lane| state.next_sequence(incarnation, lane));
            for role in intake.lives.learn(state, now) {
                intake.bury(role, &unknown);
            }
        });
        let halted = self.shared.view.read(State::halted);
        drop(intake);
        if halted {
            self.shut(crate::intake::Door::Halted, &AppendError::Halted);
        } else {
            self.open_door();
        }
        self.shared.object_wake.notify_one();
    }
}

impl Tail {
    /// After a reload, at the end of the ledger: lives of which a loss took something give way to others. What they had
    /// sent bears an era that is over wherever it still may be on its way, and is not proposed again; so nothing of it can
    /// land behind what the next life writes. The others retire the old life when it stays silent.
    pub(super) fn renew_stuck_lives(&mut self) {
        if !std::mem::take(&mut self.reloaded) {
            return;
        }
        let unknown = AppendError::Unknown("the ledger lost what this process had written before it".to_owned());
        let mut intake = self.shared.intake.lock();
        let next = |state: &State| intake.stuck(|incarnation, lane| state.next_sequence(incarnation, lane));
        let stuck = self.shared.view.read(next);
        for role in stuck {
            tracing::warn!(?role, "a loss took what this life had written; it begins another");
            intake.lives.give_up(role);
            intake.bury(role, &unknown);
        }
        drop(intake);
        self.shared.object_wake.notify_one();
    }
}

/// The state that the base leads to, and the tip it was folded up to.
///
/// The snapshot that the base names may be damaged, or may hold what the ledger has lost: a move of the base that was
/// under way while a backup took the ledger's place names one of the history before. The snapshot at the base itself is
/// kept beside the newest for this case, and no entry that it needs is deleted.
///
/// # Errors
/// When no snapshot can be read, all are damaged, or belong to another history.
pub(crate) async fn load(ledger: &Ledger, store: &Store, base: &Base) -> Result<(State, Tip), UpkeepError> {
    let failed = match load_named(ledger, store, base).await {
        Err(failed @ (UpkeepError::Damaged(_) | UpkeepError::Store(StoreError::NotFound { .. }))) => failed,
        loaded => return loaded,
    };
    let Ok(listed) = store.list(Kind::Snapshot).await else {
        return Err(failed);
    };
    let mut others: Vec<SnapshotName> = listed
        .into_iter()
        .filter(|listed| listed.path != base.snapshot)
        .filter_map(|listed| match listed.key {
            Some(Key::Snapshot(name)) if name.position >= base.position => Some(name),
            _ => None,
        })
        .collect();
    others.sort_unstable_by_key(|name| std::cmp::Reverse(name.position));
    for other in others {
        let path = Key::Snapshot(other).path(&base.cluster);
        let instead = Base {
            snapshot: path.clone(),
            ..base.clone()
        };
        if let Ok(loaded) = load_named(ledger, store, &instead).await {
            tracing::error!(error = %chain(&failed), instead = path, "the base's snapshot cannot be used");
            return Ok(loaded);
        }
    }
    Err(failed)
}

/// The state in the snapshot that the base names, or that of genesis.
///
/// A snapshot of a lost end could be the newest one in the store. So its position and the hash in its name are compared
/// with the entry that the base or the ledger has there.
///
/// # Errors
/// When the snapshot cannot be read, is damaged, or belongs to another history.
pub(crate) async fn load_named(ledger: &Ledger, store: &Store, base: &Base) -> Result<(State, Tip), UpkeepError> {
    if base.snapshot.is_empty() {
        let tip = base.tip();
        return Ok((State::genesis(base.cluster.0, tip.era, tip.hash.0), tip));
    }
    let damaged = |what: &str| UpkeepError::Damaged(format!("snapshot {}: {what}", base.snapshot));
    let key = Key::parse(&base.snapshot, &base.cluster).ok_or_else(|| damaged("its name is not one of a snapshot"))?;
    let bytes = store.read_fresh(&key, None).await?;
    let (state, _) = metadata::snapshot::decode(bytes).map_err(|error| damaged(&error.to_string()))?;
    let tip = Tip::new(state.era(), state.position(), ledger::Hash(state.entry_hash()));
    let Key::Snapshot(name) = key else {
        return Err(damaged("its name is not one of a snapshot"));
    };
    if name.position != tip.position || !name.is_of(&tip.hash.0) {
        return Err(damaged("it holds another state than its name says"));
    }
    if !ledger.verify_tip(&tip).await? {
        return Err(damaged("the ledger does not have the entry that it was folded up to"));
    }
    Ok((state, tip))
}
