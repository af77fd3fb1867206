//! What would make the same seed give another run, as far as text shows it. Clocks, chance and tasks are clippy's.

use crate::text::{line_at, named};
use crate::tree::{Faults, ending};

/// Rooms that run in the simulation.
const SIMULATED: [&str; 2] = ["log/", "compactor/"];

/// Files that may use the standard library's hash maps, whose order differs from run to run, and why.
const HASH_MAPS: [(&str, &str); 2] = [
    ("log/world/src/chance.rs", "draws the seed of a run that was given none"),
    (
        "log/ledger/src/dynamodb/client/item.rs",
        "holds items as the SDK does; no simulation speaks to a server",
    ),
];

#[test]
fn select_is_biased() {
    let mut faults =
        Faults::of("`select!` begins with `biased;`: without it the branch is drawn from an unseeded generator");
    for file in ending(".rs") {
        let code = file.code();
        for (at, macro_name) in code.match_indices("select!") {
            let inside = code[at + macro_name.len()..].trim_start();
            let inside = inside.strip_prefix(['{', '(', '[']).unwrap_or(inside).trim_start();
            if !inside.starts_with("biased;") {
                faults.line(&file.path, line_at(code, at), "select! without biased;");
            }
        }
    }
    faults.check();
}

#[test]
fn nothing_waits_on_a_watch() {
    let mut faults = Faults::of("no tokio::sync::watch: it wakes in an order drawn from an unseeded generator");
    for file in ending(".rs") {
        let code = file.code();
        for line in named(code, "sync", "watch") {
            faults.line(&file.path, line, "tokio::sync::watch");
        }
    }
    faults.check();
}

#[test]
fn maps_have_an_order() {
    let mut faults = Faults::of(
        "no HashMap or HashSet of the standard library where the simulation runs: BTreeMap, or hashbrown with a fixed hasher",
    );
    for file in ending(".rs") {
        let simulated = SIMULATED.iter().any(|room| file.path.starts_with(room));
        if !simulated || HASH_MAPS.iter().any(|(path, _)| *path == file.path) {
            continue;
        }
        let code = file.code();
        for name in ["HashMap", "HashSet", "hash_map", "hash_set"] {
            for line in named(code, "collections", name) {
                faults.line(&file.path, line, name);
            }
        }
        for line in named(code, "hash", "RandomState") {
            faults.line(&file.path, line, "RandomState");
        }
    }
    faults.check();
}
