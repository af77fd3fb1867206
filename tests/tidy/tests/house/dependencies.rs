//! Which room may lean on which: the order of ARCHITECTURE.md, and tighter where a room must not know something.

use crate::manifests::dependencies;
use crate::tree::{Faults, members, toml};

/// Every room of the house with what it may depend on, from the ground up. `metadata` and `records` are pure; the ledger
/// reads no body, so it knows no `metadata`; the store has `metadata` for the names of objects only.
const ALLOWED: [(&str, &[&str]); 21] = [
    ("seeded", &[]),
    ("world", &[]),
    ("records", &[]),
    ("segment", &["records"]),
    ("metadata", &["seeded"]),
    ("ledger", &["seeded", "world"]),
    ("store", &["world", "metadata", "ledger"]),
    ("lake", &["records", "metadata"]),
    (
        "engine",
        &[
            "seeded", "world", "records", "segment", "metadata", "ledger", "store", "lake",
        ],
    ),
    ("query", &["metadata", "store", "lake", "engine"]),
    (
        "agent",
        &["world", "records", "metadata", "ledger", "store", "lake", "engine"],
    ),
    (
        "compactor",
        &[
            "seeded", "world", "records", "segment", "metadata", "ledger", "store", "lake", "engine",
        ],
    ),
    ("cli", &ALL),
    ("tidy", &[]),
    ("history", &["world"]),
    ("simulation", &ALL),
    ("crash", &ALL),
    ("fuzz", &ALL),
    ("model", &["world"]),
    ("proxy", &["world"]),
    (
        "fleet",
        &[
            "world",
            "records",
            "metadata",
            "ledger",
            "store",
            "engine",
            "agent",
            "compactor",
            "proxy",
        ],
    ),
];

const ALL: [&str; 11] = [
    "world",
    "records",
    "segment",
    "metadata",
    "ledger",
    "store",
    "lake",
    "engine",
    "query",
    "agent",
    "compactor",
];

/// What judges may be used by what is judged alone, and the proxy of faults by real processes, whose way to their servers
/// leads through it: beyond the list above.
const ALSO: [(&str, &[&str]); 2] = [
    ("simulation", &["seeded", "history"]),
    ("crash", &["seeded", "history", "proxy"]),
];

/// Rooms of a height, from the ground: tests may use what lies below, besides what the room itself may use.
const HEIGHTS: [&[&str]; 9] = [
    &["seeded", "world", "records"],
    &["segment", "metadata"],
    &["ledger", "store", "lake"],
    &["engine"],
    &["query"],
    &["agent", "compactor"],
    &["cli"],
    &["tidy", "history", "proxy"],
    &["simulation", "crash", "fuzz", "model", "fleet"],
];

/// Tests that need a room above their own, and why. None does.
const TESTS_UPWARDS: [(&str, &str); 0] = [];

/// What the pure rooms may not use at all: whatever does input, output, time or tasks.
const PURE: [&str; 4] = ["records", "segment", "metadata", "lake"];
const IMPURE: [&str; 9] = [
    "tokio",
    "tokio-util",
    "futures",
    "async-trait",
    "world",
    "tracing",
    "metrics",
    "rand",
    "jiff",
];

/// Dates that stand in records are read with it; clippy.toml sees to it that nobody asks it for the time.
const READS_DATES: (&str, &str) = ("lake", "jiff");

fn allowed(room: &str) -> Option<&'static [&'static str]> {
    ALLOWED
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, allowed)| *allowed)
}

fn also(room: &str, name: &str) -> bool {
    ALSO.iter().any(|(own, names)| *own == room && names.contains(&name))
}

fn height(room: &str) -> Option<usize> {
    HEIGHTS.iter().position(|rooms| rooms.contains(&room))
}

#[test]
fn rooms_lean_one_way() {
    let mut faults = Faults::of(
        "seeded, world, records <- segment, metadata <- ledger, store, lake <- engine <- agent, compactor <- cli <- tests",
    );
    for folder in members() {
        let path = format!("{folder}/Cargo.toml");
        let manifest = toml(&path);
        let room = manifest["package"]["name"].as_str().expect("a name");
        if folder.rsplit('/').next() != Some(room) {
            faults.file(&path, format!("a package is named by its folder, this one is {room}"));
        }
        let Some(allowed) = allowed(room) else {
            faults.file(
                &path,
                format!("{room} is not in the table of tests/tidy/tests/house/dependencies.rs"),
            );
            continue;
        };
        for dependency in dependencies(&manifest) {
            let Some(below) = height(&dependency.name) else {
                continue;
            };
            let name = dependency.name.as_str();
            let tests = dependency.section == "dev-dependencies"
                && (height(room).is_some_and(|own| below < own) || TESTS_UPWARDS.contains(&(room, name)));
            if !allowed.contains(&name) && !also(room, name) && !tests && room != "tidy" {
                faults.file(
                    &path,
                    format!("{room} may not depend on {name} ({})", dependency.section),
                );
            }
        }
    }
    faults.check();
}

#[test]
fn pure_rooms_have_nothing_to_do_anything_with() {
    let mut faults =
        Faults::of("records, segment, metadata and lake do no input or output, and know no clock, chance or task");
    for room in PURE {
        let path = format!("log/{room}/Cargo.toml");
        for dependency in dependencies(&toml(&path)) {
            let name = dependency.name.as_str();
            if dependency.section == "dependencies" && IMPURE.contains(&name) && (room, name) != READS_DATES {
                faults.file(&path, format!("{room} depends on {name}"));
            }
        }
    }
    faults.check();
}
