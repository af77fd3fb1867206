use std::collections::BTreeSet;

use super::*;

fn made(seed: u64, operations: u64) -> Vec<Operation> {
    Generator::new(Plan { operations, seed }).collect()
}

#[test]
fn a_plan_makes_one_history() {
    assert_eq!(made(3, 500), made(3, 500));
    assert_ne!(made(3, 500), made(4, 500));
}

#[test]
fn everything_happens_and_at_the_same_time() {
    let operations = made(1, 4_000);
    let mut kinds = BTreeSet::new();
    let mut overlaps = 0;
    for (at, operation) in operations.iter().enumerate() {
        let text = serde_json::to_value(&operation.did).unwrap();
        let kind = text
            .as_object()
            .and_then(|did| did.keys().next().cloned())
            .unwrap_or("crash".to_owned());
        kinds.insert((kind, operation.outcome.to_string()));
        overlaps += usize::from(at > 0 && operation.invoked < operations[at - 1].completed);
    }
    for (kind, outcome) in [
        ("assign", "ok"),
        ("commit", "fail"),
        ("commit", "info"),
        ("commit", "ok"),
        ("committed", "ok"),
        ("crash", "ok"),
        ("delete", "ok"),
        ("poll", "fail"),
        ("poll", "ok"),
        ("prefix", "ok"),
        ("send", "fail"),
        ("send", "info"),
        ("send", "ok"),
        ("subscribe", "ok"),
        ("topic", "ok"),
        ("trim", "info"),
        ("trim", "ok"),
        ("watermarks", "ok"),
    ] {
        assert!(
            kinds.contains(&(kind.to_owned(), outcome.to_owned())),
            "no {kind} {outcome}"
        );
    }
    assert!(
        overlaps * 2 > operations.len(),
        "{overlaps} of {} overlap",
        operations.len()
    );
    let late = operations
        .iter()
        .filter(|operation| operation.why.as_deref() == Some("late"))
        .count();
    assert!(late > 20, "{late} took effect late");
}
