//! Everything that can go wrong, and what it befalls.

use world::Chance;

/// Everything that can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Calls of the ledger take up to a second.
    LedgerSlow,
    /// Some are refused.
    LedgerRefused,
    /// Some do not happen, and are not answered.
    LedgerLost,
    /// Some happen, and are not answered.
    LedgerUnanswered,
    /// Some writes happen later, when nobody waits any more.
    LedgerLate,
    /// Some appends arrive twice.
    LedgerDuplicated,
    /// Nothing reaches the ledger.
    LedgerCut,
    /// Everything reaches the ledger, and no answer comes back.
    LedgerDeaf,
    /// Calls of the store take up to several seconds.
    StoreSlow,
    /// Some are refused.
    StoreRefused,
    /// All are refused, for a moment.
    StoreStorm,
    /// Some happen, and are answered with an error.
    StoreUnanswered,
    /// Some are never answered; half of them happen.
    StoreHung,
    /// Nothing reaches the store, or nothing comes back.
    StoreCut,
    /// Conditional puts find something that is not there.
    StoreConflict,
    /// Some reads bring only a part.
    StoreTruncated,
    /// Some reads bring a bit that is wrong.
    StoreFlipped,
    /// What agents say to each other takes up to half a second and more.
    PeerSlow,
    /// Nothing passes between this one and other agents.
    PeerCut,
    /// Links between agents break now and then.
    PeerBroken,
    /// The process is gone at once.
    Kill,
    /// The process is gone at one of its calls.
    CrashAtSeam,
    /// The process stands still, often for longer than anybody waits.
    Pause,
    /// The process is stopped in order and begun again.
    Restart,
    /// The wall clock of the process jumps, by up to a year.
    ClockJump,
    /// The store refuses everything to everybody, for a minute.
    LongStorm,
    /// The ledger refuses four calls of five to everybody, for a while.
    Throttle,
    /// One process is cut off, and the others have nothing to suffer.
    CutOff,
    /// All processes of a zone are gone at once.
    ZoneLost,
    /// All processes are gone at once, and with them what had not reached the disk.
    PowerLost,
    /// The ledger loses its last entries while processes are alive.
    EndLost,
    /// The ledger loses its last entries while no process is alive.
    EndLostInSleep,
    /// A backup of the ledger, a little older, takes its place.
    Restored,
    /// Neither ledger nor store has room.
    DiskFull,
}

/// What a fault befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The calls of one process.
    Network,
    /// One process.
    Process,
    /// Everything.
    Cluster,
}

/// Every fault, its scope, and how likely a run has it.
const ALL: [(Fault, Scope, f64); 34] = [
    (Fault::LedgerSlow, Scope::Network, 0.35),
    (Fault::LedgerRefused, Scope::Network, 0.35),
    (Fault::LedgerLost, Scope::Network, 0.35),
    (Fault::LedgerUnanswered, Scope::Network, 0.35),
    (Fault::LedgerLate, Scope::Network, 0.35),
    (Fault::LedgerDuplicated, Scope::Network, 0.35),
    (Fault::LedgerCut, Scope::Network, 0.2),
    (Fault::LedgerDeaf, Scope::Network, 0.2),
    (Fault::StoreSlow, Scope::Network, 0.35),
    (Fault::StoreRefused, Scope::Network, 0.35),
    (Fault::StoreStorm, Scope::Network, 0.35),
    (Fault::StoreUnanswered, Scope::Network, 0.35),
    (Fault::StoreHung, Scope::Network, 0.35),
    (Fault::StoreCut, Scope::Network, 0.2),
    (Fault::StoreConflict, Scope::Network, 0.35),
    (Fault::StoreTruncated, Scope::Network, 0.35),
    (Fault::StoreFlipped, Scope::Network, 0.35),
    (Fault::PeerSlow, Scope::Network, 0.35),
    (Fault::PeerCut, Scope::Network, 0.35),
    (Fault::PeerBroken, Scope::Network, 0.35),
    (Fault::Kill, Scope::Process, 0.4),
    (Fault::CrashAtSeam, Scope::Process, 0.4),
    (Fault::Pause, Scope::Process, 0.4),
    (Fault::Restart, Scope::Process, 0.4),
    (Fault::ClockJump, Scope::Process, 0.4),
    (Fault::LongStorm, Scope::Cluster, 0.05),
    (Fault::Throttle, Scope::Cluster, 0.1),
    (Fault::CutOff, Scope::Cluster, 0.15),
    (Fault::ZoneLost, Scope::Cluster, 0.2),
    (Fault::PowerLost, Scope::Cluster, 0.2),
    (Fault::EndLost, Scope::Cluster, 0.2),
    (Fault::EndLostInSleep, Scope::Cluster, 0.1),
    (Fault::Restored, Scope::Cluster, 0.1),
    (Fault::DiskFull, Scope::Cluster, 0.1),
];

impl Fault {
    /// What it befalls.
    pub(crate) fn scope(self) -> Scope {
        let known = ALL.iter().find(|(fault, ..)| *fault == self);
        known.map_or(Scope::Network, |(_, scope, _)| *scope)
    }
}

/// The faults of a run.
pub(super) fn draw(chance: &Chance) -> Vec<Fault> {
    let mut drawn = Vec::new();
    for (fault, _, likely) in ALL {
        if chance.coin(likely) {
            drawn.push(fault);
        }
    }
    drawn
}
