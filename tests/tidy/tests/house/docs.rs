//! Documents: what they point to is there, and the commands they promise are too.

use std::os::unix::fs::PermissionsExt as _;

use crate::tree::{Faults, File, ending, exists, files, read, root};

/// Ends by which a text in backticks is known as a path.
const ENDS: [&str; 14] = [
    "/", ".rs", ".toml", ".md", ".proto", ".sql", ".sh", ".py", ".json", ".yml", ".yaml", ".txt", ".sha256", ".lock",
];
/// Folders of the root by which a text in backticks is known as a path.
const ROOTS: [&str; 7] = ["log/", "agent/", "cli/", "compactor/", "tests/", "docs/", ".ci/"];

/// The lines of a document that are not within a fence, with their numbers.
fn prose(file: &File) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let lines = file.lines().filter(|(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    lines.collect()
}

/// Whether a path stands, seen from the document's folder or one above it.
fn stands(file: &File, path: &str) -> bool {
    let mut folder = file.folder();
    while !folder.is_empty() {
        if exists(&format!("{folder}/{path}")) {
            return true;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    exists(path)
}

#[test]
fn links_resolve() {
    let mut faults = Faults::of("a relative link of a document leads to a file, and its #anchor to a heading");
    for file in ending(".md") {
        for (at, line) in prose(file) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if !link.contains("://") && !link.starts_with("mailto:") && !resolves(file, link) {
                    faults.line(&file.path, at, format!("({link}) leads nowhere"));
                }
            }
        }
    }
    faults.check();
}

fn resolves(file: &File, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let beside = match (path.is_empty(), file.folder().is_empty()) {
        (true, _) => file.path.clone(),
        (false, true) => path.to_owned(),
        (false, false) => format!("{}/{path}", file.folder()),
    };
    exists(&beside) && (anchor.is_empty() || headings(&read(&beside)).any(|heading| heading == anchor))
}

/// The anchors that a document's headings have.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    })
}

#[test]
fn paths_in_backticks_exist() {
    let mut faults = Faults::of("a path of the repository that a document names in backticks exists");
    for file in ending(".md") {
        for (at, line) in prose(file) {
            for path in line.split('`').skip(1).step_by(2) {
                if looks_like_a_path(path) && !stands(file, path) {
                    faults.line(&file.path, at, format!("`{path}` does not exist"));
                }
            }
        }
    }
    faults.check();
}

fn looks_like_a_path(text: &str) -> bool {
    let plain = text
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "._/-".contains(letter));
    // `x/...` stands for any file.
    let relative = !text.starts_with(['/', '.']) && !text.starts_with("x/") || text.starts_with(".ci/");
    let known = ENDS.iter().any(|end| text.ends_with(end)) || ROOTS.iter().any(|folder| text.starts_with(folder));
    plain && relative && text.contains('/') && known
}

#[test]
fn documents_that_are_named_exist() {
    let mut faults = Faults::of("a document that a comment or a document names exists");
    for file in files() {
        for (at, line) in file.lines() {
            let words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && !"._/-".contains(letter));
            for word in words.filter(|word| word.len() > ".md".len() && word.ends_with(".md")) {
                if !stands(file, word) && !line.contains("://") {
                    faults.line(&file.path, at, format!("there is no {word}"));
                }
            }
        }
    }
    faults.check();
}

#[test]
fn the_two_commands_are_there() {
    let readme = read("README.md");
    for command in ["cargo run --release -- dev", "tests/run"] {
        assert!(readme.contains(command), "README.md does not say `{command}`");
    }
    let ci = read(".ci/run");
    let calls = ci
        .lines()
        .any(|line| !line.starts_with('#') && line.contains("tests/run"));
    assert!(calls, ".ci/run does not call tests/run");
}

#[test]
fn scripts_can_be_run() {
    let mut faults =
        Faults::of("a file that begins with `#!` may be executed, and a shell script stops at its first failure");
    for file in files() {
        let Some(text) = file.text().filter(|text| text.starts_with("#!/")) else {
            continue;
        };
        let mode = root().join(&file.path).metadata().expect("a file").permissions().mode();
        if mode & 0o100 == 0 {
            faults.file(&file.path, "is not executable");
        }
        let shell = text.lines().next().is_some_and(|line| line.ends_with("sh"));
        if shell && !text.contains("\nset -eu") {
            faults.file(&file.path, "has no `set -eu`");
        }
    }
    faults.check();
}
