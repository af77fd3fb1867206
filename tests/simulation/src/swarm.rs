//! What a seed draws before anything happens: the kind of ledger, limits, and which faults there are at all.
//!
//! A run in which everything fails at once explores little: some faults hide others. So each run has a random subset
//! of them, and within the run they come and go.

use std::time::Duration;

use compactor::CompactorConfig;
use engine::EngineConfig;
use ledger::Looks;
use metadata::Role;
use store::StoreOptions;
use world::Chance;

/// Everything that can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    LedgerSlow,
    LedgerRefused,
    LedgerLost,
    LedgerUnanswered,
    LedgerLate,
    LedgerDuplicated,
    StoreSlow,
    StoreStorm,
    StoreRefused,
    StoreUnanswered,
    StoreHung,
    StoreConflict,
    StoreTruncated,
    StoreFlipped,
    Kill,
    CrashAtSeam,
    Pause,
    Restart,
    ClockJump,
}

impl Fault {
    const ALL: [Fault; 19] = [
        Fault::LedgerSlow,
        Fault::LedgerRefused,
        Fault::LedgerLost,
        Fault::LedgerUnanswered,
        Fault::LedgerLate,
        Fault::LedgerDuplicated,
        Fault::StoreSlow,
        Fault::StoreStorm,
        Fault::StoreRefused,
        Fault::StoreUnanswered,
        Fault::StoreHung,
        Fault::StoreConflict,
        Fault::StoreTruncated,
        Fault::StoreFlipped,
        Fault::Kill,
        Fault::CrashAtSeam,
        Fault::Pause,
        Fault::Restart,
        Fault::ClockJump,
    ];

    /// Whether it befalls a process, and not its calls.
    pub(crate) fn is_of_agent(self) -> bool {
        self >= Fault::Kill
    }
}

/// What a seed is.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    /// The faults there are.
    pub(crate) faults: Vec<Fault>,
    /// Whether the ledger judges in its statement, as a database does, or can only put where nothing is.
    pub(crate) looks: Looks,
    /// Most bytes of an entry.
    pub(crate) entry_bytes_max: usize,
    /// The lives of each process.
    pub(crate) roles: Vec<Vec<Role>>,
    /// Clients send for this long.
    pub(crate) duration: Duration,
    /// A client waits up to this long between two operations.
    pub(crate) think_max: Duration,
    /// `agent.timeout.ms`.
    pub(crate) agent_timeout: Duration,
    /// `segment.grace.ms`.
    pub(crate) grace: Duration,
    /// `snapshot.entries`.
    pub(crate) snapshot_entries: u64,
    /// How long a write that arrives late may take.
    pub(crate) late_max: Duration,
    /// Limits of every engine.
    pub(crate) engine: EngineConfig,
    /// Limits of every store.
    pub(crate) store: StoreOptions,
    /// How eager compactors are.
    pub(crate) compactor: CompactorConfig,
}

impl Swarm {
    pub(crate) fn draw(chance: &Chance) -> Swarm {
        let faults = Fault::ALL.into_iter().filter(|_| chance.coin(0.4)).collect();
        let ms = |low, high| chance.between(Duration::from_millis(low), Duration::from_millis(high));
        Swarm {
            faults,
            looks: if chance.coin(0.5) {
                Looks::InStatement
            } else {
                Looks::AfterPut
            },
            entry_bytes_max: pick(chance, &[24 << 10, 64 << 10, 1 << 20]),
            roles: roles(chance),
            duration: Duration::from_secs(60),
            think_max: ms(400, 1_500),
            agent_timeout: ms(2_000, 5_000),
            grace: ms(500, 4_000),
            snapshot_entries: pick(chance, &[10, 40, 200]),
            late_max: ms(1_000, 15_000),
            engine: engine_config(chance),
            store: store_options(chance),
            compactor: compactor_config(chance),
        }
    }

    /// Whether there is such a fault in this run.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

fn pick<T: Copy>(chance: &Chance, choices: &[T]) -> T {
    let bound = u64::try_from(choices.len()).expect("a handful");
    choices[usize::try_from(chance.below(bound)).expect("below a handful")]
}

/// Two processes that are agents; compaction is done by one of them, by both, or by a third.
fn roles(chance: &Chance) -> Vec<Vec<Role>> {
    let (agent, both) = (vec![Role::Agent], vec![Role::Agent, Role::Compactor]);
    match chance.below(3) {
        0 => vec![both, agent],
        1 => vec![both.clone(), both],
        _ => vec![agent.clone(), agent, vec![Role::Compactor]],
    }
}

fn engine_config(chance: &Chance) -> EngineConfig {
    let ms = |low, high| chance.between(Duration::from_millis(low), Duration::from_millis(high));
    EngineConfig {
        memory_bytes_max: pick(chance, &[256 << 10, 1 << 20, 16 << 20]),
        segment_bytes_max: pick(chance, &[8 << 10, 64 << 10, 1 << 20]),
        linger: ms(5, 250),
        puts_per_second: pick(chance, &[None, Some(4.0), Some(20.0)]),
        puts_burst: pick(chance, &[1, 8]),
        puts_in_flight_max: pick(chance, &[1, 2, 4]),
        inline_bytes_max: pick(chance, &[None, Some(0), Some(512), Some(4096)]),
        inline_queue_bytes_max: pick(chance, &[2 << 10, 1 << 20]),
        look_interval: pick(chance, &[Duration::ZERO, Duration::from_millis(50)]),
        staleness_max: ms(500, 5_000),
        append_deadline: ms(2_000, 6_000),
        change_deadline: ms(2_000, 5_000),
        store_deadline: ms(1_500, 4_000),
        witness_interval: ms(300, 5_000),
        inline_cache_bytes_max: pick(chance, &[0, 4 << 10, 1 << 20]),
        ..EngineConfig::default()
    }
}

fn store_options(chance: &Chance) -> StoreOptions {
    let ms = |low, high| chance.between(Duration::from_millis(low), Duration::from_millis(high));
    StoreOptions {
        cache_bytes_max: pick(chance, &[8 << 10, 256 << 10, 8 << 20]),
        cache_block_bytes: pick(chance, &[512, 4 << 10, 1 << 20]),
        read_run_bytes_max: 1 << 20,
        read_timeout: ms(600, 2_000),
        put_timeout: ms(800, 3_000),
        hedge_after_initial: ms(50, 500),
        hedges_per_hundred: pick(chance, &[5, 50]),
        retries_per_hundred: pick(chance, &[10, 100]),
        ..StoreOptions::default()
    }
}

fn compactor_config(chance: &Chance) -> CompactorConfig {
    let ms = |low, high| chance.between(Duration::from_millis(low), Duration::from_millis(high));
    CompactorConfig {
        window_bytes_max: pick(chance, &[16 << 10, 1 << 20]),
        window_extents_max: pick(chance, &[8, 1_000]),
        move_out_after: ms(300, 5_000),
        fan_in: 2 + chance.below(4),
        small_objects_max: 4 + chance.below(20),
        put_deadline: ms(1_500, 4_000),
        snapshot_age: ms(300, 5_000),
        snapshot_entries_min: 3 + chance.below(20),
        tick: ms(100, 1_000),
        merge_interval: ms(300, 3_000),
        retention_interval: ms(2_000, 8_000),
        sweep_interval: ms(1_000, 8_000),
        damaged_retry_after: ms(1_000, 5_000),
        ..CompactorConfig::default()
    }
}
