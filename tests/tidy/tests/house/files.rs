//! How a source file looks: its head, its size, where its tests are, and what it silences.

use crate::text::line_at;
use crate::tree::{Faults, File, ending};

const LINES_MAX: usize = 400;
const LINES_MEDIAN_MAX: usize = 220;

/// Files that may be longer, and why. A row goes when its file is short enough.
const LONG: [(&str, &str); 8] = [
    (
        "agent/tests/http/append.rs",
        "one case after another of what a body may be",
    ),
    (
        "agent/tests/http/read.rs",
        "one case after another of how a log is read",
    ),
    (
        "log/engine/src/engine.rs",
        "the handle: a short method and its contract for each thing one can ask",
    ),
    (
        "log/engine/src/intake/tests.rs",
        "the intake against the fold, one path after another",
    ),
    ("log/engine/src/tail.rs", "one task whose steps are read together"),
    ("log/ledger/src/faulty.rs", "one arm for each fault"),
    ("log/metadata/src/fold/tests.rs", "one table of cases after another"),
    ("log/store/src/faulty.rs", "one arm for each fault"),
];

/// Folders whose files are targets of their own and may share modules.
const TARGETS: [&str; 3] = ["/tests", "/benches", "/src/bin"];

/// Files that may silence a lint with `allow`, and why.
const ALLOW: [(&str, &str); 1] = [(
    "compactor/tests/common/mod.rs",
    "each test file uses its part, so an expectation would be unfulfilled in some",
)];

#[test]
fn every_file_says_what_it_is_for() {
    let mut faults =
        Faults::of("a file begins with `//!`: what it is for, and what it does not know (tests.rs need not)");
    for file in ending(".rs") {
        if !file.path.ends_with("/tests.rs") && !file.text().unwrap_or_default().starts_with("//! ") {
            faults.line(&file.path, 1, "no head");
        }
    }
    faults.check();
}

#[test]
fn unit_tests_lie_beside_their_file() {
    let mut faults = Faults::of("the unit tests of x.rs are x/tests.rs, declared by `#[cfg(test)] mod tests;`");
    for file in ending(".rs") {
        let code = file.code();
        for (line, at) in code.lines().zip(1..) {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            if line.contains("mod tests {") || line.contains("mod test {") {
                faults.line(&file.path, at, "tests inside the file");
            }
        }
    }
    faults.check();
}

/// Where a file is declared as a module, and its name there. Nothing for the root of a target.
fn module(path: &str) -> Option<(&str, &str)> {
    let (folder, name) = path.strip_suffix(".rs")?.rsplit_once('/')?;
    match name {
        "mod" => folder.rsplit_once('/'),
        "lib" | "main" | "build" => None,
        _ => Some((folder, name)),
    }
}

/// Whether a file may declare the modules of `folder`.
fn declares(file: &File, folder: &str) -> bool {
    let of_the_folder = [".rs", "/mod.rs", "/lib.rs", "/main.rs"];
    let target = TARGETS.iter().any(|targets| folder.ends_with(targets)) && file.folder() == folder;
    target
        || of_the_folder
            .iter()
            .any(|end| file.path.strip_suffix(end) == Some(folder))
}

#[test]
fn every_file_is_compiled() {
    let mut faults = Faults::of("a file that no other declares as a module is never compiled");
    for file in ending(".rs") {
        let Some((folder, name)) = module(&file.path) else {
            continue;
        };
        let declared = ending(".rs").filter(|parent| declares(parent, folder)).any(|parent| {
            let mut lines = parent.code().lines().map(|line| line.trim().trim_end_matches(';'));
            lines.any(|line| line.ends_with(&format!("mod {name}")))
        });
        let target = TARGETS.iter().any(|targets| file.folder().ends_with(targets));
        if !declared && !target {
            faults.line(&file.path, 1, format!("nobody says `mod {name};`"));
        }
    }
    faults.check();
}

fn lines(file: &File) -> usize {
    file.lines().count()
}

#[test]
fn files_are_short() {
    let files: Vec<&File> = ending(".rs").collect();
    let mut faults = Faults::of(
        "a file has at most 400 lines, and half of them have fewer than 220: split it, or give a reason in LONG of tests/tidy/tests/house/files.rs",
    );
    for file in &files {
        let (lines, may) = (lines(file), LONG.iter().any(|(path, _)| *path == file.path));
        if lines > LINES_MAX && !may {
            faults.line(&file.path, lines, format!("{lines} lines"));
        }
        if lines <= LINES_MAX && may {
            faults.line(
                &file.path,
                lines,
                "is short enough: take it off the list in tests/tidy/tests/house/files.rs",
            );
        }
    }
    let mut lengths: Vec<usize> = files.iter().map(|file| lines(file)).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    if median >= LINES_MEDIAN_MAX {
        faults.file("the median file", format!("{median} lines"));
    }
    faults.check();
}

#[test]
fn lints_are_silenced_with_a_reason() {
    let mut faults = Faults::of(
        "`#[expect(..., reason = \"...\")]`, never `#[allow(...)]` but for a reason in ALLOW of tests/tidy/tests/house/files.rs",
    );
    for file in ending(".rs") {
        let code = file.code();
        for (attribute, is_allow) in [("[allow(", true), ("[expect(", false)] {
            for (at, _) in code.match_indices(attribute) {
                if !code[..at].ends_with(['#', '!']) {
                    continue;
                }
                let inside = code[at..].split(")]").next().unwrap_or_default();
                let may = is_allow && ALLOW.iter().any(|(path, _)| *path == file.path);
                if is_allow && !may || !inside.contains("reason =") {
                    faults.line(&file.path, line_at(code, at), attribute.trim_start_matches('['));
                }
            }
        }
    }
    faults.check();
}
