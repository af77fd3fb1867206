//! Time, chance and tasks: the one door for each.
//!
//! Whatever depends on the clock, on randomness or on a task being run asks here, and nowhere else (clippy refuses the
//! other doors). So the same code runs in the real world and in a simulation, where time is virtual, chance is a seed
//! and a whole process can be killed or paused between two polls. This room knows nothing of logs.

mod chance;
mod clock;
mod retry;
mod tasks;

pub use chance::Chance;
pub use clock::{Clock, Elapsed, Instant};
pub use retry::{Backoff, Retry, retry};
pub use tasks::Tasks;

/// Everything that is not a pure function: a clock, a source of chance and a set of tasks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct World {
    /// Durations and wall time.
    pub clock: Clock,
    /// Seeded randomness.
    pub chance: Chance,
    /// The tasks of this process, or of one part of it.
    pub tasks: Tasks,
}

impl World {
    /// The real world: the system's wall clock, chance seeded by the system.
    pub fn real() -> World {
        World {
            clock: Clock::real(),
            chance: Chance::from_entropy(),
            tasks: Tasks::threaded(),
        }
    }

    /// A simulated world: wall time follows tokio's clock (pause it), chance follows the seed, and blocking work runs
    /// inline, so the same seed gives the same run. Must be called inside a tokio runtime.
    pub fn simulated(seed: u64) -> World {
        World {
            clock: Clock::simulated(),
            chance: Chance::from_seed(seed),
            tasks: Tasks::inline(),
        }
    }

    /// The same world with a tree of tasks of its own, which can be drained, paused or killed apart from the rest, and
    /// with a stream of chance of its own.
    pub fn child(&self, label: &str) -> World {
        World {
            clock: self.clock.clone(),
            chance: self.chance.fork(label),
            tasks: self.tasks.child(),
        }
    }
}
