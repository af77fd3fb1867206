//! What a process is doing at the moment something strikes it, and what strikes: the two sides of the table of
//! coverage. A fault that never meets a state has not been shown to be harmless in it.

use std::fmt;

use world::Chance;

use crate::swarm::Fault;

/// What a process is doing. Several hold at once, but for [`Phase::Idle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It loads and catches up, and serves nothing yet.
    Starting,
    /// It follows the ledger and has no life.
    Registering,
    /// Nothing below is under way.
    Idle,
    /// An entry is being put.
    Appending,
    /// A segment of the object lane is being put.
    Flushing,
    /// A segment is durable and not yet named.
    FlushWaits,
    /// Bytes of a segment are being read.
    Fetching,
    /// It has to catch up after the base moved past it.
    Reloading,
    /// It has seen a loss or a halt.
    Halted,
    /// It is stopping in order.
    Draining,
    /// A snapshot is being put or read back.
    Snapshotting,
    /// The base is being moved.
    MovingBase,
    /// Entries below the base are being deleted.
    DeletingEntries,
    /// Objects are being listed or deleted.
    Sweeping,
    /// A merged segment or a lake file is being put.
    Rewriting,
    /// The entry that is being put holds a swap.
    Swapping,
    /// The witness is being replaced.
    Witnessing,
    /// It hands its proposals to another agent, and hears of entries from it.
    Following,
    /// Other agents follow it.
    Hosting,
}

/// What strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strike {
    LedgerSlow,
    LedgerRefused,
    LedgerLost,
    LedgerUnanswered,
    LedgerLate,
    LedgerDuplicated,
    LedgerFull,
    LedgerCut,
    LedgerDeaf,
    StoreSlow,
    StoreRefused,
    StoreUnanswered,
    StoreHung,
    StoreConflict,
    StoreTruncated,
    StoreFlipped,
    StoreFull,
    StoreCut,
    PeerSlow,
    PeerCut,
    PeerBroken,
    Kill,
    CrashBefore,
    CrashApplied,
    CrashAnswered,
    Pause,
    Restart,
    ClockJump,
    ZoneLost,
    PowerLost,
    EndLost,
}

impl Phase {
    /// Any of them, and more often one that is soon over.
    pub(crate) fn draw(chance: &Chance) -> Phase {
        let all: &[Phase] = if chance.coin(0.6) { &Phase::RARE } else { &Phase::ALL };
        let bound = u64::try_from(all.len()).expect("a handful");
        all[usize::try_from(chance.below(bound)).expect("below a handful")]
    }

    /// What seldom holds, or not for long.
    const RARE: [Phase; 7] = [
        Phase::Reloading,
        Phase::Halted,
        Phase::Snapshotting,
        Phase::MovingBase,
        Phase::DeletingEntries,
        Phase::Sweeping,
        Phase::Swapping,
    ];

    pub(crate) const ALL: [Phase; 19] = [
        Phase::Starting,
        Phase::Registering,
        Phase::Idle,
        Phase::Appending,
        Phase::Flushing,
        Phase::FlushWaits,
        Phase::Fetching,
        Phase::Reloading,
        Phase::Halted,
        Phase::Draining,
        Phase::Snapshotting,
        Phase::MovingBase,
        Phase::DeletingEntries,
        Phase::Sweeping,
        Phase::Rewriting,
        Phase::Swapping,
        Phase::Witnessing,
        Phase::Following,
        Phase::Hosting,
    ];
}

impl Strike {
    pub(crate) const ALL: [Strike; 31] = [
        Strike::LedgerSlow,
        Strike::LedgerRefused,
        Strike::LedgerLost,
        Strike::LedgerUnanswered,
        Strike::LedgerLate,
        Strike::LedgerDuplicated,
        Strike::LedgerFull,
        Strike::LedgerCut,
        Strike::LedgerDeaf,
        Strike::StoreSlow,
        Strike::StoreRefused,
        Strike::StoreUnanswered,
        Strike::StoreHung,
        Strike::StoreConflict,
        Strike::StoreTruncated,
        Strike::StoreFlipped,
        Strike::StoreFull,
        Strike::StoreCut,
        Strike::PeerSlow,
        Strike::PeerCut,
        Strike::PeerBroken,
        Strike::Kill,
        Strike::CrashBefore,
        Strike::CrashApplied,
        Strike::CrashAnswered,
        Strike::Pause,
        Strike::Restart,
        Strike::ClockJump,
        Strike::ZoneLost,
        Strike::PowerLost,
        Strike::EndLost,
    ];

    /// What strikes when a fault begins that lasts for a while; none for faults that strike single calls.
    pub(crate) fn of_window(fault: Fault) -> Option<Strike> {
        match fault {
            Fault::LedgerSlow => Some(Strike::LedgerSlow),
            Fault::LedgerCut => Some(Strike::LedgerCut),
            Fault::LedgerDeaf => Some(Strike::LedgerDeaf),
            Fault::StoreSlow => Some(Strike::StoreSlow),
            Fault::StoreCut => Some(Strike::StoreCut),
            Fault::PeerSlow => Some(Strike::PeerSlow),
            Fault::PeerCut => Some(Strike::PeerCut),
            Fault::PeerBroken => Some(Strike::PeerBroken),
            _ => None,
        }
    }

    /// The name that the faulty ledger gives to what befell a call.
    pub(crate) fn of_ledger(fault: &str) -> Option<Strike> {
        match fault {
            "refused" => Some(Strike::LedgerRefused),
            "lost" => Some(Strike::LedgerLost),
            "unanswered" => Some(Strike::LedgerUnanswered),
            "late" => Some(Strike::LedgerLate),
            "duplicated" => Some(Strike::LedgerDuplicated),
            "full" => Some(Strike::LedgerFull),
            _ => None,
        }
    }

    /// The name that the faulty store gives to what befell a call.
    pub(crate) fn of_store(fault: &str) -> Option<Strike> {
        match fault {
            "refused" => Some(Strike::StoreRefused),
            "unanswered" => Some(Strike::StoreUnanswered),
            "hung" => Some(Strike::StoreHung),
            "conflict" => Some(Strike::StoreConflict),
            "truncated" => Some(Strike::StoreTruncated),
            "flipped" => Some(Strike::StoreFlipped),
            "full" => Some(Strike::StoreFull),
            _ => None,
        }
    }
}

/// How often what struck whom. Counted without text, for it is counted often.
#[derive(Clone, Debug)]
pub(crate) struct Pairs([[u64; Phase::ALL.len()]; Strike::ALL.len()]);

impl Default for Pairs {
    fn default() -> Pairs {
        Pairs([[0; Phase::ALL.len()]; Strike::ALL.len()])
    }
}

impl Pairs {
    pub(crate) fn count(&mut self, strike: Strike, phases: &[Phase]) {
        for phase in phases {
            self.0[strike as usize][*phase as usize] += 1;
        }
    }

    /// The counters by name, those that are not 0.
    pub(crate) fn named(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let all = Strike::ALL
            .into_iter()
            .flat_map(|strike| Phase::ALL.map(|phase| (strike, phase)));
        all.filter_map(|(strike, phase)| {
            let count = self.0[strike as usize][phase as usize];
            (count > 0).then(|| (Pair(strike, phase).to_string(), count))
        })
    }
}

/// A strike and a phase, as their counter is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair(pub(crate) Strike, pub(crate) Phase);

impl fmt::Display for Pair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} during {:?}", self.0, self.1)
    }
}
