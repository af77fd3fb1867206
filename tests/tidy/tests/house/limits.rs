//! docs/limits.md names every limit: each field of the settings, each constant of the fold.

use crate::text::code;
use crate::tree::{Faults, read};

const DOC: &str = "docs/limits.md";

/// Where limits are, and the structs whose fields they are; no struct for constants.
const SOURCES: [(&str, &str); 7] = [
    ("log/records/src/limits.rs", "Limits"),
    ("log/metadata/src/limits.rs", ""),
    ("log/store/src/options.rs", "StoreOptions"),
    ("log/engine/src/config.rs", "EngineConfig"),
    ("log/query/src/config.rs", "QueryConfig"),
    ("compactor/src/config.rs", "CompactorConfig"),
    ("agent/src/http/settings.rs", "HttpSettings"),
];

/// Fields of settings that limit nothing: who one is, whom one trusts.
const NO_LIMITS: [&str; 10] = [
    "roles",
    "name",
    "zone",
    "http_address",
    "peer_address",
    "peers",
    "aws",
    "authorizer",
    "stop",
    "codec",
];

/// The public fields of a struct, or the public constants of a file, with their lines.
fn limits(source: &str, of: &str) -> Vec<(usize, String)> {
    let mut inside = of.is_empty();
    let mut found = Vec::new();
    for (line, at) in source.lines().zip(1..) {
        inside = of.is_empty() || inside && line != "}" || line.starts_with(&format!("pub struct {of} "));
        let prefix = if of.is_empty() { "pub const " } else { "    pub " };
        let name = line.strip_prefix(prefix).and_then(|rest| rest.split_once(':'));
        if inside && let Some((name, _)) = name {
            found.push((at, name.to_owned()));
        }
    }
    found
}

#[test]
fn every_limit_is_documented() {
    let mut faults = Faults::of("docs/limits.md names every limit of the settings and of the fold in backticks");
    let doc = read(DOC);
    for (path, of) in SOURCES {
        let limits = limits(&code(&read(path)), of);
        for (at, name) in &limits {
            if !NO_LIMITS.contains(&name.as_str()) && !doc.contains(&format!("`{name}`")) {
                faults.line(path, *at, format!("{name} is not in {DOC}"));
            }
        }
        if limits.is_empty() {
            faults.file(path, format!("no limit was found in {of}"));
        }
    }
    faults.check();
}
