//! Which file may name which library: each is behind one door, so that it can be replaced there.

use crate::manifests::dependencies;
use crate::text::words;
use crate::tree::{Faults, ending, members, toml};

/// A library, the members that may depend on it (`dev:` for tests alone), and where source may name it.
struct Door {
    package: &'static str,
    members: &'static [&'static str],
    sources: &'static [&'static str],
}

const fn door(package: &'static str, members: &'static [&'static str], sources: &'static [&'static str]) -> Door {
    Door {
        package,
        members,
        sources,
    }
}

const DOORS: [Door; 24] = [
    door(
        "object_store",
        &["log/store", "log/ledger"],
        // The query engine has addresses of its own kind, which nothing is read by here.
        &[
            "log/store/",
            "log/ledger/src/s3",
            "log/ledger/tests/servers/s3",
            "log/query/src/scan",
        ],
    ),
    door("axum", &["agent"], &["agent/src/http", "agent/tests/http/"]),
    door("tower-http", &["agent"], &["agent/src/http"]),
    door("utoipa", &["agent"], &["agent/src/http"]),
    door("utoipa-axum", &["agent"], &["agent/src/http"]),
    door("sqlx", &["log/ledger"], &["log/ledger/src/sqlite", "log/ledger/tests/"]),
    door(
        "aws-sdk-dynamodb",
        &["log/ledger"],
        &["log/ledger/src/dynamodb/client", "log/ledger/tests/servers/"],
    ),
    door("aws-config", &["log/ledger"], &["log/ledger/src/dynamodb/client"]),
    door(
        "aws-credential-types",
        &["log/ledger"],
        &["log/ledger/src/dynamodb/client"],
    ),
    door("kafka-protocol", &["dev:log/records"], &["log/records/"]),
    door("parquet", &["log/lake", "log/query"], &["log/lake/", "log/query/"]),
    door("datafusion", &["log/query"], &["log/query/"]),
    door("arrow-array", &["log/lake"], &["log/lake/"]),
    door("arrow-buffer", &["log/lake"], &["log/lake/"]),
    door("arrow-schema", &["log/lake"], &["log/lake/"]),
    door("reqwest", &["cli", "tests/"], &["cli/", "tests/"]),
    door("prost", &["log/metadata"], &["log/metadata/"]),
    door("prost-build", &["log/metadata"], &["log/metadata/build.rs"]),
    door("protox", &["log/metadata"], &["log/metadata/build.rs"]),
    door("moka", &["log/store"], &["log/store/"]),
    door("clap", &["cli", "tests/"], &["cli/", "tests/"]),
    door(
        "mimalloc",
        &["cli", "tests/", "dev:log/lake"],
        &["cli/src/main.rs", "tests/", "log/lake/benches/"],
    ),
    door("rand", &["log/world"], &["log/world/"]),
    door("rand_chacha", &["log/world"], &["log/world/"]),
];

fn of(package: &str) -> Option<&'static Door> {
    DOORS.iter().find(|door| door.package == package)
}

#[test]
fn manifests_keep_libraries_behind_their_doors() {
    let mut faults =
        Faults::of("a library of the table in tests/tidy/tests/house/naming.rs is a dependency of its own room alone");
    for folder in members() {
        let path = format!("{folder}/Cargo.toml");
        for dependency in dependencies(&toml(&path)) {
            let Some(door) = of(&dependency.name) else { continue };
            let dev = dependency.section == "dev-dependencies";
            let may = door.members.iter().any(|member| match member.strip_prefix("dev:") {
                Some(member) => dev && folder.starts_with(member),
                None => folder.starts_with(member),
            });
            if !may {
                faults.file(
                    &path,
                    format!("{} as one of the {}", dependency.name, dependency.section),
                );
            }
        }
    }
    faults.check();
}

#[test]
fn sources_keep_libraries_behind_their_doors() {
    let mut faults =
        Faults::of("a library of the table in tests/tidy/tests/house/naming.rs is named in its own files alone");
    for file in ending(".rs") {
        let code = file.code();
        for (line, at) in code.lines().zip(1..) {
            for door in &DOORS {
                let word = door.package.replace('-', "_");
                let may = door.sources.iter().any(|prefix| file.path.starts_with(prefix));
                if !may && words(line).any(|named| named == word) {
                    faults.line(&file.path, at, format!("names {word}"));
                }
            }
        }
    }
    faults.check();
}

#[test]
fn every_door_is_there() {
    let mut faults = Faults::of("every library of the table in tests/tidy/tests/house/naming.rs is one of the root's");
    let root = toml("Cargo.toml");
    let named = root["workspace"]["dependencies"].as_table().expect("dependencies");
    for door in &DOORS {
        if !named.contains_key(door.package) {
            faults.file("Cargo.toml", format!("there is no {}", door.package));
        }
    }
    faults.check();
}
