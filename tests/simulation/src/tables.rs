//! The tables of docs/proof.md that are made of what the code demands.

use std::fmt::Write as _;

use crate::checks::CHECKS;
use crate::coverage::{EXEMPT, FAULTS};

/// Markdown: the checks, the faults of the catalogue with what counts them, and the pairs of fault and state that need not
/// meet. A test compares it with the page.
pub fn tables() -> String {
    let mut out = String::new();
    let well = write_all(&mut out);
    debug_assert!(well.is_ok(), "a string takes everything");
    out
}

fn write_all(out: &mut String) -> std::fmt::Result {
    writeln!(out, "| check | invariants |\n|---|---|")?;
    for (check, invariants) in CHECKS {
        writeln!(out, "| {check} | {invariants} |")?;
    }
    writeln!(out, "\n| fault | what happens | counted as |\n|---|---|---|")?;
    for (row, what, counters) in FAULTS {
        let names: Vec<String> = counters.iter().map(|name| format!("`{name}`")).collect();
        writeln!(out, "| {row} | {what} | {} |", names.join(", "))?;
    }
    writeln!(out, "\n| fault | state that it need not meet | why |\n|---|---|---|")?;
    for (strikes, phases, why) in EXEMPT {
        let (strikes, phases) = (names(strikes), names(phases));
        writeln!(out, "| {strikes} | {phases} | {why} |")?;
    }
    Ok(())
}

fn names<T: std::fmt::Debug>(all: &[T]) -> String {
    let names: Vec<String> = all.iter().map(|one| format!("{one:?}")).collect();
    names.join(", ")
}
