//! What must hold for any bytes whatever: one check for each fuzz target. A check takes bytes, does with them what an
//! outsider or a damaged disk could bring about, and panics when a rule does not hold.
//!
//! Checks are plain functions of their input: no clock, no chance but what the bytes say, nothing kept between two calls.
//! So an input that failed fails again, under the fuzzer (`targets/`, which needs a nightly toolchain) as under the
//! replay of the corpus in `tests/replay.rs`, which needs none.

mod adapt;
#[cfg(feature = "processes")]
mod alone;
mod decompression;
mod entries;
#[cfg(feature = "processes")]
mod envelopes;
mod fold;
#[cfg(feature = "processes")]
mod http_body;
mod input;
mod lakes;
mod memory;
mod mutation;
mod record_batch;
mod seeds;
mod segments;
mod snapshots;
#[cfg(feature = "processes")]
mod stateful;
mod wire;

use peak_alloc::PeakAlloc;

pub use mutation::{Change, Mutate, mutate, mutate_entries, mutate_snapshot};
pub use seeds::{SEEDED, Seed, seeds};

/// Counts what is allocated, so that a check can tell how much an input made the code under it take.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is that of its folders too.
    pub name: &'static str,
    /// What must hold for any bytes.
    pub check: fn(&[u8]),
}

const fn target(name: &'static str, check: fn(&[u8])) -> Target {
    Target { name, check }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("record_batch", record_batch::check),
    target("decompression", decompression::check),
    target("segment", segments::check),
    target("lake", lakes::check),
    target("entry", entries::check),
    target("snapshot", snapshots::check),
    #[cfg(feature = "processes")]
    target("envelope", envelopes::check),
    #[cfg(feature = "processes")]
    target("http_body", http_body::check),
    #[cfg(feature = "processes")]
    target("stateful", stateful::check),
];

/// Runs the check of a target.
///
/// # Panics
/// When there is no such target, and when its rule does not hold.
pub fn check(target: &str, data: &[u8]) {
    let found = TARGETS.iter().find(|known| known.name == target);
    let found = found.unwrap_or_else(|| panic!("there is no target {target}"));
    (found.check)(data);
}
