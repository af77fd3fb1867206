//! Reads `lake.columns`: `origin string, temp double, city string from $.addr.city`.

use std::collections::BTreeSet;

use super::{ColumnType, Declared, JsonPath};
use crate::limits::{LAKE_COLUMN_NAME_BYTES_MAX, LAKE_COLUMNS_MAX};

/// Names that readers of Iceberg tables give to what a row has besides its columns.
const RESERVED: [&str; 8] = [
    "_file",
    "_pos",
    "_deleted",
    "_spec_id",
    "_partition",
    "_row_id",
    "_last_updated_sequence_number",
    "schema_error",
];

/// The columns that a text declares; none where it is empty.
pub(super) fn parse(text: &str) -> Result<Vec<Declared>, String> {
    let mut rest = text.trim();
    let mut columns: Vec<Declared> = Vec::new();
    let mut names = BTreeSet::new();
    while !rest.is_empty() || !columns.is_empty() {
        let (column, after) = column(rest)?;
        if !names.insert(column.name.clone()) {
            return Err(format!("{} is declared twice", column.name));
        }
        columns.push(column);
        if columns.len() > LAKE_COLUMNS_MAX {
            return Err(format!("more than {LAKE_COLUMNS_MAX} columns"));
        }
        let after = after.trim_start();
        if after.is_empty() {
            break;
        }
        rest = after
            .strip_prefix(',')
            .ok_or_else(|| format!("a comma is missing before {after}"))?
            .trim_start();
    }
    Ok(columns)
}

/// The first column of a text, and what follows it.
fn column(text: &str) -> Result<(Declared, &str), String> {
    let (name, rest) = word(text);
    check_name(name)?;
    let (kind, rest) = kind(name, rest.trim_start())?;
    let after = rest.trim_start();
    let (path, rest) = match word(after) {
        ("from", path) => JsonPath::read(path.trim_start()).map_err(|error| error.to_string())?,
        _ => (JsonPath::member(name), rest),
    };
    let name = name.to_owned();
    Ok((Declared { name, kind, path }, rest))
}

/// The type at the begin of a text, and what follows it: numbers in parentheses are part of it.
fn kind<'a>(name: &str, text: &'a str) -> Result<(ColumnType, &'a str), String> {
    let (base, after) = word(text);
    let numbers = after.trim_start();
    let end = match numbers.strip_prefix('(').and_then(|inner| inner.find(')')) {
        Some(close) => text.len() - numbers.len() + close + 2,
        None => base.len(),
    };
    let (kind, rest) = text.split_at(end);
    match kind {
        "" => Err(format!("{name} has no type, as in {name} string")),
        kind => Ok((
            kind.parse::<ColumnType>().map_err(|why| format!("{name}: {why}"))?,
            rest,
        )),
    }
}

/// Letters and what else stands in a word, and what follows.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || ",()".contains(c));
    text.split_at(end.unwrap_or(text.len()))
}

fn check_name(name: &str) -> Result<(), String> {
    let fine = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    let broken = match name.bytes().next() {
        None => return Err("a column has no name".to_owned()),
        _ if name.len() > LAKE_COLUMN_NAME_BYTES_MAX => "is longer than 128 characters",
        Some(b'0'..=b'9') => "begins with a digit",
        _ if !name.bytes().all(fine) => {
            "has other characters than a-z, 0-9 and underscore; members of another name are read by from, as in id long from $.ID"
        }
        _ if name.starts_with("kafka_") => "begins with kafka_, as the columns do that every table has",
        _ if RESERVED.contains(&name) => "is a name that readers of tables, or every table, have for something else",
        _ => return Ok(()),
    };
    let shown: String = name.chars().take(64).collect();
    Err(format!("the name {shown} {broken}"))
}
