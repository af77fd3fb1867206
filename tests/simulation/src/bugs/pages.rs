//! Writes down what the hunt came to: the list that the short form tries again, and the table for people.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use seeded::Bug;

use super::{Found, known};

const LIST_HEAD: &str = "\
# The mistakes of log/seeded that the simulation finds: name, room, rule, the first seed from 1 on that fails with it and
# passes without, and the check that failed first. Written by `bugs --hunt --write`, tried again by tests/seeded/run.
";

/// What the table of the page lies between.
const BEGIN: &str = "<!-- seeded bugs: begin -->\n";
const END: &str = "<!-- seeded bugs: end -->";

const TABLE_HEAD: &str = "\
| mistake | room | rule | what is wrong | seed | the check that finds it |
|---|---|---|---|---|---|
";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Writes tests/simulation/bugs.txt of the tree this program was built in. Mistakes that were not hunted keep their line.
///
/// # Errors
/// When it cannot be written.
pub fn write_seeds(found: &[Found]) -> anyhow::Result<()> {
    let mut list = LIST_HEAD.to_owned();
    for bug in Bug::ALL {
        let hunted = found.iter().find(|found| found.bug == bug.name());
        let (seed, check) = match (hunted, known(*bug)?) {
            (Some(found), _) => match found.seed {
                Some(seed) => (seed, check_of(&found.finding).to_owned()),
                None => continue,
            },
            (None, Some(known)) => (known.seed, known.check),
            (None, None) => continue,
        };
        writeln!(list, "{}\t{}\t{}\t{seed}\t{check}", bug.name(), bug.room(), bug.rule())?;
    }
    std::fs::write(root().join("tests/simulation/bugs.txt"), list).context("cannot write the list")
}

/// Writes the table of docs/proof.md.
///
/// # Errors
/// When the page cannot be read or written, or has no place for it.
pub fn write_page() -> anyhow::Result<()> {
    let path = root().join("docs/proof.md");
    let text = std::fs::read_to_string(&path).context("cannot read the page")?;
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        bail!("the page has no place for the table");
    };
    let mut page = format!("{before}{BEGIN}\n{TABLE_HEAD}");
    for bug in Bug::ALL {
        writeln!(page, "{}", row(*bug)?)?;
    }
    write!(page, "\n{END}{after}")?;
    std::fs::write(path, page).context("cannot write the page")
}

fn row(bug: Bug) -> anyhow::Result<String> {
    let (seed, check) = match known(bug)? {
        Some(known) => (known.seed.to_string(), known.check),
        None => ("not found".to_owned(), String::new()),
    };
    let (name, room, rule, what) = (bug.name(), bug.room(), bug.rule(), bug.what().trim());
    Ok(format!("| {name} | {room} | {rule} | {what} | {seed} | {check} |"))
}

/// The check of a finding: what stands before the colon.
fn check_of(finding: &str) -> &str {
    finding.split_once(": ").map_or(finding, |(check, _)| check)
}
