//! docs/configs.md lists exactly the configs that the code has, with their defaults, values and effect.

use metadata::config::{CLUSTER_CONFIGS, Effect, Kind, Spec, TOPIC_CONFIGS};

use crate::tree::{Faults, read};

const DOC: &str = "docs/configs.md";

fn values(kind: &Kind) -> String {
    let end = |number: i64, least: i64, most: i64| match number {
        number if number == least => "lowest".to_owned(),
        number if number == most => "highest".to_owned(),
        number => number.to_string(),
    };
    match *kind {
        Kind::Long(low, high) => format!(
            "{} to {}, 64 bits",
            end(low, i64::MIN, i64::MAX),
            end(high, i64::MIN, i64::MAX)
        ),
        Kind::Int(low, high) => {
            let [low, high, least, most] = [low, high, i32::MIN, i32::MAX].map(i64::from);
            format!("{} to {}, 32 bits", end(low, least, most), end(high, least, most))
        }
        Kind::Double(low, high) => format!("{low} to {high}, a fraction"),
        Kind::Bool => "true, false".to_owned(),
        Kind::Choice(words) => words.join(", "),
        Kind::Text => "any text".to_owned(),
        Kind::Columns => "names and types, at most 256".to_owned(),
        Kind::Only(_, why) => format!("no other: {why}"),
    }
}

/// The row that the document has for a config.
fn row(spec: &Spec) -> String {
    let effect = match spec.effect {
        Effect::Honoured => "honoured",
        Effect::WithoutEffect => "without effect",
    };
    let default = if spec.default.is_empty() {
        "empty".to_owned()
    } else {
        format!("`{}`", spec.default)
    };
    format!(
        "| `{}` | {default} | {} | {effect} | {} |",
        spec.name,
        values(&spec.kind),
        spec.doc
    )
}

/// The rows under a heading.
fn rows(doc: &str, heading: &str) -> Vec<String> {
    let (_, section) = doc
        .split_once(heading)
        .unwrap_or_else(|| panic!("{DOC} has no {heading}"));
    let section = section.split("\n## ").next().unwrap_or(section);
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_document_lists_the_configs_that_there_are() {
    let mut faults =
        Faults::of("docs/configs.md has one row for every config, as tests/tidy/tests/house/configs.rs writes it");
    let doc = read(DOC);
    for (heading, table) in [("## Topics\n", TOPIC_CONFIGS), ("## Cluster\n", CLUSTER_CONFIGS)] {
        let (has, wants) = (rows(&doc, heading), table.iter().map(row).collect::<Vec<_>>());
        for row in wants.iter().filter(|row| !has.contains(row)) {
            faults.file(DOC, format!("missing: {row}"));
        }
        for row in has.iter().filter(|row| !wants.contains(row)) {
            faults.file(DOC, format!("no longer: {row}"));
        }
        if has.len() != wants.len() {
            faults.file(DOC, format!("{} rows for {} configs", has.len(), wants.len()));
        }
    }
    faults.check();
}
