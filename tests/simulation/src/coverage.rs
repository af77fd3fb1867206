//! Which faults have to meet which states in a long run, and which need not, with the reason.

use crate::phase::{Pair, Phase, Strike};

/// Pairs of a fault and a state that must have met after this many seeds.
pub const PAIRS_SEEDS_MIN: u64 = 2_000;

/// A fault of the catalogue, what is done, and the counters that show that it happened.
pub(crate) type Shown = (&'static str, &'static str, &'static [&'static str]);

/// The faults that can be shown without servers and sockets.
pub(crate) const FAULTS: &[Shown] = &[
    (
        "F-1",
        "a put that is there is not answered, or with an error",
        &["store fault unanswered", "store fault hung"],
    ),
    (
        "F-2",
        "what was put is never named, and swept",
        &["objects deleted, never named"],
    ),
    ("F-3", "the store refuses everything for a minute", &["fault LongStorm"]),
    (
        "F-4",
        "one call in some fails, and half of those happened",
        &["store fault refused", "store fault unanswered"],
    ),
    (
        "F-5",
        "puts take seconds; a second one is begun",
        &["fault StoreSlow", "tidelog_store_hedges_total"],
    ),
    ("F-6", "a read brings a part", &["store fault truncated"]),
    (
        "F-7",
        "a read brings a wrong bit",
        &["store fault flipped", "fetch corrupt"],
    ),
    (
        "F-8",
        "an append happens and is not answered",
        &["ledger fault unanswered"],
    ),
    (
        "F-9",
        "an append arrives when nobody waits any more; somebody sleeps while the base moves, appends below it, and another reads that",
        &[
            "ledger fault late",
            "entries put below the base",
            "entries put below the base, read by somebody",
        ],
    ),
    ("F-10", "an append arrives twice", &["ledger fault duplicated"]),
    (
        "F-11",
        "a process dies at a call: before it, when it has happened, when it was to be answered",
        &["crash Before", "crash Applied", "crash Answered"],
    ),
    (
        "F-12",
        "a process stands still past every timeout",
        &["fault Pause", "fold retire applied", "tidelog_reloads_total"],
    ),
    (
        "F-13",
        "two do the same work",
        &["check two compactors at once harm nothing"],
    ),
    (
        "F-14",
        "a compactor dies at its work",
        &[
            "CrashApplied during Rewriting",
            "CrashApplied during Swapping",
            "CrashApplied during Sweeping",
        ],
    ),
    (
        "F-15",
        "two compactors and two sweepers at once",
        &[
            "fold swap rejected InputsChanged",
            "check two sweepers at once harm nothing",
        ],
    ),
    (
        "F-16",
        "records are deleted while they are read and moved",
        &[
            "client delete records acknowledged",
            "fetch out of range",
            "fold trim rejected SeenChanged",
        ],
    ),
    (
        "F-17",
        "a topic is deleted and created anew while it is written and read",
        &[
            "client delete topic acknowledged",
            "fold append rejected UnknownTopic",
            "fetch unknown topic",
        ],
    ),
    (
        "F-18",
        "the wall clock of a process jumps by up to a year",
        &["clock jumps"],
    ),
    ("F-19", "the ledger refuses four calls of five", &["fault Throttle"]),
    (
        "F-20",
        "more is proposed than an entry holds",
        &["tidelog_flush_reason_total size"],
    ),
    (
        "F-22",
        "the ledger loses its end, or a backup takes its place",
        &[
            "fault EndLost",
            "fault EndLostInSleep",
            "fault Restored",
            "ledger halted",
            "ledger loss accepted",
        ],
    ),
    (
        "F-24",
        "a process is cut off from ledger or store, or hears no answer",
        &["fault CutOff", "fault LedgerCut", "fault LedgerDeaf", "fault StoreCut"],
    ),
    (
        "F-23",
        "agents cannot reach each other, or the one that puts the entries is gone",
        &["fault PeerCut", "links broken", "tidelog_peer_suspected_total"],
    ),
    ("F-25", "a zone is gone", &["fault ZoneLost"]),
    (
        "F-27",
        "no room in ledger and store",
        &["ledger fault full", "store fault full", "client append StorageFull"],
    ),
    (
        "F-28",
        "the power fails, and what had not reached the disk is gone",
        &[
            "fault PowerLost",
            "entries undone by a power cut",
            "objects undone by a power cut",
        ],
    ),
    (
        "F-33",
        "a producer that is not known, or out of sequence",
        &["client batch SequenceOutOfOrder", "client batch UnknownProducer"],
    ),
];

/// A fault and states that it need not meet, with the reason.
pub(crate) type Exempt = (&'static [Strike], &'static [Phase], &'static str);

pub(crate) const EXEMPT: &[Exempt] = &[
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

/// The names of the counters that show each fault.
pub(crate) fn faults() -> impl Iterator<Item = &'static str> {
    FAULTS.iter().flat_map(|(_, _, counters)| counters.iter().copied())
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
