//! The checker, checked: what is right is found right, and of each way to be wrong that very thing is found.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use history::generate::{Generator, Plan};
use history::{Checker, Kind, Operation, Verdict, plant};
use world::Chance;

/// Right histories that are judged.
const RIGHT: u64 = 1_000;
/// Seeds with which each way to be wrong is tried.
const SEEDS: u64 = 12;
/// In so many of them at least there has to be a place for it.
const APPLIED_MIN: u64 = 4;

fn made(seed: u64, operations: u64) -> Vec<Operation> {
    Generator::new(Plan { operations, seed }).collect()
}

fn judged(operations: &[Operation]) -> Verdict {
    let mut checker = Checker::default();
    for operation in operations {
        checker.take(operation).expect("a history");
    }
    checker.finish()
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for seed in 0..RIGHT {
        let verdict = judged(&made(seed, 300 + seed % 200));
        assert_eq!(verdict.anomalies, [], "seed {seed}");
    }
}

#[test]
fn nothing_is_found_in_a_long_one() {
    let verdict = judged(&made(7, 40_000));
    assert_eq!(verdict.anomalies, []);
    assert!(verdict.operations >= 40_000 && verdict.values > 40_000, "{verdict:?}");
}

#[test]
fn what_is_planted_is_found() {
    for (number, plant) in plant::plants().enumerate() {
        let mut applied = 0;
        for seed in 0..SEEDS {
            // A history without a place for it may have one elsewhere.
            for attempt in 0..20 {
                let mut operations = made(1_000 + seed, 600);
                let chance = Chance::from_seed(seed * 1_000 + attempt * 50 + number as u64);
                if !plant.apply(&mut operations, &chance) {
                    continue;
                }
                let verdict = judged(&operations);
                let found: BTreeSet<Kind> = verdict.counts.keys().copied().collect();
                let told = || {
                    format!(
                        "{}, seed {seed}, attempt {attempt}: {:#?}",
                        plant.name, verdict.anomalies
                    )
                };
                assert!(found.contains(&plant.kind), "{}", told());
                let more = found
                    .iter()
                    .find(|kind| **kind != plant.kind && !plant.also.contains(kind));
                assert_eq!(more, None, "{}", told());
                applied += 1;
                break;
            }
        }
        assert!(
            applied >= APPLIED_MIN,
            "{} has a place in {applied} histories",
            plant.name
        );
    }
}

#[test]
fn every_kind_is_planted_and_every_plant_has_its_name() {
    let mut by_kind: BTreeMap<Kind, u32> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for plant in plant::plants() {
        *by_kind.entry(plant.kind).or_default() += 1;
        assert!(names.insert(plant.name), "{}", plant.name);
    }
    for kind in Kind::ALL {
        assert!(by_kind.contains_key(kind), "nothing plants {kind}");
        assert_eq!(Kind::of(kind.name()), Some(*kind));
        assert!(kind.means().ends_with('.'), "{kind}");
    }
    assert!(names.len() > 20);
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_history"))
        .args(arguments)
        .output()
        .expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_says_by_its_exit_code_what_it_found() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let [right, wrong, none] = ["right", "wrong", "none"].map(|name| format!("{folder}/{name}.jsonl"));
    let plan = ["--operations", "500", "--seed", "2", "--to"];
    let with = |command: &[&str], to: &str| {
        let arguments: Vec<&str> = command.iter().chain(&plan).copied().chain([to]).collect();
        let (code, out, error) = run(&arguments);
        assert_eq!((code, out.as_str(), error.as_str()), (Some(0), "", ""));
    };
    with(&["generate"], &right);
    with(&["plant", "nobody sent a record"], &wrong);
    std::fs::write(&none, "{}\n").expect("a file");

    let (code, out, _) = run(&["check", &right]);
    assert!(code == Some(0) && out.contains(" 0 anomalies"), "{out}");
    let (code, out, _) = run(&["check", &wrong]);
    assert!(
        code == Some(3) && out.contains("phantom: nobody sent nobody") && out.contains("    line "),
        "{out}"
    );
    let (code, out, _) = run(&["check", &wrong, "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (code, &json["anomalies"], &json["found"][0]["kind"]),
        (Some(3), &1.into(), &"phantom".into())
    );
    let (code, ..) = run(&["check", &wrong, "--allow", "phantom"]);
    assert_eq!(code, Some(0));
    for wrong_use in [
        &["check", none.as_str()][..],
        &["check", "/nowhere/at/all"],
        &["check", right.as_str(), "--allow", "weather"],
        &["plant", "a tree"],
        &["judge"],
        &[],
    ] {
        let (code, _, error) = run(wrong_use);
        assert_eq!((code, error.is_empty()), (Some(2), false), "{wrong_use:?}");
    }
    let (code, out, _) = run(&["--help"]);
    assert!(code == Some(0) && out.contains("Exit codes"), "{out}");
    let (code, out, _) = run(&["kinds"]);
    assert!(
        code == Some(0) && Kind::ALL.iter().all(|kind| out.contains(kind.name())),
        "{out}"
    );
}
