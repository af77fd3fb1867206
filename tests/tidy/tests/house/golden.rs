//! Golden files are never rewritten: a format that was once written is read for ever. `golden.sha256` remembers them.

use sha2::{Digest as _, Sha256};

use crate::tree::{Faults, File, files, read};

const LIST: &str = "tests/tidy/golden.sha256";

/// Bytes of a format. What explains or makes them beside them may change.
fn golden() -> Vec<&'static File> {
    let golden = files().filter(|file| file.path.contains("/tests/golden/"));
    golden
        .filter(|file| !file.path.ends_with(".md") && !file.path.ends_with(".py"))
        .collect()
}

fn hash(file: &File) -> String {
    let digest = Sha256::digest(&file.bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_files_are_what_they_were() {
    let mut faults =
        Faults::of("a golden file is never changed or removed: a new version of a format gets a file of its own");
    let (list, golden) = (read(LIST), golden());
    for (line, at) in list.lines().zip(1..) {
        let Some((hashed, path)) = line.split_once("  ") else {
            faults.line(LIST, at, "not of the form `<sha256>  <path>`");
            continue;
        };
        match golden.iter().find(|file| file.path == path) {
            None => faults.line(LIST, at, format!("{path} is gone")),
            Some(file) if hash(file) != hashed => faults.line(LIST, at, format!("{path} was changed")),
            Some(_) => {}
        }
    }
    faults.check();
}

#[test]
fn golden_files_are_remembered() {
    let mut faults = Faults::of(
        "a golden file is remembered: from the root, append its line to tests/tidy/golden.sha256 by the command",
    );
    let list = read(LIST);
    for file in golden() {
        let times = list
            .lines()
            .filter(|line| line.ends_with(&format!("  {}", file.path)))
            .count();
        if times != 1 {
            faults.file(
                &file.path,
                format!("is listed {times} times; sha256sum {} >> {LIST}", file.path),
            );
        }
    }
    faults.check();
}
