//! The tables that the command prints: every model whole, and every mutation with what was found.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use crate::catalogue::{ALL, Subject};
use crate::check::Checked;
use crate::mutation::{MUTATIONS, Mutation};
use crate::scope::Scope;

/// What is run and told.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// How far the models go; mutations are always found in the short scope.
    pub scope: Scope,
    /// Threads for whole models.
    pub threads: NonZeroUsize,
    /// Whether the trace of each mutation is told.
    pub traces: bool,
}

/// Runs the models of these names (all, if none is given) and their mutations, and tells of them. Whether everything is
/// as it should be: with all rules on nothing breaks and all is reached, with one off something breaks.
///
/// # Errors
/// Those of the writer.
pub fn run(report: &Report, only: &[String], out: &mut dyn Write) -> io::Result<bool> {
    let wanted = |subject: &Subject| only.is_empty() || only.iter().any(|name| subject.to_string().starts_with(name));
    let mut well = true;
    writeln!(out, "| model | states | depth | seconds | |\n|---|---:|---:|---:|---|")?;
    for subject in ALL.iter().filter(|subject| wanted(subject)) {
        let checked = subject.check(report.scope, None, report.threads);
        well &= whole(&checked);
        row(out, *subject, &checked)?;
    }
    writeln!(
        out,
        "\n| row | model | with this rule off | found in | broken |\n|---|---|---|---:|---|"
    )?;
    for mutation in MUTATIONS.iter().filter(|mutation| wanted(&mutation.subject())) {
        well &= mutated(report, *mutation, out)?;
    }
    Ok(well)
}

fn whole(checked: &Checked) -> bool {
    checked.failure.is_none() && checked.missing.is_empty()
}

fn row(out: &mut dyn Write, subject: Subject, checked: &Checked) -> io::Result<()> {
    let Checked {
        states,
        depth,
        took,
        failure,
        missing,
    } = checked;
    let said = match failure {
        Some(failure) => format!("BROKEN in {} steps: {}", failure.steps, failure.rule),
        None if missing.is_empty() => "holds".to_owned(),
        None => format!("NEVER: {}", missing.join("; ")),
    };
    writeln!(
        out,
        "| {subject} | {states} | {depth} | {:.1} | {said} |",
        took.as_secs_f64()
    )?;
    if let Some(failure) = failure {
        writeln!(out, "{}", failure.trace)?;
    }
    out.flush()
}

fn mutated(report: &Report, mutation: Mutation, out: &mut dyn Write) -> io::Result<bool> {
    let subject = mutation.subject();
    let checked = subject.check(Scope::Short, Some(mutation), NonZeroUsize::MIN);
    let (row, says) = (mutation.row(), mutation.says());
    let Some(failure) = checked.failure else {
        writeln!(out, "| {row} | {subject} | {says} | NOT FOUND | |")?;
        return Ok(false);
    };
    writeln!(
        out,
        "| {row} | {subject} | {says} | {} steps | {} |",
        failure.steps, failure.rule
    )?;
    if report.traces {
        writeln!(out, "{}", failure.trace)?;
    }
    out.flush()?;
    Ok(true)
}
