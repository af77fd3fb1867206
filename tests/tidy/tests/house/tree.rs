//! The files of the repository, and the list of what is wrong with them. Knows no rule.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use toml::Table;

use crate::text;

/// Folders that are made, not written: build output, the log of `tidelog dev`, Python's cache.
const MADE: [&str; 3] = ["target", "data", "__pycache__"];
/// Hidden things that belong to the repository.
const HIDDEN: [&str; 4] = [".ci", ".github", ".cargo", ".gitignore"];

/// A file, its path from the root with `/`.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    code: OnceLock<String>,
}

/// The tree is read once.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    found.sort_by(|one, two| one.path.cmp(&two.path));
    assert!(found.len() > 100, "the root was not found: {} files", found.len());
    found
});

impl File {
    /// The file as text, or nothing when it is none.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// The file as Rust, without its comments and what its strings say.
    pub(crate) fn code(&self) -> &str {
        self.code.get_or_init(|| text::code(self.text().unwrap_or_default()))
    }

    /// Lines with their numbers from 1; none when the file is no text.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text()
            .unwrap_or_default()
            .lines()
            .zip(1..)
            .map(|(line, at)| (at, line))
    }

    /// Its folder, empty at the root.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether the repository has this file or folder.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Every file of the repository, by path.
pub(crate) fn files() -> impl Iterator<Item = &'static File> {
    FILES.iter()
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let entry = entry.expect("an entry of a folder");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        if MADE.contains(&name.as_str()) || name.starts_with('.') && !HIDDEN.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().expect("a kind of file").is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else {
            let bytes = fs::read(entry.path()).expect("a file of the repository");
            let code = OnceLock::new();
            found.push(File { path, bytes, code });
        }
    }
}

/// Files whose name ends so.
pub(crate) fn ending(end: &str) -> impl Iterator<Item = &'static File> {
    files().filter(move |file| file.path.ends_with(end))
}

/// One file's text.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// One manifest or other TOML file.
pub(crate) fn toml(path: &str) -> Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders of the workspace's members.
pub(crate) fn members() -> Vec<String> {
    let root = toml("Cargo.toml");
    let members = root["workspace"]["members"].as_array().expect("members");
    let folders: Vec<String> = members
        .iter()
        .filter_map(|member| member.as_str())
        .map(str::to_owned)
        .collect();
    assert!(folders.len() > 10, "{folders:?}");
    folders
}

/// What breaks one rule.
pub(crate) struct Faults {
    rule: &'static str,
    found: Vec<String>,
}

impl Faults {
    pub(crate) fn of(rule: &'static str) -> Faults {
        Faults {
            rule,
            found: Vec::new(),
        }
    }

    /// Something wrong in a line of a file.
    pub(crate) fn line(&mut self, path: &str, line: usize, what: impl Display) {
        self.found.push(format!("{path}:{line}: {what}"));
    }

    /// Something wrong with a file as a whole.
    pub(crate) fn file(&mut self, path: &str, what: impl Display) {
        self.found.push(format!("{path}: {what}"));
    }

    /// Fails when there are any.
    pub(crate) fn check(self) {
        let Faults { rule, found } = self;
        assert!(found.is_empty(), "\nrule: {rule}\n  {}\n", found.join("\n  "));
    }
}
