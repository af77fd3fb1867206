//! Manifests: one place for versions, lints and what the workspace says of every member.

use toml::{Table, Value};

use crate::tree::{Faults, members, read, toml};

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
const OF_THE_WORKSPACE: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// A row of a manifest's dependencies.
pub(crate) struct Dependency {
    pub(crate) section: &'static str,
    pub(crate) name: String,
    value: Value,
}

/// Every dependency of a manifest, those for one platform too.
pub(crate) fn dependencies(manifest: &Table) -> Vec<Dependency> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let platforms = platforms
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(platforms) {
        for section in SECTIONS {
            for (name, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
                let (name, value) = (name.clone(), value.clone());
                found.push(Dependency { section, name, value });
            }
        }
    }
    found
}

/// The line of a manifest that names something.
fn line_of(path: &str, name: &str) -> usize {
    let text = read(path);
    let at = text.lines().position(|line| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    });
    at.map_or(1, |at| at + 1)
}

#[test]
fn every_dependency_is_named_once_in_the_root() {
    let mut faults =
        Faults::of("a dependency is named once, in the root; members say `name.workspace = true` and features");
    for folder in members() {
        let path = format!("{folder}/Cargo.toml");
        for dependency in dependencies(&toml(&path)) {
            let Some(table) = dependency.value.as_table() else {
                faults.line(
                    &path,
                    line_of(&path, &dependency.name),
                    format!("{} has a version here", dependency.name),
                );
                continue;
            };
            let inherits = table.get("workspace") == Some(&Value::Boolean(true));
            let odd = table
                .keys()
                .find(|key| !["workspace", "features", "optional"].contains(&key.as_str()));
            if !inherits || odd.is_some() {
                faults.line(
                    &path,
                    line_of(&path, &dependency.name),
                    format!("{} is not the root's", dependency.name),
                );
            }
        }
    }
    faults.check();
}

#[test]
fn members_inherit_lints_and_what_a_package_says() {
    let mut faults = Faults::of(
        "members have `[lints] workspace = true` and take version, edition, rust-version, license, publish from the root",
    );
    for folder in members() {
        let path = format!("{folder}/Cargo.toml");
        let manifest = toml(&path);
        if manifest.get("lints").and_then(|lints| lints.get("workspace")) != Some(&Value::Boolean(true)) {
            faults.file(&path, "no `[lints] workspace = true`");
        }
        for key in OF_THE_WORKSPACE {
            let value = manifest["package"].get(key);
            if value.and_then(|value| value.get("workspace")) != Some(&Value::Boolean(true)) {
                faults.line(&path, line_of(&path, key), format!("{key} is not the workspace's"));
            }
        }
        if manifest["package"].get("description").is_none() {
            faults.file(&path, "no description");
        }
    }
    faults.check();
}

#[test]
fn the_root_says_what_everyone_builds_with() {
    let root = toml("Cargo.toml");
    let workspace = &root["workspace"];
    assert_eq!(
        workspace["default-members"],
        Value::from(vec!["cli"]),
        "Cargo.toml: default-members"
    );
    assert_eq!(
        workspace["package"]["license"].as_str(),
        Some("Apache-2.0"),
        "Cargo.toml: license"
    );
    assert_eq!(
        workspace["package"]["edition"].as_str(),
        Some("2024"),
        "Cargo.toml: edition"
    );
    assert_eq!(
        workspace["lints"]["rust"]["unsafe_code"].as_str(),
        Some("forbid"),
        "Cargo.toml: unsafe_code"
    );
    let lto = root["profile"]
        .as_table()
        .expect("profiles")
        .iter()
        .filter(|(_, profile)| profile.get("lto").is_some());
    assert!(
        lto.map(|(name, _)| name).eq(["dist"]),
        "Cargo.toml: lto is for dist alone, so that a first build is quick"
    );
    let channel = &toml("rust-toolchain.toml")["toolchain"]["channel"];
    assert_eq!(channel.as_str(), Some("1.95.0"), "rust-toolchain.toml: channel");
    let license = read("LICENSE");
    assert!(
        license.contains("Apache License") && license.contains("Version 2.0, January 2004"),
        "LICENSE is not Apache-2.0"
    );
}

/// Packages that are workspaces of their own, and why.
const APART: [(&str, &str); 1] = [(
    "tests/fuzz/targets",
    "libFuzzer needs a nightly toolchain; what it runs lies in tests/fuzz, which does not",
)];

#[test]
fn every_member_is_in_the_workspace() {
    let members = members();
    let mut faults = Faults::of(
        "every package of the tree is a member of the workspace, or stands with a reason in APART of tests/tidy/tests/house/manifests.rs",
    );
    for file in crate::tree::ending("/Cargo.toml") {
        let apart = APART.iter().any(|(folder, _)| *folder == file.folder());
        if !members.iter().any(|member| member == file.folder()) && !apart {
            faults.file(&file.path, "not a member");
        }
    }
    let root = toml("Cargo.toml");
    let excluded = root["workspace"].get("exclude").and_then(Value::as_array);
    let excluded: Vec<&str> = excluded.into_iter().flatten().filter_map(Value::as_str).collect();
    if excluded != APART.map(|(folder, _)| folder) {
        faults.file("Cargo.toml", format!("excludes {excluded:?}"));
    }
    faults.check();
}
