//! Words that no file of the repository holds: hosts from which it was fetched, folders of one machine.

use crate::tree::{Faults, files};

/// The words, each in two halves, so that this file does not hold them.
const FORBIDDEN: [(&str, &str); 9] = [
    ("crates", ".io"),
    ("pypi", ".org"),
    ("python", "hosted.org"),
    ("npm", "js."),
    ("proxy.", "golang"),
    ("static.", "rust-lang.org"),
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("../sha", "red"),
];

#[test]
fn no_file_holds_a_host_or_a_folder_of_one_machine() {
    let mut faults =
        Faults::of("no host of a package registry and no path of one machine (but the registry's lines of Cargo.lock)");
    for file in files() {
        let text = String::from_utf8_lossy(&file.bytes);
        for (line, at) in text.lines().zip(1..) {
            let locked = file.path.ends_with("Cargo.lock") && line.starts_with("source = \"registry+");
            for (one, two) in FORBIDDEN {
                let word = format!("{one}{two}");
                if !locked && line.contains(&word) {
                    faults.line(&file.path, at, word);
                }
            }
        }
    }
    faults.check();
}
