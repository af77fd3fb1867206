//! Proposing what was done or decided, and counting the verdicts.

use std::collections::BTreeSet;

use engine::{ChangeError, Engine};
use metadata::entry::proposal::Kind;
use metadata::entry::{Expire, Mark, Swap, Trim};
use metadata::{Incarnation, PartitionId, Rejection, Role, Verdict};

use crate::Rewritten;

/// What came of swaps.
#[derive(Debug, Default)]
pub(super) struct Proposed {
    pub(super) done: Rewritten,
    /// The partitions whose swaps were applied.
    pub(super) applied: BTreeSet<PartitionId>,
}

/// Proposes swaps, one proposal after the other, all with the flush that made their object: the fold takes numbers
/// that do not fall. Those that were applied stay applied when a later one fails.
pub(super) async fn swaps(
    engine: &Engine,
    life: (Incarnation, u64),
    swaps: Vec<Swap>,
) -> Result<Proposed, ChangeError> {
    let mut proposed = Proposed::default();
    let done = &mut proposed.done;
    for swap in swaps {
        let inputs = swap.partitions.iter().map(|swap| {
            let id = PartitionId {
                topic: swap.topic,
                partition: swap.partition,
            };
            (id, swap.inputs.len() as u64)
        });
        let inputs: Vec<(PartitionId, u64)> = inputs.collect();
        let verdicts = engine
            .propose(Role::Compactor, Kind::Swap(swap), Some(life), "")
            .await?;
        for (verdict, (partition, inputs)) in verdicts.iter().zip(inputs) {
            match verdict {
                Verdict::Applied(_) => {
                    done.inputs += inputs;
                    done.outputs += 1;
                    proposed.applied.insert(partition);
                }
                Verdict::Rejected(rejection) => {
                    done.refused += 1;
                    refused(rejection);
                }
            }
        }
    }
    Ok(proposed)
}

/// Changed inputs are everyday; anything else is a fault of ours or a halt.
fn refused(rejection: &Rejection) {
    let changed = matches!(
        rejection,
        Rejection::InputsChanged | Rejection::UnknownTopic | Rejection::UnknownPartition
    );
    if changed {
        tracing::debug!(%rejection, "a swap came too late");
    } else {
        tracing::warn!(%rejection, "a swap was refused");
    }
}

/// Proposes trims; how many log starts moved.
pub(crate) async fn trim(engine: &Engine, role: Role, trim: Trim) -> Result<u64, ChangeError> {
    let verdicts = engine.propose(role, Kind::Trim(trim), None, "").await?;
    Ok(applied(&verdicts))
}

/// Proposes to forget; how many things were forgotten.
pub(crate) async fn expire(engine: &Engine, role: Role, expire: Expire) -> Result<u64, ChangeError> {
    let verdicts = engine.propose(role, Kind::Expire(expire), None, "").await?;
    Ok(applied(&verdicts))
}

/// Proposes a mark. With `flush`, a fresh number of the life, all its earlier flushes are over from then on. Whether it
/// was taken.
pub(crate) async fn mark(
    engine: &Engine,
    role: Role,
    mark: Mark,
    flush: Option<(Incarnation, u64)>,
) -> Result<bool, ChangeError> {
    let verdicts = engine.propose(role, Kind::Mark(mark), flush, "").await?;
    for verdict in &verdicts {
        if let Verdict::Rejected(rejection) = verdict {
            tracing::warn!(%rejection, "a mark was refused");
        }
    }
    Ok(applied(&verdicts) > 0)
}

fn applied(verdicts: &[Verdict]) -> u64 {
    let applied = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Applied(_)));
    applied.count() as u64
}
