//! Which faults have to meet which states in a long run, and which need not, with the reason.

use crate::phase::{Pair, Phase, Strike};

/// Pairs of a fault and a state that must have met after this many seeds.
pub const PAIRS_SEEDS_MIN: u64 = 2_000;

/// A fault and states that it need not meet, with the reason.
type Exempt = (&'static [Strike], &'static [Phase], &'static str);

const EXEMPT: &[Exempt] = &[
    (
        &[Strike::Restart],
        &[Phase::Draining],
        "who is asked to stop is not asked again",
    ),
    (
        &[Strike::LedgerLate, Strike::LedgerDuplicated, Strike::LedgerFull],
        &[Phase::Starting, Phase::Reloading, Phase::Idle, Phase::Halted],
        "strikes what writes to the ledger; who starts, reloads, idles or has halted only reads",
    ),
    (
        &[Strike::LedgerLate, Strike::LedgerDuplicated],
        &[Phase::Snapshotting, Phase::Sweeping, Phase::Witnessing],
        "strikes what writes to the ledger, while this writes to the store",
    ),
    (
        &[Strike::LedgerFull, Strike::StoreFull],
        &[
            Phase::Starting,
            Phase::Reloading,
            Phase::Idle,
            Phase::Halted,
            Phase::Snapshotting,
            Phase::MovingBase,
            Phase::DeletingEntries,
            Phase::Sweeping,
            Phase::Witnessing,
            Phase::Swapping,
            Phase::Draining,
        ],
        "without room there is no snapshot, so the base does not move and nothing new is swept",
    ),
    (
        &[Strike::StoreConflict],
        &[
            Phase::Starting,
            Phase::Registering,
            Phase::Idle,
            Phase::Reloading,
            Phase::Halted,
            Phase::Draining,
            Phase::Snapshotting,
            Phase::MovingBase,
            Phase::DeletingEntries,
            Phase::Sweeping,
            Phase::Rewriting,
            Phase::Swapping,
        ],
        "strikes what replaces the witness, and meets the rest only when both are under way at once",
    ),
    (
        &[Strike::StoreTruncated, Strike::StoreFlipped],
        &[
            Phase::Idle,
            Phase::Halted,
            Phase::Draining,
            Phase::MovingBase,
            Phase::DeletingEntries,
            Phase::Sweeping,
            Phase::Rewriting,
            Phase::Swapping,
            Phase::Registering,
        ],
        "strikes what reads segments and snapshots, and meets the rest only when both are under way at once",
    ),
    (
        &[Strike::StoreHung, Strike::StoreUnanswered],
        &[Phase::MovingBase, Phase::DeletingEntries, Phase::Halted],
        "strikes what asks the store, and this asks the ledger",
    ),
];

/// Why a fault need not meet a state; none when it has to.
pub(crate) fn exempt(strike: Strike, phase: Phase) -> Option<&'static str> {
    let found = EXEMPT
        .iter()
        .find(|(strikes, phases, _)| strikes.contains(&strike) && phases.contains(&phase));
    found.map(|(_, _, why)| *why)
}

/// The names of the counters of all pairs that have to meet.
pub fn pairs() -> Vec<String> {
    let all = Strike::ALL
        .into_iter()
        .flat_map(|strike| Phase::ALL.map(|phase| (strike, phase)));
    all.filter(|(strike, phase)| exempt(*strike, *phase).is_none())
        .map(|(strike, phase)| Pair(strike, phase).to_string())
        .collect()
}
