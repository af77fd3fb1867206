//! A short form of the simulation: some seeds, every seed that once failed, and the same seed twice.

use simulation::{Outcome, run};

/// Seeds of the short form; the long one is the program's.
const SEEDS: std::ops::Range<u64> = 1..26;
/// Seeds that are run twice.
const TWICE: [u64; 5] = [3, 7, 11, 13, 24];
/// What is counted under these names happens in some seed of the short form.
const HAPPENS: [&str; 14] = [
    "base moved",
    "client append acknowledged",
    "client append unknown",
    "client batch repeated",
    "client request replayed",
    "crashes",
    "entries deleted",
    "fold retire applied",
    "fold snapshot applied",
    "fold swap applied",
    "fold trim applied",
    "kills",
    "objects deleted, never named",
    "tidelog_reloads_total",
];

fn regressions() -> Vec<u64> {
    let lines = include_str!("../regressions.txt").lines();
    let seeds = lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    seeds
        .map(|line| {
            let seed = line.split_whitespace().next().unwrap_or_default();
            seed.parse().unwrap_or_else(|_| panic!("no seed: {line}"))
        })
        .collect()
}

fn passes(seed: u64) -> Outcome {
    let outcome = run(seed, false).expect("there is a runtime");
    assert_eq!(outcome.findings, Vec::<String>::new(), "seed {seed}");
    outcome
}

#[test]
fn some_seeds_pass_and_much_happens() {
    let mut counts = simulation::Counts::default();
    for seed in SEEDS {
        counts.sum(&passes(seed).counts);
    }
    for name in HAPPENS {
        assert!(counts.get(name) > 0, "never: {name}\n{counts}");
    }
}

#[test]
fn seeds_that_once_failed_pass() {
    for seed in regressions() {
        passes(seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let mut digests = std::collections::BTreeSet::new();
    for seed in TWICE {
        let (one, other) = (run(seed, false).unwrap(), run(seed, false).unwrap());
        assert_eq!(one, other, "seed {seed}");
        digests.insert(one.digest);
    }
    assert_eq!(digests.len(), TWICE.len(), "seeds differ");
}
