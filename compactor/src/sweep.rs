//! Finding garbage by listing, and deleting it by the rule of its kind.
//!
//! First the end of the ledger is folded, up to T; then the store is listed. So every life whose objects the listing
//! shows is either known to the fold or registered after T, and what is judged garbage can never be named again: the
//! fold takes no name of a flush that is over, nor any of a dead life. What a reader may still want is protected by the
//! grace, told by marks; so is what a dead life left, for the entry that ended it may be lost with the end of the ledger.
//! A name that is not ours is counted and never deleted.

mod judge;

use std::collections::BTreeMap;

use engine::{ChangeError, Engine, ReadError};
use futures::StreamExt as _;
use ledger::LedgerError;
use metadata::entry::Mark;
use metadata::{Incarnation, ObjectName, Role, State};
use seeded::Bug;
use store::{Key, Listed, SnapshotName, StoreError};

pub(crate) use judge::{Judge, Judgement};

use crate::plan::grace::{self, Waiting};
use crate::run::{self, TooSlow};
use crate::{CompactorConfig, Swept};

/// Objects judged at once.
const JUDGE_AT_ONCE: usize = 1000;

/// Why a sweep ended early. What was deleted is gone; the rest waits for the next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SweepError {
    /// The end of the ledger is not known.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// The base cannot be read.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The store refuses or does not answer.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The store did not answer in time.
    #[error("{0}")]
    Slow(#[from] TooSlow),
    /// The mark was not taken, or it is not known.
    #[error("mark: {0}")]
    Change(#[from] ChangeError),
}

/// What a sweep found out.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) swept: Swept,
    /// Lengths of the segments that something names.
    pub(crate) named: BTreeMap<ObjectName, u64>,
    /// Since when segments that are still there wait for their grace: the first and the last position.
    pub(crate) segments_wait: Option<(u64, u64)>,
    /// The same of lake files.
    pub(crate) lakes_wait: Option<(u64, u64)>,
    /// An object of this process' own life waits for a later flush.
    pub(crate) own_flush_open: bool,
    /// Where the base was before the listing.
    pub(crate) base_position: u64,
}

/// Sweeps all kinds. None while halted: what seems garbage may be what an operator wants back.
pub(crate) async fn sweep(engine: &Engine, config: &CompactorConfig) -> Result<Option<Outcome>, SweepError> {
    engine.look().await?;
    // A loss that this process has seen counts before its halt is folded.
    if engine.read(State::halted) || engine.health().halted {
        return Ok(None);
    }
    // The base is read before the listing: a snapshot is garbage only when the base names a newer one.
    let base = run::in_time(engine, 1, engine.ledger().base()).await??;
    let judge = Judge {
        base_position: base.position,
        base_snapshot: snapshot_name(engine, &base.snapshot),
        own: engine.incarnation(Role::Compactor),
    };
    let mut outcome = Outcome {
        base_position: base.position,
        ..Outcome::default()
    };
    let listing = engine.store().list_stream(None)?;
    let mut chunks = listing.chunks(JUDGE_AT_ONCE);
    while let Some(chunk) = run::in_time(engine, 1, chunks.next()).await? {
        let listed: Vec<Listed> = chunk.into_iter().collect::<Result<_, StoreError>>()?;
        let garbage = engine.read(|state| judge_all(state, &judge, listed, &mut outcome));
        outcome.swept.deleted += delete(engine, &garbage).await?;
    }
    let staged = engine.store().sweep_staged(config.staged_after);
    outcome.swept.staged = run::in_time(engine, 10, staged).await??;
    tell(&outcome.swept);
    Ok(Some(outcome))
}

fn snapshot_name(engine: &Engine, path: &str) -> Option<SnapshotName> {
    match Key::parse(path, &engine.cluster()) {
        Some(Key::Snapshot(name)) => Some(name),
        _ => None,
    }
}

fn judge_all(state: &State, judge: &Judge, listed: Vec<Listed>, outcome: &mut Outcome) -> Vec<Key> {
    let mut garbage = Vec::new();
    for object in listed {
        let Some(key) = object.key else {
            outcome.swept.unknown += 1;
            continue;
        };
        match judge.judge(state, &key) {
            Judgement::Garbage { orphan } => {
                outcome.swept.orphans += u64::from(orphan);
                garbage.push(key);
            }
            Judgement::Named => {
                if let Key::Segment(name) = key {
                    outcome.named.insert(name, object.bytes);
                }
            }
            Judgement::Waits { since, own_flush } => {
                outcome.swept.waiting += 1;
                outcome.own_flush_open |= own_flush;
                let wait = match key {
                    Key::LakeData(..) | Key::LakeMetadata(..) => &mut outcome.lakes_wait,
                    _ => &mut outcome.segments_wait,
                };
                *wait = match (*wait, since) {
                    (Some((first, last)), Some(at)) => Some((first.min(at), last.max(at))),
                    (None, Some(at)) => Some((at, at)),
                    (known, None) => known,
                };
            }
            Judgement::Kept => {}
            Judgement::Unknown => outcome.swept.unknown += 1,
        }
    }
    garbage
}

async fn delete(engine: &Engine, garbage: &[Key]) -> Result<u64, SweepError> {
    if garbage.is_empty() {
        return Ok(0);
    }
    let deleted = run::in_time(engine, 1, engine.store().delete(garbage)).await??;
    metrics::counter!("tidelog_sweep_deleted_total").increment(deleted);
    tracing::info!(deleted, "swept garbage");
    Ok(deleted)
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is an f64")]
fn tell(swept: &Swept) {
    metrics::gauge!("tidelog_orphan_objects").set(swept.orphans as f64);
    metrics::gauge!("tidelog_sweep_waiting_objects").set(swept.waiting as f64);
    metrics::gauge!("tidelog_unknown_objects").set(swept.unknown as f64);
    metrics::counter!("tidelog_sweep_staged_total").increment(swept.staged);
}

/// Proposes a mark when something waits for one. Whether one was taken.
///
/// The position is read first and the date asked for after it, so the date is one of a time when everything up to the
/// position had been folded, here at least; and what the fold had un-named by then was un-named before that date.
pub(crate) async fn mark(engine: &Engine, waiting: &Waiting, own_flush_open: bool) -> Result<bool, SweepError> {
    if *waiting == Waiting::default() && !own_flush_open {
        return Ok(false);
    }
    let (folded, lowest_inline) = engine.read(|state| (state.position(), state.lowest_inline()));
    let date = run::in_time(engine, 1, engine.store().date_ms()).await??;
    let date = match seeded::is(Bug::MarkByOwnClock) {
        true => engine.world().clock.wall_ms(),
        false => date,
    };
    let due = engine.read(|state| !state.halted() && grace::needs_mark(state, waiting, date));
    if !due && !own_flush_open {
        return Ok(false);
    }
    let mark = Mark {
        folded,
        date,
        lowest_inline,
    };
    let flush = if own_flush_open { fresh_flush(engine) } else { None };
    let role = role(engine);
    Ok(run::mark(engine, role, mark, flush).await?)
}

/// A number above those of all objects this life has put: with it in the ledger they are over, and those that nothing
/// names are garbage.
fn fresh_flush(engine: &Engine) -> Option<(Incarnation, u64)> {
    engine.next_flush(Role::Compactor)
}

/// The role in which this process proposes what either may.
pub(crate) fn role(engine: &Engine) -> Role {
    match engine.incarnation(Role::Compactor) {
        Some(_) => Role::Compactor,
        None => engine.config().roles.first().copied().unwrap_or(Role::Compactor),
    }
}
